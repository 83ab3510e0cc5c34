// SPDX-License-Identifier: MIT
// docs/disputes.md#bytes: step lists of any length, most leaves of which are the same, so that no tree is held in memory.
pragma solidity 0.8.37;

import {Constants} from "../../src/generated/Constants.sol";
import {Tree} from "../../src/lib/Tree.sol";

/// @param filled roots of trees over filler leaves, by height
/// @param zero roots of trees over zero leaves, by height
struct LongList {
    uint256 leaves;
    bytes first;
    bytes last;
    bytes32[18] filled;
    bytes32[18] zero;
}

using LongLists for LongList global;

library LongLists {
    function create(uint256 leaves, bytes memory first, bytes memory last)
        internal
        pure
        returns (LongList memory list)
    {
        (list.leaves, list.first, list.last) = (leaves, first, last);
        list.filled[0] = Tree.hashLeaf(_filler());
        list.zero[0] = Constants.ZERO_LEAF_HASH;
        for (uint256 height = 1; height < 18; ++height) {
            list.filled[height] = Tree.hashNode(list.filled[height - 1], list.filled[height - 1]);
            list.zero[height] = Tree.hashNode(list.zero[height - 1], list.zero[height - 1]);
        }
    }

    function depth(LongList memory list) internal pure returns (uint256) {
        return Tree.depthOf(list.leaves);
    }

    function root(LongList memory list) internal pure returns (bytes32) {
        return Tree.hashObject(node(list, 0, 0), uint64(list.leaves * Constants.LEAF_BYTES));
    }

    function leaf(LongList memory list, uint256 index) internal pure returns (bytes memory) {
        if (index == 0) return list.first;
        return index == list.leaves - 1 ? list.last : _filler();
    }

    function node(LongList memory list, uint256 level, uint256 index) internal pure returns (bytes32) {
        uint256 height = depth(list) - level;
        (uint256 begin, uint256 end) = (index << height, (index + 1) << height);
        if (begin >= list.leaves) return list.zero[height];
        if (begin > 0 && end < list.leaves) return list.filled[height];
        if (height == 0) return Tree.hashLeaf(leaf(list, begin));
        return Tree.hashNode(node(list, level + 1, 2 * index), node(list, level + 1, 2 * index + 1));
    }

    /// @notice Nodes up to 8 levels below a node.
    function below(LongList memory list, uint256 level, uint256 index) internal pure returns (bytes32[] memory nodes) {
        uint256 height = depth(list) - level;
        if (height > 8) height = 8;
        nodes = new bytes32[](1 << height);
        for (uint256 i = 0; i < nodes.length; ++i) {
            nodes[i] = node(list, level + height, (index << height) + i);
        }
    }

    /// @notice Siblings of a node, lowest first.
    function path(LongList memory list, uint256 level, uint256 index)
        internal
        pure
        returns (bytes32[] memory siblings)
    {
        siblings = new bytes32[](level);
        for (uint256 i = 0; i < level; ++i) {
            siblings[i] = node(list, level - i, (index >> i) ^ 1);
        }
    }

    function _filler() private pure returns (bytes memory) {
        return abi.encodePacked(keccak256("a"), keccak256("leaf"), keccak256("of"), keccak256("many"));
    }
}
