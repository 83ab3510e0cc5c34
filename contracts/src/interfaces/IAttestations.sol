// SPDX-License-Identifier: MIT
// docs/attestations.md#record
pragma solidity 0.8.37;

import {AssertionId} from "../lib/Types.sol";

/// @title What the other contracts need to know of attestations.
interface IAttestations {
    /// @notice Whether the attester's signature on the assertion is recorded.
    function hasAttested(AssertionId assertion, address attester) external view returns (bool);

    /// @notice Block in which the recorded signatures came to two thirds of the stake; 0: they have not.
    function attestedBlockOf(AssertionId assertion) external view returns (uint64);

    /// @notice Block in which two thirds were reached, or in which the attester was recorded, whichever is later; 0: there is
    /// none of the two yet. The hash of the block after it cannot be known when the attester signs.
    function recordedBlockOf(AssertionId assertion, address attester) external view returns (uint64);

    /// @notice Whether validators with two thirds of the stake have attested the assertion.
    function isAttested(AssertionId assertion) external view returns (bool);

    /// @notice State root of an assertion that is attested and neither rejected nor orphaned; reverts for any other.
    function attestedStateRoot(AssertionId assertion) external view returns (bytes32);

    /// @notice What an attester signs.
    function digestOf(AssertionId assertion, bytes32 commitment) external view returns (bytes32);

    /// @notice Shares `amount` of the caller's tokens, in wei, out among those who have attested the assertion. The
    /// Bridge only.
    function fund(AssertionId assertion, uint256 amount) external;
}
