// SPDX-License-Identifier: MIT
// docs/contracts.md#pause
pragma solidity 0.8.37;

/// @title A guardian may hold up confirmation for a bounded time. He can neither confirm nor reject anything.
abstract contract ConfirmationPause {
    address public immutable guardian;
    uint64 public immutable maxPauseSeconds;

    /// @notice Unix seconds until which nothing is confirmed, and games may be opened even after a window.
    uint256 public pausedUntil;

    event ConfirmationPaused(uint256 until);

    error NotGuardian(address expected, address actual);
    error PauseTooLong(uint256 latest, uint256 actual);
    error ConfirmationIsPaused(uint256 until, uint256 actual);

    constructor(address guardian_, uint64 maxPauseSeconds_) {
        guardian = guardian_;
        maxPauseSeconds = maxPauseSeconds_;
    }

    /// @notice Pauses until a time at most `maxPauseSeconds` away; one that is past ends the pause.
    function pauseConfirmation(uint256 until) external {
        require(msg.sender == guardian, NotGuardian(guardian, msg.sender));
        uint256 latest = block.timestamp + maxPauseSeconds;
        require(until <= latest, PauseTooLong(latest, until));
        pausedUntil = until;
        emit ConfirmationPaused(until);
    }

    function _requireNotPaused() internal view {
        require(block.timestamp >= pausedUntil, ConfirmationIsPaused(pausedUntil, block.timestamp));
    }
}
