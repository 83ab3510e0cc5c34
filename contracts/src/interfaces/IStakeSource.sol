// SPDX-License-Identifier: MIT
// docs/contracts.md#stakes
pragma solidity 0.8.37;

import {MizuToken} from "../MizuToken.sol";
import {Timing} from "../lib/Timing.sol";
import {Role} from "../lib/Types.sol";

/// @title What the other contracts need to know of stakes, and may do with them.
interface IStakeSource {
    /// @notice In which all stakes are.
    function token() external view returns (MizuToken);

    /// @notice The periods of the whole network, checked against each other.
    function timing() external view returns (Timing memory);

    /// @notice Whether the account's stake for the role reaches the role's minimum.
    function isActive(address account, Role role) external view returns (bool);

    /// @notice Smallest stake of the role, in wei.
    function minimumOf(Role role) external view returns (uint256);

    /// @notice Stake behind the account in the role, wei: its own and what was delegated to it, as far as that counts.
    function weightOf(address account, Role role) external view returns (uint256);

    /// @notice The weight at a past time, unix seconds: that of a vote about what was done after it.
    function weightAt(address account, Role role, uint48 time) external view returns (uint256);

    /// @notice Sum of all weights of the role at a past time, unix seconds.
    function totalWeightAt(Role role, uint48 time) external view returns (uint256);

    /// @notice Binds `amount` of the stake: it cannot be unbonded. Authorities of the role only.
    function lock(address account, Role role, uint256 amount) external;

    /// @notice Frees what the same authority has bound.
    function release(address account, Role role, uint256 amount) external;

    /// @notice Takes up to `amount` of the stake; at most half of it goes to `beneficiary`, the rest is burned.
    /// Authorities with that power only. If less than the minimum is left, the role's hook is told.
    /// @return slashed what was there to take
    /// @return reward what the beneficiary got
    function slash(address account, Role role, uint256 amount, address beneficiary, uint256 rewardMax)
        external
        returns (uint256 slashed, uint256 reward);

    /// @notice Pays out the caller's share of slashed stakes and its yield, as far as they have arrived; reverts if there is
    /// nothing.
    function claimReward() external returns (uint256 amount);

    /// @notice What `claimReward` would pay, wei.
    function rewardOf(address account) external view returns (uint256);
}
