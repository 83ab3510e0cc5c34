// SPDX-License-Identifier: MIT
// docs/contracts.md#rollup
pragma solidity 0.8.37;

import {AssertionId} from "../lib/Types.sol";

/// @title What the Bridge needs to know of assertions.
interface IRollup {
    /// @notice State root after a confirmed assertion; reverts if it is not confirmed.
    function confirmedStateRoot(AssertionId id) external view returns (bytes32);

    function parentOf(AssertionId id) external view returns (AssertionId);

    function asserterOf(AssertionId id) external view returns (address);
}
