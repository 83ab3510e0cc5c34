// SPDX-License-Identifier: MIT
// docs/isa.md#integer, docs/isa.md#float: every instruction on edge operands against V8's results.
pragma solidity 0.8.37;

import {Instructions} from "../../src/generated/Instructions.sol";
import {FloatOps} from "../../src/osp/FloatOps.sol";
import {IntegerOps} from "../../src/osp/IntegerOps.sol";
import {vector, vm} from "../support/Vm.sol";

/// @notice What an instruction gives on the bits of its operands.
function compute(uint256 op, uint256 x, uint256 y) pure returns (uint256 result, bool faulted) {
    bool isFloat = op >> Instructions.FAMILY_SHIFT == Instructions.FAMILY_FLOAT;
    return isFloat ? FloatOps.compute(op, x, y) : IntegerOps.compute(op, x, y);
}

contract OpsTest {
    uint256 private constant CASE_BYTES = 9;
    uint256 private constant DIRT = 0xdeadbeef << 32;

    struct Vectors {
        uint256[] ops;
        bytes[] results;
        uint256[][4] values;
        uint256[][4] pairs;
    }

    error Differs(uint256 op, uint256 x, uint256 y, uint256 expected, uint256 actual);

    function test_IntegerOpsAreThoseOfV8() public view {
        vm.assertEq(_replay(Instructions.FAMILY_INTEGER), 64);
    }

    function test_FloatOpsAreThoseOfV8() public view {
        vm.assertEq(_replay(Instructions.FAMILY_FLOAT), 66);
    }

    function _replay(uint256 family) private view returns (uint256 count) {
        Vectors memory vectors = _read();
        for (uint256 i = 0; i < vectors.ops.length; ++i) {
            uint256 op = vectors.ops[i];
            if (op >> Instructions.FAMILY_SHIFT != family) continue;
            _check(op, vectors.results[i], vectors);
            ++count;
        }
    }

    function _check(uint256 op, bytes memory results, Vectors memory vectors) private pure {
        uint256 index = op & ((1 << Instructions.FAMILY_SHIFT) - 1);
        bool isFloat = op >= Instructions.F32_ABS;
        bool binary = (isFloat ? Instructions.BINARY_FLOAT : Instructions.BINARY_INTEGER) >> index & 1 != 0;
        uint256 operandType = _operandType(op);
        uint256[] memory xs = binary ? vectors.pairs[operandType] : vectors.values[operandType];
        uint256[] memory ys = binary ? xs : new uint256[](1);
        vm.assertEq(results.length, xs.length * ys.length * CASE_BYTES);
        // The upper half of a slot that holds 32 bits is not read.
        uint256 dirt = operandType & 1 == 0 ? DIRT : 0;
        for (uint256 i = 0; i < xs.length * ys.length; ++i) {
            _checkCase(op, xs[i / ys.length] | dirt, ys[i % ys.length] | dirt, _caseAt(results, i));
        }
    }

    function _checkCase(uint256 op, uint256 x, uint256 y, uint256 expected) private pure {
        (uint256 result, bool faulted) = compute(op, x, y);
        uint256 actual = faulted ? 1 << 64 : result;
        require(actual == expected, Differs(op, x, y, expected, actual));
    }

    function _caseAt(bytes memory results, uint256 index) private pure returns (uint256 value) {
        assembly ("memory-safe") {
            value := shr(184, mload(add(add(results, 32), mul(index, 9))))
        }
    }

    /// @return 0 i32, 1 i64, 2 f32, 3 f64
    function _operandType(uint256 op) private pure returns (uint256) {
        if (op < Instructions.I32_WRAP_I64) return 0;
        if (op <= Instructions.I64_EXTEND32_S) return 1;
        if (op < Instructions.F64_ABS) return 2;
        if (op < Instructions.I32_TRUNC_F32_S) return 3;
        if (op < Instructions.F32_CONVERT_I32_S) return op & 2 == 0 ? 2 : 3;
        if (op == Instructions.F32_DEMOTE_F64) return 3;
        if (op == Instructions.F64_PROMOTE_F32) return 2;
        uint256 first =
            op < Instructions.F64_CONVERT_I32_S ? Instructions.F32_CONVERT_I32_S : Instructions.F64_CONVERT_I32_S;
        return (op - first) >> 1;
    }

    function _read() private view returns (Vectors memory vectors) {
        string memory json = vector("ops");
        vectors.ops = vm.parseJsonUintArray(json, ".ops");
        vectors.results = vm.parseJsonBytesArray(json, ".results");
        string[4] memory types = ["i32", "i64", "f32", "f64"];
        for (uint256 i = 0; i < 4; ++i) {
            vectors.values[i] = vm.parseJsonUintArray(json, string.concat(".values.", types[i]));
            vectors.pairs[i] = vm.parseJsonUintArray(json, string.concat(".pairs.", types[i]));
        }
    }
}
