// SPDX-License-Identifier: MIT
// docs/court.md
pragma solidity 0.8.37;

import {Outcome, Tally, Verdict} from "./court/Ballots.sol";
import {Purse} from "./court/Purse.sol";
import {CourtSettings} from "./court/Settings.sol";
import {ShownItem, SignedItem, SignedItems} from "./court/SignedItems.sol";
import {IInbox} from "./interfaces/IInbox.sol";
import {IStakeSource} from "./interfaces/IStakeSource.sol";
import {Role} from "./lib/Types.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";

/// @title What bisection cannot judge: whether a model really yields what a gateway has signed. Staked validators who have
/// re-run it vote.
/// @notice A case is about one item. It can cost its gateway stake and have the item voided; it never changes the order of
/// messages or a state.
contract InferenceCourt is Purse {
    enum Status {
        NONE,
        VOTING,
        TALLIED,
        UPHELD,
        VOIDED,
        DISMISSED,
        VETOED
    }

    /// @notice What a case waits for.
    enum Phase {
        NONE,
        COMMIT,
        REVEAL,
        TALLY,
        APPEAL,
        VETO,
        EXECUTE,
        CLOSED
    }

    /// @param itemHash keccak256 of the 256 bytes of the item
    /// @param cost what the run has paid for the item, as far as it can be refunded, wei
    /// @param openedAt unix seconds
    /// @param round the last one that has begun
    /// @param exact whether the model's class is A, so that a verdict is right or wrong
    /// @param outcome of the last round that was tallied
    /// @param appealed outcome of the first round, if somebody has appealed against it
    /// @param appellant who has
    struct Case {
        bytes32 itemHash;
        address gateway;
        uint96 cost;
        address challenger;
        uint48 openedAt;
        Status status;
        uint8 round;
        bool exact;
        Outcome outcome;
        Outcome appealed;
        address appellant;
    }

    IInbox public immutable inbox;
    SignedItems public immutable signedItems;

    /// @notice Number of cases; their ids are 1, 2, ... in the order in which they were opened.
    uint256 public caseCount;
    mapping(uint256 id => Case) private _cases;
    /// @notice The last case about an item, by `placeOf`; zero: none.
    mapping(bytes32 place => uint256) public caseAbout;

    event CaseOpened(
        uint256 indexed id,
        address indexed gateway,
        address indexed challenger,
        uint64 batch,
        uint64 message,
        uint64 nonce,
        uint256 index,
        bytes item
    );
    event Tallied(uint256 indexed id, uint256 indexed round, Outcome outcome, Tally tally);
    /// @param against the outcome of the first round
    event Appealed(uint256 indexed id, address indexed appellant, Outcome against);
    /// @param slashed wei of the gateway's stake
    /// @param refund wei that the run gets back
    event Closed(uint256 indexed id, Status indexed status, uint256 slashed, uint256 refund);
    event VoterPunished(
        uint256 indexed id, uint256 indexed round, address indexed voter, address by, uint256 penalty, uint256 slashed
    );

    error CaseExists(uint256 id);
    error CaseStatusMismatch(uint256 id, Status expected, Status actual);
    error RoundMismatch(uint256 expected, uint256 actual);
    error TooEarly(uint256 earliest, uint256 actual);
    error TooLate(uint256 deadline, uint256 actual);
    error NothingToVeto(uint256 id);
    error NotGuardian(address account);
    error ItemMismatch(bytes32 expected, bytes32 actual);
    error NothingToPunish(address voter);

    constructor(IStakeSource stakes_, SignedItems signedItems_, Settings memory settings)
        CourtSettings(stakes_, settings)
    {
        signedItems = signedItems_;
        inbox = signedItems_.inbox();
        token.approve(address(inbox), type(uint256).max);
    }

    /// @notice Disputes an item that a gateway has signed and that stands in a batch. The caller's bond is locked.
    function open(ShownItem calldata shown) external returns (uint256 id) {
        SignedItem memory signed = signedItems.read(shown);
        uint256 deadline = signed.postedAt + contestSeconds;
        require(block.timestamp < deadline, TooLate(deadline, block.timestamp));
        id = _register(placeOf(shown.batch, shown.message, shown.index));
        Case storage opened = _cases[id];
        opened.itemHash = keccak256(shown.item);
        opened.gateway = signed.gateway;
        opened.exact = signed.exact;
        // Below the token's cap, which has 96 bits.
        // forge-lint: disable-next-line(unsafe-typecast)
        opened.cost = uint96(Math.min(refundMax, Math.saturatingAdd(signed.tokenCost, signed.resultLength * bytePrice)));
        _enroll(id, signed.postedAt - 1);
        emit CaseOpened(
            id, signed.gateway, msg.sender, shown.batch, shown.message, signed.nonce, shown.index, shown.item
        );
        _lock(bond);
    }

    /// @notice Commits the caller's verdict. The second round takes commitments as soon as it is known that there is one.
    function commit(uint256 id, uint256 round, bytes32 commitment) external {
        Case storage case_ = _advanced(id);
        _requireVoting(id, case_, round);
        Deadlines memory ends = _deadlinesFrom(case_.openedAt);
        uint256 end = round == 1 ? ends.commit : ends.secondCommit;
        require(block.timestamp < end, TooLate(end, block.timestamp));
        _commit(id, round, commitment);
    }

    /// @notice Reveals what a voter has committed to. Whoever knows the salt may do it.
    function reveal(uint256 id, uint256 round, address voter, Verdict verdict, bytes32 evidenceRoot, bytes32 salt)
        external
    {
        Case storage case_ = _cases[id];
        _requireVoting(id, case_, round);
        Deadlines memory ends = _deadlinesFrom(case_.openedAt);
        (uint256 from, uint256 end) = round == 1 ? (ends.commit, ends.reveal) : (ends.secondCommit, ends.secondReveal);
        require(block.timestamp >= from, TooEarly(from, block.timestamp));
        require(block.timestamp < end, TooLate(end, block.timestamp));
        _reveal(id, round, voter, verdict, evidenceRoot, salt);
    }

    /// @notice Counts a round whose time is over. Anyone may call it; whatever comes after it does it too.
    function tally(uint256 id) external {
        _requireStatus(id, _cases[id], Status.VOTING);
        uint256 end = _endOfVoting(_cases[id]);
        require(block.timestamp >= end, TooEarly(end, block.timestamp));
        _advanced(id);
    }

    /// @notice Has all validators vote, against the outcome of the first round. The caller's bond is twice a challenger's.
    function appeal(uint256 id) external {
        Case storage case_ = _advanced(id);
        _requireStatus(id, case_, Status.TALLIED);
        require(case_.round == 1, RoundMismatch(1, case_.round));
        uint256 end = _deadlinesFrom(case_.openedAt).appeal;
        require(block.timestamp < end, TooLate(end, block.timestamp));
        (case_.appellant, case_.appealed) = (msg.sender, case_.outcome);
        (case_.status, case_.round) = (Status.VOTING, 2);
        emit Appealed(id, msg.sender, case_.outcome);
        _lock(2 * bond);
    }

    /// @notice Ends a case whose outcome would cost a gateway stake, without that: the item stands, and all bonds go back.
    /// The guardian only.
    function veto(uint256 id) external {
        require(msg.sender == guardian, NotGuardian(msg.sender));
        Case storage case_ = _advanced(id);
        _requireStatus(id, case_, Status.TALLIED);
        require(case_.outcome == Outcome.FAULTY, NothingToVeto(id));
        uint256 end = _executableFrom(case_);
        require(block.timestamp < end, TooLate(end, block.timestamp));
        _closeUndecided(id, case_, Status.VETOED, 0);
    }

    /// @notice Carries out what a case has come to, once nobody can appeal or veto any more. Anyone may call it.
    /// @param item the 256 bytes that the case is about
    function execute(uint256 id, bytes calldata item) external {
        Case storage case_ = _advanced(id);
        _requireStatus(id, case_, Status.TALLIED);
        uint256 from = _executableFrom(case_);
        require(block.timestamp >= from, TooEarly(from, block.timestamp));
        require(keccak256(item) == case_.itemHash, ItemMismatch(case_.itemHash, keccak256(item)));
        if (case_.outcome == Outcome.UPHELD) _uphold(id, case_);
        else _void(id, case_, item);
    }

    /// @notice Credits a voter its share of a round's fee. Anyone may call it.
    function claim(uint256 id, uint256 round, address voter) external returns (uint256 amount) {
        return _claim(id, round, _decided(_cases[id]), voter);
    }

    /// @notice Slashes a voter that was drawn and has not committed, or has committed and not revealed, or, about a model of
    /// class A, was nearly alone with a verdict that was not the outcome. At most half of it goes to the caller.
    function punish(uint256 id, uint256 round, address voter) external returns (uint256 slashed) {
        Case storage case_ = _advanced(id);
        require(round > 0 && round <= case_.round, RoundMismatch(case_.round, round));
        Deadlines memory ends = _deadlinesFrom(case_.openedAt);
        uint256 from = round == 1 ? ends.reveal : ends.secondReveal;
        require(block.timestamp >= from, TooEarly(from, block.timestamp));
        Ballot storage ballot = _ballot(id, round, voter);
        uint256 rate = ballot.punished ? 0 : _penaltyRate(id, round, case_, voter);
        require(rate > 0, NothingToPunish(voter));
        ballot.punished = true;
        uint256 stake = stakes.weightAt(voter, Role.VALIDATOR, _electorates[id].snapshot);
        uint256 penalty = Math.ceilDiv(Math.min(stake, punishedStakeMax) * rate, BASIS_POINTS);
        (slashed,) = stakes.slash(voter, Role.VALIDATOR, penalty, msg.sender, penalty);
        emit VoterPunished(id, round, voter, msg.sender, penalty, slashed);
    }

    function caseOf(uint256 id) external view returns (Case memory) {
        return _cases[id];
    }

    function deadlinesOf(uint256 id) external view returns (Deadlines memory) {
        return _deadlinesFrom(_cases[id].openedAt);
    }

    /// @notice What a case waits for now, as if it had been tallied, and when that ends, unix seconds (0: whenever somebody
    /// calls). TALLY: of a case that nobody can decide any more.
    function phaseOf(uint256 id) external view returns (Phase phase, uint256 round, uint256 until) {
        Case memory case_ = _cases[id];
        round = case_.round;
        if (case_.status == Status.NONE) return (Phase.NONE, 0, 0);
        Deadlines memory ends = _deadlinesFrom(case_.openedAt);
        if (case_.status == Status.VOTING && block.timestamp >= (round == 1 ? ends.reveal : ends.secondReveal)) {
            case_.outcome = _outcomeOf(id, round);
            if (case_.outcome != Outcome.NONE) case_.status = Status.TALLIED;
            else round = 2;
        }
        if (case_.status == Status.VOTING) {
            (uint256 commitEnd, uint256 revealEnd) =
                round == 1 ? (ends.commit, ends.reveal) : (ends.secondCommit, ends.secondReveal);
            if (block.timestamp < commitEnd) return (Phase.COMMIT, round, commitEnd);
            if (block.timestamp < revealEnd) return (Phase.REVEAL, round, revealEnd);
            return (Phase.TALLY, round, 0);
        }
        if (case_.status != Status.TALLIED) return (Phase.CLOSED, round, 0);
        if (round == 1 && block.timestamp < ends.appeal) return (Phase.APPEAL, round, ends.appeal);
        until = _executableFrom(case_);
        return block.timestamp < until ? (Phase.VETO, round, until) : (Phase.EXECUTE, round, 0);
    }

    /// @notice By what `caseAbout` finds the case of an item. The place counts, not the item: what stands in several batches is
    /// taken by the kernel once, and a case about another place decides nothing about that one.
    function placeOf(uint64 batch, uint64 message, uint256 index) public pure returns (bytes32) {
        return keccak256(abi.encode(batch, message, index));
    }

    /// @dev After a dismissal nothing is decided: the item can be disputed again, while there is time.
    function _register(bytes32 place) private returns (uint256 id) {
        uint256 last = caseAbout[place];
        require(last == 0 || _cases[last].status == Status.DISMISSED, CaseExists(last));
        id = ++caseCount;
        caseAbout[place] = id;
        Case storage opened = _cases[id];
        opened.challenger = msg.sender;
        opened.openedAt = SafeCast.toUint48(block.timestamp);
        opened.status = Status.VOTING;
        opened.round = 1;
    }

    /// @dev What is behind the end of a round's time happens with the next call, whoever makes it.
    function _advanced(uint256 id) private returns (Case storage case_) {
        case_ = _cases[id];
        if (case_.status == Status.VOTING && case_.round == 1) _count(id, case_);
        if (case_.status == Status.VOTING && case_.round == 2) _count(id, case_);
    }

    function _count(uint256 id, Case storage case_) private {
        if (block.timestamp < _endOfVoting(case_)) return;
        uint256 round = case_.round;
        Outcome outcome = _outcomeOf(id, round);
        emit Tallied(id, round, outcome, tallyOf(id, round));
        case_.outcome = outcome;
        if (outcome != Outcome.NONE) case_.status = Status.TALLIED;
        else if (round == 1) case_.round = 2;
        else _closeUndecided(id, case_, Status.DISMISSED, fee);
    }

    /// @dev The challenger was wrong. What is lost pays the voters and an appellant that has turned the case, half at most.
    function _uphold(uint256 id, Case storage case_) private {
        case_.status = Status.UPHELD;
        uint256 lost = bond;
        uint256 award = 0;
        if (case_.appealed == Outcome.UPHELD) lost += 2 * bond;
        uint256 half = lost / 2;
        uint256 spent = _fillPots(id, case_.round, Outcome.UPHELD, half);
        if (case_.appealed == Outcome.FAULTY) {
            award = half - spent;
            _credit(id, case_.appellant, 2 * bond + award);
        }
        _burn(id, lost - spent - award);
        emit Closed(id, Status.UPHELD, 0, 0);
    }

    /// @dev The gateway was wrong. Of its stake, and of the bond of one who appealed for it, half at most pays the run, the
    /// voters and those who have shown it, in this order.
    function _void(uint256 id, Case storage case_, bytes calldata item) private {
        case_.status = Status.VOIDED;
        uint256 held = token.balanceOf(address(this));
        (uint256 slashed, uint256 reward) =
            stakes.slash(case_.gateway, Role.GATEWAY, itemPenalty, address(this), itemPenalty);
        if (stakes.rewardOf(address(this)) > 0) stakes.claimReward();
        uint256 arrived = token.balanceOf(address(this)) - held;
        // What arrives of an earlier slash, which EigenLayer has paid late, belongs to no case any more.
        uint256 late = arrived - Math.min(arrived, reward);
        uint256 refund = Math.min(case_.cost, arrived - late);
        uint256 lost = case_.appealed == Outcome.FAULTY ? 2 * bond : 0;
        uint256 budget = lost / 2 + arrived - late - refund;
        uint256 spent = _fillPots(id, case_.round, Outcome.FAULTY, budget);
        _reward(id, case_, budget - spent);
        _burn(id, lost - lost / 2 + late);
        emit Closed(id, Status.VOIDED, slashed, refund);
        inbox.voidItem(item[:40], bytes32(item[72:]), refund);
    }

    /// @dev Bonds of those who were right go back to them, and they share what is left.
    function _reward(uint256 id, Case storage case_, uint256 rest) private {
        uint256 toAppellant = 0;
        if (case_.appealed == Outcome.UPHELD) {
            toAppellant = rest / 2;
            _credit(id, case_.appellant, 2 * bond + toAppellant);
        }
        _credit(id, case_.challenger, bond + rest - toAppellant);
    }

    /// @dev Nobody has won: each bond goes back, less `kept`, which is burned.
    function _closeUndecided(uint256 id, Case storage case_, Status status, uint256 kept) private {
        case_.status = status;
        _credit(id, case_.challenger, bond - kept);
        uint256 burned = kept;
        if (case_.appellant != address(0)) {
            _credit(id, case_.appellant, 2 * bond - kept);
            burned += kept;
        }
        _burn(id, burned);
        emit Closed(id, status, 0, 0);
    }

    function _penaltyRate(uint256 id, uint256 round, Case storage case_, address voter) private view returns (uint256) {
        Ballot storage ballot = _ballot(id, round, voter);
        if (ballot.commitment == 0) return weightIn(id, round, voter) > 0 ? absentPenalty : 0;
        if (ballot.verdict == Verdict.NONE) return silentPenalty;
        Outcome decided = _decided(case_);
        Outcome side = _sideOf(ballot.verdict);
        if (!case_.exact || decided == Outcome.NONE || side == Outcome.NONE || side == decided) return 0;
        Tally memory count = tallyOf(id, round);
        bool agreed = _weightOf(count, decided) * 10 >= _revealedIn(count) * 9;
        return agreed && count.inconclusive == 0 ? minorityPenalty : 0;
    }

    function _endOfVoting(Case storage case_) private view returns (uint256) {
        Deadlines memory ends = _deadlinesFrom(case_.openedAt);
        return case_.round == 1 ? ends.reveal : ends.secondReveal;
    }

    /// @dev A case that is tallied: nobody can appeal or veto from then on.
    function _executableFrom(Case memory case_) private view returns (uint256) {
        Deadlines memory ends = _deadlinesFrom(case_.openedAt);
        bool slashes = case_.outcome == Outcome.FAULTY;
        if (case_.round == 1) return slashes ? ends.appeal + vetoSeconds : ends.appeal;
        return slashes ? ends.veto : ends.secondReveal;
    }

    function _decided(Case storage case_) private view returns (Outcome) {
        if (case_.status == Status.UPHELD) return Outcome.UPHELD;
        return case_.status == Status.VOIDED ? Outcome.FAULTY : Outcome.NONE;
    }

    function _requireVoting(uint256 id, Case storage case_, uint256 round) private view {
        _requireStatus(id, case_, Status.VOTING);
        require(case_.round == round, RoundMismatch(case_.round, round));
    }

    function _requireStatus(uint256 id, Case storage case_, Status status) private view {
        require(case_.status == status, CaseStatusMismatch(id, status, case_.status));
    }
}
