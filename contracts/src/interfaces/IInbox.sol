// SPDX-License-Identifier: MIT
// docs/contracts.md#inbox
pragma solidity 0.8.37;

/// @notice One batch of the canonical order.
/// @param objectRoot of the batch object; zero if all messages are delayed ones
/// @param timestamp unix seconds
/// @param delayedUpTo the batch includes the delayed messages before this index
/// @param totalMessages of this and all earlier batches
/// @param objectLength bytes
/// @param messageCount delayed and sequenced
struct Batch {
    bytes32 objectRoot;
    uint64 timestamp;
    uint64 delayedUpTo;
    uint64 totalMessages;
    uint32 objectLength;
    uint32 messageCount;
}

/// @notice A message that L1 puts in; the sequencer must include it within the delay.
struct DelayedMessage {
    bytes32 objectRoot;
    uint64 timestamp;
    uint32 length;
}

interface IInbox {
    /// @notice Number of batches.
    function batchCount() external view returns (uint64);

    /// @notice Seconds by which a batch's timestamp may be after its block's.
    function maxAheadSeconds() external view returns (uint64);

    /// @notice Seconds by which a batch's timestamp may be before its block's.
    function maxBehindSeconds() external view returns (uint64);

    function batch(uint64 index) external view returns (Batch memory);

    /// @notice When L1 took the batch, unix seconds of its block: nobody chooses it, unlike the batch's timestamp.
    function postedAtOf(uint64 index) external view returns (uint32);

    /// @notice Number of delayed messages.
    function delayedCount() external view returns (uint64);

    function delayedMessage(uint64 index) external view returns (DelayedMessage memory);

    /// @notice Number of messages in the batches before `batches`.
    function totalMessagesBefore(uint64 batches) external view returns (uint64);

    /// @notice Unix seconds until which the bytes of a batch are promised; the greatest there is if it has none.
    function expiryOf(uint64 index) external view returns (uint64);

    /// @notice Makes a batch's object the empty one, and with it its sequenced messages. The Rollup only.
    function voidBatch(uint64 index) external;

    /// @notice Puts a message of a registry into the delayed queue. Registries only.
    function pushRegistryMessage(bytes calldata message) external;

    /// @notice Moves `refund` wei from the court to the Bridge and puts the message ItemVoided into the delayed queue. The
    /// court only.
    /// @param task run, stage, partition and attempt of the item, as its first 40 bytes have them
    function voidItem(bytes calldata task, bytes32 resultRoot, uint256 refund) external;
}
