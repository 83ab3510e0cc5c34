// SPDX-License-Identifier: MIT
// docs/isa.md#host, docs/vm.md#host
pragma solidity 0.8.37;

// Casts keep the low bits on purpose, or of numbers that are known to fit.
// forge-lint: disable-start(unsafe-typecast)

import {Constants} from "../generated/Constants.sol";
import {Instructions} from "../generated/Instructions.sol";
import {Context, Contexts} from "./Context.sol";
import {Ending} from "./Ending.sol";
import {IStepFamily} from "./IStepFamily.sol";
import {InputSteps} from "./InputSteps.sol";
import {KernelSteps} from "./KernelSteps.sol";
import {OutputSteps} from "./OutputSteps.sol";
import {Step, Steps} from "./Step.sol";

/// @title The host family.
contract HostSteps is IStepFamily {
    /// @inheritdoc IStepFamily
    function execute(bytes calldata proof) external pure returns (bytes32) {
        Step memory step = Steps.begin(proof);
        uint256 op = step.op;
        step.machine.debt = _gasOf(op) - 1;
        if (op >= Instructions.PREIMAGE) return KernelSteps.execute(step);
        if (op == Instructions.INPUT_SIZE) return InputSteps.size(step);
        if (op == Instructions.INPUT_READ) return InputSteps.read(step);
        if (op == Instructions.OUTPUT_WRITE) return OutputSteps.write(step);
        if (op == Instructions.EXIT) return Ending.exit(step, step.load(step.a) & 0xff);
        if (op != Instructions.LOG) _contextNumber(step, op);
        return step.next();
    }

    function _gasOf(uint256 op) private pure returns (uint256) {
        uint256 index = op - (Instructions.FAMILY_HOST << Instructions.FAMILY_SHIFT);
        return (Instructions.GAS_HOST >> (20 * index)) & 0xfffff;
    }

    /// @dev input_count, clock and random.
    function _contextNumber(Step memory step, uint256 op) private pure {
        uint256 counter = step.load(step.a);
        Context memory context = Contexts.read(step);
        uint256 value;
        if (op == Instructions.INPUT_COUNT) {
            value = context.inputCount;
        } else if (op == Instructions.CLOCK) {
            value = context.timestampNs;
        } else {
            bytes memory preimage = abi.encodePacked(Constants.RANDOM_TAG, context.seed, uint64(counter));
            value = uint64(bytes8(keccak256(preimage)));
        }
        step.store(step.a, value);
    }
}
