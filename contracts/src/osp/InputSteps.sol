// SPDX-License-Identifier: MIT
// docs/vm.md#host (input_size, input_read)
pragma solidity 0.8.37;

// Casts keep the low bits on purpose, or of numbers that are known to fit.
// forge-lint: disable-start(unsafe-typecast)

import {Constants} from "../generated/Constants.sol";
import {Tree} from "../lib/Tree.sol";
import {Context, Contexts} from "./Context.sol";
import {Ending} from "./Ending.sol";
import {LeafProof, LeafProofs} from "./LeafProof.sol";
import {Step, Steps} from "./Step.sol";

/// @title Reads inputs through the list of them that the context names.
library InputSteps {
    /// @dev objectRoot 32 ‖ length u64 ‖ zeros 24.
    uint256 private constant RECORD_BYTES = 64;

    error InputsRootMismatch(bytes32 expected, bytes32 actual);
    error InputRootMismatch(bytes32 expected, bytes32 actual);

    function size(Step memory step) internal pure returns (bytes32) {
        (bool found,, uint256 length) = _record(step, step.load32(step.a));
        if (!found) return Ending.fault(step);
        step.store(step.a, length);
        return step.next();
    }

    function read(Step memory step) internal pure returns (bytes32) {
        uint256 dst = step.load32(step.a);
        uint256 index = step.load32(step.a + 1);
        uint256 offset = step.load(step.a + 2);
        uint256 n = step.load32(step.a + 3);
        if (!step.inMemory(dst, n)) return Ending.fault(step);
        (bool found, bytes32 root, uint256 length) = _record(step, index);
        if (!found || offset + n > length) return Ending.fault(step);
        if (n == 0) return step.next();
        uint256 part = Steps.copyPart(dst, offset, n);
        step.writeMemory(dst, _content(step, root, length, offset, part));
        if (part == n) return step.next();
        step.store(step.a, dst + part);
        step.store(step.a + 2, offset + part);
        step.store(step.a + 3, n - part);
        return step.again();
    }

    /// @dev Name and length of an input; not found if there are not so many.
    function _record(Step memory step, uint256 index) private pure returns (bool found, bytes32 root, uint256 length) {
        Context memory context = Contexts.read(step);
        if (index >= context.inputCount) return (false, 0, 0);
        bytes32 treeRoot = step.witness.takeWord();
        uint256 listBytes = context.inputCount * RECORD_BYTES;
        bytes32 listRoot = Tree.hashObject(treeRoot, uint64(listBytes));
        require(listRoot == context.inputsRoot, InputsRootMismatch(context.inputsRoot, listRoot));
        uint256 position = index * RECORD_BYTES;
        LeafProof memory proof =
            LeafProofs.read(step.witness, treeRoot, position / Constants.LEAF_BYTES, LeafProofs.depthOf(listBytes));
        position %= Constants.LEAF_BYTES;
        return (true, proof.wordAt(position), proof.numberAt(position + 32, 8));
    }

    function _content(Step memory step, bytes32 root, uint256 length, uint256 offset, uint256 part)
        private
        pure
        returns (bytes memory)
    {
        bytes32 treeRoot = step.witness.takeWord();
        bytes32 actual = Tree.hashObject(treeRoot, uint64(length));
        require(actual == root, InputRootMismatch(root, actual));
        return LeafProofs.readSpan(step.witness, treeRoot, LeafProofs.depthOf(length), offset, part);
    }
}
