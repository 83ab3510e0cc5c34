// SPDX-License-Identifier: MIT
// docs/vm.md#tree
pragma solidity 0.8.37;

import {Constants} from "../generated/Constants.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";

/// @title The one kind of tree that everything is hashed with.
library Tree {
    error ObjectTooLong(uint256 maximum, uint256 actual);
    error PathLengthMismatch(uint256 expected, uint256 actual);
    error IndexOutOfRange(uint256 leaves, uint256 index);
    error PaddingNotZero(uint256 height);
    error LeafLengthMismatch(uint256 expected, uint256 actual);

    /// @notice keccak256(0x01 ‖ left ‖ right).
    function hashNode(bytes32 left, bytes32 right) internal pure returns (bytes32 hash) {
        assembly ("memory-safe") {
            // 65 bytes end inside the free memory pointer's slot, so they are put behind it.
            let buffer := mload(0x40)
            mstore8(buffer, 0x01)
            mstore(add(buffer, 1), left)
            mstore(add(buffer, 33), right)
            hash := keccak256(buffer, 65)
        }
    }

    /// @notice keccak256(0x00 ‖ leaf), of exactly 128 bytes.
    function hashLeaf(bytes memory leaf) internal pure returns (bytes32) {
        require(leaf.length == Constants.LEAF_BYTES, LeafLengthMismatch(Constants.LEAF_BYTES, leaf.length));
        return keccak256(abi.encodePacked(bytes1(0), leaf));
    }

    /// @notice Name of the object with this tree root and length in bytes.
    function hashObject(bytes32 treeRoot, uint64 length) internal pure returns (bytes32) {
        return keccak256(abi.encodePacked(Constants.OBJECT_TAG, length, treeRoot));
    }

    /// @notice Number of leaves of an object: zero bytes make one leaf.
    function leafCount(uint256 length) internal pure returns (uint256) {
        return length == 0 ? 1 : (length + Constants.LEAF_BYTES - 1) / Constants.LEAF_BYTES;
    }

    /// @notice The smallest d with 2^d >= leaves.
    function depthOf(uint256 leaves) internal pure returns (uint256 depth) {
        while (2 ** depth < leaves) ++depth;
    }

    /// @notice Root that a leaf hash at `index` has with these siblings.
    /// @dev The index is bounded by the path: it cannot name the same leaf in two ways.
    function rootFromPath(bytes32 leafHash, uint256 index, bytes32[] calldata path)
        internal
        pure
        returns (bytes32 root)
    {
        require(index >> path.length == 0, IndexOutOfRange(2 ** path.length, index));
        root = leafHash;
        for (uint256 i = 0; i < path.length; ++i) {
            bytes32 sibling = path[i];
            root = (index >> i) & 1 == 0 ? hashNode(root, sibling) : hashNode(sibling, root);
        }
    }

    /// @notice Object root of an object of `length` bytes in whose tree `node` stands at `index`, counted in nodes of its
    /// own height above the leaves.
    function objectRootFromPath(bytes32 node, uint256 index, uint256 height, uint64 length, bytes32[] calldata path)
        internal
        pure
        returns (bytes32)
    {
        uint256 depth = depthOf(leafCount(length));
        require(path.length + height == depth, PathLengthMismatch(depth, path.length + height));
        return hashObject(rootFromPath(node, index, path), length);
    }

    /// @notice Object root of a list of `leaves` whole leaves in which `leafHash` stands at `index`.
    function listRootFromPath(bytes32 leafHash, uint256 index, uint256 leaves, bytes32[] calldata path)
        internal
        pure
        returns (bytes32)
    {
        require(index < leaves, IndexOutOfRange(leaves, index));
        uint256 depth = depthOf(leaves);
        require(path.length == depth, PathLengthMismatch(depth, path.length));
        return hashObject(rootFromPath(leafHash, index, path), SafeCast.toUint64(leaves * Constants.LEAF_BYTES));
    }

    /// @notice The same for the last leaf of the list: all that is right of its path is padding, and must be zero.
    /// @dev Else one list would have many roots, and none but the first could be made of its leaves.
    function listRootFromLastPath(bytes32 leafHash, uint256 leaves, bytes32[] calldata path)
        internal
        pure
        returns (bytes32 root)
    {
        root = listRootFromPath(leafHash, leaves - 1, leaves, path);
        bytes32 zeroRoot = Constants.ZERO_LEAF_HASH;
        for (uint256 height = 0; height < path.length; ++height) {
            bool padded = ((leaves - 1) >> height) & 1 == 0;
            require(!padded || path[height] == zeroRoot, PaddingNotZero(height));
            zeroRoot = hashNode(zeroRoot, zeroRoot);
        }
    }

    /// @notice Root of the tree over 2^n nodes of one level.
    function rootOfNodes(bytes32[] calldata nodes) internal pure returns (bytes32 root) {
        assembly ("memory-safe") {
            // One byte before the first pair, for the tag. A pair's tag overwrites the end of the pair before it, which is
            // hashed by then, and its hash goes to where both lie no more.
            let first := add(mload(0x40), 32)
            let count := nodes.length
            calldatacopy(first, nodes.offset, shl(5, count))
            for {} gt(count, 1) { count := shr(1, count) } {
                for { let i := 0 } lt(i, count) { i := add(i, 2) } {
                    let pair := add(first, shl(5, i))
                    mstore8(sub(pair, 1), 0x01)
                    mstore(add(first, shl(4, i)), keccak256(sub(pair, 1), 65))
                }
            }
            root := mload(first)
        }
    }

    /// @notice Object root of up to 4 KiB, so that a delayed message has the same name on L1 as everywhere.
    function objectRoot(bytes memory data) internal pure returns (bytes32) {
        return hashObject(rootOf(data, depthOf(leafCount(data.length))), SafeCast.toUint64(data.length));
    }

    /// @notice Root of a tree of this height over up to 4 KiB, which are padded with zeros.
    function rootOf(bytes memory data, uint256 height) internal pure returns (bytes32) {
        require(data.length <= Constants.MAX_DELAYED_BYTES, ObjectTooLong(Constants.MAX_DELAYED_BYTES, data.length));
        uint256 count = leafCount(data.length);
        bytes32[] memory level = new bytes32[](count + 1);
        for (uint256 i = 0; i < count; ++i) {
            level[i] = _hashLeafAt(data, i * Constants.LEAF_BYTES);
        }
        bytes32 zeroRoot = Constants.ZERO_LEAF_HASH;
        for (uint256 h = 0; h < height; ++h) {
            if (count & 1 == 1) level[count++] = zeroRoot;
            for (uint256 i = 0; i < count; i += 2) {
                level[i >> 1] = hashNode(level[i], level[i + 1]);
            }
            count >>= 1;
            zeroRoot = hashNode(zeroRoot, zeroRoot);
        }
        return level[0];
    }

    /// @dev keccak256(0x00 ‖ the leaf that starts at `offset`, padded with zeros).
    function _hashLeafAt(bytes memory data, uint256 offset) private pure returns (bytes32 hash) {
        assembly ("memory-safe") {
            let buffer := mload(0x40)
            // 129 bytes: the tag and the leaf. Zeroed first, because the last leaf may be short.
            for { let i := 0 } lt(i, 160) { i := add(i, 32) } { mstore(add(buffer, i), 0) }
            let size := sub(mload(data), offset)
            if gt(size, 128) { size := 128 }
            mcopy(add(buffer, 1), add(add(data, 32), offset), size)
            hash := keccak256(buffer, 129)
        }
    }
}
