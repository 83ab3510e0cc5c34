// SPDX-License-Identifier: MIT
// docs/vm.md#tree: whole trees in memory, for paths.
pragma solidity 0.8.37;

import {Tree} from "../../src/lib/Tree.sol";

library Trees {
    /// @notice Object root of whole leaves.
    function objectRoot(bytes memory data) internal pure returns (bytes32) {
        bytes32[] memory path = pathOf(data, 0, 0);
        bytes32 node = Tree.hashLeaf(slice(data, 0, 128));
        for (uint256 i = 0; i < path.length; ++i) {
            node = Tree.hashNode(node, path[i]);
        }
        return Tree.hashObject(node, uint64(data.length));
    }

    /// @notice Node of `height` at `index` in the tree over whole leaves.
    function nodeAt(bytes memory data, uint256 index, uint256 height) internal pure returns (bytes32) {
        if (height == 0) return Tree.hashLeaf(slice(data, index * 128, 128));
        return Tree.hashNode(nodeAt(data, 2 * index, height - 1), nodeAt(data, 2 * index + 1, height - 1));
    }

    /// @notice Siblings of the node of `height` at `index`, lowest first.
    function pathOf(bytes memory data, uint256 index, uint256 height) internal pure returns (bytes32[] memory path) {
        uint256 depth = Tree.depthOf(Tree.leafCount(data.length));
        path = new bytes32[](depth - height);
        for (uint256 d = height; d < depth; ++d) {
            path[d - height] = nodeAt(data, (index >> (d - height)) ^ 1, d);
        }
    }

    /// @notice Root of a list of 32 hashes.
    function listRoot(bytes32[32] memory list) internal pure returns (bytes32) {
        bytes32[32] memory level = list;
        for (uint256 count = 16; count > 0; count >>= 1) {
            for (uint256 i = 0; i < count; ++i) {
                level[i] = Tree.hashNode(level[2 * i], level[2 * i + 1]);
            }
        }
        return level[0];
    }

    /// @notice Path of a segment's two entries in a list of 32 hashes (docs/disputes.md#game).
    function segmentPath(bytes32[32] memory list, uint256 index) internal pure returns (bytes32[] memory path) {
        bytes32[] memory found = new bytes32[](10);
        uint256 count = 0;
        (uint256 left, uint256 right) = (index == 0 ? 0 : index - 1, index);
        bytes32[] memory level = new bytes32[](32);
        for (uint256 i = 0; i < 32; ++i) {
            level[i] = list[i];
        }
        for (uint256 size = 32; size > 1; size >>= 1) {
            if (left == right) {
                found[count++] = level[left ^ 1];
            } else if (left ^ 1 != right) {
                found[count++] = level[left ^ 1];
                found[count++] = level[right ^ 1];
            }
            for (uint256 i = 0; i < size / 2; ++i) {
                level[i] = Tree.hashNode(level[2 * i], level[2 * i + 1]);
            }
            (left, right) = (left >> 1, right >> 1);
        }
        path = new bytes32[](count);
        for (uint256 i = 0; i < count; ++i) {
            path[i] = found[i];
        }
    }

    /// @notice Bytes from `from`; zeros where the data has ended.
    function slice(bytes memory data, uint256 from, uint256 size) internal pure returns (bytes memory part) {
        part = new bytes(size);
        for (uint256 i = 0; i < size && from + i < data.length; ++i) {
            part[i] = data[from + i];
        }
    }
}
