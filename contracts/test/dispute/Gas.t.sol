// SPDX-License-Identifier: MIT
// docs/disputes.md#gas: a whole game with a proof of the real verifier, written to contracts/snapshots.
pragma solidity 0.8.37;

import {Dispute, GameId, GameKey} from "../../src/Dispute.sol";
import {Ledger} from "../../src/dispute/Ledger.sol";
import {Segment} from "../../src/dispute/SegmentList.sol";
import {IOneStepVerifier} from "../../src/interfaces/IOneStepVerifier.sol";
import {AssertionId} from "../../src/lib/Types.sol";
import {GameNetwork} from "../support/GameNetwork.sol";
import {newVerifier} from "../support/Verifier.sol";
import {vector, vm} from "../support/Vm.sol";

contract GameGasTest is GameNetwork {
    string private constant GROUP = "dispute";
    /// @dev Neither the cheapest nor the dearest: its two entries share one ancestor at height 2.
    uint256 private constant SEGMENT = 18;

    AssertionId private assertion;
    bytes private proof;
    bytes32 private proven;

    function setUp() public override {
        super.setUp();
        IOneStepVerifier real = IOneStepVerifier(address(newVerifier()));
        Ledger.Settings memory settings = _settings(GAME_BOND);
        vm.etch(DISPUTE, address(new Dispute(token, rollup, kernelStart, real, settings, CLOCK, EXTENSION)).code);
        // Slots that are written in every game are not new in the game that is measured.
        assertion = _assertSteps(_steps("first"), EXECUTOR);
        GameId first = _open(assertion, STEP, CHALLENGER, true, 1);
        vm.warp(START + CLOCK);
        dispute.timeout(_key(first));
        assertion = _assertSteps(_steps("claim"), EXECUTOR);
        _chooseProof();
    }

    function test_Gas() public {
        Dispute.Opening memory opening = _opening(assertion, STEP);
        opening.list = _hashes(0);
        (bytes32 start, bytes32 message) = kernelStart.startOf(opening.step.pre, opening.kernel, opening.message);
        vm.prank(CHALLENGER);
        GameId id = dispute.open(opening);
        uint256 total = vm.snapshotGasLastCall(GROUP, "open");
        // With what it takes to lock the bond, which is done last.
        vm.assertGe(_player(id, 0).gas, total);
        vm.assertLe(_player(id, 0).gas, total + 25_000);
        boards[id] = Board(GameKey(assertion, uint64(STEP), CHALLENGER), start, message, opening.list, 1, 0, start);
        for (uint256 lists = 2; lists <= LISTS; ++lists) {
            total += _measureMove(id, lists);
        }
        Segment memory segment = _segment(id, SEGMENT);
        // A later second: the slash writes new checkpoints.
        vm.warp(block.timestamp + 1);
        vm.prank(CHALLENGER);
        dispute.prove(_key(id), _posted(id), segment, proof);
        total += vm.snapshotGasLastCall(GROUP, "prove, load64 over two leaves");
        vm.assertLe(total, 1_150_000);
    }

    function test_GasOfTheRest() public {
        GameId id = _open(assertion, STEP, CHALLENGER, true, 1);
        GameId other = _open(assertion, STEP, OTHER, true, 1);
        vm.warp(block.timestamp + CLOCK);
        dispute.timeout(_key(id));
        vm.snapshotGasLastCall(GROUP, "timeout");
        dispute.refund(_key(other));
        vm.snapshotGasLastCall(GROUP, "refund");
        vm.prank(CHALLENGER);
        dispute.withdraw();
        vm.snapshotGasLastCall(GROUP, "withdraw");
    }

    function _measureMove(GameId id, uint256 lists) private returns (uint256) {
        Segment memory segment = _segment(id, SEGMENT);
        bytes32[32] memory list = _hashes(lists);
        if (lists == LISTS) list[SEGMENT - 1] = proven;
        vm.prank(lists % 2 == 0 ? EXECUTOR : CHALLENGER);
        dispute.move(_key(id), _posted(id), segment, list);
        _note(id, segment, list);
        string[3] memory names = ["move, first of the asserter", "move, first of the challenger", "move"];
        return vm.snapshotGasLastCall(GROUP, names[lists > 3 ? 2 : lists - 2]);
    }

    function _chooseProof() private {
        string memory json = vector("steps");
        bytes[] memory proofs = vm.parseJsonBytesArray(json, ".proofs");
        // Two leaves of memory and two of slots: dearer than most.
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
