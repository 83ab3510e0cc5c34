// SPDX-License-Identifier: MIT
// docs/machine.md#proof
pragma solidity 0.8.37;

// 1 << n is meant: 2^n.
// forge-lint: disable-start(incorrect-shift)

import {Constants} from "../generated/Constants.sol";
import {Instructions} from "../generated/Instructions.sol";
import {Ending} from "./Ending.sol";
import {IStepFamily} from "./IStepFamily.sol";
import {LeafProofs} from "./LeafProof.sol";
import {Machine, Machines} from "./Machine.sol";
import {Step, Steps} from "./Step.sol";
import {Witness, Witnesses} from "./Witness.sol";

/// @title Executes one instruction of the DataVM.
/// @notice A proof yields one machine before and one after, or it reverts: whatever is read is held against the machine
/// before. A fault of the guest is a machine like others and never reverts.
contract OneStepVerifier {
    IStepFamily private immutable _control;
    IStepFamily private immutable _integer;
    IStepFamily private immutable _float;
    IStepFamily private immutable _memory;
    IStepFamily private immutable _host;

    /// @param families in the order of docs/isa.md
    constructor(IStepFamily[5] memory families) {
        _control = families[Instructions.FAMILY_CONTROL];
        _integer = families[Instructions.FAMILY_INTEGER];
        _float = families[Instructions.FAMILY_FLOAT];
        _memory = families[Instructions.FAMILY_MEMORY];
        _host = families[Instructions.FAMILY_HOST];
    }

    /// @notice Hashes of the machine that the proof begins with and of the one after it; a halted one stays as it is.
    /// @param proof `machine 256 ‖ witness`, or the preimage of a halted machine's hash
    function step(bytes calldata proof) external view returns (bytes32 beforeHash, bytes32 afterHash) {
        if (proof.length < Machines.BYTES) {
            beforeHash = Ending.hashHalted(proof);
            return (beforeHash, beforeHash);
        }
        Step memory current;
        Witness memory witness = Witnesses.from(proof);
        (current.machine, beforeHash) = Machines.read(witness.take(Machines.BYTES));
        current.witness = witness;
        Machine memory machine = current.machine;
        if (machine.gasLeft == 0) return (beforeHash, Ending.fault(current));
        if (machine.debt != 0) return (beforeHash, _payDebt(current));
        if (machine.pc >= machine.codeCount) return (beforeHash, Ending.fault(current));
        uint256 perLeaf = Constants.LEAF_BYTES / Constants.INSTRUCTION_BYTES;
        uint256 op = LeafProofs.read(witness, machine.codeTreeRoot, machine.pc / perLeaf, Steps.codeDepth(machine))
            .numberAt(machine.pc % perLeaf * Constants.INSTRUCTION_BYTES, 2);
        if (!_isDefined(op, machine)) return (beforeHash, Ending.fault(current));
        return (beforeHash, familyOf((op & ~Constants.IMMEDIATE_BIT) >> Instructions.FAMILY_SHIFT).execute(proof));
    }

    /// @notice The contract that executes a family's instructions.
    function familyOf(uint256 family) public view returns (IStepFamily) {
        if (family == Instructions.FAMILY_CONTROL) return _control;
        if (family == Instructions.FAMILY_INTEGER) return _integer;
        if (family == Instructions.FAMILY_FLOAT) return _float;
        if (family == Instructions.FAMILY_MEMORY) return _memory;
        return _host;
    }

    /// @dev One gas of what the instruction before costs; nothing else happens.
    function _payDebt(Step memory current) private pure returns (bytes32) {
        --current.machine.gasLeft;
        --current.machine.debt;
        current.witness.finish();
        return current.machine.hash();
    }

    /// @dev Whether this machine has such an instruction and, if the immediate bit is set, that takes one.
    function _isDefined(uint256 op, Machine memory machine) private pure returns (bool) {
        bool immediate = op & Constants.IMMEDIATE_BIT != 0;
        op &= ~Constants.IMMEDIATE_BIT;
        uint256 family = op >> Instructions.FAMILY_SHIFT;
        uint256 index = op & ((1 << Instructions.FAMILY_SHIFT) - 1);
        if (index >= (Instructions.COUNTS >> (8 * family)) & 0xff) return false;
        if (family == Instructions.FAMILY_HOST && (Instructions.KERNEL_ONLY_HOST >> index) & 1 != 0) {
            if (!machine.isKernel()) return false;
        }
        return !immediate || (_immediates(family) >> index) & 1 != 0;
    }

    function _immediates(uint256 family) private pure returns (uint256) {
        if (family == Instructions.FAMILY_CONTROL) return Instructions.IMMEDIATE_CONTROL;
        if (family == Instructions.FAMILY_INTEGER) return Instructions.IMMEDIATE_INTEGER;
        if (family == Instructions.FAMILY_FLOAT) return Instructions.IMMEDIATE_FLOAT;
        if (family == Instructions.FAMILY_MEMORY) return Instructions.IMMEDIATE_MEMORY;
        return Instructions.IMMEDIATE_HOST;
    }
}
