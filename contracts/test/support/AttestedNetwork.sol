// SPDX-License-Identifier: MIT
// docs/attestations.md: a network with validators that sign.
pragma solidity 0.8.37;

import {Assertions} from "../../src/Assertions.sol";
import {Attestations} from "../../src/Attestations.sol";
import {StateLeaf} from "../../src/lib/StateLeaf.sol";
import {AssertionId, Role} from "../../src/lib/Types.sol";
import {Network} from "./Network.sol";
import {vm} from "./Vm.sol";

abstract contract AttestedNetwork is Network {
    /// @dev In the order of `validatorKeys`, which ascends by address as far as they were staked in one call.
    address[] internal validators;
    uint256[] internal validatorKeys;

    /// @return first index of the new ones
    function _stakeValidators(uint256 count) internal returns (uint256 first) {
        first = validators.length;
        for (uint256 i = 0; i < count; ++i) {
            _stakeValidator(STAKE);
        }
        // Ascending, as a record wants them.
        for (uint256 i = first + 1; i < validators.length; ++i) {
            for (uint256 k = i; k > first && validators[k] < validators[k - 1]; --k) {
                (validators[k], validators[k - 1]) = (validators[k - 1], validators[k]);
                (validatorKeys[k], validatorKeys[k - 1]) = (validatorKeys[k - 1], validatorKeys[k]);
            }
        }
    }

    function _stakeValidator(uint256 amount) internal returns (uint256 index) {
        index = validators.length;
        uint256 key = 0xa77e57 + index;
        validatorKeys.push(key);
        validators.push(vm.addr(key));
        if (token.balanceOf(owner) < amount) token.mint(owner, amount);
        stakes.stake(validators[index], Role.VALIDATOR, amount);
    }

    /// @dev Attestations of the validators from `from` to before `to`, ascending by address.
    function _signed(AssertionId id, uint256 from, uint256 to)
        internal
        view
        returns (Attestations.Attestation[] memory signed)
    {
        signed = new Attestations.Attestation[](to - from);
        address[] memory signers = new address[](to - from);
        for (uint256 i = 0; i < signed.length; ++i) {
            uint256 place = i;
            for (; place > 0 && signers[place - 1] > validators[from + i]; --place) {
                (signers[place], signed[place]) = (signers[place - 1], signed[place - 1]);
            }
            signers[place] = validators[from + i];
            signed[place] = _sign(id, from + i, keccak256(abi.encode("machines", i)));
        }
    }

    function _sign(AssertionId id, uint256 validator, bytes32 commitment)
        internal
        view
        returns (Attestations.Attestation memory)
    {
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(validatorKeys[validator], attestations.digestOf(id, commitment));
        return Attestations.Attestation(commitment, bytes.concat(r, s, bytes1(v)));
    }

    /// @dev The last leaf of an assertion as Network makes its step list.
    function _lastLeaf(AssertionId id, bytes32 stateRoot) internal view returns (Attestations.ListedLeaf memory leaf) {
        Assertions.Assertion memory claimed = rollup.assertionOf(id);
        StateLeaf memory post = _leaf(stateRoot, claimed.batch);
        leaf.leafHash = post.hash();
        bytes32 first = rollup.assertionOf(claimed.parent).leafHash;
        (,, leaf.path) = _stepList(first, leaf.leafHash, uint256(rollup.stepCountOf(id)) + 1);
    }
}
