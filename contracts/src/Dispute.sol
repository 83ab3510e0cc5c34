// SPDX-License-Identifier: MIT
// docs/disputes.md
pragma solidity 0.8.37;

import {Assertions} from "./Assertions.sol";
import {MizuToken} from "./MizuToken.sol";
import {Rollup} from "./Rollup.sol";
import {AboutAssertions} from "./dispute/AboutAssertions.sol";
import {CallLength} from "./dispute/CallLength.sol";
import {ClaimedStep, ClaimedSteps} from "./dispute/ClaimedStep.sol";
import {Clocks, Player} from "./dispute/Clock.sol";
import {KernelStart} from "./dispute/KernelStart.sol";
import {Ledger} from "./dispute/Ledger.sol";
import {MessageProof, Messages, TailLeaf} from "./dispute/Message.sol";
import {PostedList, Segment, SegmentLists} from "./dispute/SegmentList.sol";
import {Kernel, StartMachine} from "./dispute/StartMachine.sol";
import {Constants} from "./generated/Constants.sol";
import {IOneStepVerifier} from "./interfaces/IOneStepVerifier.sol";
import {Tree} from "./lib/Tree.sol";
import {AssertionId} from "./lib/Types.sol";

/// @notice keccak256 of a GameKey: a challenger plays one game about a step.
type GameId is bytes32;

/// @notice What a game is about, and whose it is. It is not stored: every call shows it, and its hash is the game's id.
/// @param index of the step
struct GameKey {
    AssertionId assertion;
    uint64 index;
    address challenger;
}

/// @title Games about single steps of assertions. Each stands for itself and can only reject.
contract Dispute is Ledger, AboutAssertions {
    using Clocks for Player;
    using Clocks for uint160;
    using SegmentLists for PostedList;
    using SegmentLists for Segment;
    using ClaimedSteps for ClaimedStep;

    enum Status {
        NONE,
        OPEN,
        CHALLENGER_WON,
        ASSERTER_WON,
        REFUNDED
    }

    enum Side {
        CHALLENGER,
        ASSERTER
    }

    /// @dev Two slots; a move writes both.
    /// @param posted hash of the last list as a PostedList
    /// @param players challenger and asserter, packed as in Clock.sol
    /// @param lists posted so far: the asserter is to move after an odd number
    /// @param position of the last list's start in the trace
    /// @param turnedAt when the clock of the side to move began to run, unix seconds
    struct Game {
        bytes32 posted;
        uint160 players;
        Status status;
        uint8 lists;
        uint40 position;
        uint40 turnedAt;
    }

    /// @param message what the step processes; empty for a delayed message
    /// @param list of the challenger: the machine at positions 2^35, 2 * 2^35, …, 2^40
    struct Opening {
        ClaimedStep step;
        Kernel kernel;
        MessageProof message;
        bytes32[32] list;
    }

    /// @notice Lists until a segment is one instruction: 32^8 = 2^40.
    uint256 public constant LISTS = 8;
    /// @notice In which the slowest machine that may take part passes the longest step that there may be, once. A side passes it
    /// for its second list; it has as much again, for a machine that is killed meanwhile, and for the other lists.
    uint256 public constant PASS_SECONDS =
        ((Constants.MAX_STAGE_GAS + Constants.MAX_KERNEL_GAS) * Constants.SLOWEST_NS_PER_GAS + 1e9 - 1) / 1e9;
    uint256 private constant BITS_PER_LIST = 5;

    IOneStepVerifier public immutable verifier;
    KernelStart public immutable kernelStart;
    /// @notice Of each side for a whole game.
    uint32 public immutable clockSeconds;
    /// @notice That a side gets at least, once, when it moves late.
    uint32 public immutable extensionSeconds;

    mapping(GameId => Game) private _games;
    /// @notice A second key that may move for an account.
    mapping(address account => address) public delegateOf;

    /// @param start machine at position 0
    /// @param end of the trace as the assertion has it
    /// @param message as in PostedList
    event GameOpened(
        GameId indexed game,
        AssertionId indexed assertion,
        address indexed challenger,
        uint64 index,
        bytes32 start,
        bytes32 end,
        bytes32 message,
        bytes32[32] list
    );
    /// @param lists posted now
    /// @param position where the new list's range starts in the trace
    /// @param start machine there, on which both agree
    /// @param end of the range as the other side has it
    event Moved(
        GameId indexed game,
        Side indexed side,
        uint8 lists,
        uint40 position,
        bytes32 start,
        bytes32 end,
        bytes32[32] list
    );
    event StepProven(GameId indexed game, uint40 position, bytes32 start, bytes32 end, bytes32 provenEnd);
    event MessageRefuted(GameId indexed game);
    event TimedOut(GameId indexed game, Side indexed side);
    event GameWon(GameId indexed game, AssertionId indexed assertion, Side indexed winner);
    event GameRefunded(GameId indexed game);
    event LeafRejected(AssertionId indexed assertion, uint64 index, address indexed challenger);
    event DelegateChanged(address indexed account, address indexed delegate);

    error ExtensionTooLong(uint256 maximum, uint256 actual);
    error ClockTooShort(uint256 minimum, uint256 actual);
    error ClocksTooShort(uint256 minimum, uint256 actual);
    error GameExists(GameId id);
    error GameStatusMismatch(GameId id, Status expected, Status actual);
    error NotPlayer(address expected, address actual);
    error EndsAgree(bytes32 end);
    error ListCountMismatch(uint256 expected, uint256 actual);
    error LeafWellFormed(uint64 index);
    error MessageMismatch(bytes32 expectedRoot, bytes32 actualRoot);

    /// @dev Nothing of a game about an assertion that is decided can move; its bond is refunded.
    constructor(
        MizuToken token_,
        Rollup rollup_,
        KernelStart kernelStart_,
        IOneStepVerifier verifier_,
        Settings memory settings,
        uint32 clockSeconds_,
        uint32 extensionSeconds_
    ) Ledger(token_, settings) AboutAssertions(rollup_) {
        require(clockSeconds_ >= 2 * PASS_SECONDS, ClockTooShort(2 * PASS_SECONDS, clockSeconds_));
        require(extensionSeconds_ <= clockSeconds_, ExtensionTooLong(clockSeconds_, extensionSeconds_));
        uint256 longest = 2 * (uint256(clockSeconds_) + extensionSeconds_);
        uint256 clocks = rollup_.stakes().timing().clocks;
        require(clocks >= longest, ClocksTooShort(longest, clocks));
        verifier = verifier_;
        kernelStart = kernelStart_;
        clockSeconds = clockSeconds_;
        extensionSeconds = extensionSeconds_;
    }

    /// @notice Names an account that may move for the caller; zero: none.
    function setDelegate(address delegate) external {
        delegateOf[msg.sender] = delegate;
        emit DelegateChanged(msg.sender, delegate);
    }

    /// @notice Rejects an assertion with a leaf that is wrong in itself.
    function challengeLeaf(ClaimedStep calldata step) external {
        uint256 gasAtStart = gasleft();
        _requireStatus(step.assertion, Assertions.Status.PENDING);
        _requireListed(step);
        require(!step.isWellFormed(inbox), LeafWellFormed(step.index));
        emit LeafRejected(step.assertion, step.index, msg.sender);
        rollup.reject(step.assertion, msg.sender, costOf(_gasSince(gasAtStart, CallLength.ofChallengeLeaf(step))));
    }

    /// @notice Opens a game about a step: the kernel, started on its first leaf and its message, does not end at its second.
    function open(Opening calldata opening) external returns (GameId id) {
        uint256 gasAtStart = gasleft();
        ClaimedStep calldata step = opening.step;
        id = gameIdOf(GameKey(step.assertion, step.index, msg.sender));
        Game storage game = _games[id];
        require(game.status == Status.NONE, GameExists(id));
        _requireListed(step);
        bytes32 end = StartMachine.hashCommitted(step.post);
        require(opening.list[31] != end, EndsAgree(end));
        PostedList memory list = _firstList(opening);
        rollup.openGame(step.assertion);
        game.posted = list.hash();
        game.status = Status.OPEN;
        game.lists = 1;
        game.turnedAt = uint40(block.timestamp);
        emit GameOpened(id, step.assertion, msg.sender, step.index, list.start, end, list.message, opening.list);
        uint256 callBytes = CallLength.ofOpen(step, opening.kernel, opening.message);
        // A block has less gas than 2^40.
        // forge-lint: disable-next-line(unsafe-typecast)
        Player memory player = Player(0, false, uint40(_gasSince(gasAtStart, callBytes) + LOCKING_GAS));
        game.players = Clocks.write(0, uint256(Side.CHALLENGER), player);
        _lock(bond);
    }

    /// @notice Disputes a segment of the other side's list with a list inside it.
    /// @param answered the other side's list
    /// @param list the machine at the ends of the segment's 32 parts; the last differs from the other side's
    function move(
        GameKey calldata key,
        PostedList calldata answered,
        Segment calldata segment,
        bytes32[32] calldata list
    ) external {
        uint256 gasAtStart = gasleft();
        (GameId id, Game storage game, Side side, Player memory player) = _takeTurn(key);
        uint8 lists = game.lists;
        require(lists < LISTS, ListCountMismatch(LISTS - 1, lists));
        answered.requirePosted(game.posted);
        segment.requireIn(answered);
        require(list[31] != segment.end, EndsAgree(segment.end));
        uint40 position = game.position + uint40(segment.index << (BITS_PER_LIST * (LISTS - lists)));
        lists += 1;
        game.posted = PostedList(lists, SegmentLists.rootOf(list), segment.start, 0).hash();
        emit Moved(id, side, lists, position, segment.start, segment.end, list);
        player.gas += uint40(_gasSince(gasAtStart, CallLength.ofMove(segment)));
        game.players = game.players.write(uint256(side), player);
        game.lists = lists;
        game.position = position;
        game.turnedAt = uint40(block.timestamp);
    }

    /// @notice Answers the last list: executes the one instruction of a segment, which does not end as the list says.
    function prove(GameKey calldata key, PostedList calldata answered, Segment calldata segment, bytes calldata proof)
        external
    {
        uint256 gasAtStart = gasleft();
        (GameId id, Game storage game, Side side,) = _takeTurn(key);
        require(game.lists == LISTS, ListCountMismatch(LISTS, game.lists));
        answered.requirePosted(game.posted);
        segment.requireIn(answered);
        (bytes32 start, bytes32 end) = verifier.step(proof);
        require(start == segment.start, SegmentLists.StartMismatch(segment.start, start));
        require(end != segment.end, EndsAgree(end));
        emit StepProven(id, game.position + uint40(segment.index), start, segment.end, end);
        _win(key, id, side, gasAtStart, CallLength.ofProve(segment, proof));
    }

    /// @notice The asserter's first answer to a game opened with a message that is none: bytes behind it are not zero.
    /// @param answered the opening's list
    /// @param subtree root of the message's tree of depth(length)
    function refuteMessage(
        GameKey calldata key,
        PostedList calldata answered,
        bytes32 subtree,
        uint64 length,
        TailLeaf calldata tail
    ) external {
        uint256 gasAtStart = gasleft();
        (GameId id, Game storage game, Side side,) = _takeTurn(key);
        require(game.lists == 1, ListCountMismatch(1, game.lists));
        answered.requirePosted(game.posted);
        bytes32 message = Tree.hashObject(subtree, length);
        require(message == answered.message, MessageMismatch(answered.message, message));
        Messages.requireTail(subtree, length, tail);
        emit MessageRefuted(id);
        _win(key, id, side, gasAtStart, CallLength.ofRefuteMessage(tail));
    }

    /// @notice Ends a game whose side to move has no time left. Anyone may call it.
    function timeout(GameKey calldata key) external {
        uint256 gasAtStart = gasleft();
        (GameId id, Game storage game,) = _openGame(key);
        Side side = turnOf(game.lists);
        game.players.read(uint256(side)).requireUp(game.turnedAt, clockSeconds);
        emit TimedOut(id, side);
        Side winner = side == Side.ASSERTER ? Side.CHALLENGER : Side.ASSERTER;
        _win(key, id, winner, gasAtStart, CallLength.ofWords(3));
    }

    /// @notice Gives the bond of an open game back whose assertion was rejected for another reason, or is moot: nobody wins
    /// that. Anyone may call it.
    function refund(GameKey calldata key) external {
        (GameId id, Game storage game) = _undecided(key);
        (Assertions.Status status, bool moot,) = rollup.standingOf(key.assertion);
        if (moot) rollup.closeGame(key.assertion);
        else _requireStatus(key.assertion, Assertions.Status.REJECTED, status);
        game.status = Status.REFUNDED;
        _credit(key.challenger, bond);
        emit GameRefunded(id);
    }

    function gameOf(GameId id) external view returns (Game memory) {
        return _games[id];
    }

    /// @notice Unix seconds from which the side to move has lost.
    function deadlineOf(GameId id) external view returns (uint256) {
        Game storage game = _games[id];
        return game.players.read(uint256(turnOf(game.lists))).deadlineOf(game.turnedAt, clockSeconds);
    }

    function gameIdOf(GameKey memory key) public pure returns (GameId) {
        return GameId.wrap(keccak256(abi.encode(key)));
    }

    /// @notice Who is to move after so many lists: the challenger posts the first.
    function turnOf(uint256 lists) public pure returns (Side) {
        return lists % 2 == 1 ? Side.ASSERTER : Side.CHALLENGER;
    }

    function _requireListed(ClaimedStep calldata step) private view {
        (bytes32 stepRoot, uint64 stepCount) = rollup.stepListOf(step.assertion);
        step.requireIn(stepRoot, stepCount);
    }

    function _firstList(Opening calldata opening) private view returns (PostedList memory list) {
        list.number = 1;
        list.root = SegmentLists.rootOf(opening.list);
        (list.start, list.message) = kernelStart.startOf(opening.step.pre, opening.kernel, opening.message);
    }

    function _undecided(GameKey calldata key) private view returns (GameId id, Game storage game) {
        id = gameIdOf(key);
        game = _games[id];
        require(game.status == Status.OPEN, GameStatusMismatch(id, Status.OPEN, game.status));
    }

    /// @dev An open game about an assertion that is not decided. Nothing else goes on.
    function _openGame(GameKey calldata key) private view returns (GameId id, Game storage game, address asserter) {
        (id, game) = _undecided(key);
        Assertions.Status status;
        (status, asserter) = rollup.statusAndAsserterOf(key.assertion);
        _requireStatus(key.assertion, Assertions.Status.PENDING, status);
    }

    /// @dev Only whoever is to move may, or his delegate, and only while his clock runs.
    function _takeTurn(GameKey calldata key)
        private
        view
        returns (GameId id, Game storage game, Side side, Player memory player)
    {
        address account;
        (id, game, account) = _openGame(key);
        side = turnOf(game.lists);
        if (side == Side.CHALLENGER) account = key.challenger;
        require(msg.sender == account || msg.sender == delegateOf[account], NotPlayer(account, msg.sender));
        player = game.players.read(uint256(side));
        player.stop(game.turnedAt, clockSeconds, extensionSeconds);
    }

    /// @dev Of a moot game a move may still be made, which is of no use: to ask at each of them costs more than that does.
    function _win(GameKey calldata key, GameId id, Side winner, uint256 gasAtStart, uint256 callBytes) private {
        address asserter = _requireJudged(key.assertion);
        Game storage game = _games[id];
        uint256 gas = game.players.read(uint256(winner)).gas;
        emit GameWon(id, key.assertion, winner);
        if (winner == Side.CHALLENGER) {
            game.status = Status.CHALLENGER_WON;
            _credit(key.challenger, bond);
            rollup.reject(key.assertion, key.challenger, costOf(gas + _gasSince(gasAtStart, callBytes)));
        } else {
            game.status = Status.ASSERTER_WON;
            rollup.closeGame(key.assertion);
            _forfeit(bond, asserter, gas + _gasSince(gasAtStart, callBytes));
        }
    }
}
