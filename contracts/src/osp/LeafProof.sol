// SPDX-License-Identifier: MIT
// docs/machine.md#proof, docs/vm.md#tree
pragma solidity 0.8.37;

// 1 << n is meant: 2^n.
// forge-lint: disable-start(incorrect-shift)

import {Constants} from "../generated/Constants.sol";
import {Tree} from "../lib/Tree.sol";
import {Witness, Witnesses} from "./Witness.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";

/// @notice A leaf that was proven to stand in a tree.
/// @param data the tag 0x00, then the leaf's 128 bytes; may be changed to compute the root after a write
/// @param hash leaf hash as it was proven
/// @param siblings offset in calldata of the path, lowest first
struct LeafProof {
    bytes data;
    bytes32 hash;
    uint256 index;
    uint256 siblings;
    uint256 depth;
}

using LeafProofs for LeafProof global;

/// @title Leaf proofs: `leaf 128 ‖ siblings 32 × depth`.
library LeafProofs {
    uint256 internal constant LEAF_BYTES = Constants.LEAF_BYTES;
    uint256 private constant TAGGED_BYTES = LEAF_BYTES + 1;

    error RootMismatch(bytes32 expected, bytes32 actual);

    /// @notice Reads a leaf proof and holds it against a root.
    function read(Witness memory witness, bytes32 root, uint256 index, uint256 depth)
        internal
        pure
        returns (LeafProof memory proof)
    {
        uint256 start = witness.take(LEAF_BYTES);
        bytes memory data = new bytes(TAGGED_BYTES);
        assembly ("memory-safe") {
            calldatacopy(add(data, 33), start, 128)
        }
        proof.data = data;
        proof.hash = keccak256(data);
        proof.index = index;
        proof.depth = depth;
        proof.siblings = witness.take(32 * depth);
        requireRoot(root, rootOf(proof.hash, index, proof.siblings, depth));
    }

    /// @notice Root of the tree with the leaf as it is now.
    function rootAfter(LeafProof memory proof) internal pure returns (bytes32) {
        return rootOf(keccak256(proof.data), proof.index, proof.siblings, proof.depth);
    }

    /// @notice Root of the tree with two of its leaves as they are now.
    /// @dev Up to where their paths meet each has its own siblings; from there on they share them.
    function rootAfterBoth(LeafProof memory first, LeafProof memory second) internal pure returns (bytes32) {
        uint256 level = Math.log2(first.index ^ second.index);
        bytes32 left = _rootBelow(first, level);
        bytes32 right = _rootBelow(second, level);
        if (second.index < first.index) (left, right) = (right, left);
        uint256 above = level + 1;
        return
            rootOf(Tree.hashNode(left, right), first.index >> above, first.siblings + 32 * above, first.depth - above);
    }

    /// @notice Root that a leaf hash at `index` has with the siblings in calldata at an offset.
    /// @dev The index is bounded by the depth: it cannot name the same leaf in two ways.
    function rootOf(bytes32 leafHash, uint256 index, uint256 siblings, uint256 depth)
        internal
        pure
        returns (bytes32 root)
    {
        require(index >> depth == 0, Tree.IndexOutOfRange(1 << depth, index));
        assembly ("memory-safe") {
            root := leafHash
            let buffer := mload(0x40)
            mstore8(buffer, 0x01)
            let left := add(buffer, 1)
            let end := add(siblings, shl(5, depth))
            for {} lt(siblings, end) { siblings := add(siblings, 32) } {
                // The running hash goes right where the index is odd, the sibling to the other side.
                let side := shl(5, and(index, 1))
                mstore(add(left, side), root)
                mstore(add(left, xor(side, 32)), calldataload(siblings))
                root := keccak256(buffer, 65)
                index := shr(1, index)
            }
        }
    }

    /// @notice Depth of the tree over so many bytes.
    function depthOf(uint256 length) internal pure returns (uint256) {
        return Math.log2(Tree.leafCount(length), Math.Rounding.Ceil);
    }

    /// @notice Big-endian number of `size` bytes, at most 32, at an offset of the leaf.
    function numberAt(LeafProof memory proof, uint256 offset, uint256 size) internal pure returns (uint256 value) {
        bytes memory data = proof.data;
        assembly ("memory-safe") {
            value := mload(add(add(data, 33), offset))
        }
        value >>= 256 - 8 * size;
    }

    function wordAt(LeafProof memory proof, uint256 offset) internal pure returns (bytes32) {
        return bytes32(proof.numberAt(offset, 32));
    }

    /// @notice Writes a big-endian number of 8 bytes at an offset of the leaf.
    function setUint64(LeafProof memory proof, uint256 offset, uint256 value) internal pure {
        bytes memory data = proof.data;
        assembly ("memory-safe") {
            let start := add(add(data, 9), offset)
            // The 24 bytes before stay as they are, so that nothing behind the leaf is touched.
            mstore(start, or(and(mload(start), not(0xffffffffffffffff)), and(value, 0xffffffffffffffff)))
        }
    }

    /// @notice Copies `size` bytes of `source` from `from` into the leaf at `offset`.
    function put(LeafProof memory proof, uint256 offset, bytes memory source, uint256 from, uint256 size)
        internal
        pure
    {
        bytes memory data = proof.data;
        assembly ("memory-safe") {
            mcopy(add(add(data, 33), offset), add(add(source, 32), from), size)
        }
    }

    /// @notice Copies `size` bytes of the leaf from `offset` into `target` at `to`.
    function get(LeafProof memory proof, uint256 offset, bytes memory target, uint256 to, uint256 size) internal pure {
        bytes memory data = proof.data;
        assembly ("memory-safe") {
            mcopy(add(add(target, 32), to), add(add(data, 33), offset), size)
        }
    }

    /// @notice The `size` bytes of a tree that begin at `address_`: out of one leaf proof or, ascending, two.
    /// @param size at most a leaf, and not 0
    function readSpan(Witness memory witness, bytes32 root, uint256 depth, uint256 address_, uint256 size)
        internal
        pure
        returns (bytes memory span)
    {
        span = new bytes(size);
        uint256 index = address_ / LEAF_BYTES;
        uint256 offset = address_ % LEAF_BYTES;
        uint256 first = Math.min(size, LEAF_BYTES - offset);
        read(witness, root, index, depth).get(offset, span, 0, first);
        if (first < size) read(witness, root, index + 1, depth).get(0, span, first, size - first);
    }

    /// @notice Writes `data`, at most a leaf and not empty, and returns the root after it: one leaf proof or two, the
    /// second against the root after the first was written.
    function writeSpan(Witness memory witness, bytes32 root, uint256 depth, uint256 address_, bytes memory data)
        internal
        pure
        returns (bytes32)
    {
        uint256 index = address_ / LEAF_BYTES;
        uint256 offset = address_ % LEAF_BYTES;
        uint256 first = Math.min(data.length, LEAF_BYTES - offset);
        LeafProof memory proof = read(witness, root, index, depth);
        proof.put(offset, data, 0, first);
        root = proof.rootAfter();
        if (first == data.length) return root;
        proof = read(witness, root, index + 1, depth);
        proof.put(0, data, first, data.length - first);
        return proof.rootAfter();
    }

    /// @dev Root of the subtree of this height in which the leaf lies, with the leaf as it is now.
    function _rootBelow(LeafProof memory proof, uint256 height) private pure returns (bytes32) {
        return rootOf(keccak256(proof.data), proof.index & ((1 << height) - 1), proof.siblings, height);
    }

    function requireRoot(bytes32 expected, bytes32 actual) internal pure {
        require(expected == actual, RootMismatch(expected, actual));
    }
}
