// SPDX-License-Identifier: MIT
// docs/disputes.md#money
pragma solidity 0.8.37;

import {ClaimedStep} from "./ClaimedStep.sol";
import {MessageProof, TailLeaf} from "./Message.sol";
import {Segment} from "./SegmentList.sol";
import {Kernel} from "./StartMachine.sol";

/// @title How many bytes of calldata a paid call needs: the strict ABI encoding of the arguments that were decoded.
/// @dev msg.data may be longer: bytes behind the arguments or between them are decoded by nobody, and a contract that calls
/// us makes them out of its memory for nearly nothing.
library CallLength {
    uint256 private constant SELECTOR = 4;
    uint256 private constant WORD = 32;
    uint256 private constant LIST_WORDS = 32;

    /// @notice Of a call whose arguments take so many words, whatever their values.
    function ofWords(uint256 words) internal pure returns (uint256) {
        return SELECTOR + WORD * words;
    }

    /// @notice challengeLeaf(ClaimedStep)
    function ofChallengeLeaf(ClaimedStep calldata step) internal pure returns (uint256) {
        return ofWords(1) + _step(step);
    }

    /// @notice open(Opening)
    function ofOpen(ClaimedStep calldata step, Kernel calldata kernel, MessageProof calldata message)
        internal
        pure
        returns (uint256)
    {
        return ofWords(4 + LIST_WORDS) + _step(step) + 3 * WORD + _bytes(kernel.header) + _message(message);
    }

    /// @notice move(GameKey, PostedList, Segment, bytes32[32])
    function ofMove(Segment calldata segment) internal pure returns (uint256) {
        return ofWords(8 + LIST_WORDS) + _segment(segment);
    }

    /// @notice prove(GameKey, PostedList, Segment, bytes)
    function ofProve(Segment calldata segment, bytes calldata proof) internal pure returns (uint256) {
        return ofWords(9) + _segment(segment) + _bytes(proof);
    }

    /// @notice refuteMessage(GameKey, PostedList, bytes32, uint64, TailLeaf)
    function ofRefuteMessage(TailLeaf calldata tail) internal pure returns (uint256) {
        return ofWords(10) + _tail(tail);
    }

    /// @notice publish(DemandId, bytes, bytes32[])
    function ofPublish(bytes calldata leaf, bytes32[] calldata path) internal pure returns (uint256) {
        return ofWords(3) + _bytes(leaf) + _hashes(path);
    }

    /// @notice publishNodes(DemandId, bytes32[], bytes32[])
    function ofPublishNodes(bytes32[] calldata nodes, bytes32[] calldata path) internal pure returns (uint256) {
        return ofWords(3) + _hashes(nodes) + _hashes(path);
    }

    function _step(ClaimedStep calldata step) private pure returns (uint256) {
        return 6 * WORD + _bytes(step.pre) + _hashes(step.prePath) + _bytes(step.post) + _hashes(step.postPath);
    }

    function _segment(Segment calldata segment) private pure returns (uint256) {
        return 4 * WORD + _hashes(segment.path);
    }

    function _message(MessageProof calldata message) private pure returns (uint256) {
        return 7 * WORD + _bytes(message.head) + _hashes(message.headPath) + _bytes(message.entry)
            + _hashes(message.entryPath) + _hashes(message.subtreePath) + _tail(message.tail);
    }

    function _tail(TailLeaf calldata tail) private pure returns (uint256) {
        return 3 * WORD + _bytes(tail.leaf) + _hashes(tail.path);
    }

    /// @dev Its length and its bytes, padded to whole words.
    function _bytes(bytes calldata data) private pure returns (uint256) {
        return WORD + (data.length + WORD - 1) / WORD * WORD;
    }

    /// @dev Their number and themselves.
    function _hashes(bytes32[] calldata hashes) private pure returns (uint256) {
        return WORD + WORD * hashes.length;
    }
}
