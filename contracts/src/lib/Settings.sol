// SPDX-License-Identifier: MIT
// docs/contracts.md#settings
pragma solidity 0.8.37;

error SettingTooLarge(uint256 maximum, uint256 actual);

/// @dev For constructors: a contract that no amount of tokens could work with is not made.
function requireAtMost(uint256 maximum, uint256 setting) pure {
    require(setting <= maximum, SettingTooLarge(maximum, setting));
}
