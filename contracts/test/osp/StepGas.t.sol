// SPDX-License-Identifier: MIT
// docs/contracts.md#gas: one-step proofs as transactions, written to contracts/snapshots.
pragma solidity 0.8.37;

import {StepVectors} from "../support/StepVectors.sol";
import {vm} from "../support/Vm.sol";

contract StepGasTest is StepVectors {
    string private constant GROUP = "one-step";
    uint256 private constant TRANSACTION_GAS = 21_000;
    /// @dev EIP-7623: a byte is four tokens, a zero byte one.
    uint256 private constant FLOOR_TOKEN_GAS = 10;

    function test_Gas() public {
        string[15] memory measured = [
            "br_if taken",
            "call",
            "select, four leaves",
            "i32_add immediate",
            "i64_div_s by zero",
            "f64_sqrt immediate",
            "load64 over two leaves",
            "store64 over two leaves",
            "memory_copy: forwards, source in two leaves",
            "memory_init: source in two leaves",
            "dot_i8: repeats over two slot leaves",
            "input_read: source in two leaves",
            "preimage: first leaf, repeats",
            "exec: starts a program",
            "fault with a parent"
        ];
        for (uint256 i = 0; i < measured.length; ++i) {
            bytes memory proof = _proofOf(measured[i]);
            verifier.step(proof);
            vm.snapshotGasLastCall(GROUP, measured[i]);
            vm.snapshotValue(GROUP, string.concat(measured[i], ": floor"), _floor(proof));
        }
    }

    function _floor(bytes memory proof) private view returns (uint256) {
        bytes memory data = abi.encodeCall(verifier.step, (proof));
        uint256 tokens = 0;
        for (uint256 i = 0; i < data.length; ++i) {
            tokens += data[i] == 0 ? 1 : 4;
        }
        return TRANSACTION_GAS + FLOOR_TOKEN_GAS * tokens;
    }
}
