// SPDX-License-Identifier: MIT
// docs/attestations.md#samples: a network in which somebody has attested an assertion, and games about what it has opened.
pragma solidity 0.8.37;

import {Dispute} from "../../src/Dispute.sol";
import {Question, QuestionId, Questions} from "../../src/Questions.sol";
import {SampleGameId, SampleKey, Samples} from "../../src/Samples.sol";
import {PostedList, Segment} from "../../src/dispute/SegmentList.sol";
import {Kernel} from "../../src/dispute/StartMachine.sol";
import {IAttestations} from "../../src/interfaces/IAttestations.sol";
import {AssertionId, Role} from "../../src/lib/Types.sol";
import {GameNetwork} from "./GameNetwork.sol";
import {Trees} from "./Trees.sol";
import {vm} from "./Vm.sol";

abstract contract SampleNetwork is GameNetwork {
    /// @dev Stands in the place of the court, which may slash all roles.
    address internal constant SAMPLES = COURT;
    address internal constant ATTESTATIONS = address(0xa77);
    uint256 internal constant TRUTH = type(uint256).max;
    uint256 internal constant ATTESTED_BLOCK = 1000;
    uint256 internal constant SILENT = 40 ether;
    uint256 internal constant SAMPLE = 60 ether;
    uint256 internal constant RANGE = 1 << 25;
    uint256 internal constant SAMPLE_LISTS = 5;
    uint32 internal constant ASK = 2 days;
    uint32 internal constant OPEN = 1 days;

    Samples internal samples;
    AssertionId internal assertion;
    uint256 internal attesterKey = 77;
    address internal attester;

    /// @dev The last list of a game, and where its range lies.
    struct SampleBoard {
        SampleKey key;
        bytes32 start;
        uint256 sampleAt;
        bytes32 message;
        bytes32[32] list;
        uint256 lists;
        uint256 position;
        bytes32 rangeStart;
    }

    mapping(SampleGameId => SampleBoard) internal sampleBoards;

    function setUp() public virtual override {
        super.setUp();
        vm.etch(SAMPLES, address(_newSamples(_sampleSettings(1))).code);
        samples = Samples(SAMPLES);
        assertion = _assertSteps(_steps("claim"), EXECUTOR);
        _become(attesterKey);
        vm.roll(ATTESTED_BLOCK + 2);
        address[2] memory challengers = [CHALLENGER, OTHER];
        for (uint256 i = 0; i < 2; ++i) {
            vm.prank(challengers[i]);
            token.approve(SAMPLES, type(uint256).max);
        }
    }

    /// @dev Another validator, whose signature on the assertion is recorded.
    function _become(uint256 key) internal {
        (attesterKey, attester) = (key, vm.addr(key));
        if (stakes.activeOf(attester, Role.VALIDATOR) == 0) stakes.stake(attester, Role.VALIDATOR, STAKE);
        _mockAttested(attester, true);
        _mockRecorded(attester, ATTESTED_BLOCK);
    }

    function _mockRecorded(address account, uint256 recordedBlock) internal {
        bytes memory call = abi.encodeCall(IAttestations.recordedBlockOf, (assertion, account));
        vm.mockCall(ATTESTATIONS, call, abi.encode(recordedBlock));
    }

    function _mockAttested(address account, bool hasAttested) internal {
        bytes memory call = abi.encodeCall(IAttestations.hasAttested, (assertion, account));
        vm.mockCall(ATTESTATIONS, call, abi.encode(hasAttested));
    }

    function _sampleSettings(uint256 odds) internal pure returns (Questions.SampleSettings memory) {
        return Questions.SampleSettings(odds, ASK, OPEN, SILENT, SAMPLE);
    }

    function _newSamples(Questions.SampleSettings memory settings) internal returns (Samples) {
        return new Samples(IAttestations(ATTESTATIONS), dispute, _settings(GAME_BOND), settings);
    }

    // Questions

    function _question(bytes32[2] memory machines) internal view returns (Question memory) {
        return Question(assertion, attester, keccak256(abi.encode(assertion, attester, machines)));
    }

    /// @dev The attester's signature under the commitment to these machines.
    function _sign(bytes32 commitment) internal returns (bytes memory) {
        bytes32 digest = keccak256(abi.encode("attestation", assertion, commitment));
        vm.mockCall(ATTESTATIONS, abi.encodeCall(IAttestations.digestOf, (assertion, commitment)), abi.encode(digest));
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(attesterKey, digest);
        return abi.encodePacked(r, s, v);
    }

    function _ask(bytes32[2] memory machines) internal returns (QuestionId) {
        Question memory question = _question(machines);
        bytes memory signature = _sign(question.commitment);
        return samples.ask(assertion, attester, question.commitment, signature);
    }

    function _askAndOpen(bytes32[2] memory machines) internal returns (QuestionId id) {
        id = _ask(machines);
        samples.open(assertion, attester, machines);
    }

    // Machines

    function _drawn(uint256 sample) internal view returns (uint64 index, uint256 position) {
        return samples.drawnOf(Question(assertion, attester, 0), sample);
    }

    function _startOf(uint256 index) internal view returns (bytes32 start, bytes32 message) {
        Dispute.Opening memory opening = _opening(assertion, index);
        return kernelStart.startOf(opening.step.pre, opening.kernel, opening.message);
    }

    /// @dev The machines that the kernel is at both samples.
    function _trueMachines() internal view returns (bytes32[2] memory machines) {
        for (uint256 i = 0; i < 2; ++i) {
            (uint64 index, uint256 position) = _drawn(i);
            (bytes32 start,) = _startOf(index);
            machines[i] = verifier.machineAt(start, position);
        }
    }

    /// @dev What somebody takes the machine for: true before `lieFrom`, his own from there on. Who lies from behind the sample
    /// on denies that the trace stands still there.
    function _taken(SampleBoard storage board, uint256 position, uint256 lieFrom, address who)
        internal
        view
        returns (bytes32)
    {
        uint256 still = position > board.sampleAt ? board.sampleAt : position;
        if (position < lieFrom) return verifier.machineAt(board.start, still);
        return keccak256(abi.encode(who, lieFrom <= board.sampleAt ? still : position));
    }

    /// @dev The machines of an attester that goes wrong at `lieFrom` of one sample.
    function _wrongMachines(uint256 sample, uint256 lieFrom) internal view returns (bytes32[2] memory machines) {
        machines = _trueMachines();
        (, uint256 position) = _drawn(sample);
        if (lieFrom <= position) machines[sample] = keccak256(abi.encode(attester, position));
    }

    // Games

    function _challengeOf(bytes32[2] memory machines, uint256 sample)
        internal
        view
        returns (Samples.Challenge memory challenge)
    {
        (uint64 index,) = _drawn(sample);
        Dispute.Opening memory opening = _opening(assertion, index);
        challenge.question = _question(machines);
        (challenge.machines, challenge.sample) = (machines, sample);
        (challenge.leaf, challenge.path) = (opening.step.pre, opening.step.prePath);
        (challenge.kernel, challenge.message) = (Kernel(_header(), keccak256("code"), 1000), opening.message);
    }

    /// @dev Opens a game with a list that is true before `lieFrom`.
    function _challenge(bytes32[2] memory machines, uint256 sample, address challenger, uint256 lieFrom)
        internal
        returns (SampleGameId id)
    {
        Samples.Challenge memory challenge = _challengeOf(machines, sample);
        SampleKey memory key = SampleKey(challenge.question, sample, challenger);
        id = samples.gameIdOf(key);
        SampleBoard storage board = sampleBoards[id];
        (uint64 index, uint256 position) = _drawn(sample);
        (board.key, board.sampleAt, board.lists) = (key, position, 1);
        (board.start, board.message) = _startOf(index);
        board.rangeStart = board.start;
        board.list = _sampleList(board, 0, 20, lieFrom, challenger);
        challenge.list = board.list;
        vm.prank(challenger);
        samples.challenge(challenge);
    }

    function _sampleList(SampleBoard storage board, uint256 position, uint256 partBits, uint256 lieFrom, address who)
        internal
        view
        returns (bytes32[32] memory list)
    {
        for (uint256 i = 0; i < 32; ++i) {
            list[i] = _taken(board, position + ((i + 1) << partBits), lieFrom, who);
        }
    }

    /// @dev The first segment of the last list whose end somebody does not take for true; 32 if he takes all.
    function _disputed(SampleGameId id, uint256 lieFrom, address who) internal view returns (uint256 index) {
        SampleBoard storage board = sampleBoards[id];
        uint256 partBits = 5 * (SAMPLE_LISTS - board.lists);
        for (; index < 32; ++index) {
            uint256 position = board.position + ((index + 1) << partBits);
            if (_taken(board, position, lieFrom, who) != board.list[index]) break;
        }
    }

    function _sampleSegment(SampleGameId id, uint256 index) internal view returns (Segment memory segment) {
        bytes32[32] memory list = sampleBoards[id].list;
        segment.index = index;
        segment.start = index == 0 ? sampleBoards[id].rangeStart : list[index - 1];
        segment.end = list[index];
        segment.path = Trees.segmentPath(list, index);
    }

    function _sampleKey(SampleGameId id) internal view returns (SampleKey memory) {
        return sampleBoards[id].key;
    }

    function _samplePosted(SampleGameId id) internal view returns (PostedList memory) {
        SampleBoard storage board = sampleBoards[id];
        bytes32 message = board.lists == 1 ? board.message : bytes32(0);
        return PostedList(board.lists, Trees.listRoot(board.list), board.rangeStart, message);
    }

    function _sampleMove(SampleGameId id, uint256 index, address player, uint256 lieFrom) internal {
        SampleBoard storage board = sampleBoards[id];
        Segment memory segment = _sampleSegment(id, index);
        uint256 partBits = 5 * (SAMPLE_LISTS - board.lists);
        uint256 position = board.position + (index << partBits);
        bytes32[32] memory list = _sampleList(board, position, partBits - 5, lieFrom, player);
        vm.prank(player);
        samples.move(_sampleKey(id), _samplePosted(id), segment, list);
        (board.position, board.list, board.rangeStart) = (position, list, segment.start);
        board.lists += 1;
    }

    /// @dev Moves to and fro until there are so many lists.
    function _samplePlayTo(SampleGameId id, uint256 lists, uint256 challengerLie, uint256 attesterLie) internal {
        while (sampleBoards[id].lists < lists) {
            bool attesters = sampleBoards[id].lists % 2 == 1;
            (address player, uint256 lie) =
                attesters ? (attester, attesterLie) : (sampleBoards[id].key.challenger, challengerLie);
            _sampleMove(id, _disputed(id, lie, player), player, lie);
        }
    }

    /// @dev The proof of a segment of the last list: none from the sample on.
    function _sampleProof(SampleGameId id, uint256 index) internal view returns (bytes memory) {
        SampleBoard storage board = sampleBoards[id];
        if (board.position + index >= board.sampleAt) return "";
        return abi.encode(board.start, board.position + index);
    }

    function _sampleProve(SampleGameId id, uint256 index, address player) internal {
        vm.prank(player);
        samples.prove(_sampleKey(id), _samplePosted(id), _sampleSegment(id, index), _sampleProof(id, index));
    }
}
