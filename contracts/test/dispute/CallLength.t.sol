// SPDX-License-Identifier: MIT
// docs/disputes.md#money: the lengths that awards count are those of the strict ABI encoding.
pragma solidity 0.8.37;

import {DemandId} from "../../src/Demands.sol";
import {Dispute, GameKey} from "../../src/Dispute.sol";
import {CallLength} from "../../src/dispute/CallLength.sol";
import {ClaimedStep} from "../../src/dispute/ClaimedStep.sol";
import {TailLeaf} from "../../src/dispute/Message.sol";
import {PostedList, Segment} from "../../src/dispute/SegmentList.sol";
import {bound, vm} from "../support/Vm.sol";

/// @dev The paid calls, each of which returns what it needs of calldata.
contract PaidCalls {
    function challengeLeaf(ClaimedStep calldata step) external pure returns (uint256) {
        return CallLength.ofChallengeLeaf(step);
    }

    function open(Dispute.Opening calldata opening) external pure returns (uint256) {
        return CallLength.ofOpen(opening.step, opening.kernel, opening.message);
    }

    function move(GameKey calldata, PostedList calldata, Segment calldata segment, bytes32[32] calldata)
        external
        pure
        returns (uint256)
    {
        return CallLength.ofMove(segment);
    }

    function prove(GameKey calldata, PostedList calldata, Segment calldata segment, bytes calldata proof)
        external
        pure
        returns (uint256)
    {
        return CallLength.ofProve(segment, proof);
    }

    function refuteMessage(GameKey calldata, PostedList calldata, bytes32, uint64, TailLeaf calldata tail)
        external
        pure
        returns (uint256)
    {
        return CallLength.ofRefuteMessage(tail);
    }

    function publish(DemandId, bytes calldata leaf, bytes32[] calldata path) external pure returns (uint256) {
        return CallLength.ofPublish(leaf, path);
    }

    function publishNodes(DemandId, bytes32[] calldata nodes, bytes32[] calldata path) external pure returns (uint256) {
        return CallLength.ofPublishNodes(nodes, path);
    }
}

contract CallLengthTest {
    PaidCalls private calls = new PaidCalls();
    uint256 private drawn;

    function testFuzz_OfAClaimedStep(uint256 seed) public {
        drawn = seed;
        ClaimedStep memory step = _step();
        _compare(abi.encodeCall(PaidCalls.challengeLeaf, (step)));
        Dispute.Opening memory opening;
        opening.step = step;
        opening.kernel.header = _bytes();
        (opening.message.head, opening.message.headPath) = (_bytes(), _hashes());
        (opening.message.entry, opening.message.entryPath) = (_bytes(), _hashes());
        opening.message.subtreePath = _hashes();
        opening.message.tail = _tail();
        _compare(abi.encodeCall(PaidCalls.open, (opening)));
    }

    function testFuzz_OfAMoveAndAProof(uint256 seed) public {
        drawn = seed;
        GameKey memory key;
        PostedList memory posted;
        Segment memory segment;
        segment.path = _hashes();
        bytes32[32] memory list;
        _compare(abi.encodeCall(PaidCalls.move, (key, posted, segment, list)));
        _compare(abi.encodeCall(PaidCalls.prove, (key, posted, segment, _bytes())));
        _compare(abi.encodeCall(PaidCalls.refuteMessage, (key, posted, 0, 0, _tail())));
    }

    function testFuzz_OfAPublication(uint256 seed) public {
        drawn = seed;
        DemandId id = DemandId.wrap(0);
        _compare(abi.encodeCall(PaidCalls.publish, (id, _bytes(), _hashes())));
        _compare(abi.encodeCall(PaidCalls.publishNodes, (id, _hashes(), _hashes())));
    }

    function _compare(bytes memory data) private view {
        (bool done, bytes memory result) = address(calls).staticcall(data);
        vm.assertTrue(done);
        vm.assertEq(abi.decode(result, (uint256)), data.length);
        // What is behind it is not counted.
        (done, result) = address(calls).staticcall(bytes.concat(data, new bytes(1 + data.length % 999)));
        vm.assertTrue(done);
        vm.assertEq(abi.decode(result, (uint256)), data.length);
    }

    function _step() private returns (ClaimedStep memory step) {
        (step.pre, step.prePath) = (_bytes(), _hashes());
        (step.post, step.postPath) = (_bytes(), _hashes());
    }

    function _tail() private returns (TailLeaf memory tail) {
        (tail.leaf, tail.path) = (_bytes(), _hashes());
    }

    function _bytes() private returns (bytes memory) {
        return new bytes(bound(_draw(), 0, 200));
    }

    function _hashes() private returns (bytes32[] memory) {
        return new bytes32[](bound(_draw(), 0, 40));
    }

    function _draw() private returns (uint256) {
        drawn = uint256(keccak256(abi.encode(drawn)));
        return drawn;
    }
}
