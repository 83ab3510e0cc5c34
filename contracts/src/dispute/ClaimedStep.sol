// SPDX-License-Identifier: MIT
// docs/disputes.md#judged
pragma solidity 0.8.37;

import {Constants} from "../generated/Constants.sol";
import {Batch, IInbox} from "../interfaces/IInbox.sol";
import {Tree} from "../lib/Tree.sol";
import {AssertionId} from "../lib/Types.sol";

/// @notice One step of an assertion: two neighbours of its step list, 128 bytes each as they were asserted.
/// @param index of the step: leaf `index` is before it, leaf `index + 1` after it
struct ClaimedStep {
    AssertionId assertion;
    uint64 index;
    bytes pre;
    bytes32[] prePath;
    bytes post;
    bytes32[] postPath;
}

/// @notice Where a state leaf stands: the next message, and the steps since genesis.
struct Cursor {
    uint64 batch;
    uint64 message;
    uint64 step;
}

/// @title Steps as asserted, and what is wrong with a leaf by itself.
library ClaimedSteps {
    uint256 private constant BATCH_OFFSET = 64;
    uint256 private constant ZEROS_OFFSET = 88;

    error StepListMismatch(bytes32 expectedRoot, bytes32 actualRoot);
    error CursorOutOfRange(uint64 batch, uint64 message);

    /// @notice Reverts unless both leaves stand in the step list.
    function requireIn(ClaimedStep calldata step, bytes32 stepRoot, uint64 stepCount) internal pure {
        uint256 leaves = uint256(stepCount) + 1;
        bytes32 root = Tree.listRootFromPath(Tree.hashLeaf(step.pre), step.index, leaves, step.prePath);
        require(root == stepRoot, StepListMismatch(stepRoot, root));
        root = Tree.listRootFromPath(Tree.hashLeaf(step.post), uint256(step.index) + 1, leaves, step.postPath);
        require(root == stepRoot, StepListMismatch(stepRoot, root));
    }

    /// @notice Whether the leaf after can be one: its cursor is the successor's, and its last 40 bytes are zero.
    /// @dev Whether the leaf before can be one is another step's matter; the first leaf of a list always is.
    function isWellFormed(ClaimedStep calldata step, IInbox inbox) internal view returns (bool) {
        Cursor memory next = cursorOf(step.pre);
        uint256 messageCount = batchOf(inbox, next).messageCount;
        Cursor memory actual = cursorOf(step.post);
        if (++next.message == messageCount) (next.batch, next.message) = (next.batch + 1, 0);
        bytes calldata zeros = step.post[ZEROS_OFFSET:];
        // The first 32 bytes and the eight behind them.
        // forge-lint: disable-next-line(unsafe-typecast)
        bool blank = bytes32(zeros) == 0 && bytes8(zeros[32:]) == 0;
        return blank && actual.batch == next.batch && actual.message == next.message && actual.step == next.step + 1;
    }

    /// @notice The batch that the cursor is in; reverts if it is at no message.
    function batchOf(IInbox inbox, Cursor memory cursor) internal view returns (Batch memory batch) {
        require(cursor.batch < inbox.batchCount(), CursorOutOfRange(cursor.batch, cursor.message));
        batch = inbox.batch(cursor.batch);
        require(cursor.message < batch.messageCount, CursorOutOfRange(cursor.batch, cursor.message));
    }

    function cursorOf(bytes calldata leaf) internal pure returns (Cursor memory cursor) {
        require(leaf.length == Constants.LEAF_BYTES, Tree.LeafLengthMismatch(Constants.LEAF_BYTES, leaf.length));
        cursor.batch = uint64(bytes8(leaf[BATCH_OFFSET:]));
        cursor.message = uint64(bytes8(leaf[BATCH_OFFSET + 8:]));
        cursor.step = uint64(bytes8(leaf[BATCH_OFFSET + 16:]));
    }
}
