// SPDX-License-Identifier: MIT
// docs/machine.md#proof (leaf proofs)
pragma solidity 0.8.37;

import {Tree} from "../../src/lib/Tree.sol";
import {LeafProofs} from "../../src/osp/LeafProof.sol";
import {Witness, Witnesses} from "../../src/osp/Witness.sol";
import {bound, vm} from "../support/Vm.sol";

contract LeafProofHarness {
    function rootFromPath(bytes32 leafHash, uint256 index, bytes32[] calldata path) external pure returns (bytes32) {
        return Tree.rootFromPath(leafHash, index, path);
    }

    function read(bytes calldata proof, bytes32 root, uint256 index, uint256 depth)
        external
        pure
        returns (bytes memory)
    {
        Witness memory witness = Witnesses.from(proof);
        bytes memory data = LeafProofs.read(witness, root, index, depth).data;
        witness.finish();
        return data;
    }

    function writeSpan(bytes calldata proof, bytes32 root, uint256 depth, uint256 address_, bytes calldata data)
        external
        pure
        returns (bytes32 rootAfter)
    {
        Witness memory witness = Witnesses.from(proof);
        rootAfter = LeafProofs.writeSpan(witness, root, depth, address_, data);
        witness.finish();
    }

    function readSpan(bytes calldata proof, bytes32 root, uint256 depth, uint256 address_, uint256 size)
        external
        pure
        returns (bytes memory span)
    {
        Witness memory witness = Witnesses.from(proof);
        span = LeafProofs.readSpan(witness, root, depth, address_, size);
        witness.finish();
    }
}

contract LeafProofTest {
    LeafProofHarness private immutable harness = new LeafProofHarness();

    function testFuzz_RootsAreThoseOfTheTree(bytes32[4] calldata words, bytes32[] calldata path, uint256 index)
        public
        view
    {
        vm.assume(path.length < 64);
        index = bound(index, 0, 2 ** path.length - 1);
        bytes memory leaf = abi.encode(words);
        bytes32 root = harness.rootFromPath(keccak256(bytes.concat(hex"00", leaf)), index, path);
        bytes memory proof = bytes.concat(leaf, abi.encodePacked(path));
        vm.assertEq(harness.read(proof, root, index, path.length), bytes.concat(hex"00", leaf));
    }

    function test_RevertWhen_IndexIsBeyondTheDepth() public {
        bytes memory proof = new bytes(128 + 2 * 32);
        bytes32 leafHash = keccak256(new bytes(129));
        bytes32 root = Tree.hashNode(Tree.hashNode(leafHash, 0), 0);
        vm.assertEq(harness.read(proof, root, 0, 2), new bytes(129));
        vm.expectRevert(abi.encodeWithSelector(Tree.IndexOutOfRange.selector, 4, 4));
        harness.read(proof, root, 4, 2);
    }

    function test_RevertWhen_TheRootIsAnother() public {
        bytes32 leafHash = keccak256(new bytes(129));
        vm.expectRevert(abi.encodeWithSelector(LeafProofs.RootMismatch.selector, bytes32("other"), leafHash));
        harness.read(new bytes(128), "other", 0, 0);
    }

    /// @dev Two leaves of a tree of depth 1 against the plain bytes.
    function testFuzz_SpansAreReadOverLeaves(bytes32 seed, uint256 start, uint256 size) public view {
        bytes memory content = _content(seed);
        size = bound(size, 1, 128);
        start = bound(start, 0, 256 - size);
        bytes memory proof = _proof(content, start, size, _hash(_slice(content, 0, 128)));
        vm.assertEq(harness.readSpan(proof, _root(content), 1, start, size), _slice(content, start, start + size));
    }

    function testFuzz_SpansAreWrittenOverLeaves(bytes32 seed, uint256 start, bytes32 value) public view {
        bytes memory content = _content(seed);
        start = bound(start, 0, 256 - 32);
        bytes memory changed = _slice(content, 0, 256);
        for (uint256 i = 0; i < 32; ++i) {
            changed[start + i] = value[i];
        }
        // The second leaf is proven against the tree that has the first one written.
        bytes memory proof = _proof(content, start, 32, _hash(_slice(changed, 0, 128)));
        bytes32 root = harness.writeSpan(proof, _root(content), 1, start, bytes.concat(value));
        vm.assertEq(root, _root(changed));
    }

    function _content(bytes32 seed) private pure returns (bytes memory content) {
        for (uint256 i = 0; i < 8; ++i) {
            content = bytes.concat(content, keccak256(abi.encode(seed, i)));
        }
    }

    function _root(bytes memory content) private pure returns (bytes32) {
        return Tree.hashNode(_hash(_slice(content, 0, 128)), _hash(_slice(content, 128, 256)));
    }

    /// @param leftHash hash of the left leaf when the right one is read after it
    function _proof(bytes memory content, uint256 start, uint256 size, bytes32 leftHash)
        private
        pure
        returns (bytes memory proof)
    {
        (bytes memory left, bytes memory right) = (_slice(content, 0, 128), _slice(content, 128, 256));
        if (start >= 128) return bytes.concat(right, _hash(left));
        proof = bytes.concat(left, _hash(right));
        return start + size > 128 ? bytes.concat(proof, right, leftHash) : proof;
    }

    function _hash(bytes memory leaf) private pure returns (bytes32) {
        return keccak256(bytes.concat(hex"00", leaf));
    }

    function _slice(bytes memory data, uint256 from, uint256 to) private pure returns (bytes memory part) {
        part = new bytes(to - from);
        for (uint256 i = 0; i < part.length; ++i) {
            part[i] = data[from + i];
        }
    }
}
