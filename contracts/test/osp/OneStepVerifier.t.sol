// SPDX-License-Identifier: MIT
// docs/machine.md#proof
pragma solidity 0.8.37;

import {BulkSteps} from "../../src/osp/BulkSteps.sol";
import {Contexts} from "../../src/osp/Context.sol";
import {Ending} from "../../src/osp/Ending.sol";
import {ExecStep} from "../../src/osp/ExecStep.sol";
import {InputSteps} from "../../src/osp/InputSteps.sol";
import {KernelSteps} from "../../src/osp/KernelSteps.sol";
import {LeafProofs} from "../../src/osp/LeafProof.sol";
import {Witnesses} from "../../src/osp/Witness.sol";
import {StepVectors} from "../support/StepVectors.sol";
import {bound, vm} from "../support/Vm.sol";

contract OneStepVerifierTest is StepVectors {
    uint256 private constant MACHINE_BYTES = 256;
    uint256 private constant CODE_LEAF = MACHINE_BYTES;
    /// @dev Code of 45 instructions: 6 leaves, depth 3.
    uint256 private constant AFTER_CODE = CODE_LEAF + 128 + 3 * 32;
    uint256 private constant SLOT_PROOF = 128 + 12 * 32;
    /// @dev Two pages: 1,024 leaves.
    uint256 private constant MEMORY_PROOF = 128 + 10 * 32;

    error AcceptedAnother(string name, uint256 position);
    error Differs(string name, bytes32 expected, bytes32 actual);

    function test_EveryProofYieldsItsMachines() public view {
        vm.assertGe(proofs.length, 120);
        for (uint256 i = 0; i < proofs.length; ++i) {
            (bytes32 beforeHash, bytes32 afterHash) = verifier.step(proofs[i]);
            require(beforeHash == befores[i], Differs(names[i], befores[i], beforeHash));
            require(afterHash == afters[i], Differs(names[i], afters[i], afterHash));
        }
    }

    function test_AHaltedMachineStaysAsItIs() public view {
        _requireHalted(hex"0902");
        _requireHalted(abi.encodePacked(hex"0900", new bytes(128)));
        _requireHalted(abi.encodePacked(hex"0901", new bytes(128)));
    }

    function test_RevertWhen_PreimageIsNoHaltedMachine() public view {
        _requireError("", Ending.HaltMalformed.selector);
        _requireError(hex"09", Ending.HaltMalformed.selector);
        _requireError(hex"0903", Ending.HaltMalformed.selector);
        _requireError(hex"090200", Ending.HaltMalformed.selector);
        _requireError(hex"0802", Ending.HaltMalformed.selector);
        _requireError(abi.encodePacked(hex"0900", new bytes(127)), Ending.HaltMalformed.selector);
        _requireError(abi.encodePacked(hex"0900", new bytes(129)), Ending.HaltMalformed.selector);
        _requireError(abi.encodePacked(hex"0902", new bytes(128)), Ending.HaltMalformed.selector);
        _requireError(abi.encodePacked(hex"0900", new bytes(126 + 127)), Ending.HaltMalformed.selector);
    }

    function test_RevertWhen_AnyBitOfAFaultIsFlipped() public view {
        _flipEveryBit("fault with a parent");
    }

    function test_RevertWhen_AnyBitOfAnAdditionIsFlipped() public view {
        _flipEveryBit("i32_add immediate");
    }

    function test_RevertWhen_AnyBitOfAnOutputIsFlipped() public view {
        _flipEveryBit("output_write: first leaf, repeats");
    }

    function test_RevertWhen_AnyBitOfAStartIsFlipped() public view {
        _flipEveryBit("exec: starts a program");
    }

    function test_RevertWhen_AnyWordIsChangedInAnyProof() public view {
        for (uint256 i = 0; i < proofs.length; ++i) {
            bytes memory proof = proofs[i];
            for (uint256 position = i % 32; position < proof.length; position += 32) {
                _requireOther(i, proof, position * 8 + (position + i) % 8);
            }
        }
    }

    function testFuzz_RevertWhen_ABitIsFlipped(uint256 index, uint256 bit) public view {
        index = bound(index, 0, proofs.length - 1);
        bytes memory proof = proofs[index];
        _requireOther(index, proof, bound(bit, 0, proof.length * 8 - 1));
    }

    function testFuzz_RevertWhen_BytesAreReplaced(uint256 index, uint256 position, bytes calldata others) public view {
        index = bound(index, 0, proofs.length - 1);
        bytes memory proof = proofs[index];
        position = bound(position, 0, proof.length - 1);
        for (uint256 i = 0; i < others.length && position + i < proof.length; ++i) {
            proof[position + i] = others[i];
        }
        vm.assume(keccak256(proof) != keccak256(proofs[index]));
        _requireNotAccepted(index, position, proof);
    }

    function test_RevertWhen_AnyProofIsCutOrLengthened() public view {
        for (uint256 i = 0; i < proofs.length; ++i) {
            bytes memory proof = proofs[i];
            uint256 length = proof.length;
            _requireError(bytes.concat(proof, new bytes(1)), Witnesses.WitnessTooLong.selector);
            _requireError(bytes.concat(proof, new bytes(32)), Witnesses.WitnessTooLong.selector);
            _requireError(bytes.concat(proof, new bytes(128)), Witnesses.WitnessTooLong.selector);
            for (uint256 cut = 1; cut < length; cut += 31) {
                assembly ("memory-safe") {
                    mstore(proof, sub(length, cut))
                }
                _requireNotAccepted(i, length - cut, proof);
            }
        }
    }

    /// @dev Each field a byte or a word shorter or longer, wherever it ends.
    function testFuzz_RevertWhen_AFieldIsCutOrLengthened(uint256 index, uint256 position, uint256 size) public view {
        index = bound(index, 0, proofs.length - 1);
        bytes memory proof = proofs[index];
        position = bound(position, 0, proof.length - 1);
        size = bound(size, 1, proof.length - position);
        bytes memory rest = _slice(proof, position + size, proof.length);
        _requireNotAccepted(index, position, bytes.concat(_slice(proof, 0, position), rest));
        bytes memory longer =
            bytes.concat(_slice(proof, 0, position), new bytes(size), _slice(proof, position, proof.length));
        _requireNotAccepted(index, position, longer);
    }

    function test_ErrorsNameWhatDoesNotFit() public view {
        _requireErrorAt("trap", CODE_LEAF, LeafProofs.RootMismatch.selector);
        _requireErrorAt("mov", AFTER_CODE, LeafProofs.RootMismatch.selector);
        _requireErrorAt("trap", AFTER_CODE, Contexts.ContextMismatch.selector);
        _requireErrorAt("fault with a parent", AFTER_CODE + 152, Ending.ParentMismatch.selector);
        uint256 program = AFTER_CODE + SLOT_PROOF + MEMORY_PROOF;
        _requireErrorAt("exec: starts a program", program, ExecStep.ProgramMismatch.selector);
        _requireErrorAt("exec: starts a program", program + 152, ExecStep.CodeRootMismatch.selector);
        _requireErrorAt("preimage: first leaf, repeats", program + 2, KernelSteps.PreimageMismatch.selector);
        _requireErrorAt("preimage: first leaf, repeats", program, KernelSteps.PreimageTooLong.selector, 0x08);
        _requireErrorAt("input_size of 0", AFTER_CODE + SLOT_PROOF + 152, InputSteps.InputsRootMismatch.selector);
        // Behind the context and the list's root: the record's leaf in a tree of depth 2.
        uint256 input = AFTER_CODE + SLOT_PROOF + 152 + 32 + 128 + 2 * 32;
        _requireErrorAt("input_read: one leaf", input, InputSteps.InputRootMismatch.selector);
        uint256 data = AFTER_CODE + 2 * SLOT_PROOF + 152;
        _requireErrorAt("memory_init: one leaf", data, BulkSteps.DataRootMismatch.selector);
        _requireErrorAt("memory_init: one leaf", data + 39, BulkSteps.DataRootMismatch.selector);
    }

    function test_EveryContractFitsTheLimit() public view {
        for (uint256 family = 0; family < 5; ++family) {
            vm.assertLe(address(verifier.familyOf(family)).code.length, 24_576);
        }
        vm.assertLe(address(verifier).code.length, 24_576);
    }

    function _requireHalted(bytes memory preimage) private view {
        (bytes32 beforeHash, bytes32 afterHash) = verifier.step(preimage);
        vm.assertEq(beforeHash, keccak256(preimage));
        vm.assertEq(afterHash, keccak256(preimage));
    }

    /// @dev One flipped bit is another machine before, or no proof at all.
    function _flipEveryBit(string memory name) private view {
        uint256 index = _indexOf(name);
        bytes memory proof = proofs[index];
        for (uint256 bit = 0; bit < proof.length * 8; ++bit) {
            _requireOther(index, proof, bit);
        }
    }

    function _requireOther(uint256 index, bytes memory proof, uint256 bit) private view {
        bytes1 mask = bytes1(uint8(1 << (bit % 8)));
        proof[bit / 8] ^= mask;
        _requireNotAccepted(index, bit, proof);
        proof[bit / 8] ^= mask;
    }

    function _requireNotAccepted(uint256 index, uint256 position, bytes memory proof) private view {
        try verifier.step(proof) returns (bytes32 beforeHash, bytes32) {
            require(beforeHash != befores[index], AcceptedAnother(names[index], position));
        } catch (bytes memory reason) {
            vm.assertGe(reason.length, 4);
        }
    }

    function _requireErrorAt(string memory name, uint256 position, bytes4 expected) private view {
        _requireErrorAt(name, position, expected, 0x01);
    }

    function _requireErrorAt(string memory name, uint256 position, bytes4 expected, bytes1 mask) private view {
        bytes memory proof = _proofOf(name);
        proof[position] ^= mask;
        _requireError(proof, expected);
    }

    function _requireError(bytes memory proof, bytes4 expected) private view {
        try verifier.step(proof) {
            revert AcceptedAnother("accepted", proof.length);
        } catch (bytes memory reason) {
            vm.assertEq(bytes32(bytes4(reason)), bytes32(expected));
        }
    }

    function _slice(bytes memory data, uint256 from, uint256 to) private pure returns (bytes memory part) {
        part = new bytes(to - from);
        assembly ("memory-safe") {
            mcopy(add(part, 32), add(add(data, 32), from), sub(to, from))
        }
    }
}
