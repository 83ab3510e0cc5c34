// SPDX-License-Identifier: MIT
// docs/kernel.md#state
pragma solidity 0.8.37;

import {RLP} from "@openzeppelin/contracts/utils/RLP.sol";
import {TrieProof} from "@openzeppelin/contracts/utils/cryptography/TrieProof.sol";

/// @title Records of the state trie that L1 reads: withdrawals (`O`) and the sum of all fees (`F`).
/// @dev Keys are hashed before they enter the trie, values are RLP lists. The expected value is encoded and compared
/// as bytes, so a record has exactly one accepted encoding.
library StateTrie {
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

    function _require(bytes32 root, bytes32 key, bytes memory value, bytes[] calldata proof) private pure {
        require(TrieProof.verify(value, root, abi.encodePacked(key), proof), ProofMismatch(root, key));
    }
}
