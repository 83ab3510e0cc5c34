// SPDX-License-Identifier: MIT
// docs/isa.md#float
pragma solidity 0.8.37;

import {Instructions} from "../generated/Instructions.sol";
import {ArithmeticSteps} from "./ArithmeticSteps.sol";
import {FloatOps} from "./FloatOps.sol";

/// @title The float family.
contract FloatSteps is ArithmeticSteps {
    function _isBinary(uint256 op) internal pure override returns (bool) {
        uint256 index = op - (Instructions.FAMILY_FLOAT << Instructions.FAMILY_SHIFT);
        return (Instructions.BINARY_FLOAT >> index) & 1 != 0;
    }

    function _compute(uint256 op, uint256 x, uint256 y) internal pure override returns (uint256, bool) {
        return FloatOps.compute(op, x, y);
    }
}
