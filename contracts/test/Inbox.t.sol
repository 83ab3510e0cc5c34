// SPDX-License-Identifier: MIT
// docs/contracts.md#inbox
pragma solidity 0.8.37;

import {DACommittee} from "../src/DACommittee.sol";
import {Inbox} from "../src/Inbox.sol";
import {SequencerTurns} from "../src/SequencerTurns.sol";
import {Batch} from "../src/interfaces/IInbox.sol";
import {Tree} from "../src/lib/Tree.sol";
import {Certificate} from "../src/lib/Types.sol";
import {Network} from "./support/Network.sol";
import {bound, vector, vm} from "./support/Vm.sol";

contract InboxTest is Network {
    bytes32 private constant ROOT = keccak256("batch object");
    uint32 private constant LENGTH = 5000;
    bytes private constant MESSAGE = hex"12abcdef";
    /// What was delayed at the start is overdue, and the second half of the slot has begun.
    uint256 private constant OPEN = START + DELAY + SLOT / 2;
    uint256 private constant ROUND = 64 * SLOT;

    function test_BatchHoldsDelayedThenSequencedMessages() public {
        _force();
        _post(0, 5, START, 2);
        Batch memory batch = inbox.batch(0);
        vm.assertEq(batch.objectRoot, ROOT);
        vm.assertEq(batch.objectLength, LENGTH);
        vm.assertEq(batch.timestamp, START);
        vm.assertEq(batch.delayedUpTo, 2);
        vm.assertEq(batch.messageCount, 7);
        vm.assertEq(batch.totalMessages, 7);
        _post(1, 3, START, 2);
        vm.assertEq(inbox.batch(1).messageCount, 3);
        vm.assertEq(inbox.totalMessagesBefore(0), 0);
        vm.assertEq(inbox.totalMessagesBefore(1), 7);
        vm.assertEq(inbox.totalMessagesBefore(2), 10);
    }

    function test_BatchOfDelayedMessagesNeedsNoCertificate() public {
        Certificate memory none;
        vm.prank(SEQUENCER);
        inbox.postBatch(0, 0, 0, 0, uint64(START), 1, none);
        vm.assertEq(inbox.batch(0).messageCount, 1);
        vm.assertEq(inbox.delayedIncluded(), 1);
    }

    function test_ABatchKeepsItsPosterAndUntilWhenItsBytesArePromised() public {
        _post(0, 5, START, 1);
        vm.assertEq(inbox.expiryOf(0), START + RETENTION + 1 hours);
        vm.assertEq(inbox.posterOf(0), SEQUENCER);
        _force();
        Certificate memory none;
        vm.prank(SEQUENCER);
        inbox.postBatch(1, 0, 0, 0, uint64(START), 2, none);
        vm.assertEq(inbox.expiryOf(1), type(uint64).max);
        _force();
        vm.warp(OPEN);
        inbox.forceInclude(2, 1);
        vm.assertEq(inbox.expiryOf(2), type(uint64).max);
        vm.assertEq(inbox.posterOf(2), address(0));
    }

    function test_AVoidBatchKeepsItsPlaceWithoutItsObject() public {
        _force();
        _post(0, 5, START, 2);
        vm.expectRevert(abi.encodeWithSelector(Inbox.NotRollup.selector, address(this)));
        inbox.voidBatch(0);
        vm.prank(address(rollup));
        vm.expectEmit();
        emit Inbox.BatchVoided(0);
        inbox.voidBatch(0);
        Batch memory batch = inbox.batch(0);
        vm.assertEq(batch.objectRoot, Tree.objectRoot(""));
        vm.assertEq(batch.objectLength, 0);
        vm.assertEq(batch.messageCount, 7);
        vm.assertEq(batch.totalMessages, 7);
        vm.assertEq(batch.delayedUpTo, 2);
        vm.assertEq(inbox.expiryOf(0), type(uint64).max);
    }

    function test_RevertWhen_SentTwice() public {
        _post(0, 1, START, 1);
        vm.expectRevert(abi.encodeWithSelector(Inbox.UnexpectedBatchIndex.selector, 0, 1));
        _post(0, 1, START, 1);
    }

    function test_RevertWhen_SenderIsNotStaked() public {
        Certificate memory none;
        vm.expectRevert(abi.encodeWithSelector(SequencerTurns.NotSequencer.selector, address(this)));
        inbox.postBatch(0, ROOT, LENGTH, 1, uint64(START), 1, none);
    }

    function test_RevertWhen_CertificateIsOfAnotherObject() public {
        Certificate memory certificate = _certificate(LENGTH + 1);
        vm.prank(SEQUENCER);
        vm.expectRevert();
        inbox.postBatch(0, ROOT, LENGTH, 1, uint64(START), 1, certificate);
    }

    function test_RevertWhen_QuorumIsMissed() public {
        Certificate memory certificate = _certify(keccak256(abi.encodePacked(ROOT, uint64(LENGTH))), LENGTH, 3);
        vm.prank(SEQUENCER);
        vm.expectRevert(abi.encodeWithSelector(DACommittee.QuorumMissed.selector, 3, 2));
        inbox.postBatch(0, ROOT, LENGTH, 1, uint64(START), 1, certificate);
    }

    function test_RevertWhen_BatchIsEmptyOrTooLarge() public {
        Certificate memory none;
        vm.prank(SEQUENCER);
        vm.expectRevert(abi.encodeWithSelector(Inbox.BatchIsEmpty.selector));
        inbox.postBatch(0, 0, 0, 0, uint64(START), 0, none);
        vm.prank(SEQUENCER);
        vm.expectRevert(abi.encodeWithSelector(Inbox.ObjectWithoutMessages.selector, ROOT, 0));
        inbox.postBatch(0, ROOT, 0, 0, uint64(START), 1, none);
        vm.prank(SEQUENCER);
        vm.expectRevert(abi.encodeWithSelector(Inbox.BatchTooLarge.selector, 4 << 20, (4 << 20) + 1));
        inbox.postBatch(0, ROOT, (4 << 20) + 1, 1, uint64(START), 1, none);
        Certificate memory certificate = _certificate(LENGTH);
        vm.prank(SEQUENCER);
        vm.expectRevert(abi.encodeWithSelector(Inbox.TooManyMessages.selector, 4096, 4097));
        inbox.postBatch(0, ROOT, LENGTH, 4096, uint64(START), 1, certificate);
    }

    function test_RevertWhen_TimestampIsOutOfRange() public {
        bytes4 selector = Inbox.TimestampOutOfRange.selector;
        vm.expectRevert(abi.encodeWithSelector(selector, START - 1 hours, START + 30, START + 31));
        _post(0, 1, START + 31, 1);
        vm.expectRevert(abi.encodeWithSelector(selector, START - 1 hours, START + 30, START - 1 hours - 1));
        _post(0, 1, START - 1 hours - 1, 1);
        _post(0, 1, START + 30, 1);
        vm.expectRevert(abi.encodeWithSelector(selector, START + 30, START + 30, START + 29));
        _post(1, 1, START + 29, 1);
        _post(1, 1, START + 30, 1);
    }

    function test_RevertWhen_DelayedRangeGoesBackOrBeyond() public {
        vm.expectRevert(abi.encodeWithSelector(Inbox.DelayedOutOfRange.selector, 0, 1, 2));
        _post(0, 1, START, 2);
        _post(0, 1, START, 1);
        vm.expectRevert(abi.encodeWithSelector(Inbox.DelayedOutOfRange.selector, 1, 1, 0));
        _post(1, 1, START, 0);
    }

    function test_RevertWhen_AnOverdueMessageIsLeftOut() public {
        vm.warp(START + 1);
        _force();
        vm.warp(START + DELAY - 1);
        _post(0, 1, START + DELAY - 1, 0);
        vm.warp(START + DELAY);
        vm.expectRevert(abi.encodeWithSelector(Inbox.DelayedOverdue.selector, 0, START + DELAY));
        _post(1, 1, START + DELAY, 0);
        _post(1, 1, START + DELAY, 1);
    }

    function test_AnyoneForcesOverdueMessagesIn() public {
        _force();
        vm.warp(START + DELAY - 1);
        vm.expectRevert(abi.encodeWithSelector(Inbox.DelayedNotOverdue.selector, 1, START + DELAY));
        inbox.forceInclude(0, 2);
        vm.warp(OPEN - 1);
        vm.expectRevert(abi.encodeWithSelector(SequencerTurns.NotTurn.selector, SEQUENCER, OPEN));
        inbox.forceInclude(0, 2);
        vm.warp(OPEN);
        inbox.forceInclude(0, 2);
        Batch memory batch = inbox.batch(0);
        vm.assertEq(batch.objectRoot, bytes32(0));
        vm.assertEq(batch.messageCount, 2);
        vm.assertEq(batch.delayedUpTo, 2);
        vm.assertEq(batch.timestamp, OPEN);
    }

    function test_ForcedBatchIsNotBeforeTheLastOne() public {
        vm.warp(START + DELAY - 1);
        _post(0, 1, START + DELAY + 29, 0);
        vm.prank(SEQUENCER);
        inbox.retire();
        // Its last turn is over: nobody's slot is waited for.
        vm.warp(START + DELAY + 28 + 2 * ROUND);
        inbox.forceInclude(1, 1);
        vm.assertEq(inbox.batch(1).timestamp, START + DELAY + 28 + 2 * ROUND);
    }

    function test_ABatchTakesInSoManyOverdueMessagesAndTheRestWaits() public {
        for (uint256 i = 1; i < 1026; ++i) {
            _force();
        }
        vm.warp(START + DELAY);
        vm.expectRevert(abi.encodeWithSelector(Inbox.DelayedOverdue.selector, 1023, START + DELAY));
        _post(0, 1, START + DELAY, 1023);
        _post(0, 3072, START + DELAY, 1024);
        vm.expectRevert(abi.encodeWithSelector(Inbox.DelayedOverdue.selector, 1025, START + DELAY));
        _post(1, 1, START + DELAY, 1025);
        _post(1, 1, START + DELAY, 1026);
    }

    function test_RevertWhen_MessagesHaveNoObject() public {
        Certificate memory certificate = _certificate(0);
        vm.prank(SEQUENCER);
        vm.expectRevert(abi.encodeWithSelector(Inbox.MessagesWithoutObject.selector, 1));
        inbox.postBatch(0, ROOT, 0, 1, uint64(START), 1, certificate);
    }

    function test_RevertWhen_ForcedRangeIsEmptyBeyondOrStale() public {
        vm.warp(OPEN);
        vm.expectRevert(abi.encodeWithSelector(Inbox.BatchIsEmpty.selector));
        inbox.forceInclude(0, 0);
        vm.expectRevert(abi.encodeWithSelector(Inbox.DelayedOutOfRange.selector, 0, 1, 2));
        inbox.forceInclude(0, 2);
        vm.expectRevert(abi.encodeWithSelector(Inbox.UnexpectedBatchIndex.selector, 1, 0));
        inbox.forceInclude(1, 1);
    }

    function test_DepositMovesTokensAndQueuesTheProtocolsBytes() public {
        string memory json = vector("messages");
        token.approve(address(inbox), 5 ether);
        inbox.deposit(vm.parseJsonAddress(json, ".account"), 5 ether);
        vm.assertEq(token.balanceOf(address(bridge)), 5 ether);
        bytes memory message = vm.parseJsonBytes(json, ".deposit");
        vm.assertEq(inbox.delayedMessage(1).objectRoot, Tree.objectRoot(message));
        vm.assertEq(inbox.delayedMessage(1).length, message.length);
    }

    function test_RevertWhen_DepositIsZero() public {
        vm.expectRevert(abi.encodeWithSelector(Inbox.AmountIsZero.selector));
        inbox.deposit(USER, 0);
    }

    function test_PermitNeedsNoApproval() public {
        (uint8 v, bytes32 r, bytes32 s, address holder) = _permit(3 ether);
        vm.prank(holder);
        inbox.depositWithPermit(USER, 3 ether, START, v, r, s);
        vm.assertEq(token.balanceOf(address(bridge)), 3 ether);
    }

    function test_APermitSentBySomebodyElseDoesNoHarm() public {
        (uint8 v, bytes32 r, bytes32 s, address holder) = _permit(3 ether);
        token.permit(holder, address(inbox), 3 ether, START, v, r, s);
        vm.prank(holder);
        inbox.depositWithPermit(USER, 3 ether, START, v, r, s);
        vm.assertEq(token.balanceOf(address(bridge)), 3 ether);
    }

    function test_ForcedMessageIsQueuedWithItsRoot() public {
        vm.expectEmit();
        emit Inbox.MessageDelayed(1, Tree.objectRoot(MESSAGE), uint64(START), MESSAGE);
        inbox.forceMessage(MESSAGE);
        vm.assertEq(inbox.delayedCount(), 2);
    }

    function test_RevertWhen_ForcedMessageIsEmptyOrTooLong() public {
        vm.expectRevert(abi.encodeWithSelector(Inbox.MessageIsEmpty.selector));
        inbox.forceMessage("");
        inbox.forceMessage(new bytes(4096));
        vm.expectRevert(abi.encodeWithSelector(Tree.ObjectTooLong.selector, 4096, 4097));
        inbox.forceMessage(new bytes(4097));
    }

    function test_RevertWhen_AStrangerSpeaksForARegistry() public {
        vm.expectRevert(abi.encodeWithSelector(Inbox.NotRegistry.selector, address(this)));
        inbox.pushRegistryMessage(MESSAGE);
    }

    function testFuzz_KindsOfL1CannotBeForced(uint8 kind, bytes memory body) public {
        vm.assume(body.length < 4096);
        bytes memory message = bytes.concat(bytes1(kind), body);
        if (kind >= 0x20) {
            vm.expectRevert(abi.encodeWithSelector(Inbox.KindNotForced.selector, bytes1(0x20), bytes1(kind)));
        }
        inbox.forceMessage(message);
    }

    function testFuzz_TotalsAreTheSumOfTheCounts(uint32[5] memory counts) public {
        uint256 sum = 1;
        for (uint64 i = 0; i < 5; ++i) {
            uint32 count = uint32(bound(counts[i], 1, 4095));
            _post(i, count, START, 1);
            sum += count;
            vm.assertEq(inbox.batch(i).totalMessages, sum);
        }
    }

    function _force() private {
        inbox.forceMessage(MESSAGE);
    }

    function _certificate(uint64 length) private view returns (Certificate memory) {
        return _certify(keccak256(abi.encodePacked(ROOT, length)), length, 7);
    }

    /// @dev One external call, so that expectRevert sees it as a whole.
    function post(uint64 index, uint32 count, uint64 timestamp, uint64 delayedUpTo) external {
        Certificate memory certificate = _certificate(LENGTH);
        vm.prank(SEQUENCER);
        inbox.postBatch(index, ROOT, LENGTH, count, timestamp, delayedUpTo, certificate);
    }

    function _post(uint64 index, uint32 count, uint256 timestamp, uint64 delayedUpTo) private {
        this.post(index, count, uint64(timestamp), delayedUpTo);
    }

    function _permit(uint256 amount) private returns (uint8 v, bytes32 r, bytes32 s, address holder) {
        holder = vm.addr(77);
        token.mint(holder, amount);
        bytes32 typeHash =
            keccak256("Permit(address owner,address spender,uint256 value,uint256 nonce,uint256 deadline)");
        bytes32 structHash = keccak256(abi.encode(typeHash, holder, address(inbox), amount, 0, START));
        (v, r, s) = vm.sign(77, keccak256(abi.encodePacked(hex"1901", token.DOMAIN_SEPARATOR(), structHash)));
    }
}
