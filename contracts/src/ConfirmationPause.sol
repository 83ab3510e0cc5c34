// SPDX-License-Identifier: MIT
// docs/contracts.md#pause
pragma solidity 0.8.37;

import {Timing} from "./lib/Timing.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";

/// @title A guardian may hold up confirmation for a bounded time. He can neither confirm nor reject anything.
/// @notice At most one pause begins in the time in which a claim is judged, so that the time stays bounded.
abstract contract ConfirmationPause {
    address public immutable guardian;
    /// @notice Seconds that a pause lasts at most, from its beginning.
    uint64 public immutable maxPause;
    /// @notice Seconds in which what is claimed today is judged; between the end of a pause and the next one's beginning.
    uint64 public immutable contestSeconds;

    /// @notice Unix seconds at which the last pause began.
    uint40 public pausedSince;
    /// @notice Unix seconds until which nothing is confirmed; zero: there has been no pause.
    uint40 public pausedUntil;

    event ConfirmationPaused(uint256 since, uint256 until);

    error NotGuardian(address expected, address actual);
    error PauseTooLong(uint256 latest, uint256 actual);
    error PauseTooSoon(uint256 from, uint256 actual);
    error PauseIsOver(uint256 earliest, uint256 actual);
    error ConfirmationIsPaused(uint256 until, uint256 actual);

    constructor(address guardian_, Timing memory timing) {
        guardian = guardian_;
        maxPause = timing.maxPause;
        contestSeconds = SafeCast.toUint64(timing.longest());
    }

    /// @notice Begins a pause, prolongs the one that lasts, or ends it: by a time that is past.
    function pauseConfirmation(uint256 until) external {
        require(msg.sender == guardian, NotGuardian(guardian, msg.sender));
        if (block.timestamp >= pausedUntil) _begin(until);
        uint256 latest = uint256(pausedSince) + maxPause;
        require(until <= latest, PauseTooLong(latest, until));
        // The time to the next pause runs from the end of this one.
        pausedUntil = SafeCast.toUint40(until < block.timestamp ? block.timestamp : until);
        emit ConfirmationPaused(pausedSince, pausedUntil);
    }

    function _begin(uint256 until) private {
        uint256 from = pausedUntil == 0 ? 0 : uint256(pausedUntil) + contestSeconds;
        require(block.timestamp >= from, PauseTooSoon(from, block.timestamp));
        require(until > block.timestamp, PauseIsOver(block.timestamp + 1, until));
        pausedSince = uint40(block.timestamp);
    }

    /// @dev The end of a window: a pause that begins while it is open prolongs it; one that has closed stays closed.
    function _prolonged(uint256 deadline) internal view returns (uint256) {
        return deadline > pausedSince && pausedUntil > deadline ? pausedUntil : deadline;
    }

    function _requireNotPaused() internal view {
        require(block.timestamp >= pausedUntil, ConfirmationIsPaused(pausedUntil, block.timestamp));
    }
}
