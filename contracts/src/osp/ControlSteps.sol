// SPDX-License-Identifier: MIT
// docs/isa.md#control
pragma solidity 0.8.37;

import {Constants} from "../generated/Constants.sol";
import {Instructions} from "../generated/Instructions.sol";
import {Ending} from "./Ending.sol";
import {IStepFamily} from "./IStepFamily.sol";
import {LeafProof, LeafProofs} from "./LeafProof.sol";
import {Machine} from "./Machine.sol";
import {Step, Steps} from "./Step.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";

/// @title The control family: jumps, calls and moves.
contract ControlSteps is IStepFamily {
    uint256 private constant LOW = type(uint32).max;

    /// @inheritdoc IStepFamily
    function execute(bytes calldata proof) external pure returns (bytes32) {
        Step memory step = Steps.begin(proof);
        uint256 op = step.op;
        if (op >= Instructions.MOV) return _move(step);
        if (op == Instructions.HALT) return Ending.exit(step, 0);
        if (op == Instructions.TABLE_GET) return _tableGet(step);
        return _jump(step) ? step.next() : Ending.fault(step);
    }

    /// @dev Instructions that set pc or check fp. False: a fault.
    function _jump(Step memory step) private pure returns (bool) {
        Machine memory machine = step.machine;
        uint256 op = step.op;
        uint256 low = step.imm & LOW;
        if (op == Instructions.JUMP) {
            machine.pc = low;
        } else if (op == Instructions.BR_IF) {
            if (step.load32(step.b) != 0) machine.pc = low;
        } else if (op == Instructions.BR_IF_ZERO) {
            if (step.load32(step.b) == 0) machine.pc = low;
        } else if (op == Instructions.BR_TABLE) {
            machine.pc += Math.min(step.load32(step.b), low);
        } else if (op == Instructions.CALL) {
            return _call(step, low);
        } else if (op == Instructions.CALL_INDIRECT) {
            uint256 entry = step.load(step.c);
            uint256 entryType = entry >> 32;
            return entryType == low && entryType != Constants.NULL_TYPE && _call(step, entry & LOW);
        } else if (op == Instructions.RETURN) {
            uint256 record = step.load(step.b);
            uint256 distance = record & LOW;
            if (distance > machine.fp) return false;
            machine.pc = record >> 32;
            machine.fp -= distance;
        } else {
            // trap and entry fault when executed.
            if (op != Instructions.ENTER || machine.fp + low > Constants.SLOT_COUNT) return false;
            machine.debt = low / Instructions.FRAME_SLOTS_PER_GAS;
        }
        return true;
    }

    /// @dev The record of the way back goes to the new frame's slot b.
    function _call(Step memory step, uint256 target) private pure returns (bool) {
        Machine memory machine = step.machine;
        uint256 field = step.a + step.b;
        if (machine.fp + field >= Constants.SLOT_COUNT) return false;
        step.store(field, (machine.pc << 32) | step.a);
        machine.fp += step.a;
        machine.pc = target;
        return true;
    }

    function _tableGet(Step memory step) private pure returns (bytes32) {
        uint256 index = step.load32(step.b);
        step.load(step.a);
        uint256 entry = (step.imm >> 32) + index;
        if (index >= step.imm & LOW || entry >= step.machine.codeCount) return Ending.fault(step);
        uint256 perLeaf = Constants.LEAF_BYTES / Constants.INSTRUCTION_BYTES;
        LeafProof memory proof =
            LeafProofs.read(step.witness, step.machine.codeTreeRoot, entry / perLeaf, Steps.codeDepth(step.machine));
        uint256 offset = entry % perLeaf * Constants.INSTRUCTION_BYTES;
        if (proof.numberAt(offset, 2) != Instructions.ENTRY) return Ending.fault(step);
        step.store(step.a, proof.numberAt(offset + 8, 8));
        return step.next();
    }

    /// @dev mov, select, global_get, global_set.
    function _move(Step memory step) private pure returns (bytes32) {
        uint256 op = step.op;
        if (op == Instructions.GLOBAL_GET) {
            step.store(step.a, step.slots.load(step.witness, step.b));
            return step.next();
        }
        uint256 value = step.immediate ? step.imm : step.load(step.b);
        if (op == Instructions.GLOBAL_SET) {
            step.slots.store(step.witness, step.a, value);
            return step.next();
        }
        if (op == Instructions.SELECT) {
            uint256 other = step.load(step.c);
            if (step.load32(step.imm & 0xffff) == 0) value = other;
        }
        step.store(step.a, value);
        return step.next();
    }
}
