// SPDX-License-Identifier: MIT
// docs/disputes.md#copies: what somebody gains who sees a transaction before it is mined, and sends it first.
pragma solidity 0.8.37;

import {Assertions} from "../../src/Assertions.sol";
import {Dispute, GameId, GameKey} from "../../src/Dispute.sol";
import {AboutAssertions} from "../../src/dispute/AboutAssertions.sol";
import {ClaimedStep} from "../../src/dispute/ClaimedStep.sol";
import {AssertionId} from "../../src/lib/Types.sol";
import {GameNetwork} from "../support/GameNetwork.sol";
import {vm} from "../support/Vm.sol";

contract CopiesTest is GameNetwork {
    uint256 private constant END = 1 << 40;
    uint256 private constant TRUE = type(uint256).max;
    address private constant COPIER = OTHER;

    AssertionId private assertion;

    function setUp() public override {
        super.setUp();
        assertion = _assertSteps(_steps("claim"), EXECUTOR);
    }

    function test_ACopiedOpeningIsAGameOfTheCopiersOwn() public {
        Dispute.Opening memory opening = _trueOpening();
        vm.prank(COPIER);
        GameId copy = dispute.open(opening);
        vm.prank(CHALLENGER);
        GameId honest = dispute.open(opening);
        vm.assertTrue(GameId.unwrap(copy) != GameId.unwrap(honest));
        GameKey memory key = GameKey(assertion, uint64(STEP), COPIER);
        vm.assertEq(GameId.unwrap(copy), GameId.unwrap(dispute.gameIdOf(key)));
        vm.assertEq(token.balanceOf(COPIER), 1000 ether - GAME_BOND);
        vm.assertEq(token.balanceOf(CHALLENGER), 1000 ether - GAME_BOND);
        vm.assertEq(rollup.assertionOf(assertion).openGames, 2);
    }

    /// @dev The copy is not played on: it loses its bond, and hinders nothing.
    function test_ACopyThatIsNotPlayedLosesItsBondAlone() public {
        _open(assertion, STEP, CHALLENGER, false, TRUE);
        GameId copy = _open(assertion, STEP, COPIER, false, TRUE);
        GameId honest = dispute.gameIdOf(GameKey(assertion, uint64(STEP), CHALLENGER));
        _move(copy, _disagreement(copy, END, EXECUTOR), EXECUTOR, END);
        // So that the clock of the honest game is up a second later.
        vm.warp(block.timestamp + 1);
        _playTo(honest, LISTS, CHALLENGER, TRUE, END);
        vm.warp(dispute.deadlineOf(copy));
        dispute.timeout(_key(copy));
        vm.assertEq(uint256(dispute.gameOf(copy).status), uint256(Dispute.Status.ASSERTER_WON));
        vm.assertEq(dispute.balanceOf(COPIER), 0);
        _prove(honest, 31, CHALLENGER);
        vm.assertEq(uint256(rollup.statusOf(assertion)), uint256(Assertions.Status.REJECTED));
        vm.assertTrue(stakes.rewardOf(CHALLENGER) > 0);
    }

    function test_RevertWhen_AMoveIsCopied() public {
        GameId id = _open(assertion, STEP, CHALLENGER, false, TRUE);
        bytes32[32] memory list = _listOf(boards[id].start, END - (1 << 35), 30, END, EXECUTOR);
        _expectNotPlayer(EXECUTOR);
        dispute.move(_key(id), _posted(id), _segment(id, 31), list);
        _move(id, 31, EXECUTOR, END);
        _expectNotPlayer(CHALLENGER);
        dispute.move(_key(id), _posted(id), _segment(id, 31), boards[id].list);
    }

    function test_RevertWhen_AProofIsCopied() public {
        GameId id = _open(assertion, STEP, CHALLENGER, false, TRUE);
        _playTo(id, LISTS, CHALLENGER, TRUE, END);
        _expectNotPlayer(CHALLENGER);
        dispute.prove(_key(id), _posted(id), _segment(id, 31), _proofAt(id, 31));
        _prove(id, 31, CHALLENGER);
        vm.assertTrue(stakes.rewardOf(CHALLENGER) > 0);
        vm.assertEq(stakes.rewardOf(COPIER), 0);
    }

    /// @dev Where the asserter answers both games alike, the same moves fit the copier's own game: he may come first with
    /// the proof. The assertion falls all the same, and the honest challenger gets his bond back.
    function test_WhoCopiesAWholeGameMayTakeTheAwardButNotTheBond() public {
        GameId honest = _open(assertion, STEP, CHALLENGER, false, TRUE);
        GameId copy = _open(assertion, STEP, COPIER, false, TRUE);
        _playTo(honest, LISTS, CHALLENGER, TRUE, END);
        _playTo(copy, LISTS, COPIER, TRUE, END);
        vm.assertEq(dispute.gameOf(copy).posted, dispute.gameOf(honest).posted);
        _prove(copy, 31, COPIER);
        vm.assertEq(uint256(rollup.statusOf(assertion)), uint256(Assertions.Status.REJECTED));
        vm.assertTrue(stakes.rewardOf(COPIER) > 0);
        vm.prank(CHALLENGER);
        vm.expectRevert(_rejected());
        dispute.prove(_key(honest), _posted(honest), _segment(honest, 31), _proofAt(honest, 31));
        dispute.refund(_key(honest));
        vm.assertEq(dispute.balanceOf(CHALLENGER), GAME_BOND);
        vm.assertEq(stakes.rewardOf(CHALLENGER), 0);
    }

    /// @dev Whoever sends it, the award is the winner's: there is nothing to copy.
    function test_ATimeoutPaysTheWinnerAndNotTheSender() public {
        GameId id = _open(assertion, STEP, CHALLENGER, false, TRUE);
        vm.warp(dispute.deadlineOf(id));
        vm.prank(COPIER);
        dispute.timeout(_key(id));
        vm.assertEq(stakes.rewardOf(COPIER) + dispute.balanceOf(COPIER), 0);
        vm.assertTrue(stakes.rewardOf(CHALLENGER) > 0);
        vm.assertEq(dispute.balanceOf(CHALLENGER), GAME_BOND);
    }

    function test_ACopiedLeafChallengeTakesTheAwardAndTheAssertionFalls() public {
        bytes memory steps = _steps("malformed");
        steps[2 * 128 + 127] = 0x01;
        AssertionId malformed = _assertSteps(steps, RIVAL);
        ClaimedStep memory step = _claimedStep(malformed, steps, 1);
        vm.prank(COPIER);
        dispute.challengeLeaf(step);
        vm.assertEq(uint256(rollup.statusOf(malformed)), uint256(Assertions.Status.REJECTED));
        // Not more than its costs with the margin: a copier gains half of the gas that he pays.
        vm.assertTrue(stakes.rewardOf(COPIER) > 0);
        vm.assertLe(stakes.rewardOf(COPIER), dispute.costOf(400_000));
        uint256 held = token.balanceOf(CHALLENGER);
        vm.prank(CHALLENGER);
        vm.expectRevert(
            abi.encodeWithSelector(
                AboutAssertions.AssertionStatusMismatch.selector,
                malformed,
                Assertions.Status.PENDING,
                Assertions.Status.REJECTED
            )
        );
        dispute.challengeLeaf(step);
        vm.assertEq(token.balanceOf(CHALLENGER), held);
    }

    function _trueOpening() private view returns (Dispute.Opening memory opening) {
        opening = _opening(assertion, STEP);
        for (uint256 i = 0; i < 32; ++i) {
            opening.list[i] = keccak256(abi.encode("true", i));
        }
    }

    function _expectNotPlayer(address expected) private {
        vm.prank(COPIER);
        vm.expectRevert(abi.encodeWithSelector(Dispute.NotPlayer.selector, expected, COPIER));
    }

    function _rejected() private view returns (bytes memory) {
        return abi.encodeWithSelector(
            AboutAssertions.AssertionStatusMismatch.selector,
            assertion,
            Assertions.Status.PENDING,
            Assertions.Status.REJECTED
        );
    }
}
