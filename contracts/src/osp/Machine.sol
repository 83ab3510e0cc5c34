// SPDX-License-Identifier: MIT
// docs/machine.md#running
pragma solidity 0.8.37;

import {Constants} from "../generated/Constants.sol";

/// @notice A running machine, one field of docs/machine.md#running each.
/// @param debt gas that is owed for the instruction before
struct Machine {
    uint256 kind;
    uint256 pc;
    uint256 fp;
    uint256 gasLeft;
    uint256 pages;
    uint256 pagesMax;
    uint256 codeCount;
    bytes32 codeTreeRoot;
    bytes32 slotsRoot;
    bytes32 memoryRoot;
    bytes32 outputTreeRoot;
    uint256 outputLength;
    uint256 resultAddress;
    bytes32 contextHash;
    bytes32 parent;
    uint256 debt;
}

using Machines for Machine global;

/// @title Encoding and hash of machines.
library Machines {
    uint256 internal constant BYTES = 256;
    uint256 internal constant KERNEL = 1;
    uint256 private constant PAGE_BYTES = 65_536;

    /// @notice The machine whose 256 bytes stand in calldata at `start`, and its hash.
    /// @dev The hash is that of the bytes: a machine whose unused bytes are not zero has another one.
    function read(uint256 start) internal pure returns (Machine memory machine, bytes32 machineHash) {
        uint256 first;
        uint256 sizes;
        bytes1 tag = Constants.MACHINE_TAG;
        assembly ("memory-safe") {
            first := calldataload(start)
            sizes := calldataload(add(start, 160))
            let buffer := mload(0x40)
            mstore(buffer, tag)
            calldatacopy(add(buffer, 1), start, 256)
            machineHash := keccak256(buffer, 257)
            let rest := add(machine, 224)
            calldatacopy(rest, add(start, 32), 128)
            calldatacopy(add(machine, 416), add(start, 192), 64)
        }
        machine.kind = first >> 248;
        machine.pc = (first >> 192) & 0xffffffff;
        machine.fp = (first >> 160) & 0xffffffff;
        machine.gasLeft = (first >> 96) & 0xffffffffffffffff;
        machine.pages = (first >> 64) & 0xffffffff;
        machine.pagesMax = (first >> 32) & 0xffffffff;
        machine.codeCount = first & 0xffffffff;
        machine.outputLength = sizes >> 192;
        machine.resultAddress = (sizes >> 160) & 0xffffffff;
        machine.debt = (sizes >> 96) & 0xffffffffffffffff;
    }

    /// @notice keccak256(0x08 ‖ the machine's 256 bytes).
    function hash(Machine memory machine) internal pure returns (bytes32 machineHash) {
        uint256 first = (machine.kind << 248) | (machine.pc << 192) | (machine.fp << 160) | (machine.gasLeft << 96)
            | (machine.pages << 64) | (machine.pagesMax << 32) | machine.codeCount;
        uint256 sizes = (machine.outputLength << 192) | (machine.resultAddress << 160) | (machine.debt << 96);
        bytes1 tag = Constants.MACHINE_TAG;
        assembly ("memory-safe") {
            let buffer := mload(0x40)
            mstore(buffer, tag)
            mstore(add(buffer, 1), first)
            mcopy(add(buffer, 33), add(machine, 224), 128)
            mstore(add(buffer, 161), sizes)
            mcopy(add(buffer, 193), add(machine, 416), 64)
            machineHash := keccak256(buffer, 257)
        }
    }

    /// @notice Size of the linear memory now.
    function memoryBytes(Machine memory machine) internal pure returns (uint256) {
        return machine.pages * PAGE_BYTES;
    }

    /// @notice Bytes of the region that memoryRoot is over.
    function memoryRegion(Machine memory machine) internal pure returns (uint256) {
        return machine.pagesMax * PAGE_BYTES;
    }

    function isKernel(Machine memory machine) internal pure returns (bool) {
        return machine.kind == KERNEL;
    }
}
