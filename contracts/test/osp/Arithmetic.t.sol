// SPDX-License-Identifier: MIT
// docs/isa.md#integer, docs/isa.md#float: laws that hold for all operands.
pragma solidity 0.8.37;

import {Instructions} from "../../src/generated/Instructions.sol";
import {vm} from "../support/Vm.sol";
import {compute} from "./Ops.t.sol";

contract ArithmeticTest {
    uint256 private constant F64_NAN = 0x7ff8000000000000;

    function testFuzz_IntegersAreSolidityIntegers(uint64 x, uint64 y) public pure {
        unchecked {
            vm.assertEq(_result(Instructions.I64_ADD, x, y), x + y);
            vm.assertEq(_result(Instructions.I64_SUB, x, y), x - y);
            vm.assertEq(_result(Instructions.I64_MUL, x, y), x * y);
            vm.assertEq(_result(Instructions.I32_ADD, x, y), uint32(x) + uint32(y));
            vm.assertEq(_result(Instructions.I32_MUL, x, y), uint32(x) * uint32(y));
        }
        vm.assertEq(_result(Instructions.I64_SHL, x, y), x << (y % 64));
        vm.assertEq(_result(Instructions.I64_SHR_S, x, y), uint64(int64(x) >> (y % 64)));
        vm.assertEq(_result(Instructions.I32_SHR_S, x, y), uint32(int32(uint32(x)) >> (y % 32)));
        vm.assertEq(_result(Instructions.I64_LT_S, x, y), int64(x) < int64(y) ? 1 : 0);
        vm.assertEq(_result(Instructions.I32_GE_U, x, y), uint32(x) >= uint32(y) ? 1 : 0);
        vm.assertEq(_result(Instructions.I64_ROTR, _result(Instructions.I64_ROTL, x, y), y), x);
        vm.assertEq(_result(Instructions.I32_ROTR, _result(Instructions.I32_ROTL, x, y), y), uint32(x));
    }

    function testFuzz_QuotientAndRemainderMakeTheDividend(uint64 x, uint64 y) public pure {
        vm.assume(y != 0);
        unchecked {
            uint64 quotient = uint64(_result(Instructions.I64_DIV_U, x, y));
            vm.assertEq(quotient * y + uint64(_result(Instructions.I64_REM_U, x, y)), x);
            vm.assume(int64(x) != type(int64).min || int64(y) != -1);
            quotient = uint64(_result(Instructions.I64_DIV_S, x, y));
            vm.assertEq(quotient * y + uint64(_result(Instructions.I64_REM_S, x, y)), x);
        }
    }

    function testFuzz_DivisionByZeroFaults(uint64 x) public pure {
        for (uint256 op = Instructions.I32_DIV_S; op <= Instructions.I32_REM_U; ++op) {
            _requireFault(op, x, uint256(x) << 32);
            _requireFault(op + Instructions.I64_OFFSET, x, 0);
        }
    }

    function test_OnlyTheQuotientOfTheLeastByMinusOneOverflows() public pure {
        _requireFault(Instructions.I32_DIV_S, 1 << 31, 0xffffffff);
        _requireFault(Instructions.I64_DIV_S, 1 << 63, type(uint64).max);
        vm.assertEq(_result(Instructions.I32_REM_S, 1 << 31, 0xffffffff), 0);
        vm.assertEq(_result(Instructions.I64_REM_S, 1 << 63, type(uint64).max), 0);
        vm.assertEq(_result(Instructions.I64_DIV_S, 1 << 31, 0xffffffff), 0);
    }

    function testFuzz_CountsOfBits(uint64 x) public pure {
        uint256 ones = _result(Instructions.I64_POPCNT, x, 0);
        vm.assertEq(ones + _result(Instructions.I64_POPCNT, ~x, 0), 64);
        uint256 zeros = _result(Instructions.I64_CLZ, x, 0);
        vm.assertTrue(uint256(x) < 1 << (64 - zeros));
        vm.assertTrue(x == 0 ? zeros == 64 : uint256(x) >= 1 << (63 - zeros));
        zeros = _result(Instructions.I64_CTZ, x, 0);
        vm.assertTrue(x == 0 ? zeros == 64 : (uint256(x) >> zeros) & 1 == 1 && (uint256(x) >> zeros) << zeros == x);
    }

    /// @dev Twice the bits and two more: rounding from f64 to f32 makes the f32 result of these five exactly.
    function testFuzz_NarrowResultsAreRoundedWideOnes(uint32 x, uint32 y) public pure {
        for (uint256 op = Instructions.F32_SQRT; op <= Instructions.F32_DIV; ++op) {
            uint256 wide = _result(op + Instructions.F64_OFFSET, _promote(x), _promote(y));
            vm.assertEq(_result(op, x, y), _result(Instructions.F32_DEMOTE_F64, wide, 0));
        }
    }

    function testFuzz_WideArithmeticKeepsItsLaws(uint64 x, uint64 y) public pure {
        vm.assertEq(_result(Instructions.F64_ADD, x, y), _result(Instructions.F64_ADD, y, x));
        vm.assertEq(_result(Instructions.F64_MUL, x, y), _result(Instructions.F64_MUL, y, x));
        uint256 negative = _result(Instructions.F64_NEG, y, 0);
        vm.assertEq(_result(Instructions.F64_SUB, x, y), _result(Instructions.F64_ADD, x, negative));
        vm.assertEq(_result(Instructions.F64_MUL, x, 0x3ff0000000000000), _canonical(x));
        vm.assertEq(_result(Instructions.F64_DIV, x, 0x3ff0000000000000), _canonical(x));
        vm.assertEq(_result(Instructions.F64_ADD, x, 1 << 63), _canonical(x));
        uint256 less = _result(Instructions.F64_LT, x, y);
        vm.assertEq(less, _result(Instructions.F64_GT, y, x));
        if (less == 1) {
            vm.assertEq(_result(Instructions.F64_MIN, x, y), x);
            vm.assertEq(_result(Instructions.F64_MAX, x, y), y);
        }
    }

    /// @dev A product of two significands of 26 bits is exact, so its quotient and root are.
    function testFuzz_ExactProductsComeBack(uint32 x, uint32 y) public pure {
        (x, y) = ((x >> 6) | 1, (y >> 6) | 1);
        uint256 a = _result(Instructions.F64_CONVERT_I32_U, x, 0);
        uint256 b = _result(Instructions.F64_CONVERT_I32_U, y, 0);
        uint256 product = _result(Instructions.F64_MUL, a, b);
        vm.assertEq(_result(Instructions.I64_TRUNC_F64_U, product, 0), uint256(x) * y);
        vm.assertEq(_result(Instructions.F64_DIV, product, b), a);
        vm.assertEq(_result(Instructions.F64_SQRT, _result(Instructions.F64_MUL, a, a), 0), a);
    }

    function testFuzz_IntegersComeBackFromFloats(uint64 x) public pure {
        uint256 narrow = _result(Instructions.F64_CONVERT_I32_S, x, 0);
        vm.assertEq(_result(Instructions.I32_TRUNC_F64_S, narrow, 0), uint32(x));
        uint256 exact = x >> 11;
        vm.assertEq(
            _result(Instructions.I64_TRUNC_SAT_F64_S, _result(Instructions.F64_CONVERT_I64_U, exact, 0), 0), exact
        );
    }

    /// @dev Rounding is idempotent, and its result is at most one away.
    function testFuzz_RoundedNumbersAreWhole(uint64 x) public pure {
        for (uint256 op = Instructions.F64_CEIL; op <= Instructions.F64_NEAREST; ++op) {
            uint256 rounded = _result(op, x, 0);
            vm.assertEq(_result(op, rounded, 0), rounded);
            uint256 distance = _result(Instructions.F64_ABS, _result(Instructions.F64_SUB, x, rounded), 0);
            bool near = _result(Instructions.F64_LE, distance, 0x3ff0000000000000) == 1;
            vm.assertTrue(near || distance == F64_NAN);
        }
    }

    function testFuzz_SignsDoNotTouchNaNs(uint64 x) public pure {
        vm.assertEq(_result(Instructions.F64_ABS, x, 0), x & (type(uint64).max >> 1));
        vm.assertEq(_result(Instructions.F64_NEG, x, 0), x ^ (1 << 63));
        vm.assertEq(_result(Instructions.F32_NEG, x, 0), uint32(x) ^ (1 << 31));
        vm.assertEq(_result(Instructions.F64_COPYSIGN, x, ~x), x ^ (1 << 63));
    }

    function _result(uint256 op, uint256 x, uint256 y) private pure returns (uint256 result) {
        bool faulted;
        (result, faulted) = compute(op, x, y);
        vm.assertFalse(faulted);
    }

    function _requireFault(uint256 op, uint256 x, uint256 y) private pure {
        (, bool faulted) = compute(op, x, y);
        vm.assertTrue(faulted);
    }

    function _promote(uint256 x) private pure returns (uint256) {
        return _result(Instructions.F64_PROMOTE_F32, x, 0);
    }

    function _canonical(uint64 x) private pure returns (uint256) {
        return _result(Instructions.F64_EQ, x, x) == 1 ? x : F64_NAN;
    }
}
