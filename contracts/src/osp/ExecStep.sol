// SPDX-License-Identifier: MIT
// docs/machine.md#step (exec), docs/kernel.md#exec
pragma solidity 0.8.37;

import {Constants} from "../generated/Constants.sol";
import {Tree} from "../lib/Tree.sol";
import {Context} from "./Context.sol";
import {LeafProof, LeafProofs} from "./LeafProof.sol";
import {Machine} from "./Machine.sol";
import {Step} from "./Step.sol";
import {Witness, Witnesses} from "./Witness.sol";

/// @title Starts a program for the kernel.
library ExecStep {
    uint256 private constant HEADER_BYTES = 152;

    error ProgramMismatch(bytes32 expected, bytes32 actual);
    error CodeRootMismatch(bytes32 expected, bytes32 actual);

    /// @notice Hash of the started child, whose parent is the kernel as it is after this instruction.
    function execute(Step memory step, uint256 requestAddress, uint256 resultAddress) internal pure returns (bytes32) {
        Witness memory witness = step.witness;
        LeafProof memory request = LeafProofs.read(
            witness, step.machine.memoryRoot, requestAddress / Constants.LEAF_BYTES, step.memoryDepth()
        );
        Context memory context;
        context.programId = request.wordAt(0);
        context.inputsRoot = request.wordAt(32);
        context.seed = request.wordAt(64);
        context.gasLimit = request.numberAt(96, 8);
        context.timestampNs = request.numberAt(104, 8);
        context.inputCount = request.numberAt(112, 4);
        uint256 header = witness.take(HEADER_BYTES);
        _requireProgram(header, context.programId);
        context.dataRoot = Witnesses.wordAt(header + 104);
        Machine memory child = _child(witness, header);
        child.gasLeft = context.gasLimit;
        child.contextHash = context.hash();
        child.resultAddress = resultAddress;
        // next() also checks that the witness was read to its end.
        child.parent = step.next();
        return child.hash();
    }

    /// @dev What the header says of the machine at its start.
    function _child(Witness memory witness, uint256 header) private pure returns (Machine memory child) {
        child.codeTreeRoot = witness.takeWord();
        child.codeCount = witness.takeNumber(4);
        bytes32 codeRoot = Tree.hashObject(child.codeTreeRoot, uint64(child.codeCount * Constants.INSTRUCTION_BYTES));
        bytes32 expected = Witnesses.wordAt(header + 8);
        require(codeRoot == expected, CodeRootMismatch(expected, codeRoot));
        child.memoryRoot = Witnesses.wordAt(header + 40);
        child.slotsRoot = Witnesses.wordAt(header + 72);
        uint256 numbers = uint256(Witnesses.wordAt(header + 120)) & type(uint128).max;
        child.pages = numbers >> 96;
        child.pagesMax = (numbers >> 64) & type(uint32).max;
        child.pc = (numbers >> 32) & type(uint32).max;
        child.fp = numbers % Constants.SLOT_COUNT;
        child.outputTreeRoot = Constants.ZERO_LEAF_HASH;
    }

    function _requireProgram(uint256 header, bytes32 expected) private pure {
        bytes memory preimage = new bytes(HEADER_BYTES + 1);
        preimage[0] = Constants.PROGRAM_TAG;
        assembly ("memory-safe") {
            calldatacopy(add(preimage, 33), header, 152)
        }
        bytes32 actual = keccak256(preimage);
        require(actual == expected, ProgramMismatch(expected, actual));
    }
}
