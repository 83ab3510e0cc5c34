// SPDX-License-Identifier: MIT
// docs/vm.md#host (output_write)
pragma solidity 0.8.37;

// 1 << n is meant: 2^n.
// forge-lint: disable-start(incorrect-shift)

import {Constants} from "../generated/Constants.sol";
import {Instructions} from "../generated/Instructions.sol";
import {Tree} from "../lib/Tree.sol";
import {Ending} from "./Ending.sol";
import {LeafProof, LeafProofs} from "./LeafProof.sol";
import {Machine} from "./Machine.sol";
import {Step, Steps} from "./Step.sol";

/// @title Appends to the output, whose tree has its natural depth at every length.
library OutputSteps {
    function write(Step memory step) internal pure returns (bytes32) {
        Machine memory machine = step.machine;
        uint256 src = step.load32(step.a);
        uint256 n = step.load32(step.a + 1);
        if (!step.inMemory(src, n) || machine.outputLength + n > Constants.MAX_OUTPUT_BYTES) return Ending.fault(step);
        if (n == 0) return step.next();
        uint256 part = Steps.copyPart(machine.outputLength, src, n);
        _append(step, step.readMemory(src, part));
        machine.debt += part * Instructions.GAS_KEEP_BYTE;
        if (part == n) return step.next();
        step.store(step.a, src + part);
        step.store(step.a + 1, n - part);
        return step.again();
    }

    /// @dev `data` does not go beyond the leaf that it begins in.
    function _append(Step memory step, bytes memory data) private pure {
        Machine memory machine = step.machine;
        uint256 length = machine.outputLength;
        uint256 offset = length % Constants.LEAF_BYTES;
        if (offset == 0) {
            machine.outputTreeRoot = _appendLeaf(step, data);
        } else {
            uint256 index = length / Constants.LEAF_BYTES;
            LeafProof memory proof =
                LeafProofs.read(step.witness, machine.outputTreeRoot, index, LeafProofs.depthOf(length));
            proof.put(offset, data, 0, data.length);
            machine.outputTreeRoot = proof.rootAfter();
        }
        machine.outputLength = length + data.length;
    }

    function _appendLeaf(Step memory step, bytes memory data) private pure returns (bytes32) {
        bytes memory leaf = new bytes(Constants.LEAF_BYTES + 1);
        assembly ("memory-safe") {
            mcopy(add(leaf, 33), add(data, 32), mload(data))
        }
        bytes32 leafHash = keccak256(leaf);
        uint256 count = step.machine.outputLength / Constants.LEAF_BYTES;
        if (count == 0) return leafHash;
        bytes32 root = step.machine.outputTreeRoot;
        uint256 depth = LeafProofs.depthOf(step.machine.outputLength);
        if (count == 1 << depth) return Tree.hashNode(root, _lift(leafHash, depth));
        uint256 siblings = step.witness.take(32 * depth);
        LeafProofs.requireRoot(root, LeafProofs.rootOf(Constants.ZERO_LEAF_HASH, count, siblings, depth));
        return LeafProofs.rootOf(leafHash, count, siblings, depth);
    }

    /// @dev Root of a tree of this depth that has the leaf and then zero leaves.
    function _lift(bytes32 root, uint256 depth) private pure returns (bytes32) {
        bytes32 zeroRoot = Constants.ZERO_LEAF_HASH;
        for (uint256 i = 0; i < depth; ++i) {
            root = Tree.hashNode(root, zeroRoot);
            zeroRoot = Tree.hashNode(zeroRoot, zeroRoot);
        }
        return root;
    }
}
