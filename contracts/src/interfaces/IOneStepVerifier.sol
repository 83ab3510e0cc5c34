// SPDX-License-Identifier: MIT
// docs/machine.md#proof
pragma solidity 0.8.37;

interface IOneStepVerifier {
    /// @notice Executes one instruction; reverts if the proof does not fit its own machine.
    /// @param proof `machine 256 ‖ witness`, or the preimage of a halted machine's hash
    function step(bytes calldata proof) external view returns (bytes32 beforeHash, bytes32 afterHash);
}
