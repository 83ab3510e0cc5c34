// SPDX-License-Identifier: MIT
// docs/contracts.md#eigenlayer: what an operator's allocations are worth, and which part of them an amount is.
pragma solidity 0.8.37;

import {MizuToken} from "../MizuToken.sol";
import {Role} from "../lib/Types.sol";
import {Allocation, IAllocationManager, IDelegationManager, IStrategy, OperatorSet} from "./IEigenLayer.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";

/// @title Stakes of one AVS, read from EigenLayer in wei of one token.
abstract contract EigenPositions {
    /// @dev A slash walks over all of them.
    uint256 public constant MAX_STRATEGIES = 8;
    uint256 internal constant WAD = 1e18;

    IAllocationManager public immutable allocationManager;
    IDelegationManager public immutable delegationManager;
    IStrategy[] private _strategies;

    error StrategyCountOutOfRange(uint256 minimum, uint256 maximum, uint256 actual);
    error StrategiesNotAscending(address previous, address actual);
    error StrategyOfOtherToken(address strategy, address expected, address actual);

    constructor(
        MizuToken token,
        IAllocationManager allocationManager_,
        IDelegationManager delegationManager_,
        IStrategy[] memory strategies_
    ) {
        allocationManager = allocationManager_;
        delegationManager = delegationManager_;
        uint256 count = strategies_.length;
        require(count > 0 && count <= MAX_STRATEGIES, StrategyCountOutOfRange(1, MAX_STRATEGIES, count));
        address previous = address(0);
        for (uint256 i = 0; i < count; ++i) {
            address strategy = address(strategies_[i]);
            require(strategy > previous, StrategiesNotAscending(previous, strategy));
            address underlying = strategies_[i].underlyingToken();
            require(underlying == address(token), StrategyOfOtherToken(strategy, address(token), underlying));
            previous = strategy;
        }
        _strategies = strategies_;
    }

    function strategies() public view returns (IStrategy[] memory) {
        return _strategies;
    }

    /// @notice Stake that backs new locks and weights: allocated, in the operator set, and not on its way out.
    function activeOf(address account, Role role) public view virtual returns (uint256 amount) {
        OperatorSet memory set = _setOf(role);
        if (!allocationManager.isMemberOfOperatorSet(account, set)) return 0;
        IStrategy[] memory all = _strategies;
        for (uint256 i = 0; i < all.length; ++i) {
            Allocation memory allocation = allocationManager.getAllocation(account, set, all[i]);
            uint256 kept = allocation.currentMagnitude;
            if (allocation.pendingDiff < 0) kept -= uint256(uint128(-allocation.pendingDiff));
            uint256 most = allocationManager.getMaxMagnitude(account, all[i]);
            if (kept == 0 || most == 0) continue;
            uint256 shares = Math.mulDiv(delegationManager.operatorShares(account, all[i]), kept, most);
            amount += all[i].sharesToUnderlyingView(shares);
        }
    }

    /// @notice Stake that a slash could take now: the active one, and what leaves and can still be slashed.
    function slashableOf(address account, Role role) public view returns (uint256 amount) {
        OperatorSet memory set = _setOf(role);
        if (!allocationManager.isOperatorSlashable(account, set)) return 0;
        IStrategy[] memory all = _strategies;
        for (uint256 i = 0; i < all.length; ++i) {
            (uint256 risk,,,) = _positionOf(account, set, all[i]);
            amount += all[i].sharesToUnderlyingView(risk);
        }
    }

    function _setOf(Role role) internal view returns (OperatorSet memory) {
        return OperatorSet(address(this), uint32(role));
    }

    /// @dev The part of each allocation that takes at least `amount` in all, the first strategies first.
    /// Strategies in which there is nothing to take are left out.
    function _partsOf(address account, Role role, uint256 amount)
        internal
        view
        returns (IStrategy[] memory taken, uint256[] memory wads)
    {
        OperatorSet memory set = _setOf(role);
        IStrategy[] memory all = _strategies;
        (taken, wads) = (new IStrategy[](all.length), new uint256[](all.length));
        uint256 count = 0;
        bool slashable = allocationManager.isOperatorSlashable(account, set);
        for (uint256 i = 0; slashable && amount > 0 && i < all.length; ++i) {
            (uint256 risk, uint256 current, uint256 most, uint256 delegated) = _positionOf(account, set, all[i]);
            if (risk == 0) continue;
            uint256 worth = all[i].sharesToUnderlyingView(risk);
            taken[count] = all[i];
            wads[count] = worth <= amount ? WAD : _wadOf(all[i], amount, current, most, delegated);
            amount = Math.saturatingSub(amount, worth);
            ++count;
        }
        assembly ("memory-safe") {
            mstore(taken, count)
            mstore(wads, count)
        }
    }

    /// @return risk shares that a slash of the whole allocation takes at least
    /// @return current magnitude that is slashable, the part on its way out included
    /// @return most magnitude that the operator has left in all
    /// @return delegated shares of the operator, those in slashable withdrawals included
    function _positionOf(address account, OperatorSet memory set, IStrategy strategy)
        private
        view
        returns (uint256 risk, uint256 current, uint256 most, uint256 delegated)
    {
        current = allocationManager.getAllocation(account, set, strategy).currentMagnitude;
        most = allocationManager.getMaxMagnitude(account, strategy);
        if (current == 0 || most == 0) return (0, 0, most, 0);
        uint256 held = delegationManager.operatorShares(account, strategy);
        uint256 queued = delegationManager.getSlashableSharesInQueue(account, strategy);
        delegated = held + queued;
        // Two roundings, as EigenLayer has them: what is held and what is queued are slashed apart.
        risk = Math.mulDiv(held, current, most) + Math.mulDiv(queued, current, most);
    }

    /// @dev EigenLayer rounds the magnitude up, and then the shares of the operator and of the queue down, each by less
    /// than one. So one share more makes up for the conversion of tokens, and one for the two roundings.
    function _wadOf(IStrategy strategy, uint256 amount, uint256 current, uint256 most, uint256 delegated)
        private
        view
        returns (uint256)
    {
        uint256 shares = strategy.underlyingToSharesView(amount) + 2;
        uint256 magnitude = Math.mulDiv(shares, most, delegated, Math.Rounding.Ceil);
        if (magnitude >= current) return WAD;
        // The smallest part that EigenLayer rounds up to this magnitude.
        return Math.mulDiv(magnitude - 1, WAD, current) + 1;
    }
}
