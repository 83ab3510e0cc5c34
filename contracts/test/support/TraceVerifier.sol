// SPDX-License-Identifier: MIT
// docs/disputes.md#judged: traces by formula, in the place of the DataVM.
pragma solidity 0.8.37;

import {IOneStepVerifier} from "../../src/interfaces/IOneStepVerifier.sol";

/// @dev A machine that starts at a hash runs through hashes of its positions to the end that was set for it. As the real
/// verifier it tells the one true step of whatever machine it is asked for.
contract TraceVerifier is IOneStepVerifier {
    uint256 private constant LENGTH = 1 << 40;

    mapping(bytes32 start => bytes32) public endOf;

    error ProofMalformed();

    function setEnd(bytes32 start, bytes32 end) external {
        endOf[start] = end;
    }

    /// @param proof (start, position) of a machine of a trace, or any other machine's hash alone
    function step(bytes calldata proof) external view returns (bytes32 beforeHash, bytes32 afterHash) {
        if (proof.length == 32) return (bytes32(proof), keccak256(abi.encode("after", bytes32(proof))));
        require(proof.length == 64, ProofMalformed());
        (bytes32 start, uint256 position) = abi.decode(proof, (bytes32, uint256));
        return (machineAt(start, position), machineAt(start, position + 1));
    }

    function machineAt(bytes32 start, uint256 position) public view returns (bytes32) {
        if (position == 0) return start;
        return position >= LENGTH ? endOf[start] : keccak256(abi.encode(start, position));
    }
}
