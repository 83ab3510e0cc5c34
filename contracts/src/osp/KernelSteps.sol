// SPDX-License-Identifier: MIT
// docs/vm.md#host (kernel only), docs/kernel.md#exec
pragma solidity 0.8.37;

import {Constants} from "../generated/Constants.sol";
import {Instructions} from "../generated/Instructions.sol";
import {Ending} from "./Ending.sol";
import {ExecStep} from "./ExecStep.sol";
import {LeafProof, LeafProofs} from "./LeafProof.sol";
import {Step, Steps} from "./Step.sol";

/// @title Host instructions that only the kernel has.
library KernelSteps {
    uint256 private constant HASH_BYTES = 32;
    uint256 private constant ADDRESS_BYTES = 20;
    /// @dev Half the order of secp256k1: a larger s is not accepted.
    uint256 private constant S_MAX = 0x7fffffffffffffffffffffffffffffff5d576e7357a4501ddfe92f46681b20a0;

    error PreimageTooLong(uint256 maximum, uint256 actual);
    error PreimageMismatch(bytes32 expected, bytes32 actual);

    function execute(Step memory step) internal pure returns (bytes32) {
        if (step.op == Instructions.PREIMAGE) return _preimage(step);
        uint256 src = step.load32(step.a);
        if (step.op == Instructions.COMMIT) {
            if (!step.isAligned(src, Constants.LEAF_BYTES, Constants.LEAF_BYTES)) return Ending.fault(step);
            return Ending.commit(step, step.readMemory(src, Constants.LEAF_BYTES));
        }
        uint256 dst = step.load32(step.a + 1);
        if (!step.isAligned(src, Constants.LEAF_BYTES, Constants.LEAF_BYTES)) return Ending.fault(step);
        if (step.op == Instructions.EXEC) {
            if (!step.isAligned(dst, Constants.LEAF_BYTES, Constants.LEAF_BYTES)) return Ending.fault(step);
            return ExecStep.execute(step, src, dst);
        }
        if (!step.isAligned(dst, ADDRESS_BYTES, HASH_BYTES)) return Ending.fault(step);
        step.writeMemory(dst, abi.encodePacked(_recover(step.readMemory(src, Constants.LEAF_BYTES))));
        return step.next();
    }

    function _preimage(Step memory step) private pure returns (bytes32) {
        uint256 hashAddress = step.load32(step.a);
        uint256 dst = step.load32(step.a + 1);
        uint256 done = step.load32(step.a + 2);
        bool fits = step.isAligned(hashAddress, HASH_BYTES, HASH_BYTES)
            && step.isAligned(dst, Constants.MAX_PREIMAGE_BYTES, Constants.LEAF_BYTES);
        bool inTarget = hashAddress >= dst && hashAddress < dst + Constants.MAX_PREIMAGE_BYTES;
        if (!fits || inTarget) return Ending.fault(step);
        bytes32 expected = bytes32(step.readMemory(hashAddress, HASH_BYTES));
        uint256 length = step.witness.takeNumber(2);
        require(length <= Constants.MAX_PREIMAGE_BYTES, PreimageTooLong(Constants.MAX_PREIMAGE_BYTES, length));
        bytes memory data = _takeBytes(step, length);
        require(keccak256(data) == expected, PreimageMismatch(expected, keccak256(data)));
        if (done < length) {
            uint256 part = Steps.leafPart(dst + done, length - done);
            step.writeMemory(dst + done, _slice(data, done, part));
            done += part;
            if (done < length) {
                step.store(step.a + 2, done);
                return step.again();
            }
        }
        step.store(step.a, length);
        return step.next();
    }

    /// @dev hash 32 ‖ r 32 ‖ s 32 ‖ v 1; zero if it is nobody's signature.
    function _recover(bytes memory input) private pure returns (address) {
        bytes32 digest;
        bytes32 r;
        bytes32 s;
        uint8 v = uint8(input[96]);
        assembly ("memory-safe") {
            digest := mload(add(input, 32))
            r := mload(add(input, 64))
            s := mload(add(input, 96))
        }
        return uint256(s) > S_MAX ? address(0) : ecrecover(digest, v, r, s);
    }

    function _takeBytes(Step memory step, uint256 size) private pure returns (bytes memory data) {
        uint256 start = step.witness.take(size);
        data = new bytes(size);
        assembly ("memory-safe") {
            calldatacopy(add(data, 32), start, size)
        }
    }

    function _slice(bytes memory data, uint256 from, uint256 size) private pure returns (bytes memory part) {
        part = new bytes(size);
        assembly ("memory-safe") {
            mcopy(add(part, 32), add(add(data, 32), from), size)
        }
    }
}
