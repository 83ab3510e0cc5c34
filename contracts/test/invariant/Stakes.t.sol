// SPDX-License-Identifier: MIT
// docs/contracts.md#stakes: whatever is called in whatever order, no token is lost or made.
pragma solidity 0.8.37;

import {MizuToken} from "../../src/MizuToken.sol";
import {StakeManager} from "../../src/StakeManager.sol";
import {Role} from "../../src/lib/Types.sol";
import {FuzzTargets} from "../support/Fuzz.sol";
import {Network} from "../support/Network.sol";
import {bound, vm} from "../support/Vm.sol";

contract StakesHandler is Network {
    Role private constant ROLE = Role.VALIDATOR;

    address[3] public actors = [address(0xa1), address(0xa2), address(0xa3)];
    uint256 public putIn;
    uint256 public takenOut;
    uint256 public burned;

    constructor() {
        setUp();
        putIn = token.balanceOf(address(stakes));
    }

    function stake(uint256 actor, uint256 amount) external {
        amount = bound(amount, MINIMUM, 3 * MINIMUM);
        stakes.stake(actors[actor % 3], ROLE, amount);
        putIn += amount;
    }

    function unbond(uint256 actor, uint256 amount) external {
        address account = actors[actor % 3];
        uint256 free = stakes.freeOf(account, ROLE);
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
        amount = bound(amount, 0, 4 * MINIMUM);
        vm.prank(DISPUTE);
        (uint256 slashed, uint256 reward) =
            stakes.slash(actors[actor % 3], ROLE, amount, actors[beneficiary % 3], rewardMax);
        burned += slashed - reward;
        vm.assertGe(slashed - reward, reward);
    }

    function claimReward(uint256 actor) external {
        address account = actors[actor % 3];
        if (stakes.rewardOf(account) == 0) return;
        vm.prank(account);
        takenOut += stakes.claimReward();
    }

    function held() external view returns (uint256) {
        return token.balanceOf(address(stakes));
    }

    /// @dev What the actors own in the contract, and what the parties of the network have put in at the beginning.
    function owned() external view returns (uint256 sum, uint256 active) {
        sum = (3 + memberKeys.length) * STAKE;
        for (uint256 i = 0; i < 3; ++i) {
            active += stakes.activeOf(actors[i], ROLE);
            sum += stakes.rewardOf(actors[i]);
            StakeManager.Unbonding[] memory queue = stakes.unbondingsOf(actors[i], ROLE);
            for (uint256 j = 0; j < queue.length; ++j) {
                sum += queue[j].amount;
            }
        }
        sum += active;
    }

    function checkLocks() external view {
        for (uint256 i = 0; i < 3; ++i) {
            vm.assertEq(
                stakes.lockedOf(actors[i], ROLE),
                stakes.lockedBy(DISPUTE, actors[i], ROLE) + stakes.lockedBy(COURT, actors[i], ROLE)
            );
        }
    }

    function total() external view returns (uint256) {
        return stakes.totalWeightOf(ROLE);
    }
}

contract StakesInvariantTest is FuzzTargets {
    StakesHandler private handler;

    function setUp() public {
        handler = new StakesHandler();
        bytes4[] memory selectors = new bytes4[](7);
        selectors[0] = StakesHandler.stake.selector;
        selectors[1] = StakesHandler.unbond.selector;
        selectors[2] = StakesHandler.withdraw.selector;
        selectors[3] = StakesHandler.lock.selector;
        selectors[4] = StakesHandler.release.selector;
        selectors[5] = StakesHandler.slash.selector;
        selectors[6] = StakesHandler.claimReward.selector;
        _target(address(handler), selectors);
    }

    function invariant_TheContractHoldsExactlyWhatItOwes() public view {
        (uint256 sum, uint256 active) = handler.owned();
        vm.assertEq(handler.held(), sum);
        vm.assertEq(handler.total(), active);
    }

    function invariant_WhatIsLockedIsWhatEachAuthorityHasLocked() public view {
        handler.checkLocks();
    }

    function invariant_EveryTokenIsInsideOutsideOrBurned() public view {
        vm.assertEq(handler.putIn(), handler.held() + handler.takenOut() + handler.burned());
    }
}
