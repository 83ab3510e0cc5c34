// SPDX-License-Identifier: MIT
// docs/vm.md#tree
pragma solidity 0.8.37;

import {Objects} from "../../src/lib/Objects.sol";
import {StateLeaf} from "../../src/lib/StateLeaf.sol";
import {Tree} from "../../src/lib/Tree.sol";
import {AssertionId, DataObject} from "../../src/lib/Types.sol";
import {bound, vector, vm} from "../support/Vm.sol";

contract TreeHarness {
    function rootFromPath(bytes32 leafHash, uint256 index, bytes32[] calldata path) external pure returns (bytes32) {
        return Tree.rootFromPath(leafHash, index, path);
    }

    function listRootFromPath(bytes32 leafHash, uint256 index, uint256 leaves, bytes32[] calldata path)
        external
        pure
        returns (bytes32)
    {
        return Tree.listRootFromPath(leafHash, index, leaves, path);
    }

    function listRootFromLastPath(bytes32 leafHash, uint256 leaves, bytes32[] calldata path)
        external
        pure
        returns (bytes32)
    {
        return Tree.listRootFromLastPath(leafHash, leaves, path);
    }

    function rootOfNodes(bytes32[] calldata nodes) external pure returns (bytes32) {
        return Tree.rootOfNodes(nodes);
    }

    function objectRoot(bytes memory data) external pure returns (bytes32) {
        return Tree.objectRoot(data);
    }

    function hashList(DataObject memory first, DataObject[] calldata rest) external pure returns (bytes32, uint64) {
        return Objects.hashList(first, rest);
    }
}

contract TreeTest {
    TreeHarness private immutable tree = new TreeHarness();

    function test_ObjectRootsAreThoseOfTheProtocol() public view {
        string memory json = vector("tree");
        bytes[] memory objects = vm.parseJsonBytesArray(json, ".objects");
        bytes32[] memory roots = vm.parseJsonBytes32Array(json, ".roots");
        vm.assertEq(objects.length, 11);
        for (uint256 i = 0; i < objects.length; ++i) {
            vm.assertEq(Tree.objectRoot(objects[i]), roots[i]);
        }
    }

    function test_StepListPathsAreThoseOfTheProtocol() public view {
        string memory json = vector("tree");
        bytes32 root = vm.parseJsonBytes32(json, ".steps.root");
        bytes32 first = vm.parseJsonBytes32(json, ".steps.firstLeaf");
        bytes32 last = _post(json).hash();
        vm.assertEq(last, vm.parseJsonBytes32(json, ".steps.post.hash"));
        vm.assertEq(tree.listRootFromPath(first, 0, 7, vm.parseJsonBytes32Array(json, ".steps.firstPath")), root);
        vm.assertEq(tree.listRootFromPath(last, 6, 7, vm.parseJsonBytes32Array(json, ".steps.lastPath")), root);
        vm.assertEq(tree.listRootFromLastPath(last, 7, vm.parseJsonBytes32Array(json, ".steps.lastPath")), root);
    }

    function testFuzz_NodesOfALevelHaveTheirRoot(uint256 height, bytes32 salt) public view {
        height = bound(height, 0, 8);
        bytes32[] memory nodes = new bytes32[](1 << height);
        for (uint256 i = 0; i < nodes.length; ++i) {
            nodes[i] = keccak256(abi.encode(salt, i));
        }
        bytes32 root = tree.rootOfNodes(nodes);
        for (uint256 count = nodes.length; count > 1; count >>= 1) {
            for (uint256 i = 0; i < count; i += 2) {
                nodes[i >> 1] = Tree.hashNode(nodes[i], nodes[i + 1]);
            }
        }
        vm.assertEq(root, nodes[0]);
    }

    function test_RevertWhen_IndexIsBeyondThePath() public {
        vm.expectRevert(abi.encodeWithSelector(Tree.IndexOutOfRange.selector, 4, 4));
        tree.rootFromPath(bytes32(0), 4, new bytes32[](2));
    }

    function test_RevertWhen_IndexIsBeyondTheLeaves() public {
        vm.expectRevert(abi.encodeWithSelector(Tree.IndexOutOfRange.selector, 7, 7));
        tree.listRootFromPath(bytes32(0), 7, 7, new bytes32[](3));
    }

    function test_RevertWhen_PathIsLongerOrShorterThanTheTree() public {
        vm.expectRevert(abi.encodeWithSelector(Tree.PathLengthMismatch.selector, 3, 2));
        tree.listRootFromPath(bytes32(0), 0, 7, new bytes32[](2));
        vm.expectRevert(abi.encodeWithSelector(Tree.PathLengthMismatch.selector, 3, 4));
        tree.listRootFromPath(bytes32(0), 0, 7, new bytes32[](4));
    }

    function test_RevertWhen_ObjectIsLongerThanADelayedMessage() public {
        vm.assertTrue(tree.objectRoot(new bytes(4096)) != bytes32(0));
        vm.expectRevert(abi.encodeWithSelector(Tree.ObjectTooLong.selector, 4096, 4097));
        tree.objectRoot(new bytes(4097));
    }

    function test_DepthIsTheSmallestThatHoldsTheLeaves() public pure {
        uint256[6] memory leaves = [uint256(1), 2, 3, 4, 5, 65_537];
        uint256[6] memory depths = [uint256(0), 1, 2, 2, 3, 17];
        for (uint256 i = 0; i < 6; ++i) {
            vm.assertEq(Tree.depthOf(leaves[i]), depths[i]);
        }
    }

    /// @dev Dirty memory behind the data must not reach the last leaf.
    function testFuzz_RootDoesNotDependOnMemoryBehindTheData(bytes memory data, bytes32 dirt) public pure {
        vm.assume(data.length <= 4096);
        bytes memory shorter = bytes.concat(data, dirt);
        uint256 length = data.length;
        assembly ("memory-safe") {
            mstore(shorter, length)
        }
        vm.assertEq(Tree.objectRoot(shorter), Tree.objectRoot(data));
    }

    function testFuzz_TrailingZerosChangeTheRoot(bytes memory data) public pure {
        vm.assume(data.length < 4096);
        vm.assertTrue(Tree.objectRoot(data) != Tree.objectRoot(bytes.concat(data, hex"00")));
    }

    function testFuzz_ListOfObjectsIsPacked(bytes32 a, uint64 x, bytes32 b, uint64 y, bytes32 c) public view {
        (x, y) = (x >> 2, y >> 2);
        DataObject[] memory rest = new DataObject[](2);
        (rest[0], rest[1]) = (DataObject(b, y), DataObject(c, 7));
        (bytes32 hash, uint64 total) = tree.hashList(DataObject(a, x), rest);
        vm.assertEq(hash, keccak256(abi.encodePacked(a, x, b, y, c, uint64(7))));
        vm.assertEq(total, uint256(x) + y + 7);
    }

    function testFuzz_AnotherLeafHasAnotherRoot(bytes32 leaf, bytes32 other, uint256 index) public view {
        vm.assume(leaf != other);
        bytes32[] memory path = vm.parseJsonBytes32Array(vector("tree"), ".steps.lastPath");
        index = bound(index, 0, 6);
        vm.assertTrue(tree.listRootFromPath(leaf, index, 7, path) != tree.listRootFromPath(other, index, 7, path));
    }

    function _post(string memory json) private pure returns (StateLeaf memory) {
        return StateLeaf(
            vm.parseJsonBytes32(json, ".steps.post.stateRoot"),
            vm.parseJsonBytes32(json, ".steps.post.receiptHash"),
            uint64(vm.parseJsonUint(json, ".steps.post.batch")),
            uint64(vm.parseJsonUint(json, ".steps.post.message")),
            uint64(vm.parseJsonUint(json, ".steps.post.step"))
        );
    }
}
