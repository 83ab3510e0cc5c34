// SPDX-License-Identifier: MIT
// docs/court.md
pragma solidity 0.8.37;

import {GatewayRegistry} from "../src/GatewayRegistry.sol";
import {Inbox} from "../src/Inbox.sol";
import {InferenceCourt} from "../src/InferenceCourt.sol";
import {Ballots, Outcome, Verdict} from "../src/court/Ballots.sol";
import {ShownItem, SignedItem, SignedItems} from "../src/court/SignedItems.sol";
import {Tree} from "../src/lib/Tree.sol";
import {DataObject, Role} from "../src/lib/Types.sol";
import {CourtNetwork} from "./support/CourtNetwork.sol";
import {Trees} from "./support/Trees.sol";
import {bound, vm} from "./support/Vm.sol";

contract InferenceCourtTest is CourtNetwork {
    uint256 private constant VOTERS = 4;

    function setUp() public override {
        super.setUp();
        _addVoters(VOTERS, STAKE);
    }

    // Opening

    function test_AnItemOfASignedBatchIsDisputed() public {
        _post(EXACT);
        ShownItem memory shown = _shown(1);
        vm.expectEmit();
        emit InferenceCourt.CaseOpened(1, gateway, CHALLENGER, resultBatch, resultMessage, 1, 1, _item(1, EXACT));
        vm.prank(CHALLENGER);
        uint256 id = court.open(shown);
        InferenceCourt.Case memory opened = court.caseOf(id);
        vm.assertEq(opened.gateway, gateway);
        vm.assertEq(opened.itemHash, keccak256(_item(1, EXACT)));
        vm.assertEq(opened.cost, _cost());
        vm.assertTrue(opened.exact);
        vm.assertEq(court.caseAbout(court.placeOf(resultBatch, resultMessage, 1)), id);
        vm.assertEq(court.electorateOf(id).total, VOTERS * STAKE);
        vm.assertEq(token.balanceOf(COURT), COURT_BOND);
    }

    function test_EachItemOfAMessageCanBeShown() public {
        _post(TOLERANT);
        for (uint256 i = 0; i < ITEMS; ++i) {
            uint256 id = _open(i, CHALLENGER);
            vm.assertEq(court.caseOf(id).itemHash, keccak256(_item(i, TOLERANT)));
            vm.assertFalse(court.caseOf(id).exact);
        }
    }

    /// A message that was forced through L1 stands in the delayed queue, whole.
    function test_AnItemOfAForcedMessageIsDisputed() public {
        bytes memory items = _items(EXACT);
        bytes memory message = _message(GATEWAY_KEY, 1, items);
        inbox.forceMessage(message);
        uint64 index = inbox.delayedCount() - 1;
        _postBatch(1);
        ShownItem memory shown;
        (shown.batch, shown.message) = (inbox.batchCount() - 1, index);
        bytes memory whole = Trees.slice(message, 0, 1024);
        (shown.head, shown.headPath) = (Trees.slice(whole, 0, 128), Trees.pathOf(whole, 0, 0));
        (shown.item, shown.itemPath) = (_item(2, EXACT), Trees.pathOf(items, 2, 1));
        shown.index = 2;
        SignedItem memory read = signedItems.read(shown);
        vm.assertEq(read.gateway, gateway);
        vm.assertEq(read.postedAt, block.timestamp);
        vm.prank(CHALLENGER);
        court.open(shown);
    }

    function test_RevertWhen_TheItemIsAnotherOne() public {
        _post(EXACT);
        ShownItem memory shown = _shown(0);
        shown.item = _item(7, EXACT);
        vm.expectPartialRevert(SignedItems.SignerMismatch.selector);
        court.open(shown);
        shown = _shown(0);
        shown.index = 1;
        vm.expectPartialRevert(SignedItems.SignerMismatch.selector);
        court.open(shown);
        // Behind the last item the tree has padding, which is nobody's item.
        shown.index = ITEMS;
        vm.expectRevert(abi.encodeWithSelector(Tree.IndexOutOfRange.selector, ITEMS, ITEMS));
        court.open(shown);
        shown = _shown(0);
        shown.item = bytes.concat(shown.item, hex"00");
        vm.expectRevert(abi.encodeWithSelector(SignedItems.ItemLengthMismatch.selector, 256, 257));
        court.open(shown);
    }

    function test_RevertWhen_TheMessageIsAnotherOne() public {
        _post(EXACT);
        ShownItem memory shown = _shown(0);
        shown.head[10] ^= 0x01;
        vm.expectPartialRevert(SignedItems.MessageMismatch.selector);
        court.open(shown);
    }

    function test_RevertWhen_TheMessageIsNoResult() public {
        bytes memory items = _items(EXACT);
        bytes memory message = _message(GATEWAY_KEY, 1, items);
        message[0] = 0x10;
        _postResult(message, items);
        ShownItem memory shown = _shown(0);
        vm.expectRevert(abi.encodeWithSelector(SignedItems.NoInferenceResult.selector, bytes1(0x10)));
        court.open(shown);
    }

    function test_RevertWhen_TheBatchIsVoid() public {
        _post(EXACT);
        vm.prank(address(rollup));
        inbox.voidBatch(resultBatch);
        ShownItem memory shown = _shown(0);
        vm.expectRevert();
        court.open(shown);
        // The empty message that is there now is none of a gateway.
        ShownItem memory empty;
        (empty.batch, empty.message, empty.head) = (resultBatch, resultMessage, new bytes(128));
        vm.expectRevert(abi.encodeWithSelector(SignedItems.NoInferenceResult.selector, bytes1(0)));
        court.open(empty);
    }

    /// Anyone can sign anything: only what somebody has signed who was a gateway is of interest.
    function test_RevertWhen_TheSignerNeverWasAGateway() public {
        bytes memory items = _items(EXACT);
        _postResult(_message(77, 1, items), items);
        ShownItem memory shown = _shown(0);
        vm.expectRevert(abi.encodeWithSelector(SignedItems.NotGateway.selector, vm.addr(77)));
        court.open(shown);
    }

    function test_AGatewayThatHasRetiredCanBeDisputed() public {
        _post(EXACT);
        vm.prank(gateway);
        registry.retire();
        _open(0, CHALLENGER);
    }

    function test_RevertWhen_TheModelIsOfClassCOrUnknown() public {
        _post(PROVENANCE);
        ShownItem memory shown = _shown(0);
        vm.expectRevert(abi.encodeWithSelector(SignedItems.ModelNotJudged.selector, PROVENANCE));
        court.open(shown);
        bytes32 unknown = keccak256("unknown");
        _post(unknown);
        shown = _shown(0);
        vm.expectRevert(abi.encodeWithSelector(SignedItems.ModelNotJudged.selector, unknown));
        court.open(shown);
    }

    /// What the model was at the message's place in the order counts, whatever its owner makes of it later.
    function test_TheModelIsThatOfTheMessagesPlace() public {
        _post(EXACT);
        ShownItem memory before = _shown(0);
        _setModel(EXACT, 2);
        _open(0, CHALLENGER);
        before.index = 1;
        (before.item, before.itemPath) = (_item(1, EXACT), Trees.pathOf(signed, 1, 1));
        vm.prank(CHALLENGER);
        court.open(before);
        bytes memory items = bytes.concat(_item(9, EXACT), _item(8, PROVENANCE));
        _postResult(_message(GATEWAY_KEY, 2, items), items);
        ShownItem memory shown = _shown(0);
        vm.expectRevert(abi.encodeWithSelector(SignedItems.ModelNotJudged.selector, EXACT));
        court.open(shown);
        // And nobody is judged for a class that came afterwards.
        _setModel(PROVENANCE, 0);
        shown = _shown(1);
        vm.expectRevert(abi.encodeWithSelector(SignedItems.ModelNotJudged.selector, PROVENANCE));
        court.open(shown);
    }

    function test_ACaseIsOpenedInTimeOrNotAtAll() public {
        _post(EXACT);
        uint256 postedAt = block.timestamp;
        vm.assertEq(court.contestSeconds(), CONTEST);
        vm.warp(postedAt + CONTEST);
        ShownItem memory shown = _shown(0);
        vm.expectRevert(abi.encodeWithSelector(InferenceCourt.TooLate.selector, postedAt + CONTEST, postedAt + CONTEST));
        vm.prank(CHALLENGER);
        court.open(shown);
        vm.warp(postedAt + CONTEST - 1);
        uint256 id = _open(0, CHALLENGER);
        // Whatever happens then, it ends before a stake of that time can have left.
        vm.assertLe(court.deadlinesOf(id).veto, postedAt + stakes.timing().unbonding);
    }

    function test_AnItemIsJudgedOnceAtItsPlace() public {
        uint256 id = _openCase(EXACT);
        _vote(id, 1, 0, VOTERS);
        ShownItem memory shown = _shown(0);
        bytes memory refusal = abi.encodeWithSelector(InferenceCourt.CaseExists.selector, id);
        vm.expectRevert(refusal);
        vm.prank(APPELLANT);
        court.open(shown);
        _execute(id);
        vm.expectRevert(refusal);
        vm.prank(APPELLANT);
        court.open(shown);
    }

    /// The attack: put a lie into a second batch, where the kernel does not take it, and have it upheld there. The lie in the
    /// first batch is judged all the same.
    function test_ALieIsNotWashedByACopyOfItsMessage() public {
        _post(EXACT);
        ShownItem memory first = _shown(0);
        _post(EXACT);
        uint256 copy = _open(0, CHALLENGER);
        _vote(copy, 1, 0, VOTERS);
        _execute(copy);
        _assertStatus(copy, InferenceCourt.Status.UPHELD);
        vm.prank(APPELLANT);
        uint256 id = court.open(first);
        _vote(id, 1, VOTERS, 0);
        _execute(id);
        _assertStatus(id, InferenceCourt.Status.VOIDED);
    }

    // Voting

    function test_AWrongItemIsVoidedAndItsGatewaySlashed() public {
        uint256 id = _openCase(EXACT);
        _vote(id, 1, VOTERS, 0);
        bytes memory message = abi.encodePacked(
            bytes1(0x24), keccak256("run"), uint16(1), uint32(0), uint16(0), keccak256("result"), _cost()
        );
        uint256 supply = token.totalSupply();
        court.tally(id);
        vm.expectRevert();
        court.execute(id, _item(0, EXACT));
        vm.warp(court.deadlinesOf(id).appeal + VETO);
        vm.expectEmit();
        emit InferenceCourt.Closed(id, InferenceCourt.Status.VOIDED, PENALTY, _cost());
        court.execute(id, _item(0, EXACT));
        vm.assertEq(inbox.delayedMessage(inbox.delayedCount() - 1).objectRoot, Tree.objectRoot(message));
        vm.assertEq(stakes.activeOf(gateway, Role.GATEWAY), 2 * MINIMUM - PENALTY);
        vm.assertEq(token.balanceOf(address(bridge)), _cost());
        vm.assertEq(court.balanceOf(CHALLENGER), COURT_BOND + PENALTY / 2 - _cost() - FEE);
        vm.assertEq(supply - token.totalSupply(), PENALTY / 2);
        for (uint256 i = 0; i < VOTERS; ++i) {
            vm.assertEq(court.claim(id, 1, voters[i]), FEE / VOTERS);
        }
        vm.assertEq(token.balanceOf(COURT), COURT_BOND + PENALTY / 2 - _cost());
        _assertStatus(id, InferenceCourt.Status.VOIDED);
    }

    function test_AnItemThatIsRightCostsTheChallengerHisBond() public {
        uint256 id = _openCase(EXACT);
        _vote(id, 1, 0, VOTERS);
        uint256 supply = token.totalSupply();
        uint64 delayed = inbox.delayedCount();
        _execute(id);
        _assertStatus(id, InferenceCourt.Status.UPHELD);
        vm.assertEq(_wealthOf(CHALLENGER), FUNDS - COURT_BOND);
        vm.assertEq(supply - token.totalSupply(), COURT_BOND - FEE);
        vm.assertEq(stakes.activeOf(gateway, Role.GATEWAY), 2 * MINIMUM);
        vm.assertEq(inbox.delayedCount(), delayed);
    }

    function test_WhatCannotBeHadCountsAgainstTheSigner() public {
        uint256 id = _openCase(EXACT);
        for (uint256 i = 0; i < VOTERS; ++i) {
            _commit(id, 1, voters[i], i == 0 ? Verdict.WRONG : Verdict.UNAVAILABLE);
        }
        vm.warp(court.deadlinesOf(id).commit);
        for (uint256 i = 0; i < VOTERS; ++i) {
            _reveal(id, 1, voters[i], i == 0 ? Verdict.WRONG : Verdict.UNAVAILABLE);
        }
        vm.warp(court.deadlinesOf(id).reveal);
        _execute(id);
        _assertStatus(id, InferenceCourt.Status.VOIDED);
    }

    function test_AGatewayWithoutStakeHasItsItemVoidedAllTheSame() public {
        uint256 id = _openCase(EXACT);
        _vote(id, 1, VOTERS, 0);
        vm.prank(DISPUTE);
        stakes.slash(gateway, Role.GATEWAY, type(uint256).max, address(0), 0);
        uint64 delayed = inbox.delayedCount();
        _execute(id);
        vm.assertEq(inbox.delayedCount(), delayed + 1);
        vm.assertEq(court.balanceOf(CHALLENGER), COURT_BOND);
        vm.assertEq(token.balanceOf(address(bridge)), 0);
        vm.expectRevert();
        court.claim(id, 1, voters[0]);
    }

    function test_AGatewayWithLessThanTheMinimumIsNoneAnyMore() public {
        uint256 first = _openCase(EXACT);
        uint256[2] memory more = [_open(1, CHALLENGER), _open(2, CHALLENGER)];
        InferenceCourt.Deadlines memory ends = court.deadlinesOf(first);
        for (uint256 i = 0; i < VOTERS; ++i) {
            _commit(first, 1, voters[i], Verdict.WRONG);
            _commit(more[0], 1, voters[i], Verdict.WRONG);
            _commit(more[1], 1, voters[i], Verdict.WRONG);
        }
        vm.warp(ends.commit);
        for (uint256 i = 0; i < VOTERS; ++i) {
            _reveal(first, 1, voters[i], Verdict.WRONG);
            _reveal(more[0], 1, voters[i], Verdict.WRONG);
            _reveal(more[1], 1, voters[i], Verdict.WRONG);
        }
        vm.warp(ends.appeal + VETO);
        court.execute(first, _item(0, EXACT));
        court.execute(more[0], _item(1, EXACT));
        vm.assertTrue(registry.isGateway(gateway));
        court.execute(more[1], _item(2, EXACT));
        vm.assertFalse(registry.isGateway(gateway));
        vm.assertEq(stakes.activeOf(gateway, Role.GATEWAY), 2 * MINIMUM - 3 * PENALTY);
    }

    function test_WithoutAQuorumAllVoteAndThenTheCaseIsDismissed() public {
        uint256 id = _openCase(EXACT);
        _vote(id, 1, 2, 0);
        (InferenceCourt.Phase phase, uint256 round,) = court.phaseOf(id);
        vm.assertEq(uint256(phase), uint256(InferenceCourt.Phase.COMMIT));
        vm.assertEq(round, 2);
        // The first commitment of the second round counts the first one.
        _vote(id, 2, 2, 0);
        _expectPhase(id, InferenceCourt.Phase.TALLY, 2, 0);
        court.tally(id);
        _assertStatus(id, InferenceCourt.Status.DISMISSED);
        vm.assertEq(_wealthOf(CHALLENGER), FUNDS - FEE);
        vm.assertEq(token.balanceOf(COURT), court.balanceOf(CHALLENGER));
        // Nothing is decided, so it can be asked again.
        vm.assertEq(_open(0, APPELLANT), id + 1);
    }

    function test_WhereMostCannotTellNothingIsDecided() public {
        uint256 id = _openCase(TOLERANT);
        InferenceCourt.Deadlines memory ends = court.deadlinesOf(id);
        for (uint256 round = 1; round <= 2; ++round) {
            for (uint256 i = 0; i < VOTERS; ++i) {
                _commit(id, round, voters[i], i == 0 ? Verdict.UPHELD : Verdict.INCONCLUSIVE);
            }
            vm.warp(round == 1 ? ends.commit : ends.secondCommit);
            for (uint256 i = 0; i < VOTERS; ++i) {
                _reveal(id, round, voters[i], i == 0 ? Verdict.UPHELD : Verdict.INCONCLUSIVE);
            }
            vm.warp(round == 1 ? ends.reveal : ends.secondReveal);
        }
        court.tally(id);
        _assertStatus(id, InferenceCourt.Status.DISMISSED);
        for (uint256 i = 0; i < VOTERS; ++i) {
            vm.expectRevert(abi.encodeWithSelector(InferenceCourt.NothingToPunish.selector, voters[i]));
            court.punish(id, 1, voters[i]);
        }
    }

    function test_PhasesHoldTheirTimes() public {
        uint256 id = _openCase(EXACT);
        InferenceCourt.Deadlines memory ends = court.deadlinesOf(id);
        _commit(id, 1, voters[0], Verdict.WRONG);
        vm.expectRevert(abi.encodeWithSelector(InferenceCourt.TooEarly.selector, ends.commit, block.timestamp));
        court.reveal(id, 1, voters[0], Verdict.WRONG, 0, _salt(voters[0]));
        vm.expectRevert(abi.encodeWithSelector(InferenceCourt.TooEarly.selector, ends.reveal, block.timestamp));
        court.tally(id);
        vm.expectRevert(abi.encodeWithSelector(InferenceCourt.RoundMismatch.selector, 1, 2));
        court.commit(id, 2, keccak256("c"));
        vm.warp(ends.commit);
        vm.expectRevert(abi.encodeWithSelector(InferenceCourt.TooLate.selector, ends.commit, ends.commit));
        vm.prank(voters[1]);
        court.commit(id, 1, keccak256("c"));
        vm.warp(ends.reveal);
        vm.expectRevert(abi.encodeWithSelector(InferenceCourt.TooLate.selector, ends.reveal, ends.reveal));
        court.reveal(id, 1, voters[0], Verdict.WRONG, 0, _salt(voters[0]));
    }

    function test_PhasesAreToldToWhoeverAsks() public {
        uint256 id = _openCase(EXACT);
        InferenceCourt.Deadlines memory ends = court.deadlinesOf(id);
        _expectPhase(id, InferenceCourt.Phase.COMMIT, 1, ends.commit);
        vm.warp(ends.commit - 1);
        _commit(id, 1, voters[0], Verdict.WRONG);
        _commit(id, 1, voters[1], Verdict.WRONG);
        _commit(id, 1, voters[2], Verdict.WRONG);
        vm.warp(ends.commit);
        _expectPhase(id, InferenceCourt.Phase.REVEAL, 1, ends.reveal);
        _reveal(id, 1, voters[0], Verdict.WRONG);
        _reveal(id, 1, voters[1], Verdict.WRONG);
        _reveal(id, 1, voters[2], Verdict.WRONG);
        vm.warp(ends.reveal);
        _expectPhase(id, InferenceCourt.Phase.APPEAL, 1, ends.appeal);
        court.tally(id);
        _expectPhase(id, InferenceCourt.Phase.APPEAL, 1, ends.appeal);
        _appeal(id, APPELLANT);
        _expectPhase(id, InferenceCourt.Phase.COMMIT, 2, ends.secondCommit);
        _vote(id, 2, VOTERS, 0);
        _expectPhase(id, InferenceCourt.Phase.VETO, 2, ends.veto);
        court.tally(id);
        _expectPhase(id, InferenceCourt.Phase.VETO, 2, ends.veto);
        vm.warp(ends.veto);
        _expectPhase(id, InferenceCourt.Phase.EXECUTE, 2, 0);
        court.execute(id, _item(0, EXACT));
        _expectPhase(id, InferenceCourt.Phase.CLOSED, 2, 0);
        _expectPhase(id + 1, InferenceCourt.Phase.NONE, 0, 0);
    }

    // Veto

    function test_TheGuardianVetoesASlashAndNothingElse() public {
        uint256 id = _openCase(EXACT);
        uint256 other = _open(1, CHALLENGER);
        InferenceCourt.Deadlines memory ends = court.deadlinesOf(id);
        for (uint256 i = 0; i < VOTERS; ++i) {
            _commit(id, 1, voters[i], Verdict.WRONG);
            _commit(other, 1, voters[i], Verdict.UPHELD);
        }
        vm.warp(ends.commit);
        for (uint256 i = 0; i < VOTERS; ++i) {
            _reveal(id, 1, voters[i], Verdict.WRONG);
            _reveal(other, 1, voters[i], Verdict.UPHELD);
        }
        vm.warp(ends.reveal);
        vm.expectRevert(abi.encodeWithSelector(InferenceCourt.NotGuardian.selector, USER));
        vm.prank(USER);
        court.veto(id);
        vm.startPrank(GUARDIAN);
        vm.expectRevert(abi.encodeWithSelector(InferenceCourt.NothingToVeto.selector, other));
        court.veto(other);
        court.veto(id);
        vm.stopPrank();
        _assertStatus(id, InferenceCourt.Status.VETOED);
        vm.assertEq(_wealthOf(CHALLENGER), FUNDS - COURT_BOND);
        vm.assertEq(stakes.activeOf(gateway, Role.GATEWAY), 2 * MINIMUM);
    }

    function test_RevertWhen_TheVetoIsLate() public {
        uint256 id = _openCase(EXACT);
        _vote(id, 1, VOTERS, 0);
        uint256 end = court.deadlinesOf(id).appeal + VETO;
        vm.warp(end);
        vm.expectRevert(abi.encodeWithSelector(InferenceCourt.TooLate.selector, end, end));
        vm.prank(GUARDIAN);
        court.veto(id);
    }

    // Inbox

    function test_OnlyTheCourtHasItemsVoided() public {
        vm.expectRevert(abi.encodeWithSelector(Inbox.NotCourt.selector, USER));
        vm.prank(USER);
        inbox.voidItem(new bytes(40), bytes32(0), 0);
    }

    function _expectPhase(uint256 id, InferenceCourt.Phase phase, uint256 round, uint256 until) private view {
        (InferenceCourt.Phase phase_, uint256 round_, uint256 until_) = court.phaseOf(id);
        vm.assertEq(uint256(phase_), uint256(phase));
        vm.assertEq(round_, round);
        vm.assertEq(until_, until);
    }
}
