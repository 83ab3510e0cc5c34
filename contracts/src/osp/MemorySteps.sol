// SPDX-License-Identifier: MIT
// docs/isa.md#memory
pragma solidity 0.8.37;

// 1 << n is meant: 2^n.
// forge-lint: disable-start(incorrect-shift)

import {Instructions} from "../generated/Instructions.sol";
import {BulkSteps} from "./BulkSteps.sol";
import {Ending} from "./Ending.sol";
import {IStepFamily} from "./IStepFamily.sol";
import {Step, Steps} from "./Step.sol";

/// @title The memory family.
contract MemorySteps is IStepFamily {
    uint256 private constant LOW = type(uint32).max;

    /// @inheritdoc IStepFamily
    function execute(bytes calldata proof) external pure returns (bytes32) {
        Step memory step = Steps.begin(proof);
        uint256 op = step.op;
        if (op < Instructions.STORE8) return _load(step);
        if (op < Instructions.MEMORY_SIZE) return _store(step);
        if (op == Instructions.MEMORY_SIZE) {
            step.store(step.a, step.machine.pages);
            return step.next();
        }
        if (op == Instructions.MEMORY_GROW) return _grow(step);
        return BulkSteps.execute(step);
    }

    function _load(Step memory step) private pure returns (bytes32) {
        uint256 address_ = step.imm;
        if (!step.immediate) address_ += step.load32(step.b);
        step.load(step.a);
        (uint256 size, uint256 extendedBits) = _loadWidth(step.op);
        if (!step.inMemory(address_, size)) return Ending.fault(step);
        uint256 value = _decode(step.readMemory(address_, size));
        if (extendedBits != 0) {
            assembly ("memory-safe") {
                value := and(signextend(sub(size, 1), value), sub(shl(extendedBits, 1), 1))
            }
        }
        step.store(step.a, value);
        return step.next();
    }

    /// @return size bytes
    /// @return extendedBits to which they are sign-extended; 0: they are not
    function _loadWidth(uint256 op) private pure returns (uint256 size, uint256 extendedBits) {
        if (op == Instructions.LOAD8_U) return (1, 0);
        if (op == Instructions.LOAD16_U) return (2, 0);
        if (op == Instructions.LOAD32_U) return (4, 0);
        if (op == Instructions.LOAD64) return (8, 0);
        if (op == Instructions.LOAD8_S32) return (1, 32);
        if (op == Instructions.LOAD16_S32) return (2, 32);
        if (op == Instructions.LOAD8_S64) return (1, 64);
        if (op == Instructions.LOAD16_S64) return (2, 64);
        return (4, 64);
    }

    function _store(Step memory step) private pure returns (bytes32) {
        uint256 address_ = step.load32(step.b);
        uint256 value;
        if (step.immediate) {
            address_ += step.imm >> 32;
            value = uint64(int64(int32(uint32(step.imm))));
        } else {
            address_ += step.imm;
            value = step.load(step.c);
        }
        uint256 size = 1 << (step.op - Instructions.STORE8);
        if (!step.inMemory(address_, size)) return Ending.fault(step);
        step.writeMemory(address_, _encode(value, size));
        return step.next();
    }

    function _grow(Step memory step) private pure returns (bytes32) {
        uint256 delta = (step.immediate ? step.imm : step.load(step.b)) & LOW;
        uint256 pages = step.machine.pages;
        step.machine.debt = Instructions.GAS_MEMORY_GROW - 1;
        if (pages + delta > step.machine.pagesMax) {
            step.store(step.a, LOW);
        } else {
            step.machine.pages = pages + delta;
            step.machine.debt += delta * Instructions.GAS_PAGE;
            step.store(step.a, pages);
        }
        return step.next();
    }

    /// @dev Memory holds numbers with their lowest byte first.
    function _encode(uint256 value, uint256 size) private pure returns (bytes memory data) {
        data = new bytes(size);
        for (uint256 i = 0; i < size; ++i) {
            assembly ("memory-safe") {
                mstore8(add(add(data, 32), i), shr(shl(3, i), value))
            }
        }
    }

    function _decode(bytes memory data) private pure returns (uint256 value) {
        for (uint256 i = data.length; i > 0; --i) {
            assembly ("memory-safe") {
                // The byte before offset i of the data is the last one of the word that begins at i of the object.
                value := or(shl(8, value), and(mload(add(data, i)), 0xff))
            }
        }
    }
}
