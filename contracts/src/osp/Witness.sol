// SPDX-License-Identifier: MIT
// docs/machine.md#proof
pragma solidity 0.8.37;

/// @notice The unread part of a proof, as a range of calldata.
/// @param start offset of the next byte
/// @param end offset behind the last byte
struct Witness {
    uint256 start;
    uint256 end;
}

using Witnesses for Witness global;

/// @title Reads a proof from front to back.
library Witnesses {
    error WitnessTooShort(uint256 expected, uint256 actual);
    error WitnessTooLong(uint256 expected, uint256 actual);

    function from(bytes calldata proof) internal pure returns (Witness memory witness) {
        uint256 start;
        assembly ("memory-safe") {
            start := proof.offset
        }
        witness.start = start;
        witness.end = start + proof.length;
    }

    /// @notice Offset in calldata of the next `size` bytes, which are then read.
    function take(Witness memory witness, uint256 size) internal pure returns (uint256 start) {
        start = witness.start;
        uint256 left = witness.end - start;
        require(size <= left, WitnessTooShort(size, left));
        witness.start = start + size;
    }

    function takeWord(Witness memory witness) internal pure returns (bytes32) {
        return wordAt(witness.take(32));
    }

    /// @notice The next `size` bytes, at most 32, as a number.
    function takeNumber(Witness memory witness, uint256 size) internal pure returns (uint256) {
        return uint256(wordAt(witness.take(size))) >> (256 - 8 * size);
    }

    /// @notice Everything must have been read.
    function finish(Witness memory witness) internal pure {
        require(witness.start == witness.end, WitnessTooLong(0, witness.end - witness.start));
    }

    /// @notice The 32 bytes of calldata at an offset; the caller has taken them.
    function wordAt(uint256 start) internal pure returns (bytes32 word) {
        assembly ("memory-safe") {
            word := calldataload(start)
        }
    }
}
