// SPDX-License-Identifier: MIT
// docs/isa.md#float, IEEE 754-2019 section 5.4
pragma solidity 0.8.37;

// Casts keep the low bits on purpose, or of numbers that are known to fit; 1 << n is meant: 2^n.
// forge-lint: disable-start(unsafe-typecast, incorrect-shift)

import {Instructions} from "../generated/Instructions.sol";
import {Float, Floats, Format} from "./Float.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";

/// @title Arithmetic on bits that are no NaN.
library FloatArithmetic {
    /// @dev More than the 53 bits of any significand and its two rounding bits; a shifted significand fits 256 bits.
    uint256 private constant GUARD = 128;
    /// @dev A significand shifted right by as much leaves nothing.
    uint256 private constant SIGNIFICAND_BITS = 64;

    function add(uint256 x, uint256 y, Format memory format) internal pure returns (uint256) {
        uint256 infinity = Floats.infinity(format);
        if (Floats.magnitudeOf(x, format) == infinity) {
            bool opposite = Floats.magnitudeOf(y, format) == infinity && x != y;
            return opposite ? Floats.canonicalNaN(format) : x;
        }
        if (Floats.magnitudeOf(y, format) == infinity) return y;
        Float memory left = Floats.decode(x, format);
        Float memory right = Floats.decode(y, format);
        if (left.exponent < right.exponent) (left, right) = (right, left);
        unchecked {
            uint256 distance = uint256(left.exponent - right.exponent);
            uint256 addend = right.significand;
            if (distance > GUARD) {
                // Far below the last place of the sum: all that counts is that it is not zero.
                (distance, addend) = (GUARD, addend == 0 ? 0 : 1);
            }
            int256 sum = _signed(left.negative, left.significand << distance) + _signed(right.negative, addend);
            // A sum of zero is +0, unless both are -0.
            bool negative = sum == 0 ? left.negative && right.negative : sum < 0;
            uint256 magnitude = uint256(sum < 0 ? -sum : sum);
            return Floats.encode(Float(negative, magnitude, left.exponent - int256(distance)), format);
        }
    }

    function multiply(uint256 x, uint256 y, Format memory format) internal pure returns (uint256) {
        uint256 infinity = Floats.infinity(format);
        uint256 sign = (x ^ y) & Floats.signOf(format);
        uint256 left = Floats.magnitudeOf(x, format);
        uint256 right = Floats.magnitudeOf(y, format);
        if (left == infinity || right == infinity) {
            return left == 0 || right == 0 ? Floats.canonicalNaN(format) : infinity | sign;
        }
        Float memory a = Floats.decode(left, format);
        Float memory b = Floats.decode(right, format);
        unchecked {
            return Floats.encode(Float(sign != 0, a.significand * b.significand, a.exponent + b.exponent), format);
        }
    }

    function divide(uint256 x, uint256 y, Format memory format) internal pure returns (uint256) {
        uint256 infinity = Floats.infinity(format);
        uint256 sign = (x ^ y) & Floats.signOf(format);
        uint256 left = Floats.magnitudeOf(x, format);
        uint256 right = Floats.magnitudeOf(y, format);
        if (left == infinity) return right == infinity ? Floats.canonicalNaN(format) : infinity | sign;
        if (right == infinity) return sign;
        if (right == 0) return left == 0 ? Floats.canonicalNaN(format) : infinity | sign;
        Float memory a = Floats.decode(left, format);
        Float memory b = Floats.decode(right, format);
        unchecked {
            uint256 shifted = a.significand << GUARD;
            uint256 quotient = shifted / b.significand;
            if (quotient * b.significand != shifted) quotient |= 1;
            return Floats.encode(Float(sign != 0, quotient, a.exponent - b.exponent - int256(GUARD)), format);
        }
    }

    function squareRoot(uint256 x, Format memory format) internal pure returns (uint256) {
        uint256 magnitude = Floats.magnitudeOf(x, format);
        if (magnitude == 0) return x;
        if (x != magnitude) return Floats.canonicalNaN(format);
        if (magnitude == Floats.infinity(format)) return x;
        Float memory number = Floats.decode(x, format);
        unchecked {
            uint256 significand = number.significand << GUARD;
            int256 exponent = number.exponent - int256(GUARD);
            if (exponent & 1 != 0) (significand, exponent) = (significand << 1, exponent - 1);
            uint256 root = Math.sqrt(significand);
            if (root * root != significand) root |= 1;
            return Floats.encode(Float(false, root, exponent / 2), format);
        }
    }

    /// @notice ceil, floor, trunc and nearest.
    function round(uint256 op, uint256 x, Format memory format) internal pure returns (uint256) {
        if (Floats.magnitudeOf(x, format) == Floats.infinity(format)) return x;
        Float memory number = Floats.decode(x, format);
        if (number.exponent >= 0) return x;
        unchecked {
            uint256 shift = Math.min(uint256(-number.exponent), SIGNIFICAND_BITS);
            uint256 rest = number.significand & ((1 << shift) - 1);
            uint256 whole = number.significand >> shift;
            if (_roundsUp(op, number.negative, whole, rest, 1 << (shift - 1))) ++whole;
            return Floats.encode(Float(number.negative, whole, 0), format);
        }
    }

    /// @dev Whether the magnitude goes up to the next whole number.
    function _roundsUp(uint256 op, bool negative, uint256 whole, uint256 rest, uint256 half)
        private
        pure
        returns (bool)
    {
        if (op == Instructions.F32_CEIL) return rest != 0 && !negative;
        if (op == Instructions.F32_FLOOR) return rest != 0 && negative;
        if (op == Instructions.F32_TRUNC) return false;
        return rest > half || (rest == half && whole & 1 == 1);
    }

    function _signed(bool negative, uint256 magnitude) private pure returns (int256) {
        return negative ? -int256(magnitude) : int256(magnitude);
    }
}
