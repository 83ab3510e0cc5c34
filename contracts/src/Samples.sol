// SPDX-License-Identifier: MIT
// docs/attestations.md#sample-games
pragma solidity 0.8.37;

import {Dispute} from "./Dispute.sol";
import {Question, QuestionId, Questions} from "./Questions.sol";
import {CallLength} from "./dispute/CallLength.sol";
import {ClaimedSteps} from "./dispute/ClaimedStep.sol";
import {Clocks, Player} from "./dispute/Clock.sol";
import {KernelStart} from "./dispute/KernelStart.sol";
import {Ledger} from "./dispute/Ledger.sol";
import {MessageProof, Messages, TailLeaf} from "./dispute/Message.sol";
import {PostedList, Segment, SegmentLists} from "./dispute/SegmentList.sol";
import {Kernel} from "./dispute/StartMachine.sol";
import {IAttestations} from "./interfaces/IAttestations.sol";
import {IOneStepVerifier} from "./interfaces/IOneStepVerifier.sol";
import {SampleDraw} from "./lib/SampleDraw.sol";
import {Tree} from "./lib/Tree.sol";
import {Role} from "./lib/Types.sol";

/// @notice keccak256 of a SampleKey: a challenger plays one game about a sample.
type SampleGameId is bytes32;

/// @notice What a game is about, and whose it is. It is not stored: every call shows it, and its hash is the game's id.
/// @param sample 0 or 1
struct SampleKey {
    Question question;
    uint256 sample;
    address challenger;
}

/// @title Games about machines that attesters have opened. Each stands for itself and can only refute.
/// @dev A game as in Dispute, about a shorter trace: it stands still from the sample's position on, and its end is the machine
/// there. The attester has the asserter's side.
contract Samples is Ledger, Questions {
    using Clocks for Player;
    using Clocks for uint160;
    using SegmentLists for PostedList;
    using SegmentLists for Segment;

    /// @param machines that were opened
    /// @param leaf before the sample's step, 128 bytes, with its path in the assertion's step list
    /// @param message what the step processes; empty for a delayed message
    /// @param list of the challenger: the machine at positions 2^20, 2 * 2^20, …, 2^25
    struct Challenge {
        Question question;
        bytes32[2] machines;
        uint256 sample;
        bytes leaf;
        bytes32[] path;
        Kernel kernel;
        MessageProof message;
        bytes32[32] list;
    }

    /// @notice Lists until a segment is one instruction: 32^5 = 2^25, and positions are below 2^23.
    uint256 public constant LISTS = 5;
    uint256 private constant BITS_PER_LIST = 5;
    /// @dev A SampleKey has two words more than the GameKey that CallLength counts.
    uint256 private constant LONGER_KEY_BYTES = 64;

    IOneStepVerifier public immutable verifier;
    KernelStart public immutable kernelStart;
    uint32 public immutable clockSeconds;
    uint32 public immutable extensionSeconds;

    mapping(SampleGameId => Dispute.Game) private _games;

    /// @param start machine at position 0
    /// @param end the machine that was opened
    /// @param message as in PostedList
    event SampleChallenged(
        SampleGameId indexed game,
        QuestionId indexed question,
        address indexed challenger,
        uint256 sample,
        bytes32 start,
        bytes32 end,
        bytes32 message,
        bytes32[32] list
    );
    /// @dev As Moved of Dispute.
    event SampleMoved(
        SampleGameId indexed game,
        Dispute.Side indexed side,
        uint8 lists,
        uint40 position,
        bytes32 start,
        bytes32 end,
        bytes32[32] list
    );
    event SampleStepProven(SampleGameId indexed game, uint40 position, bytes32 start, bytes32 end, bytes32 provenEnd);
    event SampleMessageRefuted(SampleGameId indexed game);
    event SampleTimedOut(SampleGameId indexed game, Dispute.Side indexed side);
    event SampleGameWon(SampleGameId indexed game, QuestionId indexed question, Dispute.Side indexed winner);
    event SampleRefuted(
        QuestionId indexed question,
        address indexed attester,
        address indexed challenger,
        uint256 slashed,
        uint256 reward
    );
    event SampleGameRefunded(SampleGameId indexed game);

    error ChallengeTooLate(uint256 deadline, uint256 actual);
    error CommitmentMismatch(bytes32 expected, bytes32 actual);
    error SampleGameExists(SampleGameId id);
    error SampleGameStatusMismatch(SampleGameId id, Dispute.Status expected, Dispute.Status actual);
    error NothingToProve(uint256 position, uint256 proofBytes);
    error GameGoesOn(SampleGameId id);

    /// @dev Kernel, verifier and clocks are those of the games about steps.
    constructor(
        IAttestations attestations_,
        Dispute dispute,
        Ledger.Settings memory ledger,
        Questions.SampleSettings memory settings
    ) Ledger(dispute.token(), ledger) Questions(attestations_, dispute, settings) {
        verifier = dispute.verifier();
        kernelStart = dispute.kernelStart();
        clockSeconds = dispute.clockSeconds();
        extensionSeconds = dispute.extensionSeconds();
    }

    /// @notice Opens a game about an opened machine: the kernel, started on the step's leaf and message, is another one there.
    function challenge(Challenge calldata opening) external returns (SampleGameId id) {
        QuestionId question = questionIdOf(opening.question);
        uint256 deadline = _requireStatus(question, QuestionStatus.OPENED) + challengeSeconds;
        require(block.timestamp < deadline, ChallengeTooLate(deadline, block.timestamp));
        bytes32 end = _requireOpened(opening);
        require(opening.list[31] != end, Dispute.EndsAgree(end));
        id = gameIdOf(SampleKey(opening.question, opening.sample, msg.sender));
        Dispute.Game storage game = _games[id];
        require(game.status == Dispute.Status.NONE, SampleGameExists(id));
        _requireStands(opening.question.assertion);
        PostedList memory list = _firstList(opening);
        game.posted = list.hash();
        game.status = Dispute.Status.OPEN;
        game.lists = 1;
        game.turnedAt = uint40(block.timestamp);
        emit SampleChallenged(id, question, msg.sender, opening.sample, list.start, end, list.message, opening.list);
        _lock(bond);
    }

    /// @notice Disputes a segment of the other side's list with a list inside it.
    /// @param answered the other side's list
    /// @param list the machine at the ends of the segment's 32 parts; the last differs from the other side's
    function move(
        SampleKey calldata key,
        PostedList calldata answered,
        Segment calldata segment,
        bytes32[32] calldata list
    ) external {
        uint256 gasAtStart = gasleft();
        (SampleGameId id, Dispute.Game storage game, Dispute.Side side, Player memory player) = _takeTurn(key);
        uint8 lists = game.lists;
        require(lists < LISTS, Dispute.ListCountMismatch(LISTS - 1, lists));
        answered.requirePosted(game.posted);
        segment.requireIn(answered);
        require(list[31] != segment.end, Dispute.EndsAgree(segment.end));
        uint40 position = game.position + uint40(segment.index << (BITS_PER_LIST * (LISTS - lists)));
        lists += 1;
        game.posted = PostedList(lists, SegmentLists.rootOf(list), segment.start, 0).hash();
        emit SampleMoved(id, side, lists, position, segment.start, segment.end, list);
        player.gas += uint40(_gasSince(gasAtStart, CallLength.ofMove(segment) + LONGER_KEY_BYTES));
        game.players = game.players.write(uint256(side), player);
        game.lists = lists;
        game.position = position;
        game.turnedAt = uint40(block.timestamp);
    }

    /// @notice Answers the last list: executes the one instruction of a segment, which does not end as the list says. From the
    /// sample's position on nothing is executed, and the proof is empty.
    function prove(SampleKey calldata key, PostedList calldata answered, Segment calldata segment, bytes calldata proof)
        external
    {
        uint256 gasAtStart = gasleft();
        (SampleGameId id, Dispute.Game storage game, Dispute.Side side,) = _takeTurn(key);
        require(game.lists == LISTS, Dispute.ListCountMismatch(LISTS, game.lists));
        answered.requirePosted(game.posted);
        segment.requireIn(answered);
        _requireOtherEnd(key, id, game.position + uint40(segment.index), segment, proof);
        _win(key, id, side, gasAtStart, CallLength.ofProve(segment, proof) + LONGER_KEY_BYTES);
    }

    /// @notice The attester's first answer to a game opened with a message that is none: bytes behind it are not zero.
    /// @param answered the opening's list
    /// @param subtree root of the message's tree of depth(length)
    function refuteMessage(
        SampleKey calldata key,
        PostedList calldata answered,
        bytes32 subtree,
        uint64 length,
        TailLeaf calldata tail
    ) external {
        uint256 gasAtStart = gasleft();
        (SampleGameId id, Dispute.Game storage game, Dispute.Side side,) = _takeTurn(key);
        require(game.lists == 1, Dispute.ListCountMismatch(1, game.lists));
        answered.requirePosted(game.posted);
        bytes32 message = Tree.hashObject(subtree, length);
        require(message == answered.message, Dispute.MessageMismatch(answered.message, message));
        Messages.requireTail(subtree, length, tail);
        emit SampleMessageRefuted(id);
        _win(key, id, side, gasAtStart, CallLength.ofRefuteMessage(tail) + LONGER_KEY_BYTES);
    }

    /// @notice Ends a game whose side to move has no time left. Anyone may call it.
    function timeout(SampleKey calldata key) external {
        uint256 gasAtStart = gasleft();
        (SampleGameId id, Dispute.Game storage game) = _playedGame(key);
        Dispute.Side side = _turnOf(game.lists);
        game.players.read(uint256(side)).requireUp(game.turnedAt, clockSeconds);
        emit SampleTimedOut(id, side);
        bool attesterWins = side == Dispute.Side.CHALLENGER;
        Dispute.Side winner = attesterWins ? Dispute.Side.ASSERTER : Dispute.Side.CHALLENGER;
        _win(key, id, winner, gasAtStart, CallLength.ofWords(5));
    }

    /// @notice Gives the bond of an open game back whose attester was refuted in another one, or whose batches became void:
    /// nobody wins that. Anyone may call it.
    function refund(SampleKey calldata key) external {
        (SampleGameId id, Dispute.Game storage game) = _openGame(key);
        bool refuted = _standings[questionIdOf(key.question)].status == QuestionStatus.REFUTED;
        require(refuted || !stands(key.question.assertion), GameGoesOn(id));
        game.status = Dispute.Status.REFUNDED;
        _credit(key.challenger, bond);
        emit SampleGameRefunded(id);
    }

    function gameOf(SampleGameId id) external view returns (Dispute.Game memory) {
        return _games[id];
    }

    /// @notice Unix seconds from which the side to move has lost.
    function deadlineOf(SampleGameId id) external view returns (uint256) {
        Dispute.Game storage game = _games[id];
        return game.players.read(uint256(_turnOf(game.lists))).deadlineOf(game.turnedAt, clockSeconds);
    }

    /// @notice The step, counted in the assertion, and the position in its trace that a sample lies at.
    function drawnOf(Question calldata question, uint256 sample) public view returns (uint64 index, uint256 position) {
        uint64 stepCount = rollup.stepCountOf(question.assertion);
        return SampleDraw.drawn(question.assertion, question.attester, sample, stepCount);
    }

    function gameIdOf(SampleKey memory key) public pure returns (SampleGameId) {
        return SampleGameId.wrap(keccak256(abi.encode(key)));
    }

    /// @dev The challenger posts the first list.
    function _turnOf(uint256 lists) private pure returns (Dispute.Side) {
        return lists % 2 == 1 ? Dispute.Side.ASSERTER : Dispute.Side.CHALLENGER;
    }

    /// @return end the machine that was opened for the sample
    function _requireOpened(Challenge calldata opening) private pure returns (bytes32 end) {
        Question calldata question = opening.question;
        bytes32 commitment = SampleDraw.commitmentOf(question.assertion, question.attester, opening.machines);
        require(commitment == question.commitment, CommitmentMismatch(question.commitment, commitment));
        uint256 last = SampleDraw.SAMPLES - 1;
        require(opening.sample <= last, SampleDraw.SampleOutOfRange(last, opening.sample));
        end = opening.machines[opening.sample];
    }

    function _firstList(Challenge calldata opening) private view returns (PostedList memory list) {
        (bytes32 stepRoot, uint64 stepCount) = rollup.stepListOf(opening.question.assertion);
        (uint64 index,) =
            SampleDraw.drawn(opening.question.assertion, opening.question.attester, opening.sample, stepCount);
        bytes32 leafHash = Tree.hashLeaf(opening.leaf);
        bytes32 root = Tree.listRootFromPath(leafHash, index, uint256(stepCount) + 1, opening.path);
        require(root == stepRoot, ClaimedSteps.StepListMismatch(stepRoot, root));
        list.number = 1;
        list.root = SegmentLists.rootOf(opening.list);
        (list.start, list.message) = kernelStart.startOf(opening.leaf, opening.kernel, opening.message);
    }

    /// @dev One instruction of the trace that stands still from the sample on, at a segment whose end is another one.
    function _requireOtherEnd(
        SampleKey calldata key,
        SampleGameId id,
        uint40 place,
        Segment calldata segment,
        bytes calldata proof
    ) private {
        (, uint256 position) = drawnOf(key.question, key.sample);
        (bytes32 start, bytes32 end) = (segment.start, segment.start);
        if (place < position) (start, end) = verifier.step(proof);
        else require(proof.length == 0, NothingToProve(position, proof.length));
        require(start == segment.start, SegmentLists.StartMismatch(segment.start, start));
        require(end != segment.end, Dispute.EndsAgree(end));
        emit SampleStepProven(id, place, start, segment.end, end);
    }

    function _openGame(SampleKey calldata key) private view returns (SampleGameId id, Dispute.Game storage game) {
        id = gameIdOf(key);
        game = _games[id];
        require(game.status == Dispute.Status.OPEN, SampleGameStatusMismatch(id, Dispute.Status.OPEN, game.status));
    }

    /// @dev An open game whose attester was not refuted in another one. Nothing else goes on.
    function _playedGame(SampleKey calldata key) private view returns (SampleGameId id, Dispute.Game storage game) {
        (id, game) = _openGame(key);
        _requireStatus(questionIdOf(key.question), QuestionStatus.OPENED);
    }

    /// @dev Only whoever is to move may, and only while his clock runs.
    function _takeTurn(SampleKey calldata key)
        private
        view
        returns (SampleGameId id, Dispute.Game storage game, Dispute.Side side, Player memory player)
    {
        (id, game) = _playedGame(key);
        side = _turnOf(game.lists);
        address account = side == Dispute.Side.CHALLENGER ? key.challenger : key.question.attester;
        require(msg.sender == account, Dispute.NotPlayer(account, msg.sender));
        player = game.players.read(uint256(side));
        player.stop(game.turnedAt, clockSeconds, extensionSeconds);
    }

    /// @dev Only the attester's costs are paid: a challenger who wins gets a part of the penalty.
    function _win(SampleKey calldata key, SampleGameId id, Dispute.Side winner, uint256 gasAtStart, uint256 callBytes)
        private
    {
        _requireStands(key.question.assertion);
        Dispute.Game storage game = _games[id];
        QuestionId question = questionIdOf(key.question);
        address attester = key.question.attester;
        emit SampleGameWon(id, question, winner);
        if (winner == Dispute.Side.CHALLENGER) {
            game.status = Dispute.Status.CHALLENGER_WON;
            _set(question, QuestionStatus.REFUTED);
            _credit(key.challenger, bond);
            (uint256 slashed, uint256 reward) =
                stakes.slash(attester, Role.VALIDATOR, samplePenalty, key.challenger, samplePenalty);
            emit SampleRefuted(question, attester, key.challenger, slashed, reward);
        } else {
            game.status = Dispute.Status.ASSERTER_WON;
            uint256 gas = game.players.read(uint256(winner)).gas;
            _forfeit(bond, attester, gas + _gasSince(gasAtStart, callBytes));
        }
    }
}
