// SPDX-License-Identifier: MIT
// docs/disputes.md#judged, docs/machine.md#running
pragma solidity 0.8.37;

import {Constants} from "../generated/Constants.sol";
import {Tree} from "../lib/Tree.sol";
import {DataObject} from "../lib/Types.sol";
import {Context} from "../osp/Context.sol";
import {Machine} from "../osp/Machine.sol";

/// @notice The kernel: its header (docs/vm.md#program), and the tree behind the header's codeRoot.
struct Kernel {
    bytes header;
    bytes32 codeTreeRoot;
    uint32 codeCount;
}

/// @title The machine at position 0 of a game, and the one that its last position must be.
library StartMachine {
    uint256 private constant HEADER_BYTES = 152;
    uint256 private constant KERNEL_KIND = 1;
    uint256 private constant KERNEL_GAS_LIMIT = 1 << 39;
    uint256 private constant INPUTS = 4;
    uint64 private constant RECORD_BYTES = 64;
    bytes1 private constant COMMITTED = 0x01;

    error KernelMismatch(bytes32 expectedProgramId, bytes32 actualProgramId);
    error CodeMismatch(bytes32 expectedRoot, bytes32 actualRoot);

    /// @notice Hash of the kernel before it processes `message` on `stateLeaf`.
    function hash(
        Kernel calldata kernel,
        bytes32 programId,
        bytes calldata stateLeaf,
        bytes memory contextLeaf,
        DataObject memory message
    ) internal pure returns (bytes32) {
        bytes calldata header = kernel.header;
        bytes32 actual = keccak256(abi.encodePacked(Constants.PROGRAM_TAG, header));
        require(header.length == HEADER_BYTES && actual == programId, KernelMismatch(programId, actual));
        bytes32 codeRoot = Tree.hashObject(kernel.codeTreeRoot, uint64(Constants.INSTRUCTION_BYTES) * kernel.codeCount);
        require(codeRoot == bytes32(header[8:]), CodeMismatch(bytes32(header[8:]), codeRoot));
        Context memory context;
        context.dataRoot = bytes32(header[104:]);
        context.inputsRoot = _inputsRoot(stateLeaf, contextLeaf, message);
        context.programId = programId;
        context.gasLimit = KERNEL_GAS_LIMIT;
        context.inputCount = INPUTS;
        Machine memory machine;
        machine.kind = KERNEL_KIND;
        machine.pc = uint32(bytes4(header[144:]));
        machine.fp = uint32(bytes4(header[148:])) % Constants.SLOT_COUNT;
        machine.gasLeft = KERNEL_GAS_LIMIT;
        machine.pages = uint32(bytes4(header[136:]));
        machine.pagesMax = uint32(bytes4(header[140:]));
        machine.codeCount = kernel.codeCount;
        machine.codeTreeRoot = kernel.codeTreeRoot;
        machine.slotsRoot = bytes32(header[72:]);
        machine.memoryRoot = bytes32(header[40:]);
        machine.outputTreeRoot = Constants.ZERO_LEAF_HASH;
        machine.contextHash = context.hash();
        return machine.hash();
    }

    /// @notice Hash of the kernel that has committed this leaf.
    function hashCommitted(bytes calldata stateLeaf) internal pure returns (bytes32) {
        return keccak256(abi.encodePacked(Constants.HALTED_TAG, COMMITTED, stateLeaf));
    }

    /// @dev Object root of four records of 64 bytes, two to a leaf: no parameters, state, context, message.
    function _inputsRoot(bytes calldata stateLeaf, bytes memory contextLeaf, DataObject memory message)
        private
        pure
        returns (bytes32)
    {
        bytes32 left = Tree.hashLeaf(
            bytes.concat(_record(Tree.hashObject(Constants.ZERO_LEAF_HASH, 0), 0), _leafRecord(stateLeaf))
        );
        bytes32 right = Tree.hashLeaf(bytes.concat(_leafRecord(contextLeaf), _record(message.root, message.length)));
        // A constant.
        // forge-lint: disable-next-line(unsafe-typecast)
        return Tree.hashObject(Tree.hashNode(left, right), uint64(INPUTS) * RECORD_BYTES);
    }

    function _leafRecord(bytes memory leaf) private pure returns (bytes memory) {
        uint64 length = uint64(Constants.LEAF_BYTES);
        return _record(Tree.hashObject(Tree.hashLeaf(leaf), length), length);
    }

    function _record(bytes32 root, uint64 length) private pure returns (bytes memory) {
        return abi.encodePacked(root, length, bytes24(0));
    }
}
