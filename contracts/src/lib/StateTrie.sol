// SPDX-License-Identifier: MIT
// docs/kernel.md#state
pragma solidity 0.8.37;

import {RLP} from "@openzeppelin/contracts/utils/RLP.sol";
import {TrieProof} from "@openzeppelin/contracts/utils/cryptography/TrieProof.sol";

/// @title Records of the state trie that L1 reads: withdrawals (`O`), the sum of all fees (`F`), accounts (`A`) and runs (`R`).
/// @dev Keys are hashed before they enter the trie, values are RLP lists. The expected value is encoded and compared
/// as bytes, so a record has exactly one accepted encoding.
library StateTrie {
    /// @notice A run's record but for its status. As in docs/kernel.md#state.
    struct RunRecord {
        bytes32 workflow;
        address owner;
        uint256 escrow;
        uint256 spent;
        uint64 timestamp;
        uint64 deadline;
        uint64 partitions;
        uint64 taskGasLimit;
        uint64 tasksLeft;
        bytes32 inputsHash;
        uint64 expiry;
        uint256 maxItemCost;
        uint256 maxInferenceCost;
        uint256 inferenceSpent;
        uint64 sinkTasks;
        uint256 gasPrice;
        address[] gateways;
        // Empty, or how many of its items were voided and when the last one was: docs/kernel.md#voided.
        uint64[] voided;
    }

    uint256 internal constant RUNNING = 1;

    error ProofMismatch(bytes32 root, bytes32 key);

    /// @notice Reverts unless the trie holds withdrawal `index` of `amount` to `recipient`.
    function requireWithdrawal(bytes32 root, uint64 index, address recipient, uint256 amount, bytes[] calldata proof)
        internal
        pure
    {
        bytes[] memory items = new bytes[](2);
        items[0] = RLP.encode(recipient);
        items[1] = RLP.encode(amount);
        _require(root, keccak256(abi.encodePacked("O", index)), RLP.encode(items), proof);
    }

    /// @notice Reverts unless the trie holds `total` as the fees paid since genesis.
    function requireFees(bytes32 root, uint256 total, bytes[] calldata proof) internal pure {
        bytes[] memory items = new bytes[](1);
        items[0] = RLP.encode(total);
        _require(root, keccak256("F"), RLP.encode(items), proof);
    }

    /// @notice Reverts unless the trie holds the account with this nonce and balance.
    function requireAccount(bytes32 root, address account, uint64 nonce, uint256 balance, bytes[] calldata proof)
        internal
        pure
    {
        bytes[] memory items = new bytes[](2);
        items[0] = RLP.encode(uint256(nonce));
        items[1] = RLP.encode(balance);
        _require(root, keccak256(abi.encodePacked("A", account)), RLP.encode(items), proof);
    }

    /// @notice Reverts unless the trie holds the run with this record and this status.
    function requireRun(bytes32 root, bytes32 run, uint256 status, RunRecord calldata record, bytes[] calldata proof)
        internal
        pure
    {
        bytes[] memory gateways = new bytes[](record.gateways.length);
        for (uint256 i = 0; i < gateways.length; ++i) {
            gateways[i] = RLP.encode(record.gateways[i]);
        }
        bytes[] memory items = new bytes[](18 + record.voided.length);
        items[0] = RLP.encode(record.workflow);
        items[1] = RLP.encode(record.owner);
        items[2] = RLP.encode(status);
        items[3] = RLP.encode(record.escrow);
        items[4] = RLP.encode(record.spent);
        items[5] = RLP.encode(uint256(record.timestamp));
        items[6] = RLP.encode(uint256(record.deadline));
        items[7] = RLP.encode(uint256(record.partitions));
        items[8] = RLP.encode(uint256(record.taskGasLimit));
        items[9] = RLP.encode(uint256(record.tasksLeft));
        items[10] = RLP.encode(record.inputsHash);
        items[11] = RLP.encode(uint256(record.expiry));
        items[12] = RLP.encode(record.maxItemCost);
        items[13] = RLP.encode(record.maxInferenceCost);
        items[14] = RLP.encode(record.inferenceSpent);
        items[15] = RLP.encode(uint256(record.sinkTasks));
        items[16] = RLP.encode(record.gasPrice);
        items[17] = RLP.encode(gateways);
        for (uint256 i = 0; i < record.voided.length; ++i) {
            items[18 + i] = RLP.encode(uint256(record.voided[i]));
        }
        _require(root, keccak256(abi.encodePacked("R", run)), RLP.encode(items), proof);
    }

    function _require(bytes32 root, bytes32 key, bytes memory value, bytes[] calldata proof) private pure {
        require(TrieProof.verify(value, root, abi.encodePacked(key), proof), ProofMismatch(root, key));
    }
}
