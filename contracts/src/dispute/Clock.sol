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
/// @dev Both sides stand in one slot, 128 bits each: gas 64 ‖ extended 32 ‖ spentSeconds 32.
library Clocks {
    error TimeIsUp(uint256 deadline, uint256 actual);
    error TimeIsLeft(uint256 deadline, uint256 actual);

    function read(uint128[2] storage players, uint256 side) internal view returns (Player memory player) {
        uint128 packed = players[side];
        player = Player(uint32(packed), uint32(packed >> 32) != 0, uint64(packed >> 64));
    }

    function write(uint128[2] storage players, uint256 side, Player memory player) internal {
        players[side] =
            (uint128(player.gas) << 64) | (player.extended ? uint128(1) << 32 : 0) | uint128(player.spentSeconds);
    }

    /// @notice Unix seconds from which the side to move is out of time. Before, it may move and nobody may call timeout;
    /// from then on the other way round.
    function deadlineOf(Player memory player, uint256 turnedAt, uint256 clockSeconds) internal pure returns (uint256) {
        return turnedAt + clockSeconds - player.spentSeconds;
    }

    /// @notice Stops the clock of the side that moves. The first move that leaves less than `extensionSeconds` leaves that.
    function stop(Player memory player, uint256 turnedAt, uint256 clockSeconds, uint256 extensionSeconds)
        internal
        view
    {
        uint256 deadline = deadlineOf(player, turnedAt, clockSeconds);
        require(block.timestamp < deadline, TimeIsUp(deadline, block.timestamp));
        uint256 left = deadline - block.timestamp;
        if (left < extensionSeconds && !player.extended) {
            player.extended = true;
            left = extensionSeconds;
        }
        player.spentSeconds = uint32(clockSeconds - left);
    }

    function requireUp(Player memory player, uint256 turnedAt, uint256 clockSeconds) internal view {
        uint256 deadline = deadlineOf(player, turnedAt, clockSeconds);
        require(block.timestamp >= deadline, TimeIsLeft(deadline, block.timestamp));
    }
}
