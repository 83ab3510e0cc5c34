// SPDX-License-Identifier: MIT
// docs/machine.md#step
pragma solidity 0.8.37;

/// @title A family of instructions (docs/isa.md): one contract each, because one contract cannot hold them all.
interface IStepFamily {
    /// @notice Hash of the machine after its next instruction, which is of this family.
    /// @dev Trusts that machine and code leaf of the proof were checked: only the answer to OneStepVerifier counts.
    function execute(bytes calldata proof) external view returns (bytes32 afterHash);
}
