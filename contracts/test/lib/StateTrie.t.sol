// SPDX-License-Identifier: MIT
// docs/kernel.md#state
pragma solidity 0.8.37;

import {StateTrie} from "../../src/lib/StateTrie.sol";
import {bound, vector, vm} from "../support/Vm.sol";

contract StateTrieHarness {
    function requireWithdrawal(bytes32 root, uint64 index, address recipient, uint256 amount, bytes[] calldata proof)
        external
        pure
    {
        StateTrie.requireWithdrawal(root, index, recipient, amount, proof);
    }

    function requireFees(bytes32 root, uint256 total, bytes[] calldata proof) external pure {
        StateTrie.requireFees(root, total, proof);
    }
}

contract StateTrieTest {
    StateTrieHarness private immutable trie = new StateTrieHarness();
    string private json;
    bytes32 private root;
    address private recipient;
    uint256[] private indexes;
    uint256[] private amounts;

    function setUp() public {
        json = vector("state");
        root = vm.parseJsonBytes32(json, ".after.root");
        recipient = vm.parseJsonAddress(json, ".recipient");
        indexes = vm.parseJsonUintArray(json, ".indexes");
        amounts = vm.parseJsonUintArray(json, ".amounts");
    }

    function test_WithdrawalsOfTheProtocolsTrieAreProven() public view {
        for (uint256 i = 0; i < indexes.length; ++i) {
            trie.requireWithdrawal(root, uint64(indexes[i]), recipient, amounts[i], _proof(i));
        }
    }

    function test_FeesOfTheProtocolsTrieAreProven() public view {
        trie.requireFees(root, vm.parseJsonUint(json, ".after.fees"), vm.parseJsonBytesArray(json, ".after.proof"));
        trie.requireFees(vm.parseJsonBytes32(json, ".before.root"), 0, vm.parseJsonBytesArray(json, ".before.proof"));
    }

    function test_RevertWhen_AnythingDiffersFromTheRecord() public {
        bytes[] memory proof = _proof(1);
        _expectMismatch(root, 1);
        trie.requireWithdrawal(root, 1, recipient, amounts[1] + 1, proof);
        _expectMismatch(root, 1);
        trie.requireWithdrawal(root, 1, address(this), amounts[1], proof);
        _expectMismatch(root, 0);
        trie.requireWithdrawal(root, 0, recipient, amounts[1], proof);
        bytes32 otherRoot = keccak256("other");
        _expectMismatch(otherRoot, 1);
        trie.requireWithdrawal(otherRoot, 1, recipient, amounts[1], proof);
    }

    function test_RevertWhen_ProofIsEmptyOrTooShort() public {
        _expectMismatch(root, 1);
        trie.requireWithdrawal(root, 1, recipient, amounts[1], new bytes[](0));
        bytes[] memory whole = _proof(1);
        bytes[] memory cut = new bytes[](whole.length - 1);
        for (uint256 i = 0; i < cut.length; ++i) {
            cut[i] = whole[i];
        }
        _expectMismatch(root, 1);
        trie.requireWithdrawal(root, 1, recipient, amounts[1], cut);
    }

    function testFuzz_RevertWhen_AByteOfTheProofIsChanged(uint256 node, uint256 position, uint8 flip) public {
        bytes[] memory proof = _proof(2);
        bytes memory changed = proof[bound(node, 0, proof.length - 1)];
        position = bound(position, 0, changed.length - 1);
        changed[position] = bytes1(uint8(changed[position]) ^ (flip == 0 ? 1 : flip));
        vm.expectRevert();
        trie.requireWithdrawal(root, uint64(indexes[2]), recipient, amounts[2], proof);
    }

    function _proof(uint256 i) private view returns (bytes[] memory) {
        return vm.parseJsonBytesArray(json, string.concat(".proofs[", vm.toString(i), "]"));
    }

    function _expectMismatch(bytes32 expectedRoot, uint64 index) private {
        bytes32 key = keccak256(abi.encodePacked("O", index));
        vm.expectRevert(abi.encodeWithSelector(StateTrie.ProofMismatch.selector, expectedRoot, key));
    }
}
