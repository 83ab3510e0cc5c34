// SPDX-License-Identifier: MIT
// docs/attestations.md#sample-games
pragma solidity 0.8.37;

import {Dispute} from "../src/Dispute.sol";
import {Question, QuestionId, Questions} from "../src/Questions.sol";
import {SampleGameId, SampleKey, Samples} from "../src/Samples.sol";
import {ClaimedSteps} from "../src/dispute/ClaimedStep.sol";
import {Clocks} from "../src/dispute/Clock.sol";
import {TailLeaf} from "../src/dispute/Message.sol";
import {PostedList, Segment, SegmentLists} from "../src/dispute/SegmentList.sol";
import {StartMachine} from "../src/dispute/StartMachine.sol";
import {SampleDraw} from "../src/lib/SampleDraw.sol";
import {Tree} from "../src/lib/Tree.sol";
import {Role} from "../src/lib/Types.sol";
import {SampleNetwork} from "./support/SampleNetwork.sol";
import {Trees} from "./support/Trees.sol";
import {bound, vm} from "./support/Vm.sol";

contract SamplesTest is SampleNetwork {
    function testFuzz_AWrongMachineIsRefutedWhereverItGoesWrong(uint256 key, uint256 sample, uint256 lie) public {
        _become(bound(key, 1000, 1_000_000));
        sample = bound(sample, 0, 1);
        (, uint256 position) = _drawn(sample);
        lie = bound(lie, 1, position);
        QuestionId question = _askAndOpen(_wrongMachines(sample, lie));
        SampleGameId id = _challenge(_wrongMachines(sample, lie), sample, CHALLENGER, TRUTH);
        _samplePlayTo(id, SAMPLE_LISTS, TRUTH, lie);
        // The last list is true: the attester can prove nothing against it.
        uint256 index = _disputed(id, lie, attester);
        vm.assertEq(sampleBoards[id].position + index + 1, lie);
        bytes memory proof = _sampleProof(id, index);
        Segment memory segment = _sampleSegment(id, index);
        _expect(attester, abi.encodeWithSelector(Dispute.EndsAgree.selector, segment.end));
        samples.prove(_sampleKey(id), _samplePosted(id), segment, proof);
        vm.warp(samples.deadlineOf(id));
        uint256 supply = token.totalSupply();
        samples.timeout(_sampleKey(id));
        _assertStatus(id, Dispute.Status.CHALLENGER_WON);
        vm.assertEq(uint256(samples.standingOf(question).status), uint256(Questions.QuestionStatus.REFUTED));
        vm.assertEq(stakes.activeOf(attester, Role.VALIDATOR), STAKE - SAMPLE);
        vm.assertEq(stakes.rewardOf(CHALLENGER), SAMPLE / 2);
        vm.assertEq(supply - token.totalSupply(), SAMPLE / 2);
        vm.assertEq(samples.balanceOf(CHALLENGER), GAME_BOND);
    }

    /// @dev Also such that deny that the trace stands still from the sample on.
    function testFuzz_ATrueMachineIsDefendedAgainstEveryLie(uint256 key, uint256 sample, uint256 lie) public {
        _become(bound(key, 1000, 1_000_000));
        sample = bound(sample, 0, 1);
        lie = bound(lie, 1, RANGE);
        bytes32[2] memory machines = _trueMachines();
        QuestionId question = _askAndOpen(machines);
        SampleGameId id = _challenge(machines, sample, CHALLENGER, lie);
        _samplePlayTo(id, SAMPLE_LISTS, lie, TRUTH);
        uint256 index = _disputed(id, TRUTH, attester);
        vm.assertEq(sampleBoards[id].position + index + 1, lie);
        uint256 supply = token.totalSupply();
        _sampleProve(id, index, attester);
        _assertStatus(id, Dispute.Status.ASSERTER_WON);
        vm.assertEq(uint256(samples.standingOf(question).status), uint256(Questions.QuestionStatus.OPENED));
        vm.assertEq(stakes.activeOf(attester, Role.VALIDATOR), STAKE);
        uint256 award = samples.balanceOf(attester);
        vm.assertTrue(award > samples.costOf(3 * 60_000));
        vm.assertEq(supply - token.totalSupply(), GAME_BOND - award);
        vm.assertEq(samples.balanceOf(CHALLENGER), 0);
        vm.assertEq(token.balanceOf(SAMPLES), award);
    }

    function testFuzz_AgainstATrueListNothingIsProven(uint256 key, uint256 index, uint256 lie) public {
        _become(bound(key, 1000, 1_000_000));
        (, uint256 position) = _drawn(0);
        lie = bound(lie, 1, position);
        SampleGameId id = _openWrong(lie);
        _samplePlayTo(id, SAMPLE_LISTS, TRUTH, lie);
        index = bound(index, 0, 31);
        Segment memory segment = _sampleSegment(id, index);
        bytes memory proof = _sampleProof(id, index);
        _expect(attester, abi.encodeWithSelector(Dispute.EndsAgree.selector, segment.end));
        samples.prove(_sampleKey(id), _samplePosted(id), segment, proof);
    }

    function test_NothingIsExecutedFromTheSampleOn() public {
        (, uint256 position) = _drawn(0);
        bytes32[2] memory machines = _trueMachines();
        _askAndOpen(machines);
        SampleGameId id = _challenge(machines, 0, CHALLENGER, position + 1);
        _samplePlayTo(id, SAMPLE_LISTS, position + 1, TRUTH);
        uint256 index = _disputed(id, TRUTH, attester);
        vm.assertEq(sampleBoards[id].position + index, position);
        Segment memory segment = _sampleSegment(id, index);
        bytes memory proof = abi.encode(sampleBoards[id].start, position);
        _expect(attester, abi.encodeWithSelector(Samples.NothingToProve.selector, position, 64));
        samples.prove(_sampleKey(id), _samplePosted(id), segment, proof);
        // The true next machine of the DataVM is not one of this trace.
        vm.assertTrue(verifier.machineAt(sampleBoards[id].start, position + 1) != segment.start);
        _sampleProve(id, index, attester);
        _assertStatus(id, Dispute.Status.ASSERTER_WON);
    }

    /// @dev One instruction before, the verifier judges.
    function test_TheLastInstructionIsExecuted() public {
        (, uint256 position) = _drawn(0);
        bytes32[2] memory machines = _trueMachines();
        _askAndOpen(machines);
        SampleGameId id = _challenge(machines, 0, CHALLENGER, position);
        _samplePlayTo(id, SAMPLE_LISTS, position, TRUTH);
        uint256 index = _disputed(id, TRUTH, attester);
        vm.assertEq(sampleBoards[id].position + index, position - 1);
        Segment memory segment = _sampleSegment(id, index);
        _expectSelector(attester, SegmentLists.StartMismatch.selector);
        samples.prove(_sampleKey(id), _samplePosted(id), segment, abi.encode(sampleBoards[id].start, position));
        _sampleProve(id, index, attester);
        _assertStatus(id, Dispute.Status.ASSERTER_WON);
    }

    function test_RevertWhen_TheChallengerAgrees() public {
        bytes32[2] memory machines = _trueMachines();
        _askAndOpen(machines);
        Samples.Challenge memory challenge = _challengeOf(machines, 1);
        challenge.list[31] = machines[1];
        _expectRefusal(challenge, abi.encodeWithSelector(Dispute.EndsAgree.selector, machines[1]));
    }

    function test_RevertWhen_AChallengeIsAboutOtherMachinesOrSamples() public {
        bytes32[2] memory machines = _trueMachines();
        _askAndOpen(machines);
        Samples.Challenge memory challenge = _challengeOf(machines, 0);
        challenge.machines = [machines[0], keccak256("other")];
        _expectSelector(CHALLENGER, Samples.CommitmentMismatch.selector);
        samples.challenge(challenge);
        challenge = _challengeOf(machines, 0);
        challenge.sample = 2;
        _expectRefusal(challenge, abi.encodeWithSelector(SampleDraw.SampleOutOfRange.selector, 1, 2));
        challenge = _challengeOf(machines, 0);
        challenge.leaf[3] ^= 0x01;
        _expectSelector(CHALLENGER, ClaimedSteps.StepListMismatch.selector);
        samples.challenge(challenge);
        challenge = _challengeOf(machines, 0);
        challenge.path = new bytes32[](3);
        _expectSelector(CHALLENGER, Tree.PathLengthMismatch.selector);
        samples.challenge(challenge);
        challenge = _challengeOf(machines, 0);
        challenge.kernel.codeCount += 1;
        _expectSelector(CHALLENGER, StartMachine.CodeMismatch.selector);
        samples.challenge(challenge);
    }

    /// @dev The leaf of another step, however true, is not that of the sample.
    function test_RevertWhen_TheLeafIsOfAnotherStep() public {
        bytes32[2] memory machines = _trueMachines();
        _askAndOpen(machines);
        (uint64 index,) = _drawn(0);
        for (uint256 other = 0; other <= STEPS; ++other) {
            if (other == index) continue;
            Samples.Challenge memory challenge = _challengeOf(machines, 0);
            challenge.leaf = Trees.slice(stepList, other * 128, 128);
            challenge.path = Trees.pathOf(stepList, other, 0);
            _expectSelector(CHALLENGER, ClaimedSteps.StepListMismatch.selector);
            samples.challenge(challenge);
        }
    }

    function test_RevertWhen_AChallengeComesTooEarlyTooLateOrTwice() public {
        bytes32[2] memory machines = _wrongMachines(0, 1);
        QuestionId question = _ask(machines);
        Samples.Challenge memory challenge = _challengeOf(machines, 0);
        bytes memory early = abi.encodeWithSelector(
            Questions.QuestionStatusMismatch.selector,
            question,
            Questions.QuestionStatus.OPENED,
            Questions.QuestionStatus.ASKED
        );
        _expectRefusal(challenge, early);
        uint256 opened = block.timestamp;
        samples.open(assertion, attester, machines);
        vm.warp(opened + WINDOW);
        _expectRefusal(
            challenge, abi.encodeWithSelector(Samples.ChallengeTooLate.selector, opened + WINDOW, opened + WINDOW)
        );
        vm.warp(opened + WINDOW - 1);
        SampleGameId id = _challenge(machines, 0, CHALLENGER, TRUTH);
        _expectRefusal(challenge, abi.encodeWithSelector(Samples.SampleGameExists.selector, id));
        // The other sample is another game.
        _challenge(machines, 1, CHALLENGER, 1);
    }

    function test_RevertWhen_ItIsNotTheSendersTurn() public {
        SampleGameId id = _openWrong(1);
        Segment memory segment = _sampleSegment(id, 0);
        bytes32[32] memory list;
        address[3] memory wrong = [CHALLENGER, OTHER, EXECUTOR];
        for (uint256 i = 0; i < wrong.length; ++i) {
            _expect(wrong[i], abi.encodeWithSelector(Dispute.NotPlayer.selector, attester, wrong[i]));
            samples.move(_sampleKey(id), _samplePosted(id), segment, list);
        }
        _sampleMove(id, 0, attester, 1);
        segment = _sampleSegment(id, 0);
        _expect(attester, abi.encodeWithSelector(Dispute.NotPlayer.selector, CHALLENGER, attester));
        samples.move(_sampleKey(id), _samplePosted(id), segment, list);
    }

    function test_RevertWhen_AMoveAnswersAnotherListOrSegment() public {
        SampleGameId id = _openWrong(1);
        PostedList memory first = _samplePosted(id);
        Segment memory segment = _sampleSegment(id, 0);
        bytes32[32] memory list;
        list[31] = segment.end;
        _expect(attester, abi.encodeWithSelector(Dispute.EndsAgree.selector, segment.end));
        samples.move(_sampleKey(id), first, segment, list);
        list[31] = 0;
        segment.end = keccak256("other");
        _expectSelector(attester, SegmentLists.EntriesMismatch.selector);
        samples.move(_sampleKey(id), first, segment, list);
        segment = _sampleSegment(id, 0);
        _sampleMove(id, 0, attester, 1);
        _sampleMove(id, 0, CHALLENGER, TRUTH);
        _expectSelector(attester, SegmentLists.ListMismatch.selector);
        samples.move(_sampleKey(id), first, segment, list);
    }

    function test_RevertWhen_ThereAreMoreOrFewerThanFiveLists() public {
        SampleGameId id = _openWrong(1);
        Segment memory segment = _sampleSegment(id, 0);
        _expect(attester, abi.encodeWithSelector(Dispute.ListCountMismatch.selector, 5, 1));
        samples.prove(_sampleKey(id), _samplePosted(id), segment, "");
        _samplePlayTo(id, SAMPLE_LISTS, TRUTH, 1);
        bytes32[32] memory list;
        segment = _sampleSegment(id, 0);
        _expect(attester, abi.encodeWithSelector(Dispute.ListCountMismatch.selector, 4, 5));
        samples.move(_sampleKey(id), _samplePosted(id), segment, list);
    }

    function test_ASideThatIsSilentLoses() public {
        bytes32[2] memory machines = _trueMachines();
        _askAndOpen(machines);
        SampleGameId id = _challenge(machines, 0, CHALLENGER, 1);
        _sampleMove(id, 0, attester, TRUTH);
        uint256 deadline = samples.deadlineOf(id);
        vm.assertEq(deadline, block.timestamp + CLOCK);
        vm.warp(deadline - 1);
        vm.expectRevert(abi.encodeWithSelector(Clocks.TimeIsLeft.selector, deadline, deadline - 1));
        samples.timeout(_sampleKey(id));
        vm.warp(deadline);
        Segment memory segment = _sampleSegment(id, 0);
        bytes32[32] memory list;
        _expect(CHALLENGER, abi.encodeWithSelector(Clocks.TimeIsUp.selector, deadline, deadline));
        samples.move(_sampleKey(id), _samplePosted(id), segment, list);
        samples.timeout(_sampleKey(id));
        _assertStatus(id, Dispute.Status.ASSERTER_WON);
        vm.assertTrue(samples.balanceOf(attester) > 0);
        vm.expectRevert(
            abi.encodeWithSelector(
                Samples.SampleGameStatusMismatch.selector, id, Dispute.Status.OPEN, Dispute.Status.ASSERTER_WON
            )
        );
        samples.timeout(_sampleKey(id));
    }

    /// @dev An attestation costs its signer once, however many are right about it.
    function test_WhoWasRefutedIsSlashedOnceAndTheOthersGetTheirBondsBack() public {
        bytes32[2] memory machines = [keccak256("one"), keccak256("two")];
        QuestionId question = _askAndOpen(machines);
        SampleGameId first = _challenge(machines, 0, CHALLENGER, TRUTH);
        SampleGameId second = _challenge(machines, 1, OTHER, TRUTH);
        vm.expectRevert(abi.encodeWithSelector(Samples.GameGoesOn.selector, second));
        samples.refund(_sampleKey(second));
        vm.warp(samples.deadlineOf(first));
        samples.timeout(_sampleKey(first));
        bytes memory refuted = abi.encodeWithSelector(
            Questions.QuestionStatusMismatch.selector,
            question,
            Questions.QuestionStatus.OPENED,
            Questions.QuestionStatus.REFUTED
        );
        vm.expectRevert(refuted);
        samples.timeout(_sampleKey(second));
        samples.refund(_sampleKey(second));
        _assertStatus(second, Dispute.Status.REFUNDED);
        vm.expectRevert(
            abi.encodeWithSelector(
                Samples.SampleGameStatusMismatch.selector, second, Dispute.Status.OPEN, Dispute.Status.REFUNDED
            )
        );
        samples.refund(_sampleKey(second));
        vm.assertEq(stakes.activeOf(attester, Role.VALIDATOR), STAKE - SAMPLE);
        vm.assertEq(samples.balanceOf(OTHER), GAME_BOND);
        vm.prank(OTHER);
        samples.withdraw();
        vm.assertEq(token.balanceOf(SAMPLES), GAME_BOND);
    }

    function test_ALostGameSettlesNothingForOthers() public {
        bytes32[2] memory machines = _wrongMachines(0, 1);
        _askAndOpen(machines);
        SampleGameId fake = _challenge(machines, 1, OTHER, 1);
        SampleGameId honest = _challenge(machines, 0, CHALLENGER, TRUTH);
        _sampleMove(fake, _disputed(fake, TRUTH, attester), attester, TRUTH);
        vm.warp(samples.deadlineOf(honest));
        vm.warp(samples.deadlineOf(fake));
        samples.timeout(_sampleKey(fake));
        _assertStatus(fake, Dispute.Status.ASSERTER_WON);
        samples.timeout(_sampleKey(honest));
        _assertStatus(honest, Dispute.Status.CHALLENGER_WON);
        vm.assertEq(stakes.activeOf(attester, Role.VALIDATOR), STAKE - SAMPLE);
    }

    function _openWrong(uint256 lie) private returns (SampleGameId) {
        bytes32[2] memory machines = _wrongMachines(0, lie);
        _askAndOpen(machines);
        return _challenge(machines, 0, CHALLENGER, TRUTH);
    }

    function _assertStatus(SampleGameId id, Dispute.Status status) private view {
        vm.assertEq(uint256(samples.gameOf(id).status), uint256(status));
    }

    function _expect(address sender, bytes memory refusal) private {
        vm.prank(sender);
        vm.expectRevert(refusal);
    }

    function _expectSelector(address sender, bytes4 selector) private {
        vm.prank(sender);
        vm.expectPartialRevert(selector);
    }

    function _expectRefusal(Samples.Challenge memory challenge, bytes memory refusal) private {
        _expect(CHALLENGER, refusal);
        samples.challenge(challenge);
    }
}

/// @dev The second message of a batch has a byte behind it: it is empty, which the opener of a game need not say.
contract SampleMessageTest is SampleNetwork {
    function _batchOf(bytes[] memory messages) internal pure override returns (bytes memory object) {
        object = super._batchOf(messages);
        object[object.length - 1] = 0x01;
    }

    function test_AGameThatBeginsWithAMessageThatIsNoneIsLost() public {
        (uint256 key, uint256 sample) = _attesterOf(STEP);
        _become(key);
        // The attester has executed the empty message: its machines are others altogether.
        bytes32[2] memory machines = [keccak256("one"), keccak256("two")];
        _askAndOpen(machines);
        SampleGameId id = _challenge(machines, sample, CHALLENGER, 1);
        bytes32 subtree = _messageProof(1).subtree;
        bytes memory object = Trees.slice(batchObject, 512, 512);
        TailLeaf memory tail = TailLeaf(3, Trees.slice(object, 384, 128), Trees.pathOf(object, 3, 0));
        vm.prank(CHALLENGER);
        vm.expectRevert(abi.encodeWithSelector(Dispute.NotPlayer.selector, attester, CHALLENGER));
        samples.refuteMessage(_sampleKey(id), _samplePosted(id), subtree, 300, tail);
        vm.prank(attester);
        vm.expectPartialRevert(Dispute.MessageMismatch.selector);
        samples.refuteMessage(_sampleKey(id), _samplePosted(id), subtree, 299, tail);
        vm.prank(attester);
        samples.refuteMessage(_sampleKey(id), _samplePosted(id), subtree, 300, tail);
        vm.assertEq(uint256(samples.gameOf(id).status), uint256(Dispute.Status.ASSERTER_WON));
        vm.assertTrue(samples.balanceOf(attester) > 0);
        vm.assertEq(stakes.activeOf(attester, Role.VALIDATOR), STAKE);
    }

    function test_RevertWhen_AMessageIsRefutedAfterTheFirstAnswer() public {
        (uint256 key, uint256 sample) = _attesterOf(STEP);
        _become(key);
        bytes32[2] memory machines = _trueMachines();
        _askAndOpen(machines);
        SampleGameId id = _challenge(machines, sample, CHALLENGER, 1);
        bytes32 subtree = _messageProof(1).subtree;
        bytes memory object = Trees.slice(batchObject, 512, 512);
        TailLeaf memory tail = TailLeaf(3, Trees.slice(object, 384, 128), Trees.pathOf(object, 3, 0));
        _sampleMove(id, 0, attester, TRUTH);
        _sampleMove(id, 0, CHALLENGER, 1);
        vm.prank(attester);
        vm.expectRevert(abi.encodeWithSelector(Dispute.ListCountMismatch.selector, 1, 3));
        samples.refuteMessage(_sampleKey(id), _samplePosted(id), subtree, 300, tail);
    }

    /// @dev An attester for whom this step is drawn.
    function _attesterOf(uint256 step) private view returns (uint256 key, uint256 sample) {
        for (key = 1000;; ++key) {
            for (sample = 0; sample < 2; ++sample) {
                (uint64 index,) = samples.drawnOf(Question(assertion, vm.addr(key), 0), sample);
                if (index == step) return (key, sample);
            }
        }
    }
}
