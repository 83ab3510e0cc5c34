// SPDX-License-Identifier: MIT
// docs/contracts.md#stakes: whatever is called in whatever order, no token is lost or made, and nobody is paid or slashed what
// is not there.
pragma solidity 0.8.37;

import {DelegationPool} from "../../src/DelegationPool.sol";
import {MizuToken} from "../../src/MizuToken.sol";
import {StakeManager} from "../../src/StakeManager.sol";
import {Role} from "../../src/lib/Types.sol";
import {FuzzTargets} from "../support/Fuzz.sol";
import {Network} from "../support/Network.sol";
import {bound, vm} from "../support/Vm.sol";

contract StakesHandler is Network {
    Role private constant ROLE = Role.VALIDATOR;

    address[3] public actors = [address(0xa1), address(0xa2), address(0xa3)];
    address[2] public delegators = [address(0xd1), address(0xd2)];
    uint256 public putIn;
    uint256 public takenOut;
    uint256 public burned;

    constructor() {
        setUp();
        putIn = token.balanceOf(address(stakes));
        for (uint256 i = 0; i < 3; ++i) {
            vm.prank(actors[i]);
            stakes.openPool(ROLE, uint16(i * 5000));
            address pool = address(poolOf(i));
            for (uint256 j = 0; j < 2; ++j) {
                vm.prank(delegators[j]);
                token.approve(pool, type(uint256).max);
            }
        }
    }

    function delegate(uint256 actor, uint256 delegator, uint256 amount) external {
        DelegationPool pool = poolOf(actor);
        address account = delegators[delegator % 2];
        uint256 room = pool.maxDeposit(account);
        if (room == 0) return;
        amount = bound(amount, 1, room < 5 * MINIMUM ? room : 5 * MINIMUM);
        token.mint(account, amount);
        vm.prank(account);
        try pool.deposit(amount, account) {
            putIn += amount;
        } catch {
            // So little that it is worth no share.
            vm.assertEq(pool.previewDeposit(amount), 0);
        }
    }

    function unbondDelegated(uint256 actor, uint256 delegator, uint256 shares) external {
        DelegationPool pool = poolOf(actor);
        address account = delegators[delegator % 2];
        (uint256[] memory waiting,) = pool.unbondingsOf(account);
        uint256 held_ = pool.balanceOf(account);
        if (held_ == 0 || waiting.length == pool.MAX_UNBONDINGS()) return;
        shares = bound(shares, 1, held_);
        if (pool.convertToAssets(shares) == 0) return;
        vm.prank(account);
        pool.unbond(shares);
    }

    function withdrawDelegated(uint256 actor, uint256 delegator, uint256 time) external {
        vm.warp(block.timestamp + bound(time, 0, LONGEST + 1 days));
        DelegationPool pool = poolOf(actor);
        vm.prank(delegators[delegator % 2]);
        try pool.withdrawUnbonded() returns (uint256 amount) {
            takenOut += amount;
        } catch {}
    }

    function fund(uint256 amount) external {
        if (stakes.totalWeightOf(ROLE) == 0) return;
        amount = bound(amount, 1, 1000 ether);
        stakes.fund(ROLE, amount);
        putIn += amount;
    }

    function setCommission(uint256 actor, uint256 commission) external {
        vm.prank(actors[actor % 3]);
        stakes.setCommission(ROLE, uint16(bound(commission, 0, 10_000)));
    }

    function settle(uint256 actor) external {
        stakes.settle(actors[actor % 3], ROLE);
    }

    function stake(uint256 actor, uint256 amount) external {
        amount = bound(amount, MINIMUM, 3 * MINIMUM);
        stakes.stake(actors[actor % 3], ROLE, amount);
        putIn += amount;
    }

    function unbond(uint256 actor, uint256 amount) external {
        address account = actors[actor % 3];
        (uint256 own, uint256 locked) = (stakes.activeOf(account, ROLE), stakes.lockedOf(account, ROLE));
        uint256 free = own > locked ? own - locked : 0;
        if (free == 0 || stakes.unbondingsOf(account, ROLE).length == stakes.MAX_UNBONDINGS()) return;
        vm.prank(account);
        stakes.unbond(ROLE, bound(amount, 1, free));
    }

    function withdraw(uint256 actor, uint256 time) external {
        vm.warp(block.timestamp + bound(time, 0, LONGEST + 1 days));
        address account = actors[actor % 3];
        vm.prank(account);
        try stakes.withdraw(ROLE) returns (uint256 amount) {
            takenOut += amount;
        } catch {}
    }

    function lock(uint256 actor, uint256 amount) external {
        address account = actors[actor % 3];
        amount = bound(amount, 0, stakes.freeOf(account, ROLE));
        vm.prank(amount & 1 == 0 ? DISPUTE : COURT);
        stakes.lock(account, ROLE, amount);
    }

    function release(uint256 actor, uint256 amount) external {
        address account = actors[actor % 3];
        address authority = amount & 1 == 0 ? DISPUTE : COURT;
        amount = bound(amount, 0, stakes.lockedBy(authority, account, ROLE));
        vm.prank(authority);
        stakes.release(account, ROLE, amount);
    }

    function slash(uint256 actor, uint256 beneficiary, uint256 amount, uint256 rewardMax) external {
        amount = bound(amount, 0, 12 * MINIMUM);
        // What is not settled is the pool's already, so it is at risk too.
        stakes.settle(actors[actor % 3], ROLE);
        uint256 risk = atRisk(actor % 3);
        vm.prank(DISPUTE);
        (uint256 slashed, uint256 reward) =
            stakes.slash(actors[actor % 3], ROLE, amount, actors[beneficiary % 3], rewardMax);
        vm.assertEq(slashed, amount < risk ? amount : risk);
        burned += slashed - reward;
        vm.assertGe(slashed - reward, reward);
    }

    function claimReward(uint256 actor) external {
        address account = actors[actor % 3];
        if (stakes.rewardOf(account) == 0) return;
        vm.prank(account);
        takenOut += stakes.claimReward();
    }

    function held() external view returns (uint256 sum) {
        sum = token.balanceOf(address(stakes));
        for (uint256 i = 0; i < 3; ++i) {
            sum += token.balanceOf(address(poolOf(i)));
        }
    }

    function poolOf(uint256 actor) public view returns (DelegationPool) {
        return DelegationPool(address(stakes.poolOf(actors[actor % 3], ROLE)));
    }

    /// @dev All that can be slashed of an actor, on its way out or not.
    function atRisk(uint256 i) public view returns (uint256 sum) {
        sum = stakes.activeOf(actors[i], ROLE) + poolOf(i).active() + poolOf(i).unbonding();
        StakeManager.Unbonding[] memory queue = stakes.unbondingsOf(actors[i], ROLE);
        for (uint256 j = 0; j < queue.length; ++j) {
            sum += queue[j].amount;
        }
    }

    function checkPools() external view {
        uint256 weights = 0;
        for (uint256 i = 0; i < 3; ++i) {
            DelegationPool pool = poolOf(i);
            vm.assertEq(token.balanceOf(address(pool)), pool.active() + pool.unbonding());
            uint256 leaving = 0;
            uint256 staying = 0;
            for (uint256 j = 0; j < 2; ++j) {
                staying += pool.convertToAssets(pool.balanceOf(delegators[j]));
                (uint256[] memory waiting,) = pool.unbondingsOf(delegators[j]);
                for (uint256 k = 0; k < waiting.length; ++k) {
                    leaving += waiting[k];
                }
            }
            vm.assertLe(leaving, pool.unbonding());
            vm.assertLe(staying, pool.totalAssets());
            uint256 own = stakes.activeOf(actors[i], ROLE);
            uint256 counted = own * stakes.DELEGATION_CAP();
            if (pool.active() < counted) counted = pool.active();
            vm.assertEq(stakes.weightOf(actors[i], ROLE), own + counted);
            weights += own + counted;
        }
        vm.assertEq(stakes.totalWeightOf(ROLE), weights);
    }

    /// @dev What the actors own in the contract, and what the parties of the network have put in at the beginning.
    function owned() external view returns (uint256 sum) {
        sum = (3 + memberKeys.length) * STAKE + stakes.unsettledOf(ROLE);
        for (uint256 i = 0; i < 3; ++i) {
            sum += atRisk(i) + stakes.rewardOf(actors[i]);
        }
    }

    function checkLocks() external view {
        for (uint256 i = 0; i < 3; ++i) {
            vm.assertEq(
                stakes.lockedOf(actors[i], ROLE),
                stakes.lockedBy(DISPUTE, actors[i], ROLE) + stakes.lockedBy(COURT, actors[i], ROLE)
            );
        }
    }
}

contract StakesInvariantTest is FuzzTargets {
    StakesHandler private handler;

    function setUp() public {
        handler = new StakesHandler();
        bytes4[] memory selectors = new bytes4[](13);
        selectors[0] = StakesHandler.stake.selector;
        selectors[1] = StakesHandler.unbond.selector;
        selectors[2] = StakesHandler.withdraw.selector;
        selectors[3] = StakesHandler.lock.selector;
        selectors[4] = StakesHandler.release.selector;
        selectors[5] = StakesHandler.slash.selector;
        selectors[6] = StakesHandler.claimReward.selector;
        selectors[7] = StakesHandler.delegate.selector;
        selectors[8] = StakesHandler.unbondDelegated.selector;
        selectors[9] = StakesHandler.withdrawDelegated.selector;
        selectors[10] = StakesHandler.fund.selector;
        selectors[11] = StakesHandler.setCommission.selector;
        selectors[12] = StakesHandler.settle.selector;
        _target(address(handler), selectors);
    }

    function invariant_TheContractsHoldExactlyWhatTheyOwe() public view {
        vm.assertEq(handler.held(), handler.owned());
    }

    function invariant_PoolsPayAllTheirSharesAndWeightsAreThoseOfTheStakes() public view {
        handler.checkPools();
    }

    function invariant_WhatIsLockedIsWhatEachAuthorityHasLocked() public view {
        handler.checkLocks();
    }

    function invariant_EveryTokenIsInsideOutsideOrBurned() public view {
        vm.assertEq(handler.putIn(), handler.held() + handler.takenOut() + handler.burned());
    }
}
