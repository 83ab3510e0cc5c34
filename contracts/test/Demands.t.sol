// SPDX-License-Identifier: MIT
// docs/disputes.md#bytes
pragma solidity 0.8.37;

import {Assertions} from "../src/Assertions.sol";
import {DemandId, Demands} from "../src/Demands.sol";
import {GameId} from "../src/Dispute.sol";
import {AboutAssertions} from "../src/dispute/AboutAssertions.sol";
import {Tree} from "../src/lib/Tree.sol";
import {AssertionId, Role} from "../src/lib/Types.sol";
import {GameNetwork} from "./support/GameNetwork.sol";
import {Trees} from "./support/Trees.sol";
import {vm} from "./support/Vm.sol";

contract DemandsTest is GameNetwork {
    AssertionId private assertion;

    function setUp() public override {
        super.setUp();
        assertion = _assertSteps(_steps("claim"), EXECUTOR);
    }

    function test_PublishedBytesPayTheAsserterAndKeepTheWindowOpen() public {
        vm.warp(START + WINDOW - 1);
        vm.prank(CHALLENGER);
        DemandId id = demands.demandStep(assertion, 2);
        vm.warp(START + WINDOW + DEMAND - 2);
        vm.expectRevert(abi.encodeWithSelector(Assertions.GamesOpen.selector, 1));
        rollup.confirm(assertion);
        demands.publish(id, Trees.slice(stepList, 256, 128), Trees.pathOf(stepList, 2, 0));
        uint256 award = demands.balanceOf(EXECUTOR);
        vm.assertTrue(award > 0 && award <= DEMAND_BOND / 2);
        vm.assertEq(token.balanceOf(DEMANDS), DEMAND_BOND);
        vm.expectRevert(
            abi.encodeWithSelector(Assertions.WindowOpen.selector, block.timestamp + DEMAND, block.timestamp)
        );
        rollup.confirm(assertion);
        // Late, but with the bytes: a game.
        GameId game = _open(assertion, STEP, CHALLENGER, false, type(uint256).max);
        vm.assertEq(dispute.gameOf(game).lists, 1);
        // But no further demand, else they could go on for ever.
        vm.prank(CHALLENGER);
        vm.expectRevert(
            abi.encodeWithSelector(Demands.DemandTooLate.selector, START + WINDOW, START + WINDOW + DEMAND - 2)
        );
        demands.demandStep(assertion, 1);
    }

    /// @dev As games may: else a pause would help whoever withholds his list.
    function test_APauseProlongsTheTimeForDemands() public {
        uint256 until = START + WINDOW + 1 hours;
        vm.warp(START + WINDOW - 1);
        vm.prank(GUARDIAN);
        rollup.pauseConfirmation(until);
        vm.warp(until - 1);
        vm.prank(CHALLENGER);
        DemandId id = demands.demandStep(assertion, 2);
        vm.warp(until);
        vm.prank(CHALLENGER);
        vm.expectRevert(abi.encodeWithSelector(Demands.DemandTooLate.selector, until, until));
        demands.demandStep(assertion, 1);
        demands.publish(id, Trees.slice(stepList, 256, 128), Trees.pathOf(stepList, 2, 0));
        vm.assertEq(rollup.deadlineOf(assertion), until + DEMAND);
        // What was published keeps the window open, but not for more demands.
        vm.prank(CHALLENGER);
        vm.expectRevert(abi.encodeWithSelector(Demands.DemandTooLate.selector, until, until));
        demands.demandStep(assertion, 1);
    }

    /// @dev A pause that begins after the window opens nothing again.
    function test_RevertWhen_ThePauseBeganAfterTheWindow() public {
        vm.warp(START + WINDOW);
        vm.prank(GUARDIAN);
        rollup.pauseConfirmation(START + WINDOW + 1 hours);
        vm.prank(CHALLENGER);
        vm.expectRevert(abi.encodeWithSelector(Demands.DemandTooLate.selector, START + WINDOW, START + WINDOW));
        demands.demandStep(assertion, 2);
    }

    function test_WhoDoesNotPublishLoses() public {
        vm.prank(CHALLENGER);
        DemandId id = demands.demandStep(assertion, 2);
        vm.prank(OTHER);
        DemandId other = demands.demandBatch(assertion, 0, 7);
        vm.warp(START + DEMAND - 1);
        vm.expectRevert(abi.encodeWithSelector(Demands.DemandDeadline.selector, START + DEMAND, START + DEMAND - 1));
        demands.expire(id);
        vm.warp(START + DEMAND);
        bytes memory leaf = Trees.slice(stepList, 256, 128);
        bytes32[] memory path = Trees.pathOf(stepList, 2, 0);
        vm.expectRevert(abi.encodeWithSelector(Demands.DemandDeadline.selector, START + DEMAND, START + DEMAND));
        demands.publish(id, leaf, path);
        demands.expire(id);
        vm.assertEq(uint256(rollup.statusOf(assertion)), uint256(Assertions.Status.REJECTED));
        vm.assertEq(demands.balanceOf(CHALLENGER), DEMAND_BOND);
        vm.assertTrue(stakes.rewardOf(CHALLENGER) > 0);
        vm.assertEq(stakes.activeOf(EXECUTOR, Role.EXECUTOR), STAKE - BOND);
        vm.expectPartialRevert(AboutAssertions.AssertionStatusMismatch.selector);
        demands.expire(other);
        demands.settle(other);
        vm.assertEq(demands.balanceOf(OTHER), 2 * DEMAND_BOND);
        vm.expectPartialRevert(Demands.DemandStatusMismatch.selector);
        demands.settle(other);
    }

    function test_AnyLeafOfTheRangesBatchesCanBeDemanded() public {
        uint256 leaves = batchObject.length / 128;
        for (uint64 i = 0; i < leaves; ++i) {
            vm.prank(CHALLENGER);
            DemandId id = demands.demandBatch(assertion, 0, i);
            demands.publish(id, Trees.slice(batchObject, i * 128, 128), Trees.pathOf(batchObject, i, 0));
        }
        vm.assertEq(rollup.assertionOf(assertion).openGames, 0);
        vm.prank(CHALLENGER);
        vm.expectRevert(abi.encodeWithSelector(Demands.NodeOutOfRange.selector, leaves, leaves));
        demands.demandBatch(assertion, 0, uint64(leaves));
        vm.prank(CHALLENGER);
        vm.expectRevert(abi.encodeWithSelector(Demands.BatchNotInRange.selector, 0, 1, 1));
        demands.demandBatch(assertion, 1, 0);
    }

    function test_RevertWhen_ALeafIsDemandedTwiceOrIsNone() public {
        vm.prank(CHALLENGER);
        DemandId id = demands.demandStep(assertion, 3);
        vm.prank(OTHER);
        vm.expectRevert(abi.encodeWithSelector(Demands.DemandExists.selector, id));
        demands.demandStep(assertion, 3);
        vm.prank(OTHER);
        vm.expectRevert(abi.encodeWithSelector(Demands.NodeOutOfRange.selector, 4, 4));
        demands.demandStep(assertion, 4);
        vm.expectPartialRevert(Demands.DemandStatusMismatch.selector);
        demands.settle(id);
    }

    function test_RevertWhen_OtherBytesArePublished() public {
        vm.prank(CHALLENGER);
        DemandId id = demands.demandStep(assertion, 2);
        bytes memory leaf = Trees.slice(stepList, 128, 128);
        bytes32[] memory path = Trees.pathOf(stepList, 1, 0);
        vm.expectPartialRevert(Demands.ObjectMismatch.selector);
        demands.publish(id, leaf, path);
        path = new bytes32[](3);
        vm.expectRevert(abi.encodeWithSelector(Tree.PathLengthMismatch.selector, 2, 3));
        demands.publish(id, leaf, path);
        vm.expectRevert(abi.encodeWithSelector(Tree.LeafLengthMismatch.selector, 128, 0));
        demands.publish(id, "", path);
    }
}
