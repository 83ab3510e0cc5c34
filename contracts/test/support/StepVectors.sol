// SPDX-License-Identifier: MIT
// docs/machine.md#proof: one-step proofs, the hashes they must yield, and a verifier to try them on.
pragma solidity 0.8.37;

import {OneStepVerifier} from "../../src/osp/OneStepVerifier.sol";
import {newVerifier} from "./Verifier.sol";
import {vector, vm} from "./Vm.sol";

abstract contract StepVectors {
    OneStepVerifier internal verifier;
    string[] internal names;
    bytes[] internal proofs;
    bytes32[] internal befores;
    bytes32[] internal afters;

    error NoSuchVector(string name);

    function setUp() public virtual {
        verifier = newVerifier();
        string memory json = vector("steps");
        names = vm.parseJsonStringArray(json, ".names");
        proofs = vm.parseJsonBytesArray(json, ".proofs");
        befores = vm.parseJsonBytes32Array(json, ".befores");
        afters = vm.parseJsonBytes32Array(json, ".afters");
    }

    function _indexOf(string memory name) internal view returns (uint256 i) {
        for (; i < names.length; ++i) {
            if (keccak256(bytes(names[i])) == keccak256(bytes(name))) return i;
        }
        revert NoSuchVector(name);
    }

    function _proofOf(string memory name) internal view returns (bytes memory) {
        return proofs[_indexOf(name)];
    }
}
