// SPDX-License-Identifier: MIT
// docs/attestations.md#drawn
pragma solidity 0.8.37;

import {AssertionId} from "./Types.sol";

/// @title Where the samples of an attestation lie, and what the attester commits itself to.
library SampleDraw {
    uint256 internal constant SAMPLES = 2;
    /// @dev Positions are below 2^23.
    uint256 private constant MIN_BITS = 10;
    uint256 private constant SPREAD = 13;

    error SampleOutOfRange(uint256 last, uint256 actual);

    /// @param sample 0 or 1
    /// @return index of the step in the assertion
    /// @return position in the trace of the step: the machine after so many instructions
    function drawn(AssertionId assertion, address attester, uint256 sample, uint64 stepCount)
        internal
        pure
        returns (uint64 index, uint256 position)
    {
        require(sample < SAMPLES, SampleOutOfRange(SAMPLES - 1, sample));
        uint256 seed = uint256(keccak256(abi.encode(assertion, attester, sample)));
        // A remainder of 64 bits.
        // forge-lint: disable-next-line(unsafe-typecast)
        index = uint64((seed >> 128) % stepCount);
        // forge-lint: disable-next-line(incorrect-shift)
        uint256 leading = 1 << (MIN_BITS + ((seed >> 120) & 0xff) % SPREAD);
        position = leading + (seed & (leading - 1));
    }

    /// @param machines hashes of the machine at both samples
    function commitmentOf(AssertionId assertion, address attester, bytes32[SAMPLES] calldata machines)
        internal
        pure
        returns (bytes32)
    {
        return keccak256(abi.encode(assertion, attester, machines));
    }
}
