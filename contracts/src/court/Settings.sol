// SPDX-License-Identifier: MIT
// docs/court.md#settings
pragma solidity 0.8.37;

import {MizuToken} from "../MizuToken.sol";
import {IStakeSource} from "../interfaces/IStakeSource.sol";
import {requireAtMost} from "../lib/Settings.sol";
import {longest} from "../lib/Timing.sol";
import {Role} from "../lib/Types.sol";

/// @title What a court is made with, checked against the periods and the minimum stakes of the network.
abstract contract CourtSettings {
    /// @param guardian who may veto a slash; zero: nobody
    /// @param bond of who opens a case, wei; an appeal's is twice that
    /// @param fee of a round, wei, shared by its voters who were right
    /// @param itemPenalty that a gateway loses for an item, wei
    /// @param refundMax that a run gets back for an item, wei
    /// @param bytePrice that a run has paid for a byte of a result, wei
    /// @param punishedStakeMax for which a voter is punished at most, wei: what is above it costs no more
    /// @param absentPenalty of a drawn voter that has not committed, basis points of its weight
    /// @param silentPenalty of one that has committed and not revealed
    /// @param minorityPenalty of one that was alone with its verdict
    /// @param commitSeconds of each round, in which verdicts are committed; then they are revealed for `revealSeconds`
    /// @param appealSeconds after the first round
    /// @param vetoSeconds before a slash
    struct Settings {
        address guardian;
        uint256 bond;
        uint256 fee;
        uint256 itemPenalty;
        uint256 refundMax;
        uint256 bytePrice;
        uint256 punishedStakeMax;
        uint16 absentPenalty;
        uint16 silentPenalty;
        uint16 minorityPenalty;
        uint32 commitSeconds;
        uint32 revealSeconds;
        uint32 appealSeconds;
        uint32 vetoSeconds;
    }

    /// @notice When each phase of a case ends, unix seconds. They are fixed when it is opened: nobody moves them by being
    /// late. A case without a second round has its veto from `appeal` on, for `vetoSeconds`.
    struct Deadlines {
        uint256 commit;
        uint256 reveal;
        uint256 appeal;
        uint256 secondCommit;
        uint256 secondReveal;
        uint256 veto;
    }

    uint256 public constant BASIS_POINTS = 10_000;
    uint256 internal constant ROUNDS = 2;

    MizuToken public immutable token;
    IStakeSource public immutable stakes;
    /// @notice Seconds from the posting of an item's batch, in which a case may be opened.
    uint256 public immutable contestSeconds;
    address public immutable guardian;
    uint256 public immutable bond;
    uint256 public immutable fee;
    uint256 public immutable itemPenalty;
    uint256 public immutable refundMax;
    uint256 public immutable bytePrice;
    uint256 public immutable punishedStakeMax;
    uint256 public immutable absentPenalty;
    uint256 public immutable silentPenalty;
    uint256 public immutable minorityPenalty;
    uint256 public immutable commitSeconds;
    uint256 public immutable revealSeconds;
    uint256 public immutable appealSeconds;
    uint256 public immutable vetoSeconds;

    error VotesTooShort(uint256 minimum, uint256 actual);
    error PhaseIsZero();
    error BondTooSmall(uint256 minimum, uint256 actual);
    error PenaltyTooSmall(uint256 minimum, uint256 actual);

    /// @dev What a case pays out is never more than half of what is lost in it: the least bond and the whole penalty cover it.
    constructor(IStakeSource stakes_, Settings memory settings) {
        stakes = stakes_;
        token = stakes_.token();
        _requirePeriods(settings);
        uint256 fees = ROUNDS * settings.fee;
        require(settings.fee > 0 && settings.bond / 2 >= fees, BondTooSmall(2 * fees, settings.bond));
        uint256 cap = token.cap();
        requireAtMost(cap, settings.bond);
        requireAtMost(cap, settings.punishedStakeMax);
        requireAtMost(cap, settings.bytePrice);
        // A gateway has its minimum stake locked: so much of it can always be taken.
        requireAtMost(stakes_.minimumOf(Role.GATEWAY), settings.itemPenalty);
        uint256 least = 2 * (fees + settings.refundMax) + 2;
        require(settings.itemPenalty >= least, PenaltyTooSmall(least, settings.itemPenalty));
        requireAtMost(BASIS_POINTS, settings.silentPenalty);
        requireAtMost(BASIS_POINTS, settings.minorityPenalty);
        require(settings.absentPenalty > 0, PenaltyTooSmall(1, 0));
        require(
            settings.silentPenalty > settings.absentPenalty,
            PenaltyTooSmall(uint256(settings.absentPenalty) + 1, settings.silentPenalty)
        );
        guardian = settings.guardian;
        bond = settings.bond;
        fee = settings.fee;
        itemPenalty = settings.itemPenalty;
        refundMax = settings.refundMax;
        bytePrice = settings.bytePrice;
        punishedStakeMax = settings.punishedStakeMax;
        absentPenalty = settings.absentPenalty;
        silentPenalty = settings.silentPenalty;
        minorityPenalty = settings.minorityPenalty;
        commitSeconds = settings.commitSeconds;
        revealSeconds = settings.revealSeconds;
        appealSeconds = settings.appealSeconds;
        vetoSeconds = settings.vetoSeconds;
        contestSeconds = stakes_.timing().longest() - stakes_.timing().votes - stakes_.timing().grace;
    }

    /// @dev Of a case opened at that time.
    function _deadlinesFrom(uint256 openedAt) internal view returns (Deadlines memory ends) {
        ends.commit = openedAt + commitSeconds;
        ends.reveal = ends.commit + revealSeconds;
        ends.appeal = ends.reveal + appealSeconds;
        ends.secondCommit = ends.appeal + commitSeconds;
        ends.secondReveal = ends.secondCommit + revealSeconds;
        ends.veto = ends.secondReveal + vetoSeconds;
    }

    /// @dev A case opened at the last moment ends with its veto within the network's `votes`, so before any stake that backs
    /// it can have left.
    function _requirePeriods(Settings memory settings) private view {
        require(
            settings.commitSeconds > 0 && settings.revealSeconds > 0 && settings.appealSeconds > 0
                && settings.vetoSeconds > 0,
            PhaseIsZero()
        );
        uint256 needed = ROUNDS * (uint256(settings.commitSeconds) + settings.revealSeconds) + settings.appealSeconds
            + settings.vetoSeconds;
        uint256 votes = stakes.timing().votes;
        require(votes >= needed, VotesTooShort(needed, votes));
    }
}
