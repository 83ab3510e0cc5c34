// SPDX-License-Identifier: MIT
// docs/disputes.md#clocks
pragma solidity 0.8.37;

/// @notice What one side of a game has used up.
/// @param spentSeconds of its clock
/// @param extended whether it had its one extension
/// @param gas of its transactions
struct Player {
    uint32 spentSeconds;
    bool extended;
    uint64 gas;
}

/// @title Chess clocks: a side spends its own time, and only while it is its turn.
library Clocks {
    error TimeIsUp(uint256 deadline, uint256 actual);
    error TimeIsLeft(uint256 deadline, uint256 actual);

    /// @notice Unix seconds from which the side to move is out of time. Before, it may move and nobody may call timeout;
    /// from then on the other way round.
    function deadlineOf(Player storage player, uint256 turnedAt, uint256 clockSeconds) internal view returns (uint256) {
        return turnedAt + clockSeconds - player.spentSeconds;
    }

    /// @notice Stops the clock of the side that moves. The first move that leaves less than `extensionSeconds` leaves that.
    function stop(Player storage player, uint256 turnedAt, uint256 clockSeconds, uint256 extensionSeconds) internal {
        uint256 deadline = deadlineOf(player, turnedAt, clockSeconds);
        require(block.timestamp < deadline, TimeIsUp(deadline, block.timestamp));
        uint256 left = deadline - block.timestamp;
        if (left < extensionSeconds && !player.extended) {
            player.extended = true;
            left = extensionSeconds;
        }
        player.spentSeconds = uint32(clockSeconds - left);
    }

    function requireUp(Player storage player, uint256 turnedAt, uint256 clockSeconds) internal view {
        uint256 deadline = deadlineOf(player, turnedAt, clockSeconds);
        require(block.timestamp >= deadline, TimeIsLeft(deadline, block.timestamp));
    }
}
