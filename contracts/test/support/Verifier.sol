// SPDX-License-Identifier: MIT
// docs/contracts.md#one-step: the verifier with all its families, as contracts/deploy.ts makes it.
pragma solidity 0.8.37;

import {ControlSteps} from "../../src/osp/ControlSteps.sol";
import {FloatSteps} from "../../src/osp/FloatSteps.sol";
import {HostSteps} from "../../src/osp/HostSteps.sol";
import {IStepFamily} from "../../src/osp/IStepFamily.sol";
import {IntegerSteps} from "../../src/osp/IntegerSteps.sol";
import {MemorySteps} from "../../src/osp/MemorySteps.sol";
import {OneStepVerifier} from "../../src/osp/OneStepVerifier.sol";

function newVerifier() returns (OneStepVerifier) {
    IStepFamily[5] memory families = [
        IStepFamily(new ControlSteps()),
        IStepFamily(new IntegerSteps()),
        IStepFamily(new FloatSteps()),
        IStepFamily(new MemorySteps()),
        IStepFamily(new HostSteps())
    ];
    return new OneStepVerifier(families);
}
