// SPDX-License-Identifier: MIT
// docs/disputes.md#money: no way of writing a call pays its sender more than the plain one.
pragma solidity 0.8.37;

import {DemandId, Demands} from "../../src/Demands.sol";
import {Dispute, GameId, GameKey} from "../../src/Dispute.sol";
import {ClaimedStep} from "../../src/dispute/ClaimedStep.sol";
import {TailLeaf} from "../../src/dispute/Message.sol";
import {Segment} from "../../src/dispute/SegmentList.sol";
import {AssertionId} from "../../src/lib/Types.sol";
import {GameNetwork} from "../support/GameNetwork.sol";
import {Trees} from "../support/Trees.sol";
import {bound, vm} from "../support/Vm.sol";

/// @dev Calls with any number of bytes behind the arguments: out of memory, where they cost nearly nothing.
contract Relay {
    function forward(address to, bytes calldata data, uint256 more) external {
        assembly ("memory-safe") {
            let start := mload(0x40)
            calldatacopy(start, data.offset, data.length)
            if iszero(call(gas(), to, 0, start, add(data.length, more), 0, 0)) {
                returndatacopy(start, 0, returndatasize())
                revert(start, returndatasize())
            }
        }
    }
}

abstract contract AwardNetwork is GameNetwork {
    uint256 private constant MAX_MORE = 400_000;
    uint256 private constant MAX_GAP_WORDS = 1000;

    /// @param words of the arguments' head, in front of what is of variable length
    /// @param offsets which of these words are offsets, as bits
    struct Paid {
        address to;
        address sender;
        bytes data;
        uint256 words;
        uint256 offsets;
    }

    AssertionId internal assertion;
    GameId internal game;
    DemandId internal demand;
    Relay private relay;

    function setUp() public override {
        super.setUp();
        relay = new Relay();
        assertion = _assertSteps(_steps("claim"), EXECUTOR);
    }

    /// @dev The plain call, the same with bytes behind it, with its parts moved apart, and by a contract out of its memory.
    function _compare(Paid memory paid, function() internal view returns (uint256) award, uint256 more, uint256 gap)
        internal
    {
        more = bound(more, 1, MAX_MORE);
        uint256 plain = _try(paid, award, 0, 0);
        vm.assertTrue(plain > 0);
        // 100,000 bytes of calldata are as many as L1's nodes take.
        vm.assertEq(_try(paid, award, more % 100_000, 0), plain);
        vm.assertEq(_try(paid, award, 0, more), plain);
        if (paid.offsets == 0) return;
        Paid memory apart = Paid(paid.to, paid.sender, _apart(paid, bound(gap, 1, MAX_GAP_WORDS)), 0, 0);
        vm.assertEq(_try(apart, award, 0, 0), plain);
        vm.assertEq(_try(apart, award, 0, more), plain);
    }

    /// @dev What a call pays or counts, after which it is as if it had not been.
    function _try(
        Paid memory paid,
        function() internal view returns (uint256) award,
        uint256 behind,
        uint256 fromMemory
    ) private returns (uint256 amount) {
        uint256 before = award();
        uint256 state = vm.snapshotState();
        bool done;
        if (fromMemory == 0) {
            vm.prank(paid.sender);
            (done,) = paid.to.call(bytes.concat(paid.data, new bytes(behind)));
        } else {
            // It is the player himself, or anyone.
            vm.etch(paid.sender, address(relay).code);
            (done,) = paid.sender.call(abi.encodeCall(Relay.forward, (paid.to, paid.data, fromMemory)));
        }
        vm.assertTrue(done);
        amount = award() - before;
        vm.revertToState(state);
    }

    /// @dev So many words of ones between the head and what it points to.
    function _apart(Paid memory paid, uint256 gapWords) private pure returns (bytes memory data) {
        uint256 head = 4 + 32 * paid.words;
        bytes memory gap = new bytes(32 * gapWords);
        for (uint256 i = 0; i < gap.length; ++i) {
            gap[i] = 0x01;
        }
        bytes memory first = Trees.slice(paid.data, 0, head);
        for (uint256 i = 0; i < paid.words; ++i) {
            if ((paid.offsets >> i) & 1 == 0) continue;
            assembly ("memory-safe") {
                let word := add(add(first, 36), shl(5, i))
                mstore(word, add(mload(word), mload(gap)))
            }
        }
        data = bytes.concat(first, gap, Trees.slice(paid.data, head, paid.data.length - head));
    }

    function _reward() internal view returns (uint256) {
        return stakes.rewardOf(OTHER);
    }

    function _gasOfChallenger() internal view returns (uint256) {
        return _player(game, 0).gas;
    }

    function _gasOfAsserter() internal view returns (uint256) {
        return _player(game, 1).gas;
    }

    function _gasOfDemand() internal view returns (uint256) {
        return demands.demandOf(demand).gas;
    }

    function _wonByAsserter() internal view returns (uint256) {
        return dispute.balanceOf(EXECUTOR);
    }

    function _paidForBytes() internal view returns (uint256) {
        return demands.balanceOf(EXECUTOR);
    }
}

contract AwardsTest is AwardNetwork {
    uint256 private constant TRUE = type(uint256).max;
    uint256 private constant END = 1 << 40;

    function testFuzz_ChallengeLeaf(uint256 more, uint256 gap) public {
        bytes memory steps = _steps("lie");
        steps[128 + 87] = 0x09;
        AssertionId lie = _assertSteps(steps, EXECUTOR);
        ClaimedStep memory step = _claimedStep(lie, stepList, 0);
        _compare(Paid(DISPUTE, OTHER, abi.encodeCall(Dispute.challengeLeaf, (step)), 1, 1), _reward, more, gap);
    }

    function testFuzz_Open(uint256 more, uint256 gap) public {
        Dispute.Opening memory opening = _opening(assertion, STEP);
        _open(assertion, STEP, CHALLENGER, true, 1);
        game = dispute.gameIdOf(_keyOf(OTHER));
        _compare(Paid(DISPUTE, OTHER, abi.encodeCall(Dispute.open, (opening)), 1, 1), _gasOfChallenger, more, gap);
    }

    function testFuzz_Move(uint256 more, uint256 gap) public {
        game = _open(assertion, STEP, CHALLENGER, true, 1);
        Segment memory segment = _segment(game, 3);
        bytes32[32] memory list = _listOf(boards[game].start, 3 << 35, 30, TRUE, EXECUTOR);
        bytes memory data = abi.encodeCall(Dispute.move, (_key(game), _posted(game), segment, list));
        _compare(Paid(DISPUTE, EXECUTOR, data, 40, 1 << 7), _gasOfAsserter, more, gap);
    }

    function testFuzz_Prove(uint256 more, uint256 gap) public {
        game = _open(assertion, STEP, OTHER, false, TRUE);
        _playTo(game, LISTS, OTHER, TRUE, END);
        bytes memory data =
            abi.encodeCall(Dispute.prove, (_key(game), _posted(game), _segment(game, 31), _proofAt(game, 31)));
        _compare(Paid(DISPUTE, OTHER, data, 9, 3 << 7), _reward, more, gap);
    }

    function testFuzz_Timeout(uint256 more) public {
        game = _open(assertion, STEP, CHALLENGER, true, 1);
        _move(game, 3, EXECUTOR, TRUE);
        vm.warp(dispute.deadlineOf(game));
        bytes memory data = abi.encodeCall(Dispute.timeout, (_key(game)));
        _compare(Paid(DISPUTE, OTHER, data, 3, 0), _wonByAsserter, more, 0);
    }

    function testFuzz_Publish(uint256 more, uint256 gap) public {
        _demandLeaf();
        bytes memory data =
            abi.encodeCall(Demands.publish, (demand, Trees.slice(stepList, 256, 128), Trees.pathOf(stepList, 2, 0)));
        _compare(Paid(DEMANDS, OTHER, data, 3, 6), _paidForBytes, more, gap);
    }

    function testFuzz_PublishNodes(uint256 more, uint256 gap) public {
        _demandRoot();
        bytes memory data = abi.encodeCall(Demands.publishNodes, (demand, _nodes(), new bytes32[](0)));
        _compare(Paid(DEMANDS, OTHER, data, 3, 6), _paidForBytes, more, gap);
    }

    function testFuzz_PublishAll(uint256 more, uint256 gap) public {
        Demands.Answer[] memory answers = new Demands.Answer[](2);
        _demandRoot();
        answers[0] = Demands.Answer(demand, "", _nodes(), new bytes32[](0));
        _demandLeaf();
        answers[1] =
            Demands.Answer(demand, Trees.slice(stepList, 256, 128), new bytes32[](0), Trees.pathOf(stepList, 2, 0));
        bytes memory data = abi.encodeCall(Demands.publishAll, (answers));
        _compare(Paid(DEMANDS, OTHER, data, 1, 1), _paidForBytes, more, gap);
    }

    function testFuzz_Demand(uint256 more, uint256 which) public {
        bytes memory data = abi.encodeCall(Demands.demandStep, (assertion, 1));
        bytes32 root;
        (root,) = rollup.stepListOf(assertion);
        demand = demands.demandIdOf(assertion, root, 2, 1);
        if (which % 3 == 1) {
            data = abi.encodeCall(Demands.demandNodes, (assertion, 0, 0));
            demand = demands.demandIdOf(assertion, root, 0, 0);
        } else if (which % 3 == 2) {
            data = abi.encodeCall(Demands.demandBatch, (assertion, 0, 1));
            demand = demands.demandIdOf(assertion, inbox.batch(0).objectRoot, 3, 1);
        }
        _compare(Paid(DEMANDS, OTHER, data, 3, 0), _gasOfDemand, more, 0);
    }

    function testFuzz_Expire(uint256 more) public {
        vm.prank(OTHER);
        demand = demands.demandStep(assertion, 2);
        vm.warp(START + DEMAND);
        _compare(Paid(DEMANDS, CHALLENGER, abi.encodeCall(Demands.expire, (demand)), 1, 0), _reward, more, 0);
    }

    function _demandLeaf() private {
        vm.prank(CHALLENGER);
        demand = demands.demandStep(assertion, 2);
    }

    function _demandRoot() private {
        vm.prank(CHALLENGER);
        demand = demands.demandNodes(assertion, 0, 0);
    }

    function _nodes() private view returns (bytes32[] memory nodes) {
        nodes = new bytes32[](4);
        for (uint256 i = 0; i < 4; ++i) {
            nodes[i] = Trees.nodeAt(stepList, i, 0);
        }
    }

    function _keyOf(address challenger) private view returns (GameKey memory) {
        return GameKey(assertion, uint64(STEP), challenger);
    }
}

/// @dev Batch 0 has a byte behind its second message: the asserter refutes a game that takes it for one.
contract RefutationAwardTest is AwardNetwork {
    function _batchOf(bytes[] memory messages) internal pure override returns (bytes memory object) {
        object = super._batchOf(messages);
        object[512 + 400] = 0x01;
    }

    function testFuzz_RefuteMessage(uint256 more, uint256 gap) public {
        game = _open(assertion, STEP, CHALLENGER, false, 1);
        bytes memory object = Trees.slice(batchObject, 512, 512);
        TailLeaf memory tail = TailLeaf(3, Trees.slice(object, 384, 128), Trees.pathOf(object, 3, 0));
        bytes32 subtree = _messageProof(1).subtree;
        bytes memory data =
            abi.encodeCall(Dispute.refuteMessage, (_key(game), _posted(game), subtree, uint64(300), tail));
        _compare(Paid(DISPUTE, EXECUTOR, data, 10, 1 << 9), _wonByAsserter, more, gap);
    }
}
