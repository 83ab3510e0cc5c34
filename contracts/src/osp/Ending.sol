// SPDX-License-Identifier: MIT
// docs/machine.md#halted
pragma solidity 0.8.37;

// Casts keep the low bits on purpose, or of numbers that are known to fit.
// forge-lint: disable-start(unsafe-typecast)

import {Constants} from "../generated/Constants.sol";
import {Tree} from "../lib/Tree.sol";
import {Context, Contexts} from "./Context.sol";
import {LeafProof, LeafProofs} from "./LeafProof.sol";
import {Machine, Machines} from "./Machine.sol";
import {Step} from "./Step.sol";

/// @title The last instruction of a program: what comes after it.
library Ending {
    bytes1 private constant USER = 0x00;
    bytes1 private constant COMMITTED = 0x01;
    bytes1 private constant FAILED = 0x02;
    uint256 private constant USER_OR_COMMITTED_BYTES = 2 + Constants.LEAF_BYTES;
    uint256 private constant FAILED_BYTES = 2;

    error ParentMismatch(bytes32 expected, bytes32 actual);
    error HaltMalformed(uint256 expectedLength, uint256 actualLength, bytes2 actualTags);

    /// @notice After a fault: the output is lost, the whole gas used.
    function fault(Step memory step) internal pure returns (bytes32) {
        if (step.machine.isKernel()) return _failed(step);
        Context memory context = Contexts.read(step);
        bytes32 emptyRoot = Tree.hashObject(Constants.ZERO_LEAF_HASH, 0);
        return _finish(step, _resultLeaf(Constants.STATUS_FAULT, emptyRoot, 0, context.gasLimit));
    }

    /// @notice After `halt` and `exit`. From the kernel nothing but a commit is a result.
    function exit(Step memory step, uint256 code) internal pure returns (bytes32) {
        Machine memory machine = step.machine;
        if (machine.isKernel()) return _failed(step);
        Context memory context = Contexts.read(step);
        bytes32 outputRoot = Tree.hashObject(machine.outputTreeRoot, uint64(machine.outputLength));
        return _finish(step, _resultLeaf(code, outputRoot, machine.outputLength, context.gasLimit - machine.gasLeft));
    }

    /// @notice After `commit` of a state leaf.
    function commit(Step memory step, bytes memory stateLeaf) internal pure returns (bytes32) {
        step.witness.finish();
        return keccak256(abi.encodePacked(Constants.HALTED_TAG, COMMITTED, stateLeaf));
    }

    /// @notice Hash of a halted machine, whose proof is that hash's preimage.
    function hashHalted(bytes calldata preimage) internal pure returns (bytes32) {
        bytes2 tags = bytes2(preimage);
        uint256 expected = tags[1] == FAILED ? FAILED_BYTES : USER_OR_COMMITTED_BYTES;
        require(
            preimage.length == expected && tags[0] == Constants.HALTED_TAG && tags[1] <= FAILED,
            HaltMalformed(expected, preimage.length, tags)
        );
        return keccak256(preimage);
    }

    function _failed(Step memory step) private pure returns (bytes32) {
        step.witness.finish();
        return keccak256(abi.encodePacked(Constants.HALTED_TAG, FAILED));
    }

    function _resultLeaf(uint256 status, bytes32 outputRoot, uint256 outputLength, uint256 gasUsed)
        private
        pure
        returns (bytes memory)
    {
        return abi.encodePacked(
            uint64(status), outputRoot, uint64(outputLength), uint64(gasUsed), bytes32(0), bytes32(0), bytes8(0)
        );
    }

    /// @dev The halted machine or, with a parent, the parent with the result leaf in its memory.
    function _finish(Step memory step, bytes memory resultLeaf) private pure returns (bytes32) {
        bytes32 parentHash = step.machine.parent;
        if (parentHash == 0) {
            step.witness.finish();
            return keccak256(abi.encodePacked(Constants.HALTED_TAG, USER, resultLeaf));
        }
        (Machine memory parent, bytes32 actual) = Machines.read(step.witness.take(Machines.BYTES));
        require(actual == parentHash, ParentMismatch(parentHash, actual));
        uint256 depth = LeafProofs.depthOf(parent.memoryRegion());
        uint256 index = step.machine.resultAddress / Constants.LEAF_BYTES;
        LeafProof memory proof = LeafProofs.read(step.witness, parent.memoryRoot, index, depth);
        proof.put(0, resultLeaf, 0, Constants.LEAF_BYTES);
        parent.memoryRoot = proof.rootAfter();
        step.witness.finish();
        return parent.hash();
    }
}
