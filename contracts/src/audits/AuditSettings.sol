// SPDX-License-Identifier: MIT
// docs/audits.md#settings
pragma solidity 0.8.37;

import {InferenceCourt} from "../InferenceCourt.sol";
import {MizuToken} from "../MizuToken.sol";
import {SignedItems} from "../court/SignedItems.sol";
import {IStakeSource} from "../interfaces/IStakeSource.sol";
import {requireAtMost} from "../lib/Settings.sol";

/// @title What audits are made with, and when the phases of a period end.
abstract contract AuditSettings {
    /// @param reward of a canary that counts, wei, as far as the pot has it
    /// @param periodSeconds whose items are drawn together
    /// @param commitSeconds after it, in which findings are committed to; then canaries are opened for `openSeconds`, and
    /// findings revealed for `revealSeconds`
    /// @param plantSeconds between a plant and the batch of its item, at most
    /// @param rate of items that are drawn for a validator, basis points
    /// @param lookBack periods whose canaries decide about a share
    struct Settings {
        uint256 reward;
        uint32 periodSeconds;
        uint32 commitSeconds;
        uint32 openSeconds;
        uint32 revealSeconds;
        uint32 plantSeconds;
        uint16 rate;
        uint16 lookBack;
    }

    /// @notice When the phases of a period end, unix seconds.
    struct Phases {
        uint256 from;
        uint256 commit;
        uint256 open;
        uint256 reveal;
    }

    uint256 public constant BASIS_POINTS = 10_000;
    uint256 public constant MAX_LOOK_BACK = 16;

    MizuToken public immutable token;
    IStakeSource public immutable stakes;
    SignedItems public immutable signedItems;

    uint256 public immutable rewardWei;
    uint32 public immutable periodSeconds;
    uint32 public immutable commitSeconds;
    uint32 public immutable openSeconds;
    uint32 public immutable revealSeconds;
    uint32 public immutable plantSeconds;
    uint16 public immutable rate;
    uint16 public immutable lookBack;

    error PhaseIsZero();
    error RateOutOfRange(uint256 maximum, uint256 actual);
    error LookBackOutOfRange(uint256 maximum, uint256 actual);
    error AuditsTooLong(uint256 maximum, uint256 actual);

    constructor(InferenceCourt court, Settings memory settings) {
        stakes = court.stakes();
        token = court.token();
        signedItems = court.signedItems();
        require(
            settings.periodSeconds > 0 && settings.commitSeconds > 0 && settings.openSeconds > 0
                && settings.revealSeconds > 0 && settings.plantSeconds > 0,
            PhaseIsZero()
        );
        // Half of the time for a dispute is left when nobody can call a lie a canary any more.
        uint256 needed = 2 * (uint256(settings.periodSeconds) + settings.commitSeconds + settings.openSeconds);
        uint256 contest = court.contestSeconds();
        require(needed <= contest, AuditsTooLong(contest, needed));
        require(settings.rate > 0 && settings.rate <= BASIS_POINTS, RateOutOfRange(BASIS_POINTS, settings.rate));
        require(
            settings.lookBack > 0 && settings.lookBack <= MAX_LOOK_BACK,
            LookBackOutOfRange(MAX_LOOK_BACK, settings.lookBack)
        );
        requireAtMost(token.cap(), settings.reward);
        rewardWei = settings.reward;
        periodSeconds = settings.periodSeconds;
        commitSeconds = settings.commitSeconds;
        openSeconds = settings.openSeconds;
        revealSeconds = settings.revealSeconds;
        plantSeconds = settings.plantSeconds;
        rate = settings.rate;
        lookBack = settings.lookBack;
    }

    /// @notice The period of a time, unix seconds.
    function periodOf(uint256 time) public view returns (uint256) {
        return time / periodSeconds;
    }

    /// @notice `from`: the end of the period, from which on it can be closed.
    function phasesOf(uint256 period) public view returns (Phases memory phases) {
        phases.from = (period + 1) * periodSeconds;
        phases.commit = phases.from + commitSeconds;
        phases.open = phases.commit + openSeconds;
        phases.reveal = phases.open + revealSeconds;
    }
}
