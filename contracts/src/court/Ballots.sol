// SPDX-License-Identifier: MIT
// docs/court.md#votes
pragma solidity 0.8.37;

import {Role} from "../lib/Types.sol";
import {CourtSettings} from "./Settings.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";

/// @notice What a voter says of an item.
enum Verdict {
    NONE,
    UPHELD,
    WRONG,
    UNAVAILABLE,
    INCONCLUSIVE
}

/// @notice What a round, or a case, comes to.
enum Outcome {
    NONE,
    UPHELD,
    FAULTY
}

/// @notice Weights that were revealed in a round, by verdict, wei.
struct Tally {
    uint128 upheld;
    uint128 wrong;
    uint128 unavailable;
    uint128 inconclusive;
}

/// @title Who votes with which weight, commitments, and what a round comes to.
abstract contract Ballots is CourtSettings {
    /// @notice What a voter has done in a round.
    /// @param weight that its verdict counted with, wei
    /// @param paid whether its share of the fee was credited
    /// @param punished whether it was slashed for this round
    struct Ballot {
        bytes32 commitment;
        uint128 weight;
        Verdict verdict;
        bool paid;
        bool punished;
    }

    /// @dev Who may vote in a case: those staked at a time before what is judged was posted.
    /// @param seed of the first round's draw; zero until it is known
    struct Electorate {
        uint128 total;
        uint48 snapshot;
        uint64 seedBlock;
        bytes32 seed;
    }

    /// @notice Voters that the first round draws, were all stakes small. Whoever has such a part of the stake always votes.
    uint256 public constant SEATS = 21;

    mapping(uint256 id => Electorate) internal _electorates;
    mapping(uint256 id => mapping(uint256 round => Tally)) private _tallies;
    mapping(uint256 id => mapping(uint256 round => mapping(address voter => Ballot))) private _ballots;

    /// @param seed by which everybody knows whether he is drawn
    event Drawn(uint256 indexed id, bytes32 seed);
    event Committed(uint256 indexed id, uint256 indexed round, address indexed voter, bytes32 commitment);
    event Revealed(
        uint256 indexed id,
        uint256 indexed round,
        address indexed voter,
        Verdict verdict,
        uint256 weight,
        bytes32 evidenceRoot
    );

    error NobodyCanVote(uint256 snapshot);
    error NotDrawn(address voter);
    error CommitmentIsZero();
    error CommitmentMismatch(bytes32 expected, bytes32 actual);
    error VerdictMissing();
    error AlreadyRevealed(address voter);
    error SeedNotKnown(uint256 fromBlock, uint256 untilBlock, uint256 actual);

    /// @notice What a voter commits to. It binds chain, court, case, round and voter: nobody else can reveal a copy of it.
    /// @param evidenceRoot object root of what the voter found (docs/court.md#evidence); zero: none
    /// @param salt random, and not told before the reveal
    function hashCommitment(
        uint256 id,
        uint256 round,
        address voter,
        Verdict verdict,
        bytes32 evidenceRoot,
        bytes32 salt
    ) public view returns (bytes32) {
        return keccak256(abi.encode(block.chainid, address(this), id, round, voter, verdict, evidenceRoot, salt));
    }

    function tallyOf(uint256 id, uint256 round) public view returns (Tally memory) {
        return _tallies[id][round];
    }

    function ballotOf(uint256 id, uint256 round, address voter) public view returns (Ballot memory) {
        return _ballots[id][round][voter];
    }

    function electorateOf(uint256 id) external view returns (Electorate memory) {
        return _electorates[id];
    }

    /// @notice With what a voter's verdict counts in a round, wei; 0: it may not vote.
    /// @dev A drawn voter counts as one seat at least. So what a stake counts on average is the stake, in one account or many.
    function weightIn(uint256 id, uint256 round, address voter) public view returns (uint256) {
        Electorate storage electorate = _electorates[id];
        uint256 stake = stakes.weightAt(voter, Role.VALIDATOR, electorate.snapshot);
        uint256 total = electorate.total;
        if (stake == 0 || round != 1 || stake * SEATS >= total) return stake;
        bytes32 seed = electorate.seed;
        if (seed == 0) return 0;
        uint256 below = Math.mulDiv(type(uint256).max, stake * SEATS, total);
        return uint256(keccak256(abi.encode(seed, voter))) < below ? Math.ceilDiv(total, SEATS) : 0;
    }

    /// @notice Writes the seed of a case's first round down, once its block is there: for as long as the chain tells its
    /// hash, 256 blocks. Anyone may call it; a commitment does it too.
    function draw(uint256 id) public {
        Electorate storage electorate = _electorates[id];
        if (electorate.seed != 0) return;
        uint256 from = electorate.seedBlock;
        bytes32 seed = from == 0 ? bytes32(0) : blockhash(from);
        require(seed != 0, SeedNotKnown(from + 1, from + 256, block.number));
        electorate.seed = seed;
        emit Drawn(id, seed);
    }

    /// @dev The seed is the hash of the block after this one.
    function _enroll(uint256 id, uint256 snapshot) internal returns (uint256 total) {
        total = stakes.totalWeightAt(Role.VALIDATOR, SafeCast.toUint48(snapshot));
        require(total > 0, NobodyCanVote(snapshot));
        _electorates[id] = Electorate({
            total: SafeCast.toUint128(total),
            snapshot: SafeCast.toUint48(snapshot),
            seedBlock: SafeCast.toUint64(block.number + 1),
            seed: 0
        });
    }

    /// @dev A later commitment of the same round takes the place of an earlier one.
    function _commit(uint256 id, uint256 round, bytes32 commitment) internal {
        require(commitment != 0, CommitmentIsZero());
        if (round == 1 && _canDraw(id)) draw(id);
        require(weightIn(id, round, msg.sender) > 0, NotDrawn(msg.sender));
        _ballots[id][round][msg.sender].commitment = commitment;
        emit Committed(id, round, msg.sender, commitment);
    }

    function _reveal(uint256 id, uint256 round, address voter, Verdict verdict, bytes32 evidenceRoot, bytes32 salt)
        internal
    {
        Ballot storage ballot = _ballots[id][round][voter];
        bytes32 commitment = hashCommitment(id, round, voter, verdict, evidenceRoot, salt);
        require(commitment == ballot.commitment, CommitmentMismatch(ballot.commitment, commitment));
        require(verdict != Verdict.NONE, VerdictMissing());
        require(ballot.verdict == Verdict.NONE, AlreadyRevealed(voter));
        uint128 weight = SafeCast.toUint128(weightIn(id, round, voter));
        ballot.weight = weight;
        ballot.verdict = verdict;
        Tally storage tally = _tallies[id][round];
        if (verdict == Verdict.UPHELD) tally.upheld += weight;
        else if (verdict == Verdict.WRONG) tally.wrong += weight;
        else if (verdict == Verdict.UNAVAILABLE) tally.unavailable += weight;
        else tally.inconclusive += weight;
        emit Revealed(id, round, voter, verdict, weight, evidenceRoot);
    }

    function _ballot(uint256 id, uint256 round, address voter) internal view returns (Ballot storage) {
        return _ballots[id][round][voter];
    }

    /// @dev NONE: fewer than 2/3 of the stake have revealed, or more than half of those could not tell.
    function _outcomeOf(uint256 id, uint256 round) internal view returns (Outcome) {
        Tally memory tally = _tallies[id][round];
        uint256 faulty = _weightOf(tally, Outcome.FAULTY);
        uint256 revealed = _revealedIn(tally);
        uint256 total = _electorates[id].total;
        if (revealed * 3 < total * 2 || uint256(tally.inconclusive) * 2 > revealed) return Outcome.NONE;
        return faulty * 3 >= revealed * 2 && faulty * 2 > total ? Outcome.FAULTY : Outcome.UPHELD;
    }

    function _weightOf(Tally memory tally, Outcome outcome) internal pure returns (uint256) {
        if (outcome == Outcome.UPHELD) return tally.upheld;
        return uint256(tally.wrong) + tally.unavailable;
    }

    function _revealedIn(Tally memory tally) internal pure returns (uint256) {
        return uint256(tally.upheld) + tally.wrong + tally.unavailable + tally.inconclusive;
    }

    /// @dev NONE of a verdict that takes no side.
    function _sideOf(Verdict verdict) internal pure returns (Outcome) {
        if (verdict == Verdict.UPHELD) return Outcome.UPHELD;
        return verdict == Verdict.WRONG || verdict == Verdict.UNAVAILABLE ? Outcome.FAULTY : Outcome.NONE;
    }

    function _canDraw(uint256 id) private view returns (bool) {
        return _electorates[id].seed == 0 && blockhash(_electorates[id].seedBlock) != 0;
    }
}
