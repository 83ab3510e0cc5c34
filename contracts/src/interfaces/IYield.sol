// SPDX-License-Identifier: MIT
// docs/contracts.md#yield
pragma solidity 0.8.37;

import {Role} from "../lib/Types.sol";

/// @title What shares income out among those who are staked for a role.
interface IYield {
    /// @notice Shares `amount` of the caller's tokens, in wei, out among all stakes of the role by their weight of now.
    function fund(Role role, uint256 amount) external;

    /// @notice Shares `amount` of the caller's tokens, in wei, out between the account's own stake and what is delegated to it.
    function fundFor(address account, Role role, uint256 amount) external;
}
