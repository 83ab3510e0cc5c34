// SPDX-License-Identifier: MIT
// docs/disputes.md: a network with real batches and step lists, on which games are played.
pragma solidity 0.8.37;

import {Demands} from "../../src/Demands.sol";
import {Dispute, GameId, GameKey} from "../../src/Dispute.sol";
import {Rollup} from "../../src/Rollup.sol";
import {ClaimedStep} from "../../src/dispute/ClaimedStep.sol";
import {Clocks, Player} from "../../src/dispute/Clock.sol";
import {KernelStart} from "../../src/dispute/KernelStart.sol";
import {Ledger} from "../../src/dispute/Ledger.sol";
import {MessageProof} from "../../src/dispute/Message.sol";
import {PostedList, Segment} from "../../src/dispute/SegmentList.sol";
import {Kernel} from "../../src/dispute/StartMachine.sol";
import {StateLeaf} from "../../src/lib/StateLeaf.sol";
import {Tree} from "../../src/lib/Tree.sol";
import {AssertionId, Certificate, DataObject} from "../../src/lib/Types.sol";
import {Network} from "./Network.sol";
import {TraceVerifier} from "./TraceVerifier.sol";
import {Trees} from "./Trees.sol";
import {vm} from "./Vm.sol";

abstract contract GameNetwork is Network {
    uint256 internal constant LISTS = 8;
    uint256 internal constant GAME_BOND = 50 ether;
    uint256 internal constant DEMAND_BOND = 5 ether;
    uint256 internal constant FUNDS = 1000 ether;
    uint32 internal constant CLOCK = 10 hours;
    uint32 internal constant EXTENSION = 1 hours;
    uint32 internal constant DEMAND = 1 hours;
    address internal constant CHALLENGER = address(0xc1);
    address internal constant OTHER = address(0xc2);
    /// @dev Messages of batch 0: the CommitteeChanged of `setUp`, then two sequenced ones of 5 and 300 bytes.
    uint256 internal constant STEPS = 3;
    uint256 internal constant DELAYED_STEP = 0;
    uint256 internal constant STEP = 2;

    Dispute internal dispute;
    Demands internal demands;
    TraceVerifier internal verifier;
    KernelStart internal kernelStart;
    bytes internal batchObject;
    bytes internal stepList;

    /// @dev The last list of a game, and where its range lies.
    /// @param start machine at position 0
    /// @param message that the game was opened with, if its tail has not been seen
    /// @param rangeStart machine at `position`, where the range of the last list begins
    struct Board {
        GameKey key;
        bytes32 start;
        bytes32 message;
        bytes32[32] list;
        uint256 lists;
        uint256 position;
        bytes32 rangeStart;
    }

    mapping(GameId => Board) internal boards;

    function setUp() public virtual override {
        super.setUp();
        verifier = new TraceVerifier();
        kernelStart = new KernelStart(rollup);
        vm.etch(DISPUTE, address(_newDispute(_settings(GAME_BOND), CLOCK, EXTENSION)).code);
        dispute = Dispute(DISPUTE);
        vm.etch(DEMANDS, address(_newDemands(_settings(DEMAND_BOND), DEMAND)).code);
        demands = Demands(DEMANDS);
        _fund(CHALLENGER);
        _fund(OTHER);
        _fund(EXECUTOR);
        bytes[] memory messages = new bytes[](2);
        (messages[0], messages[1]) = (hex"0102030405", _pattern(300));
        _postObject(_batchOf(messages), 2);
    }

    function _fund(address account) internal {
        token.mint(account, FUNDS);
        vm.prank(account);
        token.approve(DISPUTE, type(uint256).max);
        vm.prank(account);
        token.approve(DEMANDS, type(uint256).max);
    }

    function _settings(uint256 bond) internal pure returns (Ledger.Settings memory) {
        return Ledger.Settings(bond, 1 gwei, 15_000);
    }

    function _newDispute(Ledger.Settings memory settings, uint32 clock, uint32 extension) internal returns (Dispute) {
        return new Dispute(token, rollup, kernelStart, verifier, settings, clock, extension);
    }

    function _newDemands(Ledger.Settings memory settings, uint32 demandSeconds) internal returns (Demands) {
        return new Demands(token, rollup, dispute, settings, demandSeconds);
    }

    function _header() internal pure returns (bytes memory) {
        return abi.encodePacked(
            uint64(1),
            Tree.hashObject(keccak256("code"), 16 * 1000),
            keccak256("memory"),
            keccak256("slots"),
            keccak256("data"),
            uint32(3),
            uint32(1024),
            uint32(7),
            uint32(9)
        );
    }

    function _kernel() internal pure override returns (bytes32) {
        return keccak256(abi.encodePacked(bytes1(0x03), _header()));
    }

    // Batches

    /// @dev Two messages: one leaf at 2, four leaves at 4.
    function _batchOf(bytes[] memory messages) internal pure virtual returns (bytes memory) {
        return bytes.concat(
            _padded(abi.encodePacked("MIZUBAT1", uint32(2)), 128),
            _padded(
                abi.encodePacked(uint32(2), uint32(messages[0].length), uint32(4), uint32(messages[1].length)), 128
            ),
            _padded(messages[0], 256),
            _padded(messages[1], 512)
        );
    }

    function _postObject(bytes memory object, uint32 count) internal {
        batchObject = object;
        bytes32 root = Trees.objectRoot(object);
        uint32 length = uint32(object.length);
        Certificate memory certificate = _certify(keccak256(abi.encodePacked(root, uint64(length))), length, 0xd);
        (uint64 index, uint64 delayed) = (inbox.batchCount(), inbox.delayedCount());
        vm.prank(SEQUENCER);
        inbox.postBatch(index, root, length, count, uint64(block.timestamp), delayed, certificate);
    }

    /// @dev Proof of the first (1 leaf, at 2) or second message (4 leaves, at 4) of the current batch object.
    function _messageProof(uint256 index) internal view returns (MessageProof memory proof) {
        bytes memory object = batchObject;
        proof.head = Trees.slice(object, 0, 128);
        proof.headPath = Trees.pathOf(object, 0, 0);
        proof.entry = Trees.slice(object, 128, 128);
        proof.entryPath = Trees.pathOf(object, 1, 0);
        (uint256 node, uint256 height) = index == 0 ? (2, 0) : (1, 2);
        proof.subtree = Trees.nodeAt(object, node, height);
        proof.subtreePath = Trees.pathOf(object, node, height);
    }

    // Assertions

    function _leafBytes(bytes32 stateRoot, uint64 batch, uint64 message, uint64 step)
        internal
        pure
        returns (bytes memory)
    {
        return abi.encodePacked(stateRoot, keccak256("receipt"), batch, message, step, bytes32(0), bytes8(0));
    }

    /// @dev A step list over batch 0 as it should be.
    function _steps(bytes32 salt) internal pure returns (bytes memory) {
        bytes memory first = abi.encodePacked(GENESIS_STATE, new bytes(96));
        return bytes.concat(
            first,
            _leafBytes(keccak256(abi.encode(salt, 1)), 0, 1, 1),
            _leafBytes(keccak256(abi.encode(salt, 2)), 0, 2, 2),
            _leafBytes(keccak256(abi.encode(salt, 3)), 1, 0, 3)
        );
    }

    /// @dev A step list over batch 1, posted by `_postNext`, on top of one over batch 0.
    function _nextSteps(bytes memory before, bytes32 salt) internal pure returns (bytes memory) {
        return bytes.concat(
            Trees.slice(before, STEPS * 128, 128),
            _leafBytes(keccak256(abi.encode(salt, 1)), 1, 1, 4),
            _leafBytes(keccak256(abi.encode(salt, 2)), 1, 2, 5),
            _leafBytes(keccak256(abi.encode(salt, 3)), 2, 0, 6)
        );
    }

    /// @dev Batch 1: as batch 0 a delayed message and two sequenced ones.
    function _postNext() internal {
        inbox.forceMessage(hex"00");
        bytes[] memory messages = new bytes[](2);
        (messages[0], messages[1]) = (hex"0504030201", _pattern(299));
        _postObject(_batchOf(messages), 2);
    }

    function _assertSteps(bytes memory steps, address asserter) internal returns (AssertionId) {
        return _assertOn(rollup.latestConfirmed(), steps, asserter);
    }

    /// @dev A step list over one batch: that of its parent's end.
    function _assertOn(AssertionId parent, bytes memory steps, address asserter) internal returns (AssertionId) {
        stepList = steps;
        uint256 last = steps.length / 128 - 1;
        bytes memory leaf = Trees.slice(steps, last * 128, 128);
        Rollup.Claim memory claim;
        claim.parent = parent;
        uint64 end = rollup.assertionOf(parent).batch + 1;
        claim.post = StateLeaf(bytes32(leaf), keccak256("receipt"), end, 0, inbox.totalMessagesBefore(end));
        claim.firstPath = Trees.pathOf(steps, 0, 0);
        claim.lastPath = Trees.pathOf(steps, last, 0);
        claim.objects = new DataObject[](1);
        claim.objects[0] = DataObject(keccak256("receipts"), 777);
        (bytes32 hash, uint64 length) =
            objects.hashList(DataObject(Trees.objectRoot(steps), uint64(steps.length)), claim.objects);
        claim.certificate = _certify(hash, length, 0xd);
        vm.prank(asserter);
        return rollup.createAssertion(claim);
    }

    function _claimedStep(AssertionId assertion, bytes memory steps, uint256 index)
        internal
        pure
        returns (ClaimedStep memory)
    {
        return ClaimedStep({
            assertion: assertion,
            index: uint64(index),
            pre: Trees.slice(steps, index * 128, 128),
            prePath: Trees.pathOf(steps, index, 0),
            post: Trees.slice(steps, (index + 1) * 128, 128),
            postPath: Trees.pathOf(steps, index + 1, 0)
        });
    }

    // Games

    function _opening(AssertionId assertion, uint256 index) internal view returns (Dispute.Opening memory opening) {
        opening.step = _claimedStep(assertion, stepList, index);
        opening.kernel = Kernel(_header(), keccak256("code"), 1000);
        if (index > DELAYED_STEP) opening.message = _messageProof(index - 1);
    }

    /// @dev Hash of the kernel that has committed leaf `index + 1`.
    function _claimedEnd(uint256 index) internal view returns (bytes32) {
        return keccak256(abi.encodePacked(bytes2(0x0901), Trees.slice(stepList, (index + 1) * 128, 128)));
    }

    /// @dev Opens a game and sets what the kernel really does: ends as claimed, or otherwise.
    function _open(AssertionId assertion, uint256 index, address challenger, bool claimIsTrue, uint256 lieFrom)
        internal
        returns (GameId id)
    {
        Dispute.Opening memory opening = _opening(assertion, index);
        (bytes32 start, bytes32 message) = kernelStart.startOf(opening.step.pre, opening.kernel, opening.message);
        verifier.setEnd(start, claimIsTrue ? _claimedEnd(index) : keccak256("true end"));
        GameKey memory key = GameKey(assertion, uint64(index), challenger);
        id = dispute.gameIdOf(key);
        opening.list = _listOf(start, 0, 35, lieFrom, challenger);
        boards[id] = Board(key, start, message, opening.list, 1, 0, start);
        vm.prank(challenger);
        dispute.open(opening);
    }

    /// @dev 32 machines from `position` at distances of 2^partBits: true before `lieFrom`, then the liar's own.
    function _listOf(bytes32 start, uint256 position, uint256 partBits, uint256 lieFrom, address liar)
        internal
        view
        returns (bytes32[32] memory list)
    {
        for (uint256 i = 0; i < 32; ++i) {
            list[i] = _believed(start, position + ((i + 1) << partBits), lieFrom, liar);
        }
    }

    function _believed(bytes32 start, uint256 position, uint256 lieFrom, address liar) internal view returns (bytes32) {
        if (position < lieFrom) return verifier.machineAt(start, position);
        return keccak256(abi.encode(liar, position));
    }

    /// @dev The first segment of the last list whose end `player` does not believe; 32 if he believes all.
    function _disagreement(GameId id, uint256 lieFrom, address player) internal view returns (uint256 index) {
        Board storage board = boards[id];
        uint256 partBits = 5 * (LISTS - board.lists);
        for (; index < 32; ++index) {
            uint256 position = board.position + ((index + 1) << partBits);
            if (_believed(board.start, position, lieFrom, player) != board.list[index]) break;
        }
    }

    function _segment(GameId id, uint256 index) internal view returns (Segment memory segment) {
        bytes32[32] memory list = boards[id].list;
        segment.index = index;
        segment.start = index == 0 ? boards[id].rangeStart : list[index - 1];
        segment.end = list[index];
        segment.path = Trees.segmentPath(list, index);
    }

    function _key(GameId id) internal view returns (GameKey memory) {
        return boards[id].key;
    }

    /// @dev The last list, as whoever answers shows it.
    function _posted(GameId id) internal view returns (PostedList memory) {
        Board storage board = boards[id];
        bytes32 message = board.lists == 1 ? board.message : bytes32(0);
        return PostedList(board.lists, Trees.listRoot(board.list), board.rangeStart, message);
    }

    /// @dev Puts a list inside this segment on the board.
    function _note(GameId id, Segment memory segment, bytes32[32] memory list) internal {
        Board storage board = boards[id];
        board.position += segment.index << (5 * (LISTS - board.lists));
        (board.list, board.lists, board.rangeStart) = (list, board.lists + 1, segment.start);
    }

    /// @dev A move of the player whose belief is true before `lieFrom` and his own from there on.
    function _move(GameId id, uint256 index, address player, uint256 lieFrom) internal {
        Board storage board = boards[id];
        Segment memory segment = _segment(id, index);
        uint256 partBits = 5 * (LISTS - board.lists);
        uint256 position = board.position + (index << partBits);
        bytes32[32] memory list = _listOf(board.start, position, partBits - 5, lieFrom, player);
        vm.prank(player);
        dispute.move(_key(id), _posted(id), segment, list);
        _note(id, segment, list);
    }

    /// @dev Proves a segment of the last list with the verifier's own step there.
    function _prove(GameId id, uint256 index, address player) internal {
        vm.prank(player);
        dispute.prove(_key(id), _posted(id), _segment(id, index), _proofAt(id, index));
    }

    /// @dev Moves to and fro until there are so many lists.
    function _playTo(GameId id, uint256 lists, address challenger, uint256 challengerLie, uint256 asserterLie)
        internal
    {
        while (boards[id].lists < lists) {
            bool asserters = boards[id].lists % 2 == 1;
            (address player, uint256 lie) = asserters ? (EXECUTOR, asserterLie) : (challenger, challengerLie);
            _move(id, _disagreement(id, lie, player), player, lie);
        }
    }

    /// @dev What a side has used up; 0 is the challenger.
    function _player(GameId id, uint256 side) internal view returns (Player memory) {
        return Clocks.read(dispute.gameOf(id).players, side);
    }

    function _proofAt(GameId id, uint256 index) internal view returns (bytes memory) {
        return abi.encode(boards[id].start, boards[id].position + index);
    }

    function _padded(bytes memory data, uint256 size) internal pure returns (bytes memory) {
        return Trees.slice(data, 0, size);
    }

    function _pattern(uint256 size) internal pure returns (bytes memory data) {
        data = new bytes(size);
        for (uint256 i = 0; i < size; ++i) {
            data[i] = bytes1(uint8(1 + i % 255));
        }
    }
}
