// SPDX-License-Identifier: MIT
// docs/messages.md#leaf
pragma solidity 0.8.37;

/// @notice The state of the network between two steps: one leaf of the step list.
/// @param batch index of the next batch
/// @param message index of the next message in it
/// @param step number of steps since genesis
struct StateLeaf {
    bytes32 stateRoot;
    bytes32 receiptHash;
    uint64 batch;
    uint64 message;
    uint64 step;
}

using {hash} for StateLeaf global;

/// @notice Leaf hash (docs/vm.md#tree) of the 128 bytes of the leaf: 88 of fields, 40 zeros.
function hash(StateLeaf memory leaf) pure returns (bytes32) {
    return keccak256(
        abi.encodePacked(
            bytes1(0), leaf.stateRoot, leaf.receiptHash, leaf.batch, leaf.message, leaf.step, bytes32(0), bytes8(0)
        )
    );
}
