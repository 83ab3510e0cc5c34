// SPDX-License-Identifier: MIT
// docs/contracts.md#escape
pragma solidity 0.8.37;

import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";

/// @title A network that has confirmed nothing for too long, though there was something to confirm, can be ended by anyone.
/// @notice The end is for good: no state is confirmed after it, so that all leave from one and the same.
abstract contract NetworkEnd {
    uint64 public immutable escapeSeconds;
    /// @notice When the latest confirmation was, unix seconds.
    uint64 public confirmedAt;
    /// @notice When the network was ended, unix seconds; 0: it goes on.
    uint64 public endedAt;

    event Ended(uint64 time);

    error EscapeTooSoon(uint256 minimum, uint256 actual);
    error NetworkEnded(uint256 endedAt);
    error NetworkGoesOn(uint256 endableFrom, uint256 actual);

    /// @param minimum in which a network that works has confirmed every batch
    constructor(uint64 escapeSeconds_, uint256 minimum) {
        require(escapeSeconds_ >= minimum, EscapeTooSoon(minimum, escapeSeconds_));
        escapeSeconds = escapeSeconds_;
        confirmedAt = SafeCast.toUint64(block.timestamp);
    }

    /// @notice Ends a network that has not confirmed a batch for `escapeSeconds`. Anyone may call it.
    function end() external {
        _requireNotEnded();
        uint256 from = endableFrom();
        require(block.timestamp >= from, NetworkGoesOn(from, block.timestamp));
        endedAt = SafeCast.toUint64(block.timestamp);
        emit Ended(endedAt);
    }

    /// @notice Unix seconds from which `end` is possible if nothing is confirmed until then; the greatest there is if
    /// every batch is confirmed: an idle network has not failed.
    function endableFrom() public view returns (uint256) {
        uint256 waitingSince = _waitingSince();
        if (waitingSince == type(uint256).max) return waitingSince;
        return (waitingSince > confirmedAt ? waitingSince : confirmedAt) + escapeSeconds;
    }

    /// @dev Timestamp of the first batch that is not confirmed; the greatest number if there is none.
    function _waitingSince() internal view virtual returns (uint256);

    function _noteConfirmation() internal {
        confirmedAt = SafeCast.toUint64(block.timestamp);
    }

    function _requireNotEnded() internal view {
        require(endedAt == 0, NetworkEnded(endedAt));
    }
}
