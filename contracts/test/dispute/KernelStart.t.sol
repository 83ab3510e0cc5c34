// SPDX-License-Identifier: MIT
// docs/disputes.md#start, docs/messages.md#batch
pragma solidity 0.8.37;

import {Dispute, GameId, GameKey} from "../../src/Dispute.sol";
import {ClaimedSteps} from "../../src/dispute/ClaimedStep.sol";
import {MessageProof, Messages, Part, TailLeaf} from "../../src/dispute/Message.sol";
import {Kernel} from "../../src/dispute/StartMachine.sol";
import {Constants} from "../../src/generated/Constants.sol";
import {Batch} from "../../src/interfaces/IInbox.sol";
import {Tree} from "../../src/lib/Tree.sol";
import {AssertionId} from "../../src/lib/Types.sol";
import {GameNetwork} from "../support/GameNetwork.sol";
import {Trees} from "../support/Trees.sol";
import {bound, vm} from "../support/Vm.sol";

contract KernelStartTest is GameNetwork {
    uint256 private constant ENTRY = 128;
    uint256 private constant MESSAGE = 512;

    function test_ADelayedMessageIsTheInboxs() public view {
        MessageProof memory none;
        bytes32 root = inbox.delayedMessage(0).objectRoot;
        _assertStart(0, 0, none, 1, root, inbox.delayedMessage(0).length, 0);
    }

    function test_ASequencedMessageIsASubtreeOfTheBatch() public view {
        bytes32 root = Tree.objectRoot(hex"0102030405");
        _assertStart(0, 1, _messageProof(0), 0, root, 5, root);
        root = Tree.objectRoot(_pattern(300));
        _assertStart(0, 2, _messageProof(1), 0, root, 300, root);
    }

    function test_AMessageThatFillsItsSubtreeIsSettled() public {
        bytes[] memory messages = new bytes[](2);
        (messages[0], messages[1]) = (_pattern(128), _pattern(512));
        _postObject(_batchOf(messages), 2);
        _assertStart(1, 0, _messageProof(0), 0, Tree.objectRoot(_pattern(128)), 128, 0);
        _assertStart(1, 1, _messageProof(1), 0, Tree.objectRoot(_pattern(512)), 512, 0);
    }

    function test_AnEmptyMessageOfALeafOfZeros() public {
        bytes[] memory messages = new bytes[](2);
        (messages[0], messages[1]) = (bytes(""), _pattern(512));
        _postObject(_batchOf(messages), 2);
        _assertStart(1, 0, _messageProof(0), 0, _emptyRoot(), 0, _emptyRoot());
    }

    function test_ABatchWithoutMagicOrCountHasEmptyMessages() public {
        bytes memory object = batchObject;
        object[7] = "2";
        _postObject(object, 2);
        _assertEmpty(1, 1, _proofUpTo(Part.HEAD));
        object[7] = "1";
        _postObject(object, 3);
        _assertEmpty(2, 1, _proofUpTo(Part.HEAD));
        vm.expectRevert(abi.encodeWithSelector(Messages.ProofTooLong.selector, Part.HEAD));
        this.startOf(2, 1, _proofUpTo(Part.ENTRY));
    }

    function test_ABatchTooSmallForItsTableHasEmptyMessages() public {
        bytes memory head = Trees.slice(batchObject, 0, 128);
        _postObject(head, 2);
        MessageProof memory none;
        _assertEmpty(1, 1, none);
    }

    /// @dev An entry that names no subtree: too long, not at a multiple of its size, beyond the tree.
    function test_AnEntryThatNamesNoSubtreeIsAnEmptyMessage() public {
        bytes8[4] memory entries = [
            bytes8(abi.encodePacked(uint32(0), uint32(Constants.MAX_MESSAGE_BYTES + 1))),
            bytes8(abi.encodePacked(uint32(2), uint32(300))),
            bytes8(abi.encodePacked(uint32(8), uint32(300))),
            bytes8(abi.encodePacked(uint32(0), uint32(1025)))
        ];
        bytes memory object = batchObject;
        for (uint64 i = 0; i < entries.length; ++i) {
            for (uint256 k = 0; k < 8; ++k) {
                object[ENTRY + 8 + k] = entries[i][k];
            }
            _postObject(object, 2);
            _assertEmpty(1 + i, 1, _proofUpTo(Part.ENTRY));
            vm.expectRevert(abi.encodeWithSelector(Messages.ProofTooLong.selector, Part.ENTRY));
            this.startOf(1 + i, 1, _messageProof(1));
        }
    }

    /// @dev Entries may name the same bytes: a length that is good by itself is too long beside so many messages.
    function test_AMessageTooLongForTheCountIsEmpty() public {
        MessageProof memory whole = _postOverlapping(4096, 16_384);
        _assertStart(1, 4095, whole, 0, Tree.hashObject(whole.subtree, 16_384), 16_384, 0);
        _assertTooLong(4096, 16_385);
        _assertTooLong(4096, 16_388);
    }

    /// @dev The delayed messages before them are not counted: 4,095 of 4,096 are in the object.
    function test_OnlyMessagesOfTheObjectAreCounted() public {
        inbox.forceMessage(hex"00");
        MessageProof memory whole = _postOverlapping(4095, 16_388);
        vm.assertEq(inbox.batch(1).messageCount, 4096);
        bytes32 root = Tree.hashObject(whole.subtree, 16_388);
        _assertStart(1, 4095, whole, 0, root, 16_388, root);
        _assertTooLong(4095, 16_389);
    }

    /// @dev What is not needed is not taken: the other side may have to pay for it.
    function test_RevertWhen_AProofHasPartsThatAreNotNeeded() public {
        MessageProof[7] memory more;
        for (uint256 i = 0; i < 7; ++i) {
            MessageProof memory none;
            more[i] = none;
        }
        (more[0].head, more[1].headPath, more[2].entry) = (new bytes(1), new bytes32[](1), new bytes(1));
        (more[3].entryPath, more[4].subtreePath) = (new bytes32[](1), new bytes32[](1));
        (more[5].tail.leaf, more[6].tail.path) = (new bytes(1), new bytes32[](1));
        for (uint256 i = 0; i < 7; ++i) {
            vm.expectRevert(abi.encodeWithSelector(Messages.ProofTooLong.selector, Part.NONE));
            this.startOf(0, 0, more[i]);
        }
        MessageProof memory proof = _messageProof(1);
        proof.tail.path = new bytes32[](1);
        vm.expectRevert(abi.encodeWithSelector(Messages.ProofTooLong.selector, Part.SUBTREE));
        this.startOf(0, 2, proof);
    }

    function testFuzz_BytesBehindTheMessageMakeItEmptyForWhoShowsThem(uint256 place) public {
        place = bound(place, 300, 511);
        _postTail(place);
        MessageProof memory proof = _messageProof(1);
        proof.tail = _tail(place / 128);
        _assertEmpty(1, 1, proof);
        for (uint256 leaf = 0; leaf < 4; ++leaf) {
            if (leaf == place / 128) continue;
            proof.tail = _tail(leaf);
            vm.expectRevert(abi.encodeWithSelector(Messages.TailIsZero.selector, 300, leaf));
            this.startOf(1, 1, proof);
        }
    }

    function test_RevertWhen_AMessageInOrderIsRefuted() public {
        AssertionId assertion = _assertSteps(_steps("claim"), EXECUTOR);
        GameId id = _open(assertion, STEP, CHALLENGER, false, 1);
        bytes32 subtree = _messageProof(1).subtree;
        TailLeaf memory tail = _tail(3);
        vm.prank(EXECUTOR);
        vm.expectRevert(abi.encodeWithSelector(Messages.TailIsZero.selector, 300, 3));
        dispute.refuteMessage(_key(id), _posted(id), subtree, 300, tail);
        tail = _tail(2);
        vm.prank(EXECUTOR);
        vm.expectRevert(abi.encodeWithSelector(Messages.TailIsZero.selector, 300, 2));
        dispute.refuteMessage(_key(id), _posted(id), subtree, 300, tail);
        tail.index = 2 + 4;
        vm.prank(EXECUTOR);
        vm.expectRevert(abi.encodeWithSelector(Tree.IndexOutOfRange.selector, 4, 6));
        dispute.refuteMessage(_key(id), _posted(id), subtree, 300, tail);
    }

    function test_RevertWhen_AProofIsOfAnotherBatch() public {
        MessageProof memory proof = _messageProof(1);
        proof.head[100] ^= 0x01;
        _expectRefusal(proof, Messages.BatchObjectMismatch.selector);
        proof = _messageProof(1);
        proof.entry[127] ^= 0x01;
        _expectRefusal(proof, Messages.BatchObjectMismatch.selector);
        proof = _messageProof(1);
        proof.subtree = keccak256("other");
        _expectRefusal(proof, Messages.BatchObjectMismatch.selector);
        proof = _messageProof(1);
        proof.subtreePath = new bytes32[](2);
        _expectRefusal(proof, Tree.PathLengthMismatch.selector);
        proof = _messageProof(1);
        proof.head = "";
        _expectRefusal(proof, Tree.LeafLengthMismatch.selector);
    }

    function test_RevertWhen_TheCursorIsAtNoMessage() public {
        MessageProof memory none;
        vm.expectRevert(abi.encodeWithSelector(ClaimedSteps.CursorOutOfRange.selector, 0, 3));
        this.startOf(0, 3, none);
        vm.expectRevert(abi.encodeWithSelector(ClaimedSteps.CursorOutOfRange.selector, 1, 0));
        this.startOf(1, 0, none);
    }

    function startOf(uint64 batch, uint64 message, MessageProof memory proof) public view returns (bytes32, bytes32) {
        Kernel memory kernel = Kernel(_header(), keccak256("code"), 1000);
        return kernelStart.startOf(_leafBytes("state", batch, message, 9), kernel, proof);
    }

    function _proofUpTo(Part last) private view returns (MessageProof memory proof) {
        MessageProof memory whole = _messageProof(1);
        if (last >= Part.HEAD) (proof.head, proof.headPath) = (whole.head, whole.headPath);
        if (last >= Part.ENTRY) (proof.entry, proof.entryPath) = (whole.entry, whole.entryPath);
    }

    /// @dev A batch whose last entry names `length` bytes at leaf 512; returns the proof of that message as far as a proof can go.
    function _postOverlapping(uint32 count, uint32 length) private returns (MessageProof memory proof) {
        bytes memory table = new bytes(512 * 128 - 128);
        uint256 place = (uint256(count) - 1) * 8;
        bytes8 entry = bytes8(abi.encodePacked(uint32(512), length));
        for (uint256 k = 0; k < 8; ++k) {
            table[place + k] = entry[k];
        }
        bytes memory head = _padded(abi.encodePacked("MIZUBAT1", count), 128);
        bytes memory object = bytes.concat(head, table, _padded(_pattern(length), 256 * 128));
        _postObject(object, count);
        uint256 height = length > 16_384 ? 8 : 7;
        proof.head = head;
        proof.headPath = Trees.pathOf(object, 0, 0);
        proof.entry = Trees.slice(object, 128 + place / 128 * 128, 128);
        proof.entryPath = Trees.pathOf(object, 1 + place / 128, 0);
        proof.subtree = Trees.nodeAt(object, 512 >> height, height);
        proof.subtreePath = Trees.pathOf(object, 512 >> height, height);
    }

    /// @dev The last message of the batch, which whoever opens cannot take for its bytes.
    function _assertTooLong(uint32 count, uint32 length) private {
        MessageProof memory proof = _postOverlapping(count, length);
        uint64 batch = inbox.batchCount() - 1;
        uint64 last = inbox.batch(batch).messageCount - 1;
        vm.expectRevert(abi.encodeWithSelector(Messages.ProofTooLong.selector, Part.ENTRY));
        this.startOf(batch, last, proof);
        proof.subtreePath = new bytes32[](0);
        _assertEmpty(batch, last, proof);
    }

    function _assertEmpty(uint64 batch, uint64 message, MessageProof memory proof) private view {
        _assertStart(batch, message, proof, 0, _emptyRoot(), 0, 0);
    }

    /// @dev The machine written down as docs/machine.md has it.
    function _assertStart(
        uint64 batch,
        uint64 message,
        MessageProof memory proof,
        uint8 origin,
        bytes32 root,
        uint64 length,
        bytes32 shaky
    ) private view {
        bytes memory records = bytes.concat(
            _record(_emptyRoot(), 0),
            _leafRecord(_leafBytes("state", batch, message, 9)),
            _leafRecord(_contextLeaf(batch, message, origin)),
            _record(root, length)
        );
        (bytes32 start, bytes32 actualShaky) = startOf(batch, message, proof);
        vm.assertEq(start, _machineHash(Tree.objectRoot(records)));
        vm.assertEq(actualShaky, shaky);
    }

    function _contextLeaf(uint64 batch, uint64 message, uint8 origin) private view returns (bytes memory) {
        Batch memory posted = inbox.batch(batch);
        uint64 count = posted.messageCount;
        return _padded(abi.encodePacked(posted.timestamp, origin, bytes7(0), batch, message, count), 128);
    }

    function _machineHash(bytes32 inputs) private pure returns (bytes32) {
        bytes memory context = abi.encodePacked(keccak256("data"), inputs, bytes32(0), _kernel(), uint64(0));
        context = abi.encodePacked(context, uint64(1 << 39), uint32(4), uint32(0));
        bytes memory first = abi.encodePacked(hex"01000000", uint32(7), uint32(9), uint64(1 << 39), uint32(3));
        first = abi.encodePacked(first, uint32(1024), uint32(1000));
        bytes memory roots = abi.encodePacked(
            keccak256("code"), keccak256("slots"), keccak256("memory"), Constants.ZERO_LEAF_HASH, bytes32(0)
        );
        bytes32 contextHash = keccak256(bytes.concat(bytes1(0x0a), context));
        return keccak256(bytes.concat(bytes1(0x08), first, roots, contextHash, bytes32(0)));
    }

    function _expectRefusal(MessageProof memory proof, bytes4 selector) private {
        vm.expectPartialRevert(selector);
        this.startOf(0, 2, proof);
    }

    function _postTail(uint256 place) private {
        bytes memory object = batchObject;
        object[MESSAGE + place] = 0x01;
        _postObject(object, 2);
    }

    function _tail(uint256 leaf) private view returns (TailLeaf memory tail) {
        bytes memory subtree = Trees.slice(batchObject, MESSAGE, 512);
        return TailLeaf(leaf, Trees.slice(subtree, leaf * 128, 128), Trees.pathOf(subtree, leaf, 0));
    }

    function _leafRecord(bytes memory leaf) private pure returns (bytes memory) {
        return _record(Tree.objectRoot(leaf), 128);
    }

    function _record(bytes32 root, uint64 length) private pure returns (bytes memory) {
        return abi.encodePacked(root, length, bytes24(0));
    }

    function _emptyRoot() private pure returns (bytes32) {
        return Tree.objectRoot("");
    }
}

/// @dev Batch 0 has a byte behind its second message, which therefore is empty.
contract RefutationTest is GameNetwork {
    function _batchOf(bytes[] memory messages) internal pure override returns (bytes memory object) {
        object = super._batchOf(messages);
        object[512 + 400] = 0x01;
    }

    function test_WhoHidesBytesBehindTheMessageIsRefuted() public {
        AssertionId assertion = _assertSteps(_steps("claim"), EXECUTOR);
        GameId id = _open(assertion, STEP, CHALLENGER, false, 1);
        bytes32 subtree = _messageProof(1).subtree;
        bytes memory object = Trees.slice(batchObject, 512, 512);
        TailLeaf memory tail = TailLeaf(3, Trees.slice(object, 384, 128), Trees.pathOf(object, 3, 0));
        vm.prank(CHALLENGER);
        vm.expectRevert(abi.encodeWithSelector(Dispute.NotPlayer.selector, EXECUTOR, CHALLENGER));
        dispute.refuteMessage(_key(id), _posted(id), subtree, 300, tail);
        vm.prank(EXECUTOR);
        vm.expectPartialRevert(Dispute.MessageMismatch.selector);
        dispute.refuteMessage(_key(id), _posted(id), subtree, 299, tail);
        vm.prank(EXECUTOR);
        dispute.refuteMessage(_key(id), _posted(id), subtree, 300, tail);
        vm.assertEq(uint256(dispute.gameOf(id).status), uint256(Dispute.Status.ASSERTER_WON));
        vm.assertEq(uint256(rollup.assertionOf(assertion).openGames), 0);
    }

    /// @dev The message is part of the opening's list alone: whoever has answered has taken it.
    function test_RevertWhen_AMessageIsRefutedAfterTheFirstAnswer() public {
        AssertionId assertion = _assertSteps(_steps("claim"), EXECUTOR);
        GameId id = _open(assertion, STEP, CHALLENGER, false, 1);
        bytes32 subtree = _messageProof(1).subtree;
        bytes memory object = Trees.slice(batchObject, 512, 512);
        TailLeaf memory tail = TailLeaf(3, Trees.slice(object, 384, 128), Trees.pathOf(object, 3, 0));
        _move(id, 0, EXECUTOR, 0);
        _move(id, 0, CHALLENGER, 1);
        vm.prank(EXECUTOR);
        vm.expectRevert(abi.encodeWithSelector(Dispute.ListCountMismatch.selector, 1, 3));
        dispute.refuteMessage(_key(id), _posted(id), subtree, 300, tail);
    }

    function test_WhoShowsThemPlaysWithTheEmptyMessage() public {
        AssertionId assertion = _assertSteps(_steps("claim"), EXECUTOR);
        Dispute.Opening memory opening = _opening(assertion, STEP);
        bytes memory object = Trees.slice(batchObject, 512, 512);
        opening.message.tail = TailLeaf(3, Trees.slice(object, 384, 128), Trees.pathOf(object, 3, 0));
        (bytes32 start, bytes32 message) = kernelStart.startOf(opening.step.pre, opening.kernel, opening.message);
        vm.assertEq(message, 0);
        vm.prank(CHALLENGER);
        GameId id = dispute.open(opening);
        boards[id] = Board(GameKey(assertion, uint64(STEP), CHALLENGER), start, message, opening.list, 1, 0, start);
        vm.prank(EXECUTOR);
        vm.expectPartialRevert(Dispute.MessageMismatch.selector);
        dispute.refuteMessage(_key(id), _posted(id), opening.message.subtree, 300, opening.message.tail);
    }
}
