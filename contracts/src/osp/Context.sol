// SPDX-License-Identifier: MIT
// docs/machine.md#running (context)
pragma solidity 0.8.37;

import {Constants} from "../generated/Constants.sol";
import {Step} from "./Step.sol";

/// @notice What a run is given and does not change.
struct Context {
    bytes32 dataRoot;
    bytes32 inputsRoot;
    bytes32 seed;
    bytes32 programId;
    uint256 timestampNs;
    uint256 gasLimit;
    uint256 inputCount;
}

using Contexts for Context global;

/// @title Encoding and hash of contexts.
library Contexts {
    uint256 private constant BYTES = 152;

    error ContextMismatch(bytes32 expected, bytes32 actual);

    /// @notice Reads the context of the step's machine from the proof.
    function read(Step memory step) internal pure returns (Context memory context) {
        uint256 start = step.witness.take(BYTES);
        uint256 numbers;
        bytes32 contextHash;
        bytes1 tag = Constants.CONTEXT_TAG;
        assembly ("memory-safe") {
            let buffer := mload(0x40)
            mstore(buffer, tag)
            calldatacopy(add(buffer, 1), start, 152)
            contextHash := keccak256(buffer, 153)
            calldatacopy(context, start, 128)
            numbers := calldataload(add(start, 128))
        }
        require(contextHash == step.machine.contextHash, ContextMismatch(step.machine.contextHash, contextHash));
        context.timestampNs = numbers >> 192;
        context.gasLimit = (numbers >> 128) & type(uint64).max;
        context.inputCount = (numbers >> 96) & type(uint32).max;
    }

    /// @notice keccak256(0x0a ‖ the context's 152 bytes).
    function hash(Context memory context) internal pure returns (bytes32) {
        return keccak256(
            abi.encodePacked(
                Constants.CONTEXT_TAG,
                context.dataRoot,
                context.inputsRoot,
                context.seed,
                context.programId,
                uint64(context.timestampNs),
                uint64(context.gasLimit),
                uint32(context.inputCount),
                bytes4(0)
            )
        );
    }
}
