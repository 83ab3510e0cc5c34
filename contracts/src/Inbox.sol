// SPDX-License-Identifier: MIT
// docs/contracts.md#inbox
pragma solidity 0.8.37;

import {SequencerPromises} from "./SequencerPromises.sol";
import {SequencerTurns} from "./SequencerTurns.sol";
import {Constants} from "./generated/Constants.sol";
import {IDACommittee} from "./interfaces/IDACommittee.sol";
import {Batch, DelayedMessage, IInbox} from "./interfaces/IInbox.sol";
import {IStakeSource} from "./interfaces/IStakeSource.sol";
import {Tree} from "./lib/Tree.sol";
import {Certificate} from "./lib/Types.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {IERC20Permit} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Permit.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";

/// @title The canonical order of all messages.
/// @notice The order never depends on a claim about state, so a wrong claim cannot rewrite history.
contract Inbox is IInbox, SequencerTurns, SequencerPromises {
    using SafeERC20 for IERC20;
    using SafeCast for uint256;

    /// @param delaySeconds after which a delayed message is overdue
    /// @param maxAheadSeconds by which a batch's timestamp may be after the block's: clocks differ
    /// @param maxBehindSeconds by which it may be before the block's: publishing takes time
    /// @param slotSeconds of a sequencer's turn; at most half of delaySeconds, so that what is sent within a slot cannot become
    /// overdue in it
    struct Limits {
        uint64 delaySeconds;
        uint64 maxAheadSeconds;
        uint64 maxBehindSeconds;
        uint64 slotSeconds;
    }

    IERC20 public immutable token;
    address public immutable bridge;
    /// @notice The contract that makes batches void whose bytes nobody has to keep any more.
    address public immutable rollup;
    IStakeSource public immutable stakes;
    IDACommittee public immutable committee;
    address public immutable gatewayRegistry;
    /// @notice The contract that has items of gateways voided.
    address public immutable court;
    uint64 public immutable delaySeconds;
    uint64 public immutable maxAheadSeconds;
    /// @inheritdoc IInbox
    uint64 public immutable maxBehindSeconds;

    /// @dev What is asked of a batch rarely, in a slot of its own.
    /// @param poster zero: forced in
    /// @param expiry unix seconds until which its bytes are promised
    /// @param postedAt unix seconds of the block, until the year 2106
    struct Posting {
        address poster;
        uint64 expiry;
        uint32 postedAt;
    }

    Batch[] private _batches;
    mapping(uint64 index => Posting) private _postings;
    DelayedMessage[] private _delayed;

    event BatchPosted(
        uint64 indexed index,
        bytes32 indexed objectRoot,
        uint64 timestamp,
        uint64 delayedUpTo,
        uint64 totalMessages,
        uint32 objectLength,
        uint32 messageCount
    );
    event BatchVoided(uint64 indexed index);
    event MessageDelayed(uint64 indexed index, bytes32 objectRoot, uint64 timestamp, bytes message);

    error NotRegistry(address account);
    error NotRollup(address account);
    error NotCourt(address account);
    error UnexpectedBatchIndex(uint64 expected, uint256 actual);
    error TimestampOutOfRange(uint256 earliest, uint256 latest, uint256 actual);
    error DelayedOutOfRange(uint256 first, uint256 last, uint256 actual);
    error DelayedOverdue(uint64 index, uint256 deadline);
    error DelayedNotOverdue(uint64 index, uint256 deadline);
    error BatchIsEmpty();
    error BatchTooLarge(uint256 maximum, uint256 actual);
    error TooManyMessages(uint256 maximum, uint256 actual);
    error ObjectWithoutMessages(bytes32 objectRoot, uint256 length);
    error MessagesWithoutObject(uint256 sequencedCount);
    error KindNotForced(bytes1 first, bytes1 actual);
    error MessageIsEmpty();
    error AmountIsZero();

    constructor(
        IERC20 token_,
        address bridge_,
        IStakeSource stakes_,
        IDACommittee committee_,
        address gatewayRegistry_,
        address rollup_,
        address court_,
        Limits memory limits
    )
        EIP712(Constants.DOMAIN_NAME, Constants.DOMAIN_VERSION)
        SequencerTurns(limits.slotSeconds, limits.delaySeconds / 2, SafeCast.toUint64(stakes_.timing().longest()))
    {
        token = token_;
        bridge = bridge_;
        stakes = stakes_;
        committee = committee_;
        gatewayRegistry = gatewayRegistry_;
        rollup = rollup_;
        court = court_;
        delaySeconds = limits.delaySeconds;
        maxAheadSeconds = limits.maxAheadSeconds;
        maxBehindSeconds = limits.maxBehindSeconds;
    }

    /// @notice Appends a batch: first the delayed messages up to `delayedUpTo`, then those of the batch object. The sender is
    /// the sequencer whose turn it is, or any listed one once the slot is open.
    /// @param expectedIndex of the new batch: a transaction sent twice cannot post twice
    /// @param objectRoot of the batch object; zero, as its length, if there are no sequenced messages
    /// @param sequencedCount number of messages in the batch object
    /// @param timestamp of all messages of the batch, unix seconds
    function postBatch(
        uint64 expectedIndex,
        bytes32 objectRoot,
        uint32 objectLength,
        uint32 sequencedCount,
        uint64 timestamp,
        uint64 delayedUpTo,
        Certificate calldata certificate
    ) external {
        _takeTurn();
        require(expectedIndex == _batches.length, UnexpectedBatchIndex(expectedIndex, _batches.length));
        (uint64 delayedFrom, uint64 earliest) = _previous();
        if (block.timestamp > maxBehindSeconds && block.timestamp - maxBehindSeconds > earliest) {
            earliest = uint64(block.timestamp) - maxBehindSeconds;
        }
        uint256 latest = block.timestamp + maxAheadSeconds;
        require(timestamp >= earliest && timestamp <= latest, TimestampOutOfRange(earliest, latest, timestamp));
        _checkDelayed(delayedFrom, delayedUpTo);
        // Without sequenced messages there are no bytes to lose.
        uint64 expiry = sequencedCount == 0 ? type(uint64).max : certificate.expiry;
        _postings[expectedIndex] = Posting(msg.sender, expiry, block.timestamp.toUint32());
        if (sequencedCount == 0) {
            require(objectRoot == 0 && objectLength == 0, ObjectWithoutMessages(objectRoot, objectLength));
        } else {
            // So a batch with messages and without bytes is a void one.
            require(objectLength > 0, MessagesWithoutObject(sequencedCount));
            require(objectLength <= Constants.MAX_BATCH_BYTES, BatchTooLarge(Constants.MAX_BATCH_BYTES, objectLength));
            bytes32 objectsHash = keccak256(abi.encodePacked(objectRoot, uint64(objectLength)));
            committee.verify(objectsHash, objectLength, certificate);
        }
        uint256 count = uint256(sequencedCount) + delayedUpTo - delayedFrom;
        _append(objectRoot, objectLength, timestamp, delayedUpTo, count);
    }

    /// @notice Appends a batch of the next `count` delayed messages, all overdue. Anyone may call it once the slot is open: a
    /// holder that posts must take overdue messages in himself, and one that does not post keeps a slot for its half only.
    function forceInclude(uint64 expectedIndex, uint32 count) external {
        _requireOpen();
        require(expectedIndex == _batches.length, UnexpectedBatchIndex(expectedIndex, _batches.length));
        (uint64 delayedFrom, uint64 earliest) = _previous();
        uint64 delayedUpTo = delayedFrom + count;
        require(count > 0, BatchIsEmpty());
        require(delayedUpTo <= _delayed.length, DelayedOutOfRange(delayedFrom, _delayed.length, delayedUpTo));
        uint256 deadline = _deadlineOf(delayedUpTo - 1);
        require(block.timestamp >= deadline, DelayedNotOverdue(delayedUpTo - 1, deadline));
        uint64 timestamp = earliest > block.timestamp ? earliest : uint64(block.timestamp);
        _postings[expectedIndex] = Posting(address(0), type(uint64).max, block.timestamp.toUint32());
        _append(bytes32(0), 0, timestamp, delayedUpTo, count);
    }

    /// @notice Moves tokens to the Bridge; the network credits them to `account`.
    function deposit(address account, uint256 amount) external {
        _deposit(account, amount);
    }

    /// @notice The same without an earlier `approve`: the signature allows it (ERC-2612).
    function depositWithPermit(address account, uint256 amount, uint256 deadline, uint8 v, bytes32 r, bytes32 s)
        external
    {
        // The permit may have been sent by someone else already: then the allowance is there, and the transfer decides.
        try IERC20Permit(address(token)).permit(msg.sender, address(this), amount, deadline, v, r, s) {} catch {}
        _deposit(account, amount);
    }

    /// @notice Puts a user or protocol message into the queue, past the sequencer.
    function forceMessage(bytes calldata message) external {
        require(message.length > 0, MessageIsEmpty());
        // Whoever could force a message of a kind that only L1 may send could credit himself with a deposit.
        require(message[0] < Constants.FIRST_L1_KIND, KindNotForced(Constants.FIRST_L1_KIND, message[0]));
        _pushDelayed(message);
    }

    /// @inheritdoc IInbox
    function pushRegistryMessage(bytes calldata message) external {
        require(msg.sender == address(committee) || msg.sender == gatewayRegistry, NotRegistry(msg.sender));
        _pushDelayed(message);
    }

    /// @inheritdoc IInbox
    function voidItem(bytes calldata task, bytes32 resultRoot, uint256 refund) external {
        require(msg.sender == court, NotCourt(msg.sender));
        token.safeTransferFrom(msg.sender, bridge, refund);
        _pushDelayed(abi.encodePacked(Constants.ITEM_VOIDED, task, resultRoot, refund));
    }

    /// @inheritdoc IInbox
    /// @dev Count, cursors and delayed messages stay: by docs/messages.md#batch an empty object gives as many empty messages.
    function voidBatch(uint64 index) external {
        require(msg.sender == rollup, NotRollup(msg.sender));
        Batch storage voided = _batches[index];
        (voided.objectRoot, voided.objectLength) = (Tree.hashObject(Constants.ZERO_LEAF_HASH, 0), 0);
        _postings[index].expiry = type(uint64).max;
        emit BatchVoided(index);
    }

    /// @inheritdoc IInbox
    function expiryOf(uint64 index) external view returns (uint64) {
        return _postings[index].expiry;
    }

    /// @inheritdoc IInbox
    function postedAtOf(uint64 index) external view returns (uint32) {
        return _postings[index].postedAt;
    }

    /// @notice Who has posted the batch; zero if it was forced in.
    function posterOf(uint64 index) external view returns (address) {
        return _postings[index].poster;
    }

    /// @inheritdoc IInbox
    function batchCount() external view returns (uint64) {
        return uint64(_batches.length);
    }

    /// @inheritdoc IInbox
    function batch(uint64 index) external view returns (Batch memory) {
        return _batches[index];
    }

    /// @inheritdoc IInbox
    function totalMessagesBefore(uint64 batches) external view returns (uint64) {
        return batches == 0 ? 0 : _batches[batches - 1].totalMessages;
    }

    /// @inheritdoc IInbox
    function delayedCount() external view returns (uint64) {
        return uint64(_delayed.length);
    }

    /// @inheritdoc IInbox
    function delayedMessage(uint64 index) external view returns (DelayedMessage memory) {
        return _delayed[index];
    }

    /// @notice Number of delayed messages that batches have taken in.
    function delayedIncluded() external view returns (uint64 included) {
        (included,) = _previous();
    }

    function domainSeparator() external view returns (bytes32) {
        return _domainSeparatorV4();
    }

    function _deposit(address account, uint256 amount) private {
        require(amount > 0, AmountIsZero());
        token.safeTransferFrom(msg.sender, bridge, amount);
        _pushDelayed(abi.encodePacked(Constants.DEPOSIT, account, amount));
    }

    function _pushDelayed(bytes memory message) private {
        uint64 index = uint64(_delayed.length);
        bytes32 objectRoot = Tree.objectRoot(message);
        uint64 timestamp = uint64(block.timestamp);
        _delayed.push(DelayedMessage(objectRoot, timestamp, message.length.toUint32()));
        emit MessageDelayed(index, objectRoot, timestamp, message);
    }

    function _append(
        bytes32 objectRoot,
        uint32 objectLength,
        uint64 timestamp,
        uint64 delayedUpTo,
        uint256 messageCount
    ) private {
        uint64 index = uint64(_batches.length);
        require(messageCount > 0, BatchIsEmpty());
        require(
            messageCount <= Constants.MAX_BATCH_MESSAGES, TooManyMessages(Constants.MAX_BATCH_MESSAGES, messageCount)
        );
        uint32 count = messageCount.toUint32();
        uint64 total = (index == 0 ? 0 : _batches[index - 1].totalMessages) + count;
        _batches.push(Batch(objectRoot, timestamp, delayedUpTo, total, objectLength, count));
        emit BatchPosted(index, objectRoot, timestamp, delayedUpTo, total, objectLength, count);
    }

    /// @dev What the last batch left: the first delayed message not included, and the earliest next timestamp.
    function _previous() private view returns (uint64 delayedUpTo, uint64 timestamp) {
        uint256 length = _batches.length;
        if (length == 0) return (0, 0);
        Batch storage last = _batches[length - 1];
        return (last.delayedUpTo, last.timestamp);
    }

    function _checkDelayed(uint64 from, uint64 upTo) private view {
        uint256 count = _delayed.length;
        require(upTo >= from && upTo <= count, DelayedOutOfRange(from, count, upTo));
        // A batch has room for no more than so many beside its own: a heap of overdue messages is taken in by several.
        if (upTo == count || upTo - from >= Constants.MAX_DELAYED_DUE) return;
        uint256 deadline = _deadlineOf(upTo);
        require(block.timestamp < deadline, DelayedOverdue(upTo, deadline));
    }

    function _stakes() internal view override(SequencerTurns, SequencerPromises) returns (IStakeSource) {
        return stakes;
    }

    function _postedBatch(uint64 index)
        internal
        view
        override
        returns (address poster, Batch memory batch_, uint256 sequenced)
    {
        poster = _postings[index].poster;
        batch_ = _batches[index];
        uint256 delayedFrom = index == 0 ? 0 : _batches[index - 1].delayedUpTo;
        sequenced = batch_.messageCount - (batch_.delayedUpTo - delayedFrom);
    }

    function _deadlineOf(uint64 index) private view returns (uint256) {
        return uint256(_delayed[index].timestamp) + delaySeconds;
    }
}
