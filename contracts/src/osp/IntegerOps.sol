// SPDX-License-Identifier: MIT
// docs/isa.md#integer
pragma solidity 0.8.37;

// Casts keep the low bits on purpose, or of numbers that are known to fit; 1 << n is meant: 2^n.
// forge-lint: disable-start(unsafe-typecast, incorrect-shift)

import {Instructions} from "../generated/Instructions.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";

/// @title Integer instructions on the bits of their operands.
/// @dev An instruction on 64 bits has the number of the one on 32 bits plus I64_OFFSET, so both are one code here.
library IntegerOps {
    /// @param op integer instruction
    /// @param x left or only operand, a slot's 64 bits
    /// @param y right operand, likewise
    /// @return result 64 bits
    /// @return faulted division by zero, or its quotient overflows
    function compute(uint256 op, uint256 x, uint256 y) internal pure returns (uint256 result, bool faulted) {
        uint256 bits = 32;
        if (op >= Instructions.I64_CLZ) {
            if (op == Instructions.I64_EXTEND32_S) return (_signExtend(x, 32) & type(uint64).max, false);
            (bits, op) = (64, op - Instructions.I64_OFFSET);
        }
        unchecked {
            uint256 mask = (1 << bits) - 1;
            (x, y) = (x & mask, y & mask);
            if (op < Instructions.I32_DIV_S) return (_countOrAdd(op, x, y, bits) & mask, false);
            if (op < Instructions.I32_AND) {
                (result, faulted) = _divide(op, x, y, bits);
                return (result & mask, faulted);
            }
            if (op < Instructions.I32_EQZ) return (_bitwise(op, x, y, bits) & mask, false);
            if (op < Instructions.I32_EXTEND8_S) return (_compare(op, x, y, bits) ? 1 : 0, false);
            if (op == Instructions.I32_EXTEND8_S) return (_signExtend(x, 8) & mask, false);
            if (op == Instructions.I32_EXTEND16_S) return (_signExtend(x, 16) & mask, false);
            return (x, false); // i32_wrap_i64
        }
    }

    function _countOrAdd(uint256 op, uint256 x, uint256 y, uint256 bits) private pure returns (uint256) {
        unchecked {
            if (op == Instructions.I32_CLZ) return x == 0 ? bits : bits - 1 - Math.log2(x);
            if (op == Instructions.I32_CTZ) return x == 0 ? bits : Math.log2(x & (0 - x));
            if (op == Instructions.I32_POPCNT) return _countOnes(x);
            if (op == Instructions.I32_ADD) return x + y;
            if (op == Instructions.I32_SUB) return x - y;
            return x * y;
        }
    }

    function _divide(uint256 op, uint256 x, uint256 y, uint256 bits) private pure returns (uint256, bool) {
        if (y == 0) return (0, true);
        if (op == Instructions.I32_DIV_U) return (x / y, false);
        if (op == Instructions.I32_REM_U) return (x % y, false);
        int256 left = int256(_signExtend(x, bits));
        int256 right = int256(_signExtend(y, bits));
        if (op == Instructions.I32_REM_S) return (uint256(left % right), false);
        int256 quotient = left / right;
        return (uint256(quotient), quotient == int256(1 << (bits - 1)));
    }

    function _bitwise(uint256 op, uint256 x, uint256 y, uint256 bits) private pure returns (uint256) {
        if (op == Instructions.I32_AND) return x & y;
        if (op == Instructions.I32_OR) return x | y;
        if (op == Instructions.I32_XOR) return x ^ y;
        uint256 count = y & (bits - 1);
        if (op == Instructions.I32_SHL) return x << count;
        if (op == Instructions.I32_SHR_S) return uint256(int256(_signExtend(x, bits)) >> count);
        if (op == Instructions.I32_SHR_U) return x >> count;
        if (op == Instructions.I32_ROTL) return (x << count) | (x >> (bits - count));
        return (x >> count) | (x << (bits - count));
    }

    function _compare(uint256 op, uint256 x, uint256 y, uint256 bits) private pure returns (bool) {
        if (op == Instructions.I32_EQZ) return x == 0;
        if (op == Instructions.I32_EQ) return x == y;
        if (op == Instructions.I32_NE) return x != y;
        if (op == Instructions.I32_LT_U) return x < y;
        if (op == Instructions.I32_GT_U) return x > y;
        if (op == Instructions.I32_LE_U) return x <= y;
        if (op == Instructions.I32_GE_U) return x >= y;
        int256 left = int256(_signExtend(x, bits));
        int256 right = int256(_signExtend(y, bits));
        if (op == Instructions.I32_LT_S) return left < right;
        if (op == Instructions.I32_GT_S) return left > right;
        if (op == Instructions.I32_LE_S) return left <= right;
        return left >= right;
    }

    /// @dev Sign-extends the low `bits`, a multiple of 8, to 256 bits.
    function _signExtend(uint256 x, uint256 bits) private pure returns (uint256 extended) {
        assembly ("memory-safe") {
            extended := signextend(sub(shr(3, bits), 1), x)
        }
    }

    function _countOnes(uint256 x) private pure returns (uint256 count) {
        unchecked {
            for (; x != 0; x &= x - 1) {
                ++count;
            }
        }
    }
}
