// SPDX-License-Identifier: MIT
// docs/contracts.md#yield
pragma solidity 0.8.37;

import {IYield} from "./interfaces/IYield.sol";
import {Role} from "./lib/Types.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";

/// @title Income of a role, shared by weight, in one step however many share it.
/// @notice Each role has a sum that only grows: income per wei of weight since the beginning. An account is owed its
/// weight times what the sum has grown by since its weight last changed. Nobody says who gets what: the weights are
/// those of the stakes.
abstract contract Yield is IYield {
    /// @dev Of the sum. As a weight is below 2^96 wei, what rounding takes of a payment is less than a wei an account.
    uint256 private constant UNIT = 1 << 128;

    /// @notice Income per wei of weight since the beginning, in 2^-128 wei.
    mapping(Role => uint256) public incomePerWeight;
    /// @notice What was shared out and is not settled yet, wei; rounding leaves a few wei of it for ever.
    mapping(Role => uint256) public unsettledOf;
    mapping(address account => mapping(Role => uint256)) private _settledAt;

    event Funded(Role indexed role, address indexed from, uint256 amount);

    error NobodyStaked(Role role);

    /// @dev Shares out what the contract has been sent.
    function _share(Role role, uint256 amount, uint256 totalWeight) internal {
        require(totalWeight > 0, NobodyStaked(role));
        incomePerWeight[role] += Math.mulDiv(amount, UNIT, totalWeight);
        unsettledOf[role] += amount;
        emit Funded(role, msg.sender, amount);
    }

    /// @dev What the account is owed for its weight, which has not changed since the last call. It counts as settled.
    function _take(address account, Role role, uint256 weight) internal returns (uint256 amount) {
        amount = _owed(account, role, weight);
        _settledAt[account][role] = incomePerWeight[role];
        unsettledOf[role] -= amount;
    }

    function _owed(address account, Role role, uint256 weight) internal view returns (uint256) {
        return Math.mulDiv(weight, incomePerWeight[role] - _settledAt[account][role], UNIT);
    }
}
