// SPDX-License-Identifier: MIT
// docs/machine.md#step
pragma solidity 0.8.37;

import {Constants} from "../generated/Constants.sol";
import {LeafProofs} from "./LeafProof.sol";
import {Machine, Machines} from "./Machine.sol";
import {Slots} from "./Slots.sol";
import {Witness, Witnesses} from "./Witness.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";

/// @notice An instruction in execution: the machine, which becomes the one after, and what is left of the proof.
/// @param op without the immediate bit
struct Step {
    Machine machine;
    Witness witness;
    Slots slots;
    uint256 op;
    bool immediate;
    uint256 a;
    uint256 b;
    uint256 c;
    uint256 imm;
}

using Steps for Step global;

/// @title What the instructions of all families do with a step.
library Steps {
    uint256 private constant PC_MAX = type(uint32).max;
    uint256 private constant PER_LEAF = Constants.LEAF_BYTES / Constants.INSTRUCTION_BYTES;

    /// @notice The step of a proof whose machine and code leaf were checked; gas is taken and pc is the next one's.
    function begin(bytes calldata proof) internal pure returns (Step memory step) {
        Witness memory witness = Witnesses.from(proof);
        (Machine memory machine,) = Machines.read(witness.take(Machines.BYTES));
        uint256 leaf = witness.take(Constants.LEAF_BYTES);
        witness.take(32 * codeDepth(machine));
        uint256 start = leaf + machine.pc % PER_LEAF * Constants.INSTRUCTION_BYTES;
        uint256 word = uint256(Witnesses.wordAt(start)) >> 128;
        step.machine = machine;
        step.witness = witness;
        step.slots.root = machine.slotsRoot;
        step.op = (word >> 112) & ~Constants.IMMEDIATE_BIT;
        step.immediate = (word >> 112) & Constants.IMMEDIATE_BIT != 0;
        step.a = (word >> 96) & 0xffff;
        step.b = (word >> 80) & 0xffff;
        step.c = (word >> 64) & 0xffff;
        step.imm = word & type(uint64).max;
        --machine.gasLeft;
        ++machine.pc;
    }

    /// @notice Hash of the machine after the instruction; the proof must be read to its end.
    function next(Step memory step) internal pure returns (bytes32) {
        Machine memory machine = step.machine;
        machine.slotsRoot = step.slots.rootAfter();
        machine.pc = Math.min(machine.pc, PC_MAX);
        step.witness.finish();
        return machine.hash();
    }

    /// @notice The same for an instruction that has more to do.
    function again(Step memory step) internal pure returns (bytes32) {
        --step.machine.pc;
        return next(step);
    }

    /// @notice Value of slot fp + field.
    function load(Step memory step, uint256 field) internal pure returns (uint256) {
        return step.slots.load(step.witness, step.machine.fp + field);
    }

    /// @notice Low 32 bits of slot fp + field.
    function load32(Step memory step, uint256 field) internal pure returns (uint256) {
        return load(step, field) & type(uint32).max;
    }

    /// @notice Sets slot fp + field. If it was not touched before, its leaf is the next of the proof.
    function store(Step memory step, uint256 field, uint256 value) internal pure {
        step.slots.store(step.witness, step.machine.fp + field, value);
    }

    /// @notice Depth of the tree over the code.
    function codeDepth(Machine memory machine) internal pure returns (uint256) {
        return LeafProofs.depthOf(machine.codeCount * Constants.INSTRUCTION_BYTES);
    }

    /// @notice Whether the memory has the bytes [address_, address_ + size).
    function inMemory(Step memory step, uint256 address_, uint256 size) internal pure returns (bool) {
        return address_ + size <= step.machine.memoryBytes();
    }

    /// @notice As inMemory, for an address that must be a multiple of `alignment`.
    function isAligned(Step memory step, uint256 address_, uint256 size, uint256 alignment)
        internal
        pure
        returns (bool)
    {
        return address_ % alignment == 0 && inMemory(step, address_, size);
    }

    /// @notice Up to a leaf of memory, see LeafProofs.readSpan.
    function readMemory(Step memory step, uint256 address_, uint256 size) internal pure returns (bytes memory) {
        return LeafProofs.readSpan(step.witness, step.machine.memoryRoot, memoryDepth(step), address_, size);
    }

    /// @notice Writes up to a leaf of memory, see LeafProofs.writeSpan.
    function writeMemory(Step memory step, uint256 address_, bytes memory data) internal pure {
        Machine memory machine = step.machine;
        machine.memoryRoot = LeafProofs.writeSpan(step.witness, machine.memoryRoot, memoryDepth(step), address_, data);
    }

    function memoryDepth(Step memory step) internal pure returns (uint256) {
        return LeafProofs.depthOf(step.machine.memoryRegion());
    }

    /// @notice Bytes that one step handles: up to the end of the leaf at `address_`.
    function leafPart(uint256 address_, uint256 n) internal pure returns (uint256) {
        return Math.min(n, Constants.LEAF_BYTES - address_ % Constants.LEAF_BYTES);
    }

    /// @notice Bytes that one step copies: up to the end of the leaf at `dst` or at `src`.
    function copyPart(uint256 dst, uint256 src, uint256 n) internal pure returns (uint256) {
        return leafPart(src, leafPart(dst, n));
    }
}
