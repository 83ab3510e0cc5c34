// SPDX-License-Identifier: MIT
// docs/attestations.md#questions
pragma solidity 0.8.37;

import {Dispute} from "../src/Dispute.sol";
import {Question, QuestionId, Questions} from "../src/Questions.sol";
import {Rollup} from "../src/Rollup.sol";
import {SampleGameId, Samples} from "../src/Samples.sol";
import {SampleDraw} from "../src/lib/SampleDraw.sol";
import {SettingTooLarge} from "../src/lib/Settings.sol";
import {UnbondingTooShort} from "../src/lib/Timing.sol";
import {AssertionId, Role} from "../src/lib/Types.sol";
import {SampleNetwork} from "./support/SampleNetwork.sol";
import {bound, vector, vm} from "./support/Vm.sol";

contract DrawHarness {
    function drawn(AssertionId assertion, address attester, uint256 sample, uint64 stepCount)
        external
        pure
        returns (uint64, uint256)
    {
        return SampleDraw.drawn(assertion, attester, sample, stepCount);
    }

    function commitmentOf(AssertionId assertion, address attester, bytes32[2] calldata machines)
        external
        pure
        returns (bytes32)
    {
        return SampleDraw.commitmentOf(assertion, attester, machines);
    }
}

contract QuestionsTest is SampleNetwork {
    DrawHarness private draw = new DrawHarness();
    bytes32[2] private machines;

    function setUp() public override {
        super.setUp();
        machines = _trueMachines();
    }

    function test_DrawsAndCommitmentsAreThoseOfTheProtocol() public view {
        string memory json = vector("samples");
        bytes32[] memory assertions = vm.parseJsonBytes32Array(json, ".assertions");
        address[] memory attesters = vm.parseJsonAddressArray(json, ".attesters");
        uint256[] memory counts = vm.parseJsonUintArray(json, ".stepCounts");
        uint256[] memory steps = vm.parseJsonUintArray(json, ".steps");
        uint256[] memory positions = vm.parseJsonUintArray(json, ".positions");
        bytes32[] memory opened = vm.parseJsonBytes32Array(json, ".machines");
        bytes32[] memory commitments = vm.parseJsonBytes32Array(json, ".commitments");
        vm.assertEq(assertions.length, 32);
        for (uint256 i = 0; i < 2 * assertions.length; ++i) {
            AssertionId id = AssertionId.wrap(assertions[i / 2]);
            (uint64 index, uint256 position) = draw.drawn(id, attesters[i / 2], i % 2, uint64(counts[i / 2]));
            vm.assertEq(index, steps[i]);
            vm.assertEq(position, positions[i]);
            if (i % 2 == 1) continue;
            bytes32 commitment = draw.commitmentOf(id, attesters[i / 2], [opened[i], opened[i + 1]]);
            vm.assertEq(commitment, commitments[i / 2]);
        }
    }

    function testFuzz_APositionIsInTheRangeOfAGame(bytes32 id, address account, uint64 steps) public view {
        if (steps == 0) steps = 1;
        for (uint256 i = 0; i < 2; ++i) {
            (uint64 index, uint256 position) = draw.drawn(AssertionId.wrap(id), account, i, steps);
            vm.assertTrue(index < steps);
            vm.assertTrue(position >= 1 << 10 && position < 1 << 23);
        }
    }

    function test_WhoIsDrawnIsAskedAndOpens() public {
        Question memory question = _question(machines);
        QuestionId id = samples.questionIdOf(question);
        bytes memory signature = _sign(question.commitment);
        vm.expectEmit();
        emit Questions.SamplesAsked(id, assertion, attester, question.commitment, block.timestamp + OPEN);
        vm.prank(USER);
        samples.ask(assertion, attester, question.commitment, signature);
        vm.warp(block.timestamp + OPEN - 1);
        vm.expectEmit();
        emit Questions.SamplesOpened(id, assertion, attester, machines, block.timestamp + WINDOW);
        vm.prank(attester);
        samples.open(assertion, attester, machines);
        vm.warp(block.timestamp + 1);
        vm.expectRevert(_isNot(id, Questions.QuestionStatus.ASKED, Questions.QuestionStatus.OPENED));
        samples.expire(question);
    }

    function test_RevertWhen_AnAttesterIsAskedTwice() public {
        QuestionId id = _ask(machines);
        Question memory question = _question(machines);
        bytes memory signature = _sign(question.commitment);
        vm.expectRevert(_isNot(id, Questions.QuestionStatus.NONE, Questions.QuestionStatus.ASKED));
        samples.ask(assertion, attester, question.commitment, signature);
    }

    function test_RevertWhen_TheSignatureIsNotTheAttesters() public {
        Question memory question = _question(machines);
        address asked = attester;
        bytes memory signature = _sign(question.commitment);
        _become(78);
        vm.expectRevert(abi.encodeWithSelector(Questions.SignerMismatch.selector, attester, asked));
        samples.ask(assertion, attester, question.commitment, signature);
        bytes32 other = keccak256("other commitment");
        _sign(other);
        vm.expectPartialRevert(Questions.SignerMismatch.selector);
        samples.ask(assertion, asked, other, signature);
    }

    function test_RevertWhen_TheAttestationIsNotRecorded() public {
        bytes32 commitment = _question(machines).commitment;
        bytes memory signature = _sign(commitment);
        _mockAttested(attester, false);
        vm.expectRevert(abi.encodeWithSelector(Questions.NotAttested.selector, assertion, attester));
        samples.ask(assertion, attester, commitment, signature);
    }

    function test_TheLotIsKnownFromTheBlockAfterOnForAsLongAsL1KnowsItsHash() public {
        Question memory question = _question(machines);
        bytes memory signature = _sign(question.commitment);
        bytes memory unknown =
            abi.encodeWithSelector(Questions.DrawUnknown.selector, assertion, attester, ATTESTED_BLOCK);
        uint256[2] memory refused = [ATTESTED_BLOCK + 1, ATTESTED_BLOCK + 258];
        for (uint256 i = 0; i < 2; ++i) {
            vm.roll(refused[i]);
            vm.expectRevert(unknown);
            samples.ask(assertion, attester, question.commitment, signature);
        }
        vm.roll(ATTESTED_BLOCK + 257);
        samples.ask(assertion, attester, question.commitment, signature);
    }

    function test_RevertWhen_TwoThirdsAreNotReached() public {
        _mockRecorded(attester, 0);
        vm.expectRevert(abi.encodeWithSelector(Questions.DrawUnknown.selector, assertion, attester, 0));
        samples.isDrawn(assertion, attester);
    }

    /// @dev Else he could look whether the lot falls on him, and then sign.
    function test_TheLotOfWhoIsLateFallsWhenHeIsRecorded() public {
        Samples rare = _newSamples(_sampleSettings(4));
        vm.roll(ATTESTED_BLOCK + 10);
        bytes32 first = blockhash(ATTESTED_BLOCK + 1);
        bytes32 second = blockhash(ATTESTED_BLOCK + 8);
        uint256 changed = 0;
        for (uint256 i = 1; i <= 64; ++i) {
            address account = address(uint160(i));
            _mockRecorded(account, ATTESTED_BLOCK + 7);
            bool is_ = rare.isDrawn(assertion, account);
            vm.assertTrue(is_ == (uint256(keccak256(abi.encode(second, assertion, account))) % 4 == 0));
            if (is_ != (uint256(keccak256(abi.encode(first, assertion, account))) % 4 == 0)) ++changed;
        }
        vm.assertTrue(changed > 0);
    }

    function test_TheLotFallsOnOneInSoMany() public {
        Samples rare = _newSamples(_sampleSettings(4));
        uint256 drawn = 0;
        address last;
        bytes32 lot = blockhash(ATTESTED_BLOCK + 1);
        for (uint256 i = 1; i <= 400; ++i) {
            address account = address(uint160(i));
            _mockRecorded(account, ATTESTED_BLOCK);
            bool is_ = rare.isDrawn(assertion, account);
            vm.assertTrue(is_ == (uint256(keccak256(abi.encode(lot, assertion, account))) % 4 == 0));
            if (is_) drawn += 1;
            else last = account;
        }
        vm.assertTrue(drawn > 70 && drawn < 130);
        _mockAttested(last, true);
        vm.expectRevert(abi.encodeWithSelector(Questions.NotDrawn.selector, assertion, last));
        rare.ask(assertion, last, 0, "");
    }

    function test_RevertWhen_ItIsTooLateToAsk() public {
        Question memory question = _question(machines);
        bytes memory signature = _sign(question.commitment);
        uint256 deadline = rollup.assertionOf(assertion).createdAt + ASK;
        vm.warp(deadline);
        vm.expectRevert(abi.encodeWithSelector(Questions.TooLateToAsk.selector, deadline, deadline));
        samples.ask(assertion, attester, question.commitment, signature);
        vm.warp(deadline - 1);
        samples.ask(assertion, attester, question.commitment, signature);
    }

    function test_RevertWhen_OtherMachinesAreOpened() public {
        _ask(machines);
        bytes32[2] memory other = [machines[1], machines[0]];
        QuestionId none = samples.questionIdOf(_question(other));
        vm.expectRevert(_isNot(none, Questions.QuestionStatus.ASKED, Questions.QuestionStatus.NONE));
        samples.open(assertion, attester, other);
    }

    function test_WhoDoesNotOpenInTimeIsSlashedOnce() public {
        QuestionId id = _ask(machines);
        Question memory question = _question(machines);
        uint256 deadline = block.timestamp + OPEN;
        vm.warp(deadline - 1);
        vm.expectRevert(abi.encodeWithSelector(Questions.StillTimeToOpen.selector, deadline, deadline - 1));
        samples.expire(question);
        vm.warp(deadline);
        vm.expectRevert(abi.encodeWithSelector(Questions.TooLateToOpen.selector, deadline, deadline));
        samples.open(assertion, attester, machines);
        uint256 supply = token.totalSupply();
        vm.prank(USER);
        vm.assertEq(samples.expire(question), SILENT);
        vm.assertEq(stakes.activeOf(attester, Role.VALIDATOR), STAKE - SILENT);
        vm.assertEq(stakes.rewardOf(USER), SILENT / 2);
        vm.assertEq(supply - token.totalSupply(), SILENT / 2);
        vm.expectRevert(_isNot(id, Questions.QuestionStatus.ASKED, Questions.QuestionStatus.EXPIRED));
        samples.expire(question);
    }

    /// @dev Two commitments to one assertion are two questions: one of them at most can be opened with impunity.
    function test_EachCommitmentIsAskedForItself() public {
        _ask(machines);
        bytes32[2] memory other = [keccak256("one"), keccak256("two")];
        _ask(other);
        samples.open(assertion, attester, machines);
        vm.warp(block.timestamp + OPEN);
        samples.expire(_question(other));
        vm.assertEq(stakes.activeOf(attester, Role.VALIDATOR), STAKE - SILENT);
    }

    function test_AStakeThatLeavesIsSlashedInTheLastSecond() public {
        Questions.SampleSettings memory longest = _sampleSettings(1);
        longest.askSeconds = uint32(LONGEST - OPEN - WINDOW - 1 days - 2 * (CLOCK + EXTENSION));
        vm.etch(SAMPLES, address(_newSamples(longest)).code);
        vm.prank(attester);
        stakes.unbond(Role.VALIDATOR, STAKE);
        uint256 leaves = block.timestamp + LONGEST;
        vm.warp(rollup.assertionOf(assertion).createdAt + longest.askSeconds - 1);
        bytes32[2] memory wrong = _wrongMachines(0, 1);
        _ask(wrong);
        vm.warp(block.timestamp + OPEN - 1);
        samples.open(assertion, attester, wrong);
        vm.warp(block.timestamp + WINDOW - 1);
        SampleGameId id = _challenge(wrong, 0, CHALLENGER, TRUTH);
        while (sampleBoards[id].lists < SAMPLE_LISTS) {
            vm.warp(samples.deadlineOf(id) - 1);
            bool attesters = sampleBoards[id].lists % 2 == 1;
            (address player, uint256 lie) = attesters ? (attester, 1) : (CHALLENGER, TRUTH);
            _sampleMove(id, _disputed(id, lie, player), player, lie);
        }
        vm.warp(samples.deadlineOf(id));
        vm.assertTrue(block.timestamp < leaves);
        samples.timeout(_sampleKey(id));
        vm.assertEq(stakes.rewardOf(CHALLENGER), SAMPLE / 2);
    }

    function test_RevertWhen_AConstructorGetsWhatDoesNotFit() public {
        Questions.SampleSettings memory settings = _sampleSettings(0);
        vm.expectRevert(abi.encodeWithSelector(Questions.OddsAreZero.selector));
        this.make(settings);
        settings = _sampleSettings(1);
        settings.silentPenalty = 0;
        vm.expectRevert(abi.encodeWithSelector(Questions.PenaltyIsZero.selector));
        this.make(settings);
        settings = _sampleSettings(1);
        settings.samplePenalty = token.cap() + 1;
        vm.expectRevert(abi.encodeWithSelector(SettingTooLarge.selector, token.cap(), token.cap() + 1));
        this.make(settings);
        settings = _sampleSettings(1);
        settings.openSeconds = 697;
        vm.expectRevert(abi.encodeWithSelector(Questions.OpenSecondsTooShort.selector, 698, 697));
        this.make(settings);
        settings.openSeconds = 698;
        this.make(settings);
        settings = _sampleSettings(1);
        settings.askSeconds = uint32(LONGEST - OPEN - WINDOW - 1 days - 2 * (CLOCK + EXTENSION));
        this.make(settings);
        settings.askSeconds += 1;
        vm.expectRevert(abi.encodeWithSelector(UnbondingTooShort.selector, LONGEST + 1, LONGEST));
        this.make(settings);
    }

    function make(Questions.SampleSettings memory settings) external returns (Samples) {
        return _newSamples(settings);
    }

    function _isNot(QuestionId id, Questions.QuestionStatus expected, Questions.QuestionStatus actual)
        private
        pure
        returns (bytes memory)
    {
        return abi.encodeWithSelector(Questions.QuestionStatusMismatch.selector, id, expected, actual);
    }
}

/// @dev The batch of an attested assertion becomes void before anything about it is confirmed.
contract VoidQuestionsTest is SampleNetwork {
    bytes32[2] private machines;

    function setUp() public override {
        super.setUp();
        // As late as anyone may assert the batch: an hour later it can become void.
        vm.prank(DISPUTE);
        rollup.reject(assertion, USER, 0);
        vm.warp(inbox.expiryOf(0) - LONGEST - 1 hours);
        assertion = _assertSteps(_steps("late"), EXECUTOR);
        _become(attesterKey);
        machines = _trueMachines();
    }

    function test_NobodyIsSlashedAboutBatchesThatBecameVoid() public {
        _ask(machines);
        bytes32[2] memory wrong = _wrongMachines(0, 1);
        _askAndOpen(wrong);
        SampleGameId id = _challenge(wrong, 0, CHALLENGER, TRUTH);
        _void();
        bytes memory refusal = abi.encodeWithSelector(Rollup.AssertionIsMoot.selector, assertion);
        vm.warp(block.timestamp + OPEN);
        Question memory question = _question(machines);
        vm.expectRevert(refusal);
        samples.expire(question);
        vm.expectRevert(refusal);
        samples.timeout(_sampleKey(id));
        samples.refund(_sampleKey(id));
        vm.assertEq(samples.balanceOf(CHALLENGER), GAME_BOND);
        vm.assertEq(stakes.activeOf(attester, Role.VALIDATOR), STAKE);
    }

    function test_RevertWhen_AGameIsOpenedAboutThem() public {
        bytes32[2] memory wrong = _wrongMachines(0, 1);
        _ask(wrong);
        Samples.Challenge memory challenge = _challengeOf(wrong, 0);
        challenge.list[31] = keccak256("other");
        _void();
        samples.open(assertion, attester, wrong);
        vm.prank(CHALLENGER);
        vm.expectRevert(abi.encodeWithSelector(Rollup.AssertionIsMoot.selector, assertion));
        samples.challenge(challenge);
    }

    /// @dev What is confirmed cannot become void: games about it go on whatever becomes void behind it.
    function test_AVoidingBehindAConfirmedAssertionChangesNothing() public {
        bytes32[2] memory wrong = _wrongMachines(0, 1);
        vm.warp(block.timestamp + WINDOW);
        rollup.confirm(assertion);
        _askAndOpen(wrong);
        SampleGameId id = _challenge(wrong, 0, CHALLENGER, TRUTH);
        _postNext();
        vm.warp(inbox.expiryOf(1) - LONGEST + 1);
        rollup.voidBatches(1, 2);
        vm.assertTrue(rollup.voidings() > rollup.assertionOf(assertion).voidings);
        vm.assertTrue(samples.stands(assertion));
        samples.timeout(_sampleKey(id));
        vm.assertEq(uint256(samples.gameOf(id).status), uint256(Dispute.Status.CHALLENGER_WON));
    }

    /// @dev The executor may lose its assertion, on purpose or not: the signer is judged by the same batches.
    function test_AGameGoesOnAboutWhatIsRejected() public {
        bytes32[2] memory wrong = _wrongMachines(0, 1);
        _askAndOpen(wrong);
        SampleGameId id = _challenge(wrong, 0, CHALLENGER, TRUTH);
        vm.prank(DISPUTE);
        rollup.reject(assertion, USER, 0);
        vm.warp(samples.deadlineOf(id));
        samples.timeout(_sampleKey(id));
        vm.assertEq(stakes.activeOf(attester, Role.VALIDATOR), STAKE - SAMPLE);
    }

    function _void() private {
        vm.prank(DISPUTE);
        rollup.reject(assertion, USER, 0);
        vm.warp(inbox.expiryOf(0) - LONGEST + 1);
        rollup.voidBatches(0, 1);
        vm.assertTrue(!samples.stands(assertion));
    }
}
