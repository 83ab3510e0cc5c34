// SPDX-License-Identifier: MIT
// docs/contracts.md#stakes
pragma solidity 0.8.37;

import {Role} from "../lib/Types.sol";

/// @title What is told when a slash has left an account with less than the minimum of a role.
interface IStakeHook {
    /// @notice Called by whoever holds the stakes at the end of the slash, with `Exposure.HOOK_GAS`.
    function onStakeLost(address account, Role role) external;
}
