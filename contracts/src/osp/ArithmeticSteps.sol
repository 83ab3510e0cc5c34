// SPDX-License-Identifier: MIT
// docs/machine.md#step
pragma solidity 0.8.37;

import {Ending} from "./Ending.sol";
import {IStepFamily} from "./IStepFamily.sol";
import {Step, Steps} from "./Step.sol";

/// @title Instructions that compute slot a from one or two operands and do nothing else.
abstract contract ArithmeticSteps is IStepFamily {
    /// @inheritdoc IStepFamily
    function execute(bytes calldata proof) external pure returns (bytes32) {
        Step memory step = Steps.begin(proof);
        uint256 x;
        uint256 y;
        if (_isBinary(step.op)) {
            x = step.load(step.b);
            y = step.immediate ? step.imm : step.load(step.c);
        } else {
            x = step.immediate ? step.imm : step.load(step.b);
        }
        // Slot a is proven before it is known whether the instruction faults.
        step.load(step.a);
        (uint256 result, bool faulted) = _compute(step.op, x, y);
        if (faulted) return Ending.fault(step);
        step.store(step.a, result);
        return step.next();
    }

    function _isBinary(uint256 op) internal pure virtual returns (bool);

    function _compute(uint256 op, uint256 x, uint256 y) internal pure virtual returns (uint256 result, bool faulted);
}
