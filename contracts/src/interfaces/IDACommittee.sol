// SPDX-License-Identifier: MIT
// docs/contracts.md#committee
pragma solidity 0.8.37;

import {Certificate} from "../lib/Types.sol";

interface IDACommittee {
    /// @notice Reverts unless a quorum of the committee promises to keep the objects for the required retention.
    /// @param objectsHash keccak256 of the list (objectRoot ‖ length u64)
    /// @param totalLength sum of the lengths
    function verify(bytes32 objectsHash, uint64 totalLength, Certificate calldata certificate) external view;
}
