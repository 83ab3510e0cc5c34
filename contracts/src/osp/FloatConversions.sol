// SPDX-License-Identifier: MIT
// docs/isa.md#float
pragma solidity 0.8.37;

// Casts keep the low bits on purpose, or of numbers that are known to fit; 1 << n is meant: 2^n.
// forge-lint: disable-start(unsafe-typecast, incorrect-shift)

import {Instructions} from "../generated/Instructions.sol";
import {Float, Floats, Format} from "./Float.sol";

/// @title Conversions between the number types.
library FloatConversions {
    /// @dev Above this exponent a significand that is not zero is beyond every integer type.
    int256 private constant EXPONENT_MAX = 64;

    /// @param op truncation, conversion, demotion or promotion
    function compute(uint256 op, uint256 x) internal pure returns (uint256 result, bool faulted) {
        if (op < Instructions.I32_TRUNC_SAT_F32_S) {
            return _truncate(op - Instructions.I32_TRUNC_F32_S, x, false);
        }
        if (op < Instructions.F32_CONVERT_I32_S) {
            return _truncate(op - Instructions.I32_TRUNC_SAT_F32_S, x, true);
        }
        return (_convert(op, x), false);
    }

    /// @param variant bit 0: unsigned, bit 1: from f64, bit 2: to i64
    function _truncate(uint256 variant, uint256 x, bool saturate) private pure returns (uint256, bool) {
        bool unsigned = variant & 1 != 0;
        bool wide = variant & 2 != 0;
        uint256 bits = variant & 4 != 0 ? 64 : 32;
        Format memory format = wide ? Floats.f64() : Floats.f32();
        if (!wide) x &= type(uint32).max;
        if (Floats.isNaN(x, format)) return (0, !saturate);
        bool negative = Floats.isNegative(x, format);
        uint256 magnitude = _whole(x, format);
        uint256 limit = unsigned ? (negative ? 0 : (1 << bits) - 1) : (1 << (bits - 1)) - (negative ? 0 : 1);
        if (magnitude > limit) {
            if (!saturate) return (0, true);
            magnitude = limit;
        }
        unchecked {
            return ((negative ? 0 - magnitude : magnitude) & ((1 << bits) - 1), false);
        }
    }

    /// @dev The magnitude without its fraction; of infinities and the largest numbers something above every type.
    function _whole(uint256 x, Format memory format) private pure returns (uint256) {
        Float memory number = Floats.decode(x, format);
        if (number.exponent > EXPONENT_MAX) return type(uint128).max;
        if (number.exponent >= 0) return number.significand << uint256(number.exponent);
        return number.significand >> uint256(-number.exponent);
    }

    function _convert(uint256 op, uint256 x) private pure returns (uint256) {
        if (op == Instructions.F32_DEMOTE_F64) return _reformat(x, Floats.f64(), Floats.f32());
        if (op == Instructions.F64_PROMOTE_F32) {
            return _reformat(x & type(uint32).max, Floats.f32(), Floats.f64());
        }
        if (op == Instructions.F32_CONVERT_I32_S) return _fromSigned(int32(uint32(x)), Floats.f32());
        if (op == Instructions.F32_CONVERT_I32_U) return _fromUnsigned(uint32(x), Floats.f32());
        if (op == Instructions.F32_CONVERT_I64_S) return _fromSigned(int64(uint64(x)), Floats.f32());
        if (op == Instructions.F32_CONVERT_I64_U) return _fromUnsigned(uint64(x), Floats.f32());
        if (op == Instructions.F64_CONVERT_I32_S) return _fromSigned(int32(uint32(x)), Floats.f64());
        if (op == Instructions.F64_CONVERT_I32_U) return _fromUnsigned(uint32(x), Floats.f64());
        if (op == Instructions.F64_CONVERT_I64_S) return _fromSigned(int64(uint64(x)), Floats.f64());
        return _fromUnsigned(uint64(x), Floats.f64());
    }

    function _fromSigned(int256 x, Format memory format) private pure returns (uint256) {
        return Floats.encode(Float(x < 0, uint256(x < 0 ? -x : x), 0), format);
    }

    function _fromUnsigned(uint256 x, Format memory format) private pure returns (uint256) {
        return Floats.encode(Float(false, x, 0), format);
    }

    function _reformat(uint256 x, Format memory from, Format memory to) private pure returns (uint256) {
        if (Floats.isNaN(x, from)) return Floats.canonicalNaN(to);
        if (Floats.magnitudeOf(x, from) == Floats.infinity(from)) {
            return Floats.infinity(to) | (Floats.isNegative(x, from) ? Floats.signOf(to) : 0);
        }
        return Floats.encode(Floats.decode(x, from), to);
    }
}
