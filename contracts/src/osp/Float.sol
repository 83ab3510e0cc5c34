// SPDX-License-Identifier: MIT
// docs/isa.md#float, IEEE 754-2019
pragma solidity 0.8.37;

// Casts keep the low bits on purpose, or of numbers that are known to fit; 1 << n is meant: 2^n.
// forge-lint: disable-start(unsafe-typecast, incorrect-shift)

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";

/// @notice A binary interchange format.
/// @param fraction bits of the fraction
/// @param exponentMax the exponent field of infinities and NaNs
/// @param quantum exponent of the smallest positive number
struct Format {
    uint256 fraction;
    uint256 exponentMax;
    int256 quantum;
}

/// @notice A number (-1)^negative * significand * 2^exponent.
struct Float {
    bool negative;
    uint256 significand;
    int256 exponent;
}

/// @title Binary floating point by integer arithmetic.
/// @dev 256 bits hold every intermediate value exactly, or with all that lies below it as its lowest bit (sticky).
library Floats {
    function f32() internal pure returns (Format memory) {
        return Format(23, 0xff, -149);
    }

    function f64() internal pure returns (Format memory) {
        return Format(52, 0x7ff, -1074);
    }

    function signOf(Format memory format) internal pure returns (uint256) {
        return (format.exponentMax + 1) << format.fraction;
    }

    function infinity(Format memory format) internal pure returns (uint256) {
        return format.exponentMax << format.fraction;
    }

    function canonicalNaN(Format memory format) internal pure returns (uint256) {
        return infinity(format) | (1 << (format.fraction - 1));
    }

    /// @dev Bits of a sign bit and no other set bit are a zero.
    function magnitudeOf(uint256 bits, Format memory format) internal pure returns (uint256) {
        return bits & (signOf(format) - 1);
    }

    function isNaN(uint256 bits, Format memory format) internal pure returns (bool) {
        return magnitudeOf(bits, format) > infinity(format);
    }

    function isNegative(uint256 bits, Format memory format) internal pure returns (bool) {
        return bits & signOf(format) != 0;
    }

    /// @notice The number that finite bits stand for.
    function decode(uint256 bits, Format memory format) internal pure returns (Float memory number) {
        unchecked {
            uint256 magnitude = magnitudeOf(bits, format);
            uint256 field = magnitude >> format.fraction;
            uint256 fraction = magnitude & ((1 << format.fraction) - 1);
            number.negative = isNegative(bits, format);
            // Subnormal numbers have the quantum's exponent and no hidden bit.
            number.significand = field == 0 ? fraction : fraction | (1 << format.fraction);
            number.exponent = format.quantum + int256(field == 0 ? 0 : field - 1);
        }
    }

    /// @notice Bits of the nearest number of the format, ties to even.
    function encode(Float memory number, Format memory format) internal pure returns (uint256 bits) {
        unchecked {
            uint256 significand = number.significand;
            if (significand != 0) {
                int256 top = number.exponent + int256(Math.log2(significand));
                int256 last = top - int256(format.fraction);
                if (last < format.quantum) last = format.quantum;
                significand = _roundShift(significand, last - number.exponent);
                // The hidden bit adds one to the exponent field; so does a carry out of the rounding.
                bits = (uint256(last - format.quantum) << format.fraction) + significand;
                if (bits > infinity(format)) bits = infinity(format);
            }
            if (number.negative) bits |= signOf(format);
        }
    }

    /// @dev significand / 2^shift, to nearest, ties to even.
    function _roundShift(uint256 significand, int256 shift) private pure returns (uint256) {
        unchecked {
            if (shift <= 0) return significand << uint256(-shift);
            // Less than half of the last place, whatever it is.
            if (shift > 254) return 0;
            uint256 rest = significand & ((1 << uint256(shift)) - 1);
            uint256 half = 1 << uint256(shift - 1);
            significand >>= uint256(shift);
            return rest > half || (rest == half && significand & 1 == 1) ? significand + 1 : significand;
        }
    }
}
