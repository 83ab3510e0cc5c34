// SPDX-License-Identifier: MIT
// docs/contracts.md#timing
pragma solidity 0.8.37;

import {Constants} from "../generated/Constants.sol";
import {requireAtMost} from "./Settings.sol";

/// @notice All periods in seconds. A stake must outlive every claim it backs, and the data must outlive every dispute.
/// @param window in which an assertion may be challenged
/// @param maxPause by which a pause of confirmation may prolong a window
/// @param clocks of both sides of a game, added
/// @param votes of a court case: both rounds, appeal and veto
/// @param grace for transactions to be mined after all that
/// @param unbonding between asking for a stake and getting it
/// @param retention that a DA certificate must still promise when it is posted
struct Timing {
    uint64 window;
    uint64 maxPause;
    uint64 clocks;
    uint64 votes;
    uint64 grace;
    uint64 unbonding;
    uint64 retention;
}

using {check, longest} for Timing global;

/// @dev Seconds that can be added to any time without an overflow: 136 years.
uint256 constant MAX_UNBONDING = type(uint32).max;

error WindowIsZero();
error UnbondingTooShort(uint256 minimum, uint256 actual);
error RetentionTooShort(uint256 minimum, uint256 actual);

/// @dev The bytes of a batch are promised twice as long as a claim about them takes to be judged: once for the time until
/// they are claimed, once for the claim.
function check(Timing memory timing) pure {
    require(timing.window > 0, WindowIsZero());
    uint256 least = timing.longest();
    require(timing.unbonding >= least, UnbondingTooShort(least, timing.unbonding));
    require(timing.retention >= 2 * least, RetentionTooShort(2 * least, timing.retention));
    requireAtMost(MAX_UNBONDING, timing.unbonding);
    requireAtMost(Constants.MAX_RETENTION_SECONDS, timing.retention);
}

/// @notice Seconds in which what is claimed today is judged.
function longest(Timing memory timing) pure returns (uint256) {
    return uint256(timing.window) + timing.maxPause + timing.clocks + timing.votes + timing.grace;
}
