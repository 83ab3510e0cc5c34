// SPDX-License-Identifier: MIT
// docs/disputes.md#message, docs/messages.md#batch
pragma solidity 0.8.37;

import {Constants} from "../generated/Constants.sol";
import {Batch, DelayedMessage, IInbox} from "../interfaces/IInbox.sol";
import {Tree} from "../lib/Tree.sol";
import {DataObject} from "../lib/Types.sol";
import {ClaimedSteps, Cursor} from "./ClaimedStep.sol";

/// @notice What a sequenced message is proven with, out of its batch object. Parts that are not needed must be empty: whoever
/// loses would pay for them.
/// @param head leaf 0 of the batch object
/// @param entry the leaf of its table in which the message's entry lies
/// @param subtree root of the message's tree, lowest siblings first in `subtreePath`
/// @param tail only if the subtree holds something behind the message: such a leaf
struct MessageProof {
    bytes head;
    bytes32[] headPath;
    bytes entry;
    bytes32[] entryPath;
    bytes32 subtree;
    bytes32[] subtreePath;
    TailLeaf tail;
}

/// @notice A leaf of a message's subtree with a byte behind the message that is not zero.
/// @param index in leaves from the subtree's first
struct TailLeaf {
    uint256 index;
    bytes leaf;
    bytes32[] path;
}

/// @notice The parts of a MessageProof, in the order in which they are read.
enum Part {
    NONE,
    HEAD,
    ENTRY,
    SUBTREE,
    TAIL
}

/// @title The bytes that a step processes, as an object, out of what the Inbox holds.
library Messages {
    uint256 private constant COUNT_OFFSET = 8;
    uint256 private constant HEAD_BYTES = 12;
    uint256 private constant ENTRY_BYTES = 8;
    uint64 private constant FROM_L1 = 1;

    error BatchObjectMismatch(bytes32 expectedRoot, bytes32 actualRoot);
    error SubtreeMismatch(bytes32 expectedRoot, bytes32 actualRoot);
    error TailIsZero(uint256 messageLength, uint256 leafIndex);
    error ProofTooLong(Part last);

    /// @return message at the cursor
    /// @return contextLeaf 128 bytes, docs/kernel.md
    /// @return shaky whether the message was taken for non-empty without seeing all bytes behind it
    function read(IInbox inbox, Cursor memory cursor, MessageProof calldata proof)
        internal
        view
        returns (DataObject memory message, bytes memory contextLeaf, bool shaky)
    {
        Batch memory batch = ClaimedSteps.batchOf(inbox, cursor);
        uint64 delayedFrom = cursor.batch == 0 ? 0 : inbox.batch(cursor.batch - 1).delayedUpTo;
        uint64 delayed = batch.delayedUpTo - delayedFrom;
        uint64 origin = 0;
        if (cursor.message < delayed) {
            origin = FROM_L1;
            _requireLast(proof, Part.NONE);
            DelayedMessage memory queued = inbox.delayedMessage(delayedFrom + cursor.message);
            message = DataObject(queued.objectRoot, queued.length);
        } else {
            (message, shaky) = sequenced(batch, cursor.message - delayed, batch.messageCount - delayed, proof);
        }
        contextLeaf = abi.encodePacked(
            batch.timestamp,
            origin << 56,
            cursor.batch,
            cursor.message,
            uint64(batch.messageCount),
            bytes32(0),
            bytes32(0),
            bytes24(0)
        );
    }

    /// @notice Reverts unless the leaf shows a byte behind the message that is not zero: then the message is empty.
    function requireTail(bytes32 subtree, uint256 length, TailLeaf calldata tail) internal pure {
        uint256 depth = Tree.depthOf(Tree.leafCount(length));
        require(tail.path.length == depth, Tree.PathLengthMismatch(depth, tail.path.length));
        bytes32 root = Tree.rootFromPath(Tree.hashLeaf(tail.leaf), tail.index, tail.path);
        require(root == subtree, SubtreeMismatch(subtree, root));
        uint256 start = tail.index * Constants.LEAF_BYTES;
        for (uint256 i = length > start ? length - start : 0; i < Constants.LEAF_BYTES; ++i) {
            if (tail.leaf[i] != 0) return;
        }
        revert TailIsZero(length, tail.index);
    }

    /// @notice The sequenced message `index` of a batch whose object holds `count` of them.
    /// @dev Total, as decodeBatch of protocol/batch.ts: whatever the object holds, each of its messages is one object.
    function sequenced(Batch memory batch, uint256 index, uint256 count, MessageProof calldata proof)
        internal
        pure
        returns (DataObject memory message, bool shaky)
    {
        Part last;
        (message, last) = _find(batch, index, count, proof);
        _requireLast(proof, last);
        uint256 leaves = Tree.leafCount(message.length);
        shaky = last == Part.SUBTREE && message.length < (Constants.LEAF_BYTES << Tree.depthOf(leaves));
    }

    /// @return message the empty object, unless the proof shows another
    /// @return last part of the proof that was read
    function _find(Batch memory batch, uint256 index, uint256 count, MessageProof calldata proof)
        private
        pure
        returns (DataObject memory message, Part last)
    {
        message = DataObject(Tree.hashObject(Constants.ZERO_LEAF_HASH, 0), 0);
        uint256 place = Constants.LEAF_BYTES + index * ENTRY_BYTES;
        if (batch.objectLength < HEAD_BYTES || place + ENTRY_BYTES > batch.objectLength) return (message, Part.NONE);
        _requireNode(batch, Tree.hashLeaf(proof.head), 0, 0, proof.headPath);
        bool isBatch = bytes8(proof.head) == bytes8(bytes(Constants.BATCH_MAGIC))
            && uint32(bytes4(proof.head[COUNT_OFFSET:])) == count;
        if (!isBatch) return (message, Part.HEAD);
        _requireNode(batch, Tree.hashLeaf(proof.entry), place / Constants.LEAF_BYTES, 0, proof.entryPath);
        uint256 firstLeaf = uint32(bytes4(proof.entry[place % Constants.LEAF_BYTES:]));
        uint256 length = uint32(bytes4(proof.entry[place % Constants.LEAF_BYTES + 4:]));
        if (length > Constants.MAX_MESSAGE_BYTES || length * count > Constants.MAX_SEQUENCED_BYTES) {
            return (message, Part.ENTRY);
        }
        uint256 height = Tree.depthOf(Tree.leafCount(length));
        // forge-lint: disable-next-line(incorrect-shift)
        uint256 leaves = 1 << height;
        // forge-lint: disable-next-line(incorrect-shift)
        uint256 treeLeaves = 1 << Tree.depthOf(Tree.leafCount(batch.objectLength));
        if (firstLeaf % leaves != 0 || firstLeaf + leaves > treeLeaves) return (message, Part.ENTRY);
        _requireNode(batch, proof.subtree, firstLeaf >> height, height, proof.subtreePath);
        if (proof.tail.leaf.length > 0) {
            requireTail(proof.subtree, length, proof.tail);
            return (message, Part.TAIL);
        }
        // Four bytes of the entry.
        // forge-lint: disable-next-line(unsafe-typecast)
        message = DataObject(Tree.hashObject(proof.subtree, uint64(length)), uint64(length));
        last = Part.SUBTREE;
    }

    /// @dev Reverts if the proof has parts behind this one: they would cost gas that the other side may have to pay.
    function _requireLast(MessageProof calldata proof, Part last) private pure {
        bool longer = (last < Part.HEAD && proof.head.length + proof.headPath.length > 0)
            || (last < Part.ENTRY && proof.entry.length + proof.entryPath.length > 0)
            || (last < Part.SUBTREE && proof.subtreePath.length > 0)
            || (last < Part.TAIL && proof.tail.leaf.length + proof.tail.path.length > 0);
        require(!longer, ProofTooLong(last));
    }

    function _requireNode(Batch memory batch, bytes32 node, uint256 index, uint256 height, bytes32[] calldata path)
        private
        pure
    {
        bytes32 root = Tree.objectRootFromPath(node, index, height, batch.objectLength, path);
        require(root == batch.objectRoot, BatchObjectMismatch(batch.objectRoot, root));
    }
}
