// SPDX-License-Identifier: MIT
// docs/contracts.md#rollup
pragma solidity 0.8.37;

import {ConfirmationPause} from "./ConfirmationPause.sol";
import {NetworkEnd} from "./NetworkEnd.sol";
import {IRollup} from "./interfaces/IRollup.sol";
import {AssertionId} from "./lib/Types.sol";

/// @title The record of every assertion, and what others ask of it.
abstract contract Assertions is IRollup, ConfirmationPause, NetworkEnd {
    enum Status {
        NONE,
        PENDING,
        CONFIRMED,
        REJECTED,
        ORPHANED
    }

    /// @param stepRoot object root of the step list
    /// @param leafHash of the post state leaf
    /// @param stateRoot of the post state leaf
    /// @param openGames disputes that are not decided
    /// @param voidings of batches that had been when it was made
    /// @param batch index of the first batch that is not covered
    /// @param deadline end of the window, unix seconds; a pause may prolong it, see deadlineOf
    /// @param siblingDeadline until which this assertion may get more than one child
    struct Assertion {
        AssertionId parent;
        bytes32 stepRoot;
        bytes32 leafHash;
        bytes32 stateRoot;
        address asserter;
        Status status;
        uint32 openGames;
        uint32 voidings;
        uint64 batch;
        uint64 createdAt;
        uint64 deadline;
        uint64 siblingDeadline;
    }

    uint64 public immutable window;

    /// @notice Calls that have made batches void. Nothing can be confirmed that was pending at one of them.
    /// @dev First, so that it shares a slot with the times of pause and end, which whoever reads it reads too.
    uint32 public voidings;
    mapping(AssertionId => Assertion) internal _assertions;

    error StatusMismatch(AssertionId id, Status expected, Status actual);
    error WindowOpen(uint256 deadline, uint256 actual);
    error GamesOpen(uint256 games);

    constructor(uint64 window_) {
        window = window_;
    }

    function assertionOf(AssertionId id) external view returns (Assertion memory) {
        return _assertions[id];
    }

    /// @inheritdoc IRollup
    function confirmedStateRoot(AssertionId id) external view returns (bytes32) {
        Status status = _assertions[id].status;
        require(status == Status.CONFIRMED, StatusMismatch(id, Status.CONFIRMED, status));
        return _assertions[id].stateRoot;
    }

    /// @inheritdoc IRollup
    function parentOf(AssertionId id) external view returns (AssertionId) {
        return _assertions[id].parent;
    }

    /// @inheritdoc IRollup
    function asserterOf(AssertionId id) external view returns (address) {
        return _assertions[id].asserter;
    }

    function statusOf(AssertionId id) external view returns (Status) {
        return _assertions[id].status;
    }

    /// @notice What each move of a game asks, in one call. Whether the assertion is moot would cost another slot.
    function statusAndAsserterOf(AssertionId id) external view returns (Status status, address asserter) {
        Assertion storage asked = _assertions[id];
        return (asked.status, asked.asserter);
    }

    /// @notice What whoever decides something about an assertion asks, in one call.
    function standingOf(AssertionId id) external view returns (Status status, bool moot, address asserter) {
        Assertion storage asked = _assertions[id];
        (status, asserter) = (asked.status, asked.asserter);
        moot = _isMoot(status, asked.voidings);
    }

    /// @notice Whether batches were made void after it was made, and it is neither confirmed nor rejected: nobody judges it.
    function isMoot(AssertionId id) external view returns (bool) {
        Assertion storage asked = _assertions[id];
        return _isMoot(asked.status, asked.voidings);
    }

    /// @notice End of an assertion's window, unix seconds, with what a pause adds to it.
    function deadlineOf(AssertionId id) external view returns (uint256) {
        return _prolonged(_assertions[id].deadline);
    }

    /// @notice The same without what publications of demanded bytes add.
    function windowEndOf(AssertionId id) external view returns (uint256) {
        return _prolonged(_assertions[id].createdAt + window);
    }

    /// @notice Id of an assertion. The post leaf holds the batch, so the range is part of it.
    function idOf(AssertionId parent, bytes32 stepRoot, bytes32 leafHash, uint32 attempt)
        public
        pure
        returns (AssertionId)
    {
        return AssertionId.wrap(keccak256(abi.encode(parent, stepRoot, leafHash, attempt)));
    }

    function _pending(AssertionId id) internal view returns (Assertion storage assertion_) {
        assertion_ = _assertions[id];
        require(assertion_.status == Status.PENDING, StatusMismatch(id, Status.PENDING, assertion_.status));
    }

    /// @param voidingsBefore that had been when the assertion was made
    function _isMoot(Status status, uint32 voidingsBefore) internal view returns (bool) {
        return (status == Status.PENDING || status == Status.ORPHANED) && voidingsBefore != voidings;
    }

    function _requireDecided(Assertion storage assertion_) internal view {
        uint256 deadline = _prolonged(assertion_.deadline);
        require(block.timestamp >= deadline, WindowOpen(deadline, block.timestamp));
        require(assertion_.openGames == 0, GamesOpen(assertion_.openGames));
    }
}
