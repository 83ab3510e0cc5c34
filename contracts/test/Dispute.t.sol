// SPDX-License-Identifier: MIT
// docs/disputes.md#game
pragma solidity 0.8.37;

import {Assertions} from "../src/Assertions.sol";
import {Dispute, GameId, GameKey} from "../src/Dispute.sol";
import {Rollup} from "../src/Rollup.sol";
import {AboutAssertions} from "../src/dispute/AboutAssertions.sol";
import {ClaimedSteps} from "../src/dispute/ClaimedStep.sol";
import {Clocks} from "../src/dispute/Clock.sol";
import {TailLeaf} from "../src/dispute/Message.sol";
import {PostedList, Segment, SegmentLists} from "../src/dispute/SegmentList.sol";
import {StartMachine} from "../src/dispute/StartMachine.sol";
import {Tree} from "../src/lib/Tree.sol";
import {AssertionId, Role} from "../src/lib/Types.sol";
import {GameNetwork} from "./support/GameNetwork.sol";
import {TraceVerifier} from "./support/TraceVerifier.sol";
import {Trees} from "./support/Trees.sol";
import {bound, vm} from "./support/Vm.sol";

contract DisputeTest is GameNetwork {
    uint256 private constant END = 1 << 40;
    uint256 private constant TRUE = type(uint256).max;

    AssertionId private assertion;

    function setUp() public override {
        super.setUp();
        assertion = _assertSteps(_steps("claim"), EXECUTOR);
    }

    function test_AFalseStepIsRejectedByItsOneInstruction() public {
        GameId id = _open(assertion, STEP, CHALLENGER, false, TRUE);
        _playTo(id, LISTS, CHALLENGER, TRUE, 123_456_789_012);
        uint256 index = _disagreement(id, TRUE, CHALLENGER);
        vm.assertEq(boards[id].position + index, 123_456_789_011);
        _prove(id, index, CHALLENGER);
        _assertStatus(id, Dispute.Status.CHALLENGER_WON);
        vm.assertEq(uint256(rollup.statusOf(assertion)), uint256(Assertions.Status.REJECTED));
        vm.assertEq(dispute.balanceOf(CHALLENGER), GAME_BOND);
        vm.assertTrue(stakes.rewardOf(CHALLENGER) > 0);
        vm.assertEq(stakes.activeOf(EXECUTOR, Role.EXECUTOR), STAKE - BOND);
    }

    function testFuzz_WhereverTheLieBeginsItIsFound(uint256 lie) public {
        lie = bound(lie, 1, END);
        GameId id = _open(assertion, DELAYED_STEP, CHALLENGER, false, TRUE);
        _playTo(id, LISTS, CHALLENGER, TRUE, lie);
        uint256 index = _disagreement(id, TRUE, CHALLENGER);
        vm.assertEq(boards[id].position + index + 1, lie);
        _prove(id, index, CHALLENGER);
        _assertStatus(id, Dispute.Status.CHALLENGER_WON);
    }

    function testFuzz_AgainstATrueStepNothingCanBeProven(uint256 lie, uint256 index) public {
        GameId id = _open(assertion, STEP, CHALLENGER, true, bound(lie, 1, END));
        _playTo(id, LISTS, CHALLENGER, bound(lie, 1, END), TRUE);
        index = bound(index, 0, 31);
        Segment memory segment = _segment(id, index);
        bytes memory proof = _proofAt(id, index);
        _expect(CHALLENGER, abi.encodeWithSelector(Dispute.EndsAgree.selector, segment.end));
        dispute.prove(_key(id), _posted(id), segment, proof);
        vm.warp(dispute.deadlineOf(id));
        dispute.timeout(_key(id));
        _assertStatus(id, Dispute.Status.ASSERTER_WON);
        vm.assertEq(uint256(rollup.statusOf(assertion)), uint256(Assertions.Status.PENDING));
        vm.warp(block.timestamp + WINDOW);
        rollup.confirm(assertion);
    }

    function test_RevertWhen_TheChallengerClaimsTheSameEnd() public {
        Dispute.Opening memory opening = _opening(assertion, STEP);
        opening.list[31] = _claimedEnd(STEP);
        _expect(CHALLENGER, abi.encodeWithSelector(Dispute.EndsAgree.selector, _claimedEnd(STEP)));
        dispute.open(opening);
    }

    function test_RevertWhen_AGameIsOpenedTwice() public {
        GameId id = _open(assertion, STEP, CHALLENGER, false, TRUE);
        Dispute.Opening memory opening = _opening(assertion, STEP);
        _expect(CHALLENGER, abi.encodeWithSelector(Dispute.GameExists.selector, id));
        dispute.open(opening);
    }

    function test_RevertWhen_ALeafIsNotInTheList() public {
        Dispute.Opening memory opening = _opening(assertion, STEP);
        opening.step.post[0] ^= 0x01;
        _expectRefusal(opening, ClaimedSteps.StepListMismatch.selector);
        opening = _opening(assertion, STEP);
        opening.step.pre[0] ^= 0x01;
        _expectRefusal(opening, ClaimedSteps.StepListMismatch.selector);
        opening = _opening(assertion, STEP);
        opening.step.index = 1;
        _expectRefusal(opening, ClaimedSteps.StepListMismatch.selector);
        opening = _opening(assertion, STEP);
        opening.step.pre = opening.step.post;
        opening.step.prePath = opening.step.postPath;
        opening.step.index = 3;
        _expectRefusal(opening, Tree.IndexOutOfRange.selector);
        // An index beyond the tree would name another leaf by the same path.
        opening.step.index = 2 + 4;
        _expectRefusal(opening, Tree.IndexOutOfRange.selector);
        opening = _opening(assertion, STEP);
        opening.step.prePath = new bytes32[](3);
        _expectRefusal(opening, Tree.PathLengthMismatch.selector);
        opening = _opening(assertion, STEP);
        opening.step.post = bytes.concat(opening.step.post, hex"00");
        _expectRefusal(opening, Tree.LeafLengthMismatch.selector);
    }

    function test_RevertWhen_AnotherKernelIsShown() public {
        Dispute.Opening memory opening = _opening(assertion, STEP);
        opening.kernel.header[150] ^= 0x01;
        _expectRefusal(opening, StartMachine.KernelMismatch.selector);
        opening = _opening(assertion, STEP);
        opening.kernel.codeCount += 1;
        _expectRefusal(opening, StartMachine.CodeMismatch.selector);
        opening = _opening(assertion, STEP);
        opening.kernel.codeTreeRoot = keccak256("other");
        _expectRefusal(opening, StartMachine.CodeMismatch.selector);
    }

    function test_RevertWhen_TheWindowIsOver() public {
        Dispute.Opening memory opening = _opening(assertion, STEP);
        vm.warp(START + WINDOW);
        _expectRefusal(opening, Rollup.WindowClosed.selector);
        vm.warp(START + WINDOW - 1);
        vm.prank(CHALLENGER);
        dispute.open(opening);
    }

    function test_RevertWhen_TheKeyIsOfNoGame() public {
        GameId id = _open(assertion, STEP, CHALLENGER, true, 1);
        GameKey[3] memory wrong = [_key(id), _key(id), _key(id)];
        (wrong[0].index, wrong[1].challenger) = (uint64(DELAYED_STEP), OTHER);
        wrong[2].assertion = rollup.genesis();
        Segment memory segment = _segment(id, 0);
        bytes32[32] memory list;
        for (uint256 i = 0; i < wrong.length; ++i) {
            bytes memory none = abi.encodeWithSelector(
                Dispute.GameStatusMismatch.selector,
                dispute.gameIdOf(wrong[i]),
                Dispute.Status.OPEN,
                Dispute.Status.NONE
            );
            _expect(EXECUTOR, none);
            dispute.move(wrong[i], _posted(id), segment, list);
            _expect(OTHER, none);
            dispute.timeout(wrong[i]);
            _expect(OTHER, none);
            dispute.refund(wrong[i]);
        }
    }

    function test_RevertWhen_AMoveAnswersAnotherList() public {
        GameId id = _open(assertion, STEP, CHALLENGER, true, 1);
        PostedList memory first = _posted(id);
        Segment memory segment = _segment(id, 0);
        bytes32[32] memory list = _listOf(boards[id].start, 0, 30, TRUE, EXECUTOR);
        _move(id, 0, EXECUTOR, TRUE);
        _move(id, 31, CHALLENGER, 1);
        // A move that was sent twice, or overtaken, finds another list.
        _expect(EXECUTOR, _listMismatch(id, first));
        dispute.move(_key(id), first, segment, list);
    }

    /// @dev The other side may post its own list again, two moves later, from the same start: a move that was sent twice
    /// would answer it with hashes at the wrong distances.
    function test_RevertWhen_AMoveAnswersAnEarlierPostingOfTheSameList() public {
        GameId id = _open(assertion, STEP, CHALLENGER, true, 1);
        PostedList memory first = _posted(id);
        Segment memory segment = _segment(id, 0);
        bytes32[32] memory repeated = boards[id].list;
        bytes32[32] memory answer = _listOf(boards[id].start, 0, 30, TRUE, EXECUTOR);
        _move(id, 0, EXECUTOR, TRUE);
        Segment memory again = _segment(id, 0);
        vm.prank(CHALLENGER);
        dispute.move(_key(id), _posted(id), again, repeated);
        _note(id, again, repeated);
        _expect(EXECUTOR, _listMismatch(id, first));
        dispute.move(_key(id), first, segment, answer);
    }

    function testFuzz_RevertWhen_TheListShownIsNotTheOnePosted(uint256 lists, uint256 part, bytes32 other) public {
        GameId id = _open(assertion, STEP, CHALLENGER, true, 1);
        lists = bound(lists, 1, LISTS);
        while (boards[id].lists < lists) {
            _move(id, 0, boards[id].lists % 2 == 1 ? EXECUTOR : CHALLENGER, 1);
        }
        bytes32[4] memory parts = abi.decode(abi.encode(_posted(id)), (bytes32[4]));
        part = bound(part, 0, 3);
        if (parts[part] == other) return;
        parts[part] = other;
        PostedList memory shown = abi.decode(abi.encode(parts), (PostedList));
        address player = lists % 2 == 1 ? EXECUTOR : CHALLENGER;
        bytes32[32] memory list;
        TailLeaf memory tail;
        if (lists == 1) {
            _expect(player, _listMismatch(id, shown));
            dispute.refuteMessage(_key(id), shown, 0, 0, tail);
        }
        _expect(player, _listMismatch(id, shown));
        if (lists < LISTS) dispute.move(_key(id), shown, _segment(id, 3), list);
        else dispute.prove(_key(id), shown, _segment(id, 3), _proofAt(id, 3));
    }

    function test_RevertWhen_ASegmentIsNotOfTheList() public {
        GameId id = _open(assertion, STEP, CHALLENGER, true, 1);
        bytes32[32] memory list;
        for (uint256 index = 0; index < 32; ++index) {
            Segment memory segment = _segment(id, index);
            segment.end = keccak256("other");
            _expectMove(id, segment, list, SegmentLists.EntriesMismatch.selector);
            segment = _segment(id, index);
            segment.start = keccak256("other");
            bytes4 expected = index == 0 ? SegmentLists.StartMismatch.selector : SegmentLists.EntriesMismatch.selector;
            _expectMove(id, segment, list, expected);
            segment = _segment(id, index);
            segment.index = (index + 1) % 32;
            _expectMoveReverts(id, segment, list);
            segment = _segment(id, index);
            segment.path = new bytes32[](segment.path.length + 1);
            _expectMove(id, segment, list, Tree.PathLengthMismatch.selector);
        }
        Segment memory beyond = _segment(id, 1);
        beyond.index = 33;
        _expectMove(id, beyond, list, SegmentLists.SegmentOutOfRange.selector);
    }

    function test_EverySegmentCanBeAnswered() public {
        for (uint256 index = 0; index < 32; ++index) {
            address challenger = address(uint160(0xf00 + index));
            _fund(challenger);
            GameId id = _open(assertion, index % 2 == 0 ? STEP : DELAYED_STEP, challenger, true, 1);
            _move(id, index, EXECUTOR, TRUE);
            vm.assertEq(dispute.gameOf(id).position, index << 35);
            bytes32 start = _believed(boards[id].start, index << 35, 1, challenger);
            PostedList memory expected = PostedList(2, Trees.listRoot(boards[id].list), start, 0);
            vm.assertEq(dispute.gameOf(id).posted, keccak256(abi.encode(expected)));
        }
    }

    function test_RevertWhen_AMoveAgreesWithTheEnd() public {
        GameId id = _open(assertion, STEP, CHALLENGER, true, 1);
        Segment memory segment = _segment(id, 4);
        bytes32[32] memory list;
        list[31] = segment.end;
        _expect(EXECUTOR, abi.encodeWithSelector(Dispute.EndsAgree.selector, segment.end));
        dispute.move(_key(id), _posted(id), segment, list);
    }

    function test_RevertWhen_ItIsNotTheSendersTurn() public {
        GameId id = _open(assertion, STEP, CHALLENGER, true, 1);
        Segment memory segment = _segment(id, 0);
        bytes32[32] memory list;
        address[3] memory wrong = [CHALLENGER, OTHER, address(this)];
        for (uint256 i = 0; i < wrong.length; ++i) {
            _expect(wrong[i], abi.encodeWithSelector(Dispute.NotPlayer.selector, EXECUTOR, wrong[i]));
            dispute.move(_key(id), _posted(id), segment, list);
        }
        _move(id, 0, EXECUTOR, TRUE);
        segment = _segment(id, 0);
        _expect(EXECUTOR, abi.encodeWithSelector(Dispute.NotPlayer.selector, CHALLENGER, EXECUTOR));
        dispute.move(_key(id), _posted(id), segment, list);
    }

    function test_ADelegateMovesForEitherSide() public {
        address key = address(0xde1);
        vm.prank(EXECUTOR);
        dispute.setDelegate(key);
        vm.prank(CHALLENGER);
        dispute.setDelegate(key);
        GameId id = _open(assertion, STEP, CHALLENGER, true, 1);
        bytes32[32] memory list;
        for (uint256 i = 0; i < 2; ++i) {
            Segment memory segment = _segment(id, 0);
            list[31] = keccak256(abi.encode(i));
            vm.prank(key);
            dispute.move(_key(id), _posted(id), segment, list);
            _note(id, segment, list);
        }
        vm.assertEq(dispute.gameOf(id).lists, 3);
        vm.prank(EXECUTOR);
        dispute.setDelegate(address(0));
        Segment memory last = _segment(id, 0);
        _expect(key, abi.encodeWithSelector(Dispute.NotPlayer.selector, EXECUTOR, key));
        dispute.move(_key(id), _posted(id), last, list);
    }

    function test_RevertWhen_ThereAreMoreOrFewerThanEightLists() public {
        GameId id = _open(assertion, STEP, CHALLENGER, false, TRUE);
        Segment memory segment = _segment(id, 31);
        _expect(EXECUTOR, abi.encodeWithSelector(Dispute.ListCountMismatch.selector, 8, 1));
        dispute.prove(_key(id), _posted(id), segment, new bytes(64));
        _playTo(id, LISTS, CHALLENGER, TRUE, END);
        segment = _segment(id, 31);
        bytes32[32] memory list;
        _expect(CHALLENGER, abi.encodeWithSelector(Dispute.ListCountMismatch.selector, 7, 8));
        dispute.move(_key(id), _posted(id), segment, list);
    }

    function test_RevertWhen_TheProofIsOfAnotherMachine() public {
        GameId id = _open(assertion, STEP, CHALLENGER, false, TRUE);
        _playTo(id, LISTS, CHALLENGER, TRUE, END);
        Segment memory segment = _segment(id, 31);
        bytes memory proof = _proofAt(id, 30);
        _expectSelector(CHALLENGER, SegmentLists.StartMismatch.selector);
        dispute.prove(_key(id), _posted(id), segment, proof);
        _expectSelector(CHALLENGER, TraceVerifier.ProofMalformed.selector);
        dispute.prove(_key(id), _posted(id), segment, new bytes(63));
        // What it changes nothing for: the game goes on.
        proof = _proofAt(id, 31);
        vm.prank(CHALLENGER);
        dispute.prove(_key(id), _posted(id), segment, proof);
        _assertStatus(id, Dispute.Status.CHALLENGER_WON);
    }

    function test_AProofThatRunsOutOfGasChangesNothing() public {
        GameId id = _open(assertion, STEP, CHALLENGER, false, TRUE);
        _playTo(id, LISTS, CHALLENGER, TRUE, END);
        bytes memory call = abi.encodeCall(Dispute.prove, (_key(id), _posted(id), _segment(id, 31), _proofAt(id, 31)));
        for (uint256 gas = 40_000; gas < 120_000; gas += 5000) {
            vm.prank(CHALLENGER);
            (bool done,) = address(dispute).call{gas: gas}(call);
            if (done) break;
            _assertStatus(id, Dispute.Status.OPEN);
        }
        if (dispute.gameOf(id).status == Dispute.Status.OPEN) {
            vm.prank(CHALLENGER);
            (bool done,) = address(dispute).call(call);
            vm.assertTrue(done);
        }
        _assertStatus(id, Dispute.Status.CHALLENGER_WON);
    }

    function test_NothingMovesAfterTheEnd() public {
        GameId id = _open(assertion, STEP, CHALLENGER, true, 1);
        Segment memory segment = _segment(id, 0);
        bytes32[32] memory list;
        vm.warp(START + CLOCK);
        dispute.timeout(_key(id));
        bytes memory over = abi.encodeWithSelector(
            Dispute.GameStatusMismatch.selector, id, Dispute.Status.OPEN, Dispute.Status.CHALLENGER_WON
        );
        _expect(EXECUTOR, over);
        dispute.move(_key(id), _posted(id), segment, list);
        _expect(EXECUTOR, over);
        dispute.prove(_key(id), _posted(id), segment, "");
        _expect(EXECUTOR, over);
        dispute.timeout(_key(id));
        _expect(CHALLENGER, over);
        dispute.refund(_key(id));
        Dispute.Opening memory opening = _opening(assertion, DELAYED_STEP);
        _expectRefusal(opening, Assertions.StatusMismatch.selector);
    }

    function test_ALostGameEndsTheOthersAndReturnsTheirBonds() public {
        GameId first = _open(assertion, STEP, CHALLENGER, false, TRUE);
        GameId second = _open(assertion, DELAYED_STEP, OTHER, false, TRUE);
        bytes memory alive = abi.encodeWithSelector(
            AboutAssertions.AssertionStatusMismatch.selector,
            assertion,
            Assertions.Status.REJECTED,
            Assertions.Status.PENDING
        );
        _expect(OTHER, alive);
        dispute.refund(_key(second));
        vm.warp(START + CLOCK);
        dispute.timeout(_key(first));
        _expectSelector(OTHER, AboutAssertions.AssertionStatusMismatch.selector);
        dispute.timeout(_key(second));
        dispute.refund(_key(second));
        _assertStatus(second, Dispute.Status.REFUNDED);
        _expectSelector(OTHER, Dispute.GameStatusMismatch.selector);
        dispute.refund(_key(second));
        uint256 held = token.balanceOf(OTHER);
        vm.prank(OTHER);
        vm.assertEq(dispute.withdraw(), GAME_BOND);
        vm.assertEq(token.balanceOf(OTHER) - held, GAME_BOND);
    }

    function test_LosingOnPurposeHelpsNobodyElse() public {
        GameId fake = _open(assertion, STEP, OTHER, false, 1);
        GameId honest = _open(assertion, STEP, CHALLENGER, false, TRUE);
        _move(fake, 0, EXECUTOR, TRUE);
        vm.warp(START + CLOCK - 1);
        _move(honest, _disagreement(honest, END, EXECUTOR), EXECUTOR, END);
        vm.warp(START + CLOCK);
        dispute.timeout(_key(fake));
        _assertStatus(fake, Dispute.Status.ASSERTER_WON);
        vm.warp(START + WINDOW);
        _expect(EXECUTOR, abi.encodeWithSelector(Assertions.GamesOpen.selector, 1));
        rollup.confirm(assertion);
        vm.warp(START + CLOCK - 1);
        _playTo(honest, LISTS, CHALLENGER, TRUE, END);
        _prove(honest, 31, CHALLENGER);
        _assertStatus(honest, Dispute.Status.CHALLENGER_WON);
    }

    function _listMismatch(GameId id, PostedList memory shown) private view returns (bytes memory) {
        bytes32 actual = keccak256(abi.encode(shown));
        return abi.encodeWithSelector(SegmentLists.ListMismatch.selector, dispute.gameOf(id).posted, actual);
    }

    function _assertStatus(GameId id, Dispute.Status status) private view {
        vm.assertEq(uint256(dispute.gameOf(id).status), uint256(status));
    }

    function _expect(address sender, bytes memory refusal) private {
        vm.prank(sender);
        vm.expectRevert(refusal);
    }

    function _expectSelector(address sender, bytes4 selector) private {
        vm.prank(sender);
        vm.expectPartialRevert(selector);
    }

    function _expectRefusal(Dispute.Opening memory opening, bytes4 selector) private {
        _expectSelector(CHALLENGER, selector);
        dispute.open(opening);
    }

    function _expectMove(GameId id, Segment memory segment, bytes32[32] memory list, bytes4 selector) private {
        _expectSelector(EXECUTOR, selector);
        dispute.move(_key(id), _posted(id), segment, list);
    }

    function _expectMoveReverts(GameId id, Segment memory segment, bytes32[32] memory list) private {
        vm.prank(EXECUTOR);
        vm.expectRevert();
        dispute.move(_key(id), _posted(id), segment, list);
    }
}
