// SPDX-License-Identifier: MIT
// docs/disputes.md#moot
pragma solidity 0.8.37;

import {Assertions} from "../../src/Assertions.sol";
import {DemandId, Demands} from "../../src/Demands.sol";
import {Dispute, GameId} from "../../src/Dispute.sol";
import {Rollup} from "../../src/Rollup.sol";
import {AboutAssertions} from "../../src/dispute/AboutAssertions.sol";
import {AssertionId, Role} from "../../src/lib/Types.sol";
import {GameNetwork} from "../support/GameNetwork.sol";
import {Trees} from "../support/Trees.sol";
import {vm} from "../support/Vm.sol";

/// @dev An assertion is open to games and demands, its parent is rejected, and then its batch becomes void.
contract MootTest is GameNetwork {
    uint256 private constant TRUTH = type(uint256).max;

    AssertionId private parent;
    AssertionId private child;
    bytes private childSteps;

    function setUp() public override {
        super.setUp();
        _postNext();
        vm.warp(inbox.expiryOf(1) - LONGEST);
        bytes memory steps = _steps("parent");
        parent = _assertSteps(steps, RIVAL);
        childSteps = _nextSteps(steps, "child");
        child = _assertOn(parent, childSteps, EXECUTOR);
    }

    function test_MootIsWhatAVoidingFindsUndecided() public {
        vm.assertTrue(!rollup.isMoot(child));
        _rejectParent();
        vm.assertTrue(!rollup.isMoot(child));
        _void();
        vm.assertTrue(rollup.isMoot(child));
        vm.assertTrue(!rollup.isMoot(parent));
        vm.assertTrue(!rollup.isMoot(rollup.genesis()));
        AssertionId later = _assertOn(rollup.genesis(), _steps("later"), EXECUTOR);
        vm.assertTrue(!rollup.isMoot(later));
    }

    /// @dev The honest side would answer with what the batches are now, which is not what the game began with.
    function test_NeitherSideWinsAGameAboutWhatIsMoot() public {
        GameId id = _open(child, STEP, CHALLENGER, false, TRUTH);
        _playTo(id, LISTS, CHALLENGER, TRUTH, 1);
        GameId falsely = _open(child, 1, OTHER, true, 1);
        _moot();
        bytes memory refusal = abi.encodeWithSelector(Rollup.AssertionIsMoot.selector, child);
        uint256 index = _disagreement(id, TRUTH, CHALLENGER);
        bytes memory proof = _proofAt(id, index);
        vm.prank(CHALLENGER);
        vm.expectRevert(refusal);
        dispute.prove(_key(id), _posted(id), _segment(id, index), proof);
        vm.warp(dispute.deadlineOf(id));
        vm.expectRevert(refusal);
        dispute.timeout(_key(id));
        vm.expectRevert(refusal);
        dispute.timeout(_key(falsely));
        vm.assertEq(uint256(rollup.statusOf(child)), uint256(Assertions.Status.PENDING));
    }

    function test_EveryBondGoesBackAndTheAssertionIsFree() public {
        GameId first = _open(child, STEP, CHALLENGER, false, TRUTH);
        GameId second = _open(child, STEP, OTHER, true, 1);
        uint256 supply = token.totalSupply();
        _moot();
        vm.warp(rollup.deadlineOf(child));
        vm.expectRevert(abi.encodeWithSelector(Assertions.GamesOpen.selector, 2));
        rollup.orphan(child);
        vm.expectEmit();
        emit Dispute.GameRefunded(first);
        dispute.refund(_key(first));
        vm.assertEq(uint256(dispute.gameOf(first).status), uint256(Dispute.Status.REFUNDED));
        vm.expectRevert(
            abi.encodeWithSelector(
                Dispute.GameStatusMismatch.selector, first, Dispute.Status.OPEN, Dispute.Status.REFUNDED
            )
        );
        dispute.refund(_key(first));
        vm.expectRevert(abi.encodeWithSelector(Assertions.GamesOpen.selector, 1));
        rollup.orphan(child);
        vm.prank(USER);
        dispute.refund(_key(second));
        rollup.orphan(child);
        vm.assertEq(dispute.balanceOf(CHALLENGER), GAME_BOND);
        vm.assertEq(dispute.balanceOf(OTHER), GAME_BOND);
        vm.assertEq(token.balanceOf(DISPUTE), 2 * GAME_BOND);
        // Only the parent's bond was slashed, before.
        vm.assertEq(supply - token.totalSupply(), BOND);
        vm.assertEq(stakes.activeOf(EXECUTOR, Role.EXECUTOR), STAKE);
        vm.assertEq(stakes.activeOf(RIVAL, Role.EXECUTOR), STAKE - BOND);
    }

    function test_RevertWhen_AGameIsOpenedAboutWhatIsMoot() public {
        Dispute.Opening memory opening = _opening(child, DELAYED_STEP);
        _moot();
        vm.prank(CHALLENGER);
        vm.expectRevert(abi.encodeWithSelector(Rollup.AssertionIsMoot.selector, child));
        dispute.open(opening);
    }

    /// @dev Nobody escapes by the fall of his own parent alone: what the batches hold is as it was.
    function test_TheFallOfTheParentAloneEndsNoGame() public {
        GameId right = _open(child, STEP, CHALLENGER, false, TRUTH);
        GameId wrong = _open(child, 1, OTHER, true, 1);
        _rejectParent();
        vm.expectRevert(_pending());
        dispute.refund(_key(right));
        vm.warp(dispute.deadlineOf(wrong) - 1);
        _move(wrong, 0, EXECUTOR, TRUTH);
        vm.warp(dispute.deadlineOf(wrong));
        dispute.timeout(_key(wrong));
        vm.assertEq(uint256(dispute.gameOf(wrong).status), uint256(Dispute.Status.ASSERTER_WON));
        dispute.timeout(_key(right));
        vm.assertEq(uint256(rollup.statusOf(child)), uint256(Assertions.Status.REJECTED));
        vm.assertEq(stakes.activeOf(EXECUTOR, Role.EXECUTOR), STAKE - BOND);
    }

    function test_AMalformedLeafIsShownAllTheSame() public {
        bytes memory steps = childSteps;
        steps[128 + 127] = 0x01;
        AssertionId malformed = _assertOn(parent, steps, EXECUTOR);
        GameId id = _open(malformed, STEP, OTHER, true, 1);
        _moot();
        vm.prank(CHALLENGER);
        dispute.challengeLeaf(_claimedStep(malformed, steps, 0));
        vm.assertEq(uint256(rollup.statusOf(malformed)), uint256(Assertions.Status.REJECTED));
        vm.assertTrue(!rollup.isMoot(malformed));
        dispute.refund(_key(id));
        vm.assertEq(dispute.balanceOf(OTHER), GAME_BOND);
    }

    function test_DemandsAboutWhatIsMootAreNeitherAnsweredNorExpired() public {
        DemandId id = _demand(1, CHALLENGER);
        _moot();
        bytes memory refusal = abi.encodeWithSelector(Rollup.AssertionIsMoot.selector, child);
        Demands.Answer[] memory answers = new Demands.Answer[](1);
        (answers[0].id, answers[0].leaf) = (id, Trees.slice(childSteps, 128, 128));
        answers[0].path = Trees.pathOf(childSteps, 1, 0);
        vm.expectRevert(refusal);
        demands.publish(id, answers[0].leaf, answers[0].path);
        demands.publishAll(answers);
        vm.assertEq(uint256(demands.demandOf(id).status), uint256(Demands.DemandStatus.OPEN));
        vm.warp(block.timestamp + DEMAND);
        vm.expectRevert(refusal);
        demands.expire(id);
        vm.prank(CHALLENGER);
        vm.expectRevert(refusal);
        demands.demandStep(child, 2);
    }

    function test_WhatIsLeftOfDemandsGoesBack() public {
        DemandId published = _demand(1, CHALLENGER);
        demands.publish(published, Trees.slice(childSteps, 128, 128), Trees.pathOf(childSteps, 1, 0));
        uint256 left = demands.demandOf(published).left;
        DemandId first = _demand(2, CHALLENGER);
        DemandId second = _demand(3, OTHER);
        vm.expectRevert(_unsettled(first, Demands.DemandStatus.OPEN));
        demands.settle(first);
        _moot();
        demands.settle(first);
        vm.assertEq(demands.openOf(EXECUTOR), 0);
        vm.assertEq(demands.balanceOf(CHALLENGER), DEMAND_BOND);
        vm.warp(rollup.deadlineOf(child));
        vm.expectRevert(abi.encodeWithSelector(Assertions.GamesOpen.selector, 1));
        rollup.orphan(child);
        demands.settle(second);
        vm.assertEq(demands.balanceOf(OTHER), 2 * DEMAND_BOND);
        vm.assertEq(demands.openOf(EXECUTOR), 0);
        // However fast the asserter frees its bond.
        rollup.orphan(child);
        demands.settle(published);
        vm.assertEq(demands.balanceOf(CHALLENGER), DEMAND_BOND + left);
        vm.expectRevert(_unsettled(published, Demands.DemandStatus.SETTLED));
        demands.settle(published);
        vm.assertEq(token.balanceOf(DEMANDS), demands.balanceOf(EXECUTOR) + 3 * DEMAND_BOND + left);
    }

    function test_WhatIsLeftIsBurnedWhereNothingWasVoided() public {
        DemandId id = _demand(1, CHALLENGER);
        demands.publish(id, Trees.slice(childSteps, 128, 128), Trees.pathOf(childSteps, 1, 0));
        _rejectParent();
        vm.warp(rollup.deadlineOf(child));
        rollup.orphan(child);
        demands.settle(id);
        vm.assertEq(demands.balanceOf(CHALLENGER), 0);
    }

    function _demand(uint64 leaf, address demander) private returns (DemandId) {
        vm.prank(demander);
        return demands.demandStep(child, leaf);
    }

    function _rejectParent() private {
        vm.prank(DISPUTE);
        rollup.reject(parent, USER, 0);
    }

    function _void() private {
        vm.warp(block.timestamp + 1);
        rollup.voidBatches(0, 2);
    }

    function _moot() private {
        _rejectParent();
        _void();
    }

    function _pending() private view returns (bytes memory) {
        return abi.encodeWithSelector(
            AboutAssertions.AssertionStatusMismatch.selector,
            child,
            Assertions.Status.REJECTED,
            Assertions.Status.PENDING
        );
    }

    function _unsettled(DemandId id, Demands.DemandStatus status) private pure returns (bytes memory) {
        return abi.encodeWithSelector(Demands.DemandStatusMismatch.selector, id, Demands.DemandStatus.PUBLISHED, status);
    }
}
