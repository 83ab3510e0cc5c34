// SPDX-License-Identifier: MIT
// docs/attestations.md#samples-cost: a question and a whole game with a proof of the real verifier, written to contracts/snapshots.
pragma solidity 0.8.37;

import {Dispute} from "../../src/Dispute.sol";
import {SampleGameId, SampleKey, Samples} from "../../src/Samples.sol";
import {Segment} from "../../src/dispute/SegmentList.sol";
import {IOneStepVerifier} from "../../src/interfaces/IOneStepVerifier.sol";
import {SampleNetwork} from "../support/SampleNetwork.sol";
import {newVerifier} from "../support/Verifier.sol";
import {vector, vm} from "../support/Vm.sol";

contract SampleGasTest is SampleNetwork {
    string private constant GROUP = "samples";
    uint256 private constant SEGMENT = 18;

    bytes private proof;
    bytes32 private proven;
    bytes32[2] private machines = [keccak256("one"), keccak256("two")];

    function setUp() public override {
        super.setUp();
        IOneStepVerifier real = IOneStepVerifier(address(newVerifier()));
        Dispute played = new Dispute(token, rollup, kernelStart, real, _settings(GAME_BOND), CLOCK, EXTENSION);
        vm.etch(DISPUTE, address(played).code);
        vm.etch(SAMPLES, address(_newSamples(_sampleSettings(1))).code);
        // Slots of the accounts that are not new in a later game.
        bytes32[2] memory first = [keccak256("first"), keccak256("second")];
        _askAndOpen(first);
        SampleGameId id = _challenge(first, 0, CHALLENGER, 1);
        vm.warp(samples.deadlineOf(id));
        samples.timeout(_sampleKey(id));
        vm.warp(block.timestamp + 1);
        _chooseProof();
    }

    function test_Gas() public {
        bytes32 commitment = _question(machines).commitment;
        bytes memory signature = _sign(commitment);
        samples.ask(assertion, attester, commitment, signature);
        vm.snapshotGasLastCall(GROUP, "ask");
        vm.prank(attester);
        samples.open(assertion, attester, machines);
        vm.snapshotGasLastCall(GROUP, "open");
        Samples.Challenge memory challenge = _challengeOf(machines, 0);
        challenge.list = _hashes(0);
        (uint64 index, uint256 position) = _drawn(0);
        SampleKey memory key = SampleKey(challenge.question, 0, CHALLENGER);
        vm.prank(CHALLENGER);
        SampleGameId id = samples.challenge(challenge);
        uint256 total = vm.snapshotGasLastCall(GROUP, "challenge");
        (bytes32 start, bytes32 message) = _startOf(index);
        sampleBoards[id] = SampleBoard(key, start, position, message, challenge.list, 1, 0, start);
        for (uint256 lists = 2; lists <= SAMPLE_LISTS; ++lists) {
            total += _measureMove(id, lists);
        }
        Segment memory segment = _sampleSegment(id, SEGMENT);
        vm.prank(attester);
        samples.prove(_sampleKey(id), _samplePosted(id), segment, proof);
        total += vm.snapshotGasLastCall(GROUP, "prove, load64 over two leaves");
        vm.snapshotValue(GROUP, "game", total);
        vm.assertLe(total, 900_000);
    }

    function test_GasOfTheRest() public {
        _ask(machines);
        vm.warp(block.timestamp + OPEN);
        samples.expire(_question(machines));
        vm.snapshotGasLastCall(GROUP, "expire");
        bytes32[2] memory others = [machines[1], machines[0]];
        _askAndOpen(others);
        SampleGameId id = _challenge(others, 0, CHALLENGER, 1);
        SampleGameId other = _challenge(others, 1, OTHER, 1);
        vm.warp(samples.deadlineOf(id));
        samples.timeout(_sampleKey(id));
        vm.snapshotGasLastCall(GROUP, "timeout");
        samples.refund(_sampleKey(other));
        vm.snapshotGasLastCall(GROUP, "refund");
    }

    function _measureMove(SampleGameId id, uint256 lists) private returns (uint256) {
        Segment memory segment = _sampleSegment(id, 0);
        bytes32[32] memory list = _hashes(lists);
        if (lists == SAMPLE_LISTS) list[SEGMENT - 1] = proven;
        vm.prank(lists % 2 == 0 ? attester : CHALLENGER);
        samples.move(_sampleKey(id), _samplePosted(id), segment, list);
        SampleBoard storage board = sampleBoards[id];
        (board.list, board.rangeStart, board.lists) = (list, segment.start, lists);
        string[3] memory names = ["move, first of the attester", "move, first of the challenger", "move"];
        return vm.snapshotGasLastCall(GROUP, names[lists > 3 ? 2 : lists - 2]);
    }

    function _chooseProof() private {
        string memory json = vector("steps");
        bytes[] memory proofs = vm.parseJsonBytesArray(json, ".proofs");
        uint256 chosen = 0;
        string[] memory names = vm.parseJsonStringArray(json, ".names");
        while (keccak256(bytes(names[chosen])) != keccak256("load64 over two leaves")) ++chosen;
        proof = proofs[chosen];
        proven = vm.parseJsonBytes32Array(json, ".befores")[chosen];
    }

    function _hashes(uint256 salt) private pure returns (bytes32[32] memory list) {
        for (uint256 i = 0; i < 32; ++i) {
            list[i] = keccak256(abi.encode(salt, i));
        }
    }
}
