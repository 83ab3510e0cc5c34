// SPDX-License-Identifier: MIT
// docs/isa.md#integer
pragma solidity 0.8.37;

import {Instructions} from "../generated/Instructions.sol";
import {ArithmeticSteps} from "./ArithmeticSteps.sol";
import {IntegerOps} from "./IntegerOps.sol";

/// @title The integer family.
contract IntegerSteps is ArithmeticSteps {
    function _isBinary(uint256 op) internal pure override returns (bool) {
        uint256 index = op - (Instructions.FAMILY_INTEGER << Instructions.FAMILY_SHIFT);
        return (Instructions.BINARY_INTEGER >> index) & 1 != 0;
    }

    function _compute(uint256 op, uint256 x, uint256 y) internal pure override returns (uint256, bool) {
        return IntegerOps.compute(op, x, y);
    }
}
