// SPDX-License-Identifier: MIT
// docs/disputes.md#judged
pragma solidity 0.8.37;

import {Assertions} from "../../src/Assertions.sol";
import {Dispute, GameId} from "../../src/Dispute.sol";
import {AboutAssertions} from "../../src/dispute/AboutAssertions.sol";
import {ClaimedStep, ClaimedSteps} from "../../src/dispute/ClaimedStep.sol";
import {AssertionId, Role} from "../../src/lib/Types.sol";
import {GameNetwork} from "../support/GameNetwork.sol";
import {bound, vm} from "../support/Vm.sol";

contract ClaimedStepTest is GameNetwork {
    bytes private steps;

    function setUp() public override {
        super.setUp();
        steps = _steps("claim");
    }

    function test_RevertWhen_EveryLeafIsWellFormed() public {
        AssertionId id = _assertSteps(steps, EXECUTOR);
        for (uint256 i = 0; i < STEPS; ++i) {
            vm.expectRevert(abi.encodeWithSelector(Dispute.LeafWellFormed.selector, i));
            dispute.challengeLeaf(_claimedStep(id, steps, i));
        }
    }

    /// @dev Every byte of a leaf from its cursor on: batch, message, step, zeros.
    function testFuzz_AnyByteBehindTheHashesRejects(uint256 leaf, uint256 place, uint8 flip) public {
        leaf = bound(leaf, 1, STEPS - 1);
        steps[leaf * 128 + bound(place, 64, 127)] ^= bytes1(uint8(bound(flip, 1, 255)));
        AssertionId id = _assertSteps(steps, EXECUTOR);
        ClaimedStep memory step = _claimedStep(id, steps, leaf - 1);
        vm.prank(CHALLENGER);
        dispute.challengeLeaf(step);
        vm.assertEq(uint256(rollup.statusOf(id)), uint256(Assertions.Status.REJECTED));
        vm.assertEq(stakes.activeOf(EXECUTOR, Role.EXECUTOR), STAKE - BOND);
        vm.assertTrue(stakes.rewardOf(CHALLENGER) > 0);
        vm.expectRevert(
            abi.encodeWithSelector(
                AboutAssertions.AssertionStatusMismatch.selector,
                id,
                Assertions.Status.PENDING,
                Assertions.Status.REJECTED
            )
        );
        dispute.challengeLeaf(step);
    }

    function test_ALeafAfterABatchsLastMessageIsInTheNext() public {
        // (0, 3) instead of (1, 0): the message after the last.
        bytes memory leaf = _leafBytes(keccak256("state"), 0, 3, 3);
        for (uint256 i = 0; i < 128; ++i) {
            steps[2 * 128 + i] = leaf[i];
        }
        AssertionId id = _assertSteps(steps, EXECUTOR);
        // What follows a malformed leaf is not judged, it does not even stand at a message.
        ClaimedStep memory step = _claimedStep(id, steps, 2);
        vm.expectRevert(abi.encodeWithSelector(ClaimedSteps.CursorOutOfRange.selector, 0, 3));
        dispute.challengeLeaf(step);
        dispute.challengeLeaf(_claimedStep(id, steps, 1));
    }

    function test_RevertWhen_TheLeavesAreOthers() public {
        AssertionId id = _assertSteps(steps, EXECUTOR);
        bytes memory other = _steps("other");
        ClaimedStep memory step = _claimedStep(id, other, 1);
        vm.expectPartialRevert(ClaimedSteps.StepListMismatch.selector);
        dispute.challengeLeaf(step);
    }

    function test_OpenGamesOfTheAssertionAreRefunded() public {
        steps[128 + 127] = 0x01;
        AssertionId id = _assertSteps(steps, EXECUTOR);
        GameId game = _open(id, STEP, OTHER, false, 1);
        dispute.challengeLeaf(_claimedStep(id, steps, 0));
        dispute.refund(_key(game));
        vm.assertEq(dispute.balanceOf(OTHER), GAME_BOND);
    }
}
