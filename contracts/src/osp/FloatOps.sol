// SPDX-License-Identifier: MIT
// docs/isa.md#float
pragma solidity 0.8.37;

import {Instructions} from "../generated/Instructions.sol";
import {Float, Floats, Format} from "./Float.sol";
import {FloatArithmetic} from "./FloatArithmetic.sol";
import {FloatConversions} from "./FloatConversions.sol";

/// @title Float instructions on the bits of their operands.
/// @dev An instruction on f64 has the number of the one on f32 plus F64_OFFSET, so both are one code here.
library FloatOps {
    /// @param op float instruction
    /// @param x left or only operand, a slot's 64 bits
    /// @param y right operand, likewise
    /// @return result 64 bits
    /// @return faulted a truncation of what no integer of the type is
    function compute(uint256 op, uint256 x, uint256 y) internal pure returns (uint256 result, bool faulted) {
        if (op >= Instructions.I32_TRUNC_F32_S) return FloatConversions.compute(op, x);
        bool wide = op >= Instructions.F64_ABS;
        if (wide) {
            return (_compute(op - Instructions.F64_OFFSET, x, y, Floats.f64()), false);
        }
        return (_compute(op, x & type(uint32).max, y & type(uint32).max, Floats.f32()), false);
    }

    function _compute(uint256 op, uint256 x, uint256 y, Format memory format) private pure returns (uint256) {
        uint256 sign = Floats.signOf(format);
        if (op == Instructions.F32_ABS) return x & ~sign;
        if (op == Instructions.F32_NEG) return x ^ sign;
        if (op == Instructions.F32_COPYSIGN) return (x & ~sign) | (y & sign);
        if (op >= Instructions.F32_EQ) return _compare(op, x, y, format) ? 1 : 0;
        if (Floats.isNaN(x, format)) return Floats.canonicalNaN(format);
        if (op <= Instructions.F32_NEAREST) return FloatArithmetic.round(op, x, format);
        if (op == Instructions.F32_SQRT) return FloatArithmetic.squareRoot(x, format);
        if (Floats.isNaN(y, format)) return Floats.canonicalNaN(format);
        if (op == Instructions.F32_ADD) return FloatArithmetic.add(x, y, format);
        if (op == Instructions.F32_SUB) return FloatArithmetic.add(x, y ^ sign, format);
        if (op == Instructions.F32_MUL) return FloatArithmetic.multiply(x, y, format);
        if (op == Instructions.F32_DIV) return FloatArithmetic.divide(x, y, format);
        // The total order of the bits puts -0 below +0, as minimum and maximum want it.
        bool less = _order(x, format) < _order(y, format);
        if (op == Instructions.F32_MIN) return less ? x : y;
        return less ? y : x;
    }

    function _compare(uint256 op, uint256 x, uint256 y, Format memory format) private pure returns (bool) {
        if (Floats.isNaN(x, format) || Floats.isNaN(y, format)) return op == Instructions.F32_NE;
        bool equal = x == y || Floats.magnitudeOf(x | y, format) == 0;
        if (op == Instructions.F32_EQ) return equal;
        if (op == Instructions.F32_NE) return !equal;
        bool less = !equal && _order(x, format) < _order(y, format);
        if (op == Instructions.F32_LT) return less;
        if (op == Instructions.F32_GE) return !less;
        if (op == Instructions.F32_LE) return less || equal;
        return !less && !equal;
    }

    /// @dev A number that grows with the value of the bits; -0 comes before +0.
    function _order(uint256 bits, Format memory format) private pure returns (int256) {
        int256 magnitude = int256(Floats.magnitudeOf(bits, format));
        return Floats.isNegative(bits, format) ? -1 - magnitude : magnitude;
    }
}
