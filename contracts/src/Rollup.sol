// SPDX-License-Identifier: MIT
// docs/contracts.md#rollup
pragma solidity 0.8.37;

import {Assertions} from "./Assertions.sol";
import {ConfirmationPause} from "./ConfirmationPause.sol";
import {ExecutorRotation} from "./ExecutorRotation.sol";
import {LiveChildren} from "./LiveChildren.sol";
import {NetworkEnd} from "./NetworkEnd.sol";
import {StepClaims} from "./StepClaims.sol";
import {IDACommittee} from "./interfaces/IDACommittee.sol";
import {IInbox} from "./interfaces/IInbox.sol";
import {IStakeSource} from "./interfaces/IStakeSource.sol";
import {requireAtMost} from "./lib/Settings.sol";
import {StateLeaf} from "./lib/StateLeaf.sol";
import {AssertionId, DataObject, Role} from "./lib/Types.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";

/// @title Claims about the state after a range of batches, one Merkle root over the state after every single step.
contract Rollup is StepClaims, ExecutorRotation, LiveChildren, Assertions {
    /// @param bond of the asserter's stake that is locked while an assertion is pending, wei
    /// @param leaderSeconds in which only the leader may assert
    /// @param guardian that may pause confirmation; zero: nobody
    /// @param escapeSeconds without a confirmation after which the network may be ended
    struct Settings {
        uint256 bond;
        uint64 leaderSeconds;
        address guardian;
        uint64 escapeSeconds;
    }

    IStakeSource public immutable stakes;
    IInbox public immutable inbox;
    /// @notice The contract that decides games; zero: there is none.
    address public immutable dispute;
    /// @notice The contract through which bytes are demanded. Nobody but these two can reject.
    address public immutable demands;
    bytes32 public immutable kernelProgramId;
    uint256 public immutable bond;
    AssertionId public immutable genesis;

    AssertionId public latestConfirmed;

    event AssertionCreated(
        AssertionId indexed id,
        AssertionId indexed parent,
        address indexed asserter,
        bytes32 stepRoot,
        uint64 stepCount,
        StateLeaf post,
        DataObject[] objects
    );
    event AssertionConfirmed(AssertionId indexed id, uint64 batch, bytes32 stateRoot);
    event AssertionRejected(AssertionId indexed id, address indexed beneficiary, uint256 slashed, uint256 reward);
    event AssertionOrphaned(AssertionId indexed id);

    error NotExecutor(address account);
    error NotLeader(address leader, uint256 openFrom);
    error NotJudge(address account);
    error ParentNotLive(AssertionId parent, Status status);
    error SiblingsClosed(uint256 deadline);
    error AlreadyAsserted(AssertionId id);
    error EarlierAttemptLives(AssertionId id, Status status);
    error WindowClosed(uint256 deadline, uint256 actual);
    error ParentNotConfirmed(AssertionId latestConfirmed, AssertionId parent);
    error StillViable(AssertionId id);
    error ChildLives(AssertionId child);
    error EarlierSibling(AssertionId id, AssertionId earlier);
    error AssertionIsMoot(AssertionId id);

    modifier onlyJudges() {
        require(msg.sender == dispute || msg.sender == demands, NotJudge(msg.sender));
        _;
    }

    /// @param genesisStateRoot of the state trie before the first message
    constructor(
        IStakeSource stakes_,
        IInbox inbox_,
        IDACommittee committee_,
        address dispute_,
        address demands_,
        bytes32 kernelProgramId_,
        bytes32 genesisStateRoot,
        Settings memory settings
    )
        StepClaims(committee_)
        ExecutorRotation(settings.leaderSeconds, inbox_.maxAheadSeconds())
        Assertions(stakes_.timing().window)
        ConfirmationPause(settings.guardian, stakes_.timing())
        // Twice: to assert, and to see it decided. A batch's timestamp may be older than the batch.
        NetworkEnd(settings.escapeSeconds, 3 * stakes_.timing().longest() + inbox_.maxBehindSeconds())
    {
        requireAtMost(stakes_.token().cap(), settings.bond);
        stakes = stakes_;
        inbox = inbox_;
        dispute = dispute_;
        demands = demands_;
        kernelProgramId = kernelProgramId_;
        bond = settings.bond;

        bytes32 leafHash = StateLeaf(genesisStateRoot, 0, 0, 0, 0).hash();
        AssertionId id = idOf(AssertionId.wrap(0), bytes32(0), leafHash, 0);
        Assertion storage assertion = _assertions[id];
        assertion.leafHash = leafHash;
        assertion.stateRoot = genesisStateRoot;
        assertion.status = Status.CONFIRMED;
        assertion.createdAt = uint64(block.timestamp);
        genesis = id;
        latestConfirmed = id;
        emit AssertionConfirmed(id, 0, genesisStateRoot);
    }

    /// @notice Claims the states after every message of the batches from the parent's end to `claim.post.batch`.
    /// @dev Leaf 0 of the step list is the parent's post leaf, the last leaf is the claimed one.
    function createAssertion(Claim calldata claim) external returns (AssertionId id) {
        _requireNotEnded();
        Assertion storage parent = _assertions[claim.parent];
        _requireTurn(parent);
        _requireParent(claim.parent, parent, claim.attempt);
        uint64 stepCount = _requireCursor(parent.batch, claim.post);
        _requirePromised(parent.batch, claim.post.batch, block.timestamp + contestSeconds);
        bytes32 leafHash = claim.post.hash();
        bytes32 stepRoot = _stepRootOf(claim, parent.leafHash, leafHash, stepCount);
        id = idOf(claim.parent, stepRoot, leafHash, claim.attempt);
        _requireNew(claim, stepRoot, leafHash, id);
        _verifyCertificate(stepRoot, stepCount, claim.objects, claim.certificate);
        uint64 deadline = SafeCast.toUint64(block.timestamp + window);
        if (!_hasChild(claim.parent)) parent.siblingDeadline = deadline;
        _addChild(claim.parent, id);
        Assertion storage created = _assertions[id];
        created.parent = claim.parent;
        created.stepRoot = stepRoot;
        created.leafHash = leafHash;
        created.stateRoot = claim.post.stateRoot;
        created.asserter = msg.sender;
        created.status = Status.PENDING;
        created.voidings = voidings;
        created.batch = claim.post.batch;
        created.createdAt = uint64(block.timestamp);
        created.deadline = deadline;
        stakes.lock(msg.sender, Role.EXECUTOR, bond);
        emit AssertionCreated(id, claim.parent, msg.sender, stepRoot, stepCount, claim.post, claim.objects);
    }

    /// @notice Confirms an assertion whose parent is the latest confirmed one, after its window and all its games.
    function confirm(AssertionId id) external {
        _requireNotEnded();
        _requireNotPaused();
        Assertion storage assertion = _pending(id);
        require(assertion.parent == latestConfirmed, ParentNotConfirmed(latestConfirmed, assertion.parent));
        _requireDecided(assertion);
        // Else whoever opens a game about the first true child decides which of the others is paid.
        require(!_hasEarlierSibling(id), EarlierSibling(id, earlierSiblingOf(id)));
        assertion.status = Status.CONFIRMED;
        latestConfirmed = id;
        _noteConfirmation();
        stakes.release(assertion.asserter, Role.EXECUTOR, bond);
        emit AssertionConfirmed(id, assertion.batch, assertion.stateRoot);
    }

    /// @notice Frees the bond of an assertion that can no longer be confirmed, though nobody has proven it wrong.
    function orphan(AssertionId id) external {
        Assertion storage assertion = _pending(id);
        _requireDecided(assertion);
        Status parentStatus = _assertions[assertion.parent].status;
        bool dead = endedAt != 0 || parentStatus == Status.REJECTED || parentStatus == Status.ORPHANED
            || (parentStatus == Status.CONFIRMED && assertion.parent != latestConfirmed);
        require(dead, StillViable(id));
        assertion.status = Status.ORPHANED;
        stakes.release(assertion.asserter, Role.EXECUTOR, bond);
        emit AssertionOrphaned(id);
    }

    /// @notice Makes batches void from `first` to before `end`, none of them confirmed, whose bytes are not promised for long
    /// enough to be asserted. Anyone may call it.
    /// @dev A live child of the latest confirmed assertion may cover them, and its games need their bytes. Where there is none,
    /// nothing that is pending can be confirmed any more.
    function voidBatches(uint64 first, uint64 end) external {
        _requireNotEnded();
        AssertionId latest = latestConfirmed;
        require(!_hasChild(latest), ChildLives(lastChildOf(latest)));
        uint64 confirmed = _assertions[latest].batch;
        require(first >= confirmed, BatchOutOfRange(confirmed, end, first));
        _requireRange(first, end);
        _voidUnpromised(first, end, block.timestamp + contestSeconds);
        voidings += 1;
    }

    /// @notice Counts a game about a pending assertion: it cannot be confirmed before the game is closed.
    function openGame(AssertionId id) external onlyJudges {
        _requireNotEnded();
        Assertion storage assertion = _pending(id);
        uint256 deadline = _prolonged(assertion.deadline);
        require(block.timestamp < deadline, WindowClosed(deadline, block.timestamp));
        // It tells what the batches were: a game would hold that against what they are.
        require(assertion.voidings == voidings, AssertionIsMoot(id));
        assertion.openGames += 1;
    }

    /// @notice Keeps the window open until `until`, for a game about bytes that were published late.
    function keepOpen(AssertionId id, uint64 until) external onlyJudges {
        Assertion storage assertion = _pending(id);
        if (assertion.deadline < until) assertion.deadline = until;
    }

    /// @notice Closes a game that the challenger has lost, or that nobody can win any more.
    function closeGame(AssertionId id) external onlyJudges {
        _assertions[id].openGames -= 1;
    }

    /// @notice Rejects an assertion that lost one game, and with it all that build on it; its bond is slashed.
    /// @param rewardMax what the winner may get of it at most: his costs and a share
    function reject(AssertionId id, address beneficiary, uint256 rewardMax)
        external
        onlyJudges
        returns (uint256 reward)
    {
        Assertion storage assertion = _pending(id);
        assertion.status = Status.REJECTED;
        _removeChild(assertion.parent, id);
        stakes.release(assertion.asserter, Role.EXECUTOR, bond);
        uint256 slashed;
        (slashed, reward) = stakes.slash(assertion.asserter, Role.EXECUTOR, bond, beneficiary, rewardMax);
        emit AssertionRejected(id, beneficiary, slashed, reward);
    }

    /// @notice Number of steps that an assertion claims: its step list has one leaf more.
    function stepCountOf(AssertionId id) public view returns (uint64) {
        Assertion storage claimed = _assertions[id];
        return inbox.totalMessagesBefore(claimed.batch) - inbox.totalMessagesBefore(_assertions[claimed.parent].batch);
    }

    /// @notice Object root of an assertion's step list, and the number of steps.
    function stepListOf(AssertionId id) external view returns (bytes32 stepRoot, uint64 stepCount) {
        return (_assertions[id].stepRoot, stepCountOf(id));
    }

    /// @notice Unix seconds from which anyone staked may build on `parent`; before, only the leader.
    function openFrom(AssertionId parent) external view returns (uint256) {
        return _openFrom(_assertions[parent]);
    }

    function _waitingSince() internal view override returns (uint256) {
        uint64 first = _assertions[latestConfirmed].batch;
        return first < inbox.batchCount() ? inbox.batch(first).timestamp : type(uint256).max;
    }

    function _postedAt(uint64 batch) internal view override returns (uint256) {
        return batch < inbox.batchCount() ? inbox.batch(batch).timestamp : block.timestamp;
    }

    function _stakes() internal view override returns (IStakeSource) {
        return stakes;
    }

    function _inbox() internal view override returns (IInbox) {
        return inbox;
    }

    function _requireTurn(Assertion storage parent) private view {
        require(stakes.isActive(msg.sender, Role.EXECUTOR), NotExecutor(msg.sender));
        address leader = leaderOf(parent.batch);
        if (leader == address(0) || leader == msg.sender) return;
        uint256 open = _openFrom(parent);
        require(block.timestamp >= open, NotLeader(leader, open));
    }

    /// @dev The turn begins when both the parent and the first batch after it are there.
    function _openFrom(Assertion storage parent) private view returns (uint256) {
        uint256 posted = _postedAt(parent.batch);
        return (posted > parent.createdAt ? posted : parent.createdAt) + leaderSeconds;
    }

    function _requireParent(AssertionId id, Assertion storage parent, uint32 attempt) private view {
        bool live = parent.status == Status.PENDING || (parent.status == Status.CONFIRMED && id == latestConfirmed);
        require(live, ParentNotLive(id, parent.status));
        // Rivals belong into the first one's window. A further attempt is no rival, and where all children were rejected
        // the next one is the first.
        bool open = attempt > 0 || !_hasChild(id) || block.timestamp < parent.siblingDeadline;
        require(open, SiblingsClosed(parent.siblingDeadline));
    }

    /// @dev An asserter may lose a game on purpose with a true claim. So the same content may be asserted again, under the
    /// next attempt's id, as soon as the earlier attempt is challenged: an honest executor need not wait for the loss.
    function _requireNew(Claim calldata claim, bytes32 stepRoot, bytes32 leafHash, AssertionId id) private view {
        require(_assertions[id].status == Status.NONE, AlreadyAsserted(id));
        if (claim.attempt == 0) return;
        AssertionId earlier = idOf(claim.parent, stepRoot, leafHash, claim.attempt - 1);
        Status status = _assertions[earlier].status;
        bool challenged = status == Status.PENDING && _assertions[earlier].openGames > 0;
        require(
            challenged || status == Status.REJECTED || status == Status.ORPHANED, EarlierAttemptLives(earlier, status)
        );
    }
}
