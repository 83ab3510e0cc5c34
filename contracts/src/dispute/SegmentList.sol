// SPDX-License-Identifier: MIT
// docs/disputes.md#game
pragma solidity 0.8.37;

import {Tree} from "../lib/Tree.sol";

/// @notice A list as it was posted in a game. The game keeps the hash of it alone: who answers shows what it was.
/// @param number of the list in its game, from 1: the same hashes posted once more are another list
/// @param root of the 32 hashes
/// @param start machine at the start of the list's range
/// @param message of the opening's list: object root of a sequenced message whose tail has not been seen; else zero
struct PostedList {
    uint256 number;
    bytes32 root;
    bytes32 start;
    bytes32 message;
}

/// @notice What a move answers: the segment of the last list whose start the mover accepts and whose end he disputes.
/// @param index of the segment, 0 to 31
/// @param start machine at its start: entry `index - 1`, for segment 0 the start that the list was posted with
/// @param end entry `index`
/// @param path of the two entries, lowest first: until they have a common ancestor the left one's sibling before the
/// right one's, each only where it is not the other entry's; then the ancestor's. For segment 0: of entry 0 alone
struct Segment {
    uint256 index;
    bytes32 start;
    bytes32 end;
    bytes32[] path;
}

/// @title Lists of 32 hashes: the machine at the ends of 32 equal segments.
library SegmentLists {
    uint256 internal constant COUNT = 32;
    uint256 private constant DEPTH = 5;

    error ListMismatch(bytes32 expected, bytes32 actual);
    error SegmentOutOfRange(uint256 last, uint256 actual);
    error StartMismatch(bytes32 expected, bytes32 actual);
    error EntriesMismatch(bytes32 expectedRoot, bytes32 actualRoot);

    /// @notice Merkle root of a list, computed here: nobody can name a list that he has not shown.
    function rootOf(bytes32[COUNT] calldata list) internal pure returns (bytes32 root) {
        assembly ("memory-safe") {
            let level := mload(0x40)
            calldatacopy(level, list, 1024)
            let node := add(level, 1024)
            mstore8(node, 0x01)
            for { let count := 512 } gt(count, 16) { count := shr(1, count) } {
                // Each parent is written over children that were read before.
                for { let parent := 0 } lt(parent, count) { parent := add(parent, 32) } {
                    mcopy(add(node, 1), add(level, shl(1, parent)), 64)
                    mstore(add(level, parent), keccak256(node, 65))
                }
            }
            root := mload(level)
        }
    }

    /// @notice What a game keeps of a list.
    function hash(PostedList memory posted) internal pure returns (bytes32) {
        return keccak256(abi.encode(posted));
    }

    /// @notice Reverts unless the list is the one that the game keeps.
    function requirePosted(PostedList calldata list, bytes32 expected) internal pure {
        bytes32 actual = hash(list);
        require(actual == expected, ListMismatch(expected, actual));
    }

    /// @notice Reverts unless the segment is one of the list.
    function requireIn(Segment calldata segment, PostedList calldata list) internal pure {
        require(segment.index < COUNT, SegmentOutOfRange(COUNT - 1, segment.index));
        bytes32 root;
        if (segment.index == 0) {
            require(segment.start == list.start, StartMismatch(list.start, segment.start));
            require(segment.path.length == DEPTH, Tree.PathLengthMismatch(DEPTH, segment.path.length));
            root = Tree.rootFromPath(segment.end, 0, segment.path);
        } else {
            root = _rootOfPair(segment);
        }
        require(root == list.root, EntriesMismatch(list.root, root));
    }

    /// @dev Root of the list in which `start` and `end` are neighbours.
    function _rootOfPair(Segment calldata segment) private pure returns (bytes32 left) {
        bytes32[] calldata path = segment.path;
        (uint256 place, bytes32 right) = (segment.index - 1, segment.end);
        left = segment.start;
        // An odd left and an even right one are not siblings: each has its own beside it.
        uint256 apart = 0;
        while ((place >> apart) & 1 == 1) ++apart;
        require(path.length == DEPTH - 1 + apart, Tree.PathLengthMismatch(DEPTH - 1 + apart, path.length));
        for (uint256 i = 0; i < apart; ++i) {
            left = Tree.hashNode(path[2 * i], left);
            right = Tree.hashNode(right, path[2 * i + 1]);
        }
        left = Tree.hashNode(left, right);
        place >>= apart + 1;
        for (uint256 i = 2 * apart; i < path.length; ++i) {
            left = place & 1 == 0 ? Tree.hashNode(left, path[i]) : Tree.hashNode(path[i], left);
            place >>= 1;
        }
    }
}
