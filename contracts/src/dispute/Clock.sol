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
    uint40 gas;
}

/// @title Chess clocks: a side spends its own time, and only while it is its turn.
/// @dev Both sides are packed, 80 bits each, so that one slot holds all that a move changes beside the list: gas 40 ‖
/// extended 8 ‖ spentSeconds 32.
library Clocks {
    uint256 private constant PLAYER_BITS = 80;

    error TimeIsUp(uint256 deadline, uint256 actual);
    error TimeIsLeft(uint256 deadline, uint256 actual);

    function read(uint160 players, uint256 side) internal pure returns (Player memory player) {
        // What lies above belongs to the other side, or to the next field.
        // forge-lint: disable-next-line(unsafe-typecast)
        uint80 packed = uint80(players >> (side * PLAYER_BITS));
        // forge-lint: disable-next-line(unsafe-typecast)
        player = Player(uint32(packed), uint8(packed >> 32) != 0, uint40(packed >> 40));
    }

    /// @return changed the players with this one in the place of the side's
    function write(uint160 players, uint256 side, Player memory player) internal pure returns (uint160 changed) {
        uint160 packed =
            (uint160(player.gas) << 40) | (player.extended ? uint160(1) << 32 : 0) | uint160(player.spentSeconds);
        // 0 or 80.
        // forge-lint: disable-next-line(unsafe-typecast)
        uint8 shift = uint8(side * PLAYER_BITS);
        changed = (players & ~(uint160(type(uint80).max) << shift)) | (packed << shift);
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
        // At most the clock, which has 32 bits.
        // forge-lint: disable-next-line(unsafe-typecast)
        player.spentSeconds = uint32(clockSeconds - left);
    }

    function requireUp(Player memory player, uint256 turnedAt, uint256 clockSeconds) internal view {
        uint256 deadline = deadlineOf(player, turnedAt, clockSeconds);
        require(block.timestamp >= deadline, TimeIsLeft(deadline, block.timestamp));
    }
}
