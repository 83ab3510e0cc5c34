// SPDX-License-Identifier: MIT
// docs/disputes.md#bytes: the nodes of step lists of every length, and how demands follow one another.
pragma solidity 0.8.37;

import {Assertions} from "../src/Assertions.sol";
import {DemandId, Demands} from "../src/Demands.sol";
import {AboutAssertions} from "../src/dispute/AboutAssertions.sol";
import {Ledger} from "../src/dispute/Ledger.sol";
import {Tree} from "../src/lib/Tree.sol";
import {AssertionId} from "../src/lib/Types.sol";
import {DemandNetwork} from "./support/DemandNetwork.sol";
import {LongList} from "./support/LongList.sol";
import {bound, vm} from "./support/Vm.sol";

contract DemandNodesTest is DemandNetwork {
    uint256 private constant MAX_LEAVES = (1 << 16) + 1;
    string private constant GROUP = "demands";
    uint64 private constant ANSWERS = 250;

    event NodesPublished(
        DemandId indexed id, AssertionId indexed assertion, uint8 depth, uint64 index, bytes32[] nodes
    );
    event BytesPublished(DemandId indexed id, AssertionId indexed assertion, uint64 leafIndex, bytes leaf);

    function testFuzz_EveryLeafIsReachedByThreePublications(uint256 leaves, uint256 leaf) public {
        _reach(bound(leaves, 2, MAX_LEAVES), leaf);
    }

    function test_ListsAtTheEdgesAreShown() public {
        uint24[12] memory lengths = [2, 3, 4, 128, 129, 256, 257, 511, 512, 513, 1 << 16, (1 << 16) + 1];
        for (uint256 i = 0; i < lengths.length; ++i) {
            (uint256 leaves, uint64 batches) = (lengths[i], inbox.batchCount());
            _reach(leaves, leaves - 1);
            vm.assertGe(inbox.batchCount(), batches + 1);
            (parent, parentLeaf) = (assertion, lastLeaf);
        }
    }

    function test_RevertWhen_OtherNodesArePublished() public {
        LongList memory list = _assertLong(1000);
        DemandId id = _demandNodes(8, 3);
        (bytes32[] memory nodes, bytes32[] memory path) = (list.below(8, 3), list.path(8, 3));
        vm.assertEq(nodes.length, 4);
        nodes[2] = keccak256("other");
        vm.expectPartialRevert(Demands.ObjectMismatch.selector);
        demands.publishNodes(id, nodes, path);
        nodes = list.below(8, 3);
        path[7] = keccak256("other");
        vm.expectPartialRevert(Demands.ObjectMismatch.selector);
        demands.publishNodes(id, nodes, path);
        path = list.path(7, 1);
        vm.expectRevert(abi.encodeWithSelector(Tree.PathLengthMismatch.selector, 10, 9));
        demands.publishNodes(id, nodes, path);
        path = list.path(8, 3);
        nodes = new bytes32[](8);
        vm.expectRevert(abi.encodeWithSelector(Demands.NodeCountMismatch.selector, 4, 8));
        demands.publishNodes(id, nodes, path);
        // Those of its neighbour, with their own path.
        (nodes, path) = (list.below(8, 249), list.path(8, 249));
        vm.expectPartialRevert(Demands.ObjectMismatch.selector);
        demands.publishNodes(id, nodes, path);
    }

    function test_RevertWhen_NodesAreDemandedThatAreNot() public {
        _assertLong(1000);
        for (uint8 depth = 1; depth < 20; ++depth) {
            if (depth == 8) continue;
            vm.expectRevert(abi.encodeWithSelector(Demands.NoNodesBelow.selector, 10, depth));
            demands.demandNodes(assertion, depth, 0);
        }
        // 250 nodes hold the 1,000 leaves, the others nothing but padding.
        vm.expectRevert(abi.encodeWithSelector(Demands.NodeOutOfRange.selector, 250, 250));
        demands.demandNodes(assertion, 8, 250);
        vm.expectRevert(abi.encodeWithSelector(Demands.NodeOutOfRange.selector, 1, 1));
        demands.demandNodes(assertion, 0, 1);
        vm.expectRevert(abi.encodeWithSelector(Demands.NodeOutOfRange.selector, 1000, 1000));
        demands.demandStep(assertion, 1000);
        (parent, parentLeaf) = (assertion, lastLeaf);
        _assertLong(256);
        vm.expectRevert(abi.encodeWithSelector(Demands.NoNodesBelow.selector, 8, 8));
        demands.demandNodes(assertion, 8, 0);
    }

    function test_RevertWhen_NodesAreDemandedTwiceOrAnsweredByALeaf() public {
        LongList memory list = _assertLong(300);
        DemandId id = _demandNodes(0, 0);
        vm.prank(OTHER);
        vm.expectRevert(abi.encodeWithSelector(Demands.DemandExists.selector, id));
        demands.demandNodes(assertion, 0, 0);
        // The first leaf has the same index, and its path leads to the same root.
        (bytes memory leaf, bytes32[] memory path) = (list.leaf(0), list.path(9, 0));
        vm.expectRevert(abi.encodeWithSelector(Demands.NodesDemanded.selector, id));
        demands.publish(id, leaf, path);
        DemandId ofLeaf = _demandLeaf(0);
        bytes32[] memory nodes = new bytes32[](1);
        nodes[0] = list.node(9, 0);
        vm.expectRevert(abi.encodeWithSelector(Demands.LeafDemanded.selector, ofLeaf));
        demands.publishNodes(ofLeaf, nodes, path);
        demands.publish(ofLeaf, leaf, path);
        (nodes, path) = (list.below(0, 0), list.path(0, 0));
        demands.publishNodes(id, nodes, path);
        vm.expectPartialRevert(Demands.DemandStatusMismatch.selector);
        demands.publishNodes(id, nodes, path);
    }

    function test_ALateChainEndsInTime() public {
        LongList memory list = _assertLong(1000);
        vm.warp(START + WINDOW - 1);
        DemandId id = _demandNodes(0, 0);
        vm.warp(START + WINDOW);
        // Nothing follows from what was only demanded.
        _refuseDemand(8, START + WINDOW);
        vm.warp(START + WINDOW + DEMAND - 2);
        demands.publishNodes(id, list.below(0, 0), list.path(0, 0));
        uint256 until = block.timestamp + DEMAND;
        vm.warp(until - 1);
        id = _demandNodes(8, 7);
        vm.warp(until);
        _refuseDemand(8, until);
        vm.warp(until - 1 + DEMAND - 1);
        demands.publishNodes(id, list.below(8, 7), list.path(8, 7));
        // No nodes follow from nodes at depth 8, and none at all come again from the root.
        _refuseDemand(8, until);
        vm.prank(CHALLENGER);
        vm.expectPartialRevert(Demands.DemandExists.selector);
        demands.demandNodes(assertion, 0, 0);
        until = block.timestamp + DEMAND;
        vm.warp(until - 1);
        id = _demandLeaf(29);
        vm.warp(until);
        vm.prank(CHALLENGER);
        vm.expectRevert(abi.encodeWithSelector(Demands.DemandTooLate.selector, until, until));
        demands.demandStep(assertion, 28);
        vm.warp(until - 1 + DEMAND - 1);
        demands.publish(id, list.leaf(29), list.path(10, 29));
        until = block.timestamp + DEMAND;
        vm.assertLe(until, START + WINDOW + demands.MAX_CHAIN() * (demands.STRETCH() + 1) * DEMAND);
        vm.assertEq(rollup.assertionOf(assertion).deadline, until);
        vm.assertEq(rollup.assertionOf(assertion).openGames, 0);
    }

    function test_RevertWhen_NodesComeTooLate() public {
        LongList memory list = _assertLong(20);
        DemandId id = _demandNodes(0, 0);
        (bytes32[] memory nodes, bytes32[] memory path) = (list.below(0, 0), list.path(0, 0));
        vm.warp(START + DEMAND);
        vm.expectRevert(abi.encodeWithSelector(Demands.DemandDeadline.selector, START + DEMAND, START + DEMAND));
        demands.publishNodes(id, nodes, path);
        demands.expire(id);
        vm.assertEq(uint256(rollup.statusOf(assertion)), uint256(Assertions.Status.REJECTED));
        vm.assertEq(demands.balanceOf(CHALLENGER), DEMAND_BOND);
        vm.assertTrue(stakes.rewardOf(CHALLENGER) > 0);
        vm.expectPartialRevert(Demands.DemandStatusMismatch.selector);
        demands.settle(id);
    }

    function test_WhoWasRightGetsBackWhatIsLeftOfHisBonds() public {
        LongList memory list = _assertLong(20);
        DemandId id = _demandNodes(0, 0);
        demands.publishNodes(id, list.below(0, 0), list.path(0, 0));
        uint256 gas = vm.snapshotGasLastCall(GROUP, "publishNodes, 32 from the root, the first award");
        uint256 award = demands.balanceOf(EXECUTOR);
        vm.assertTrue(award >= gas * 1 gwei && award <= DEMAND_BOND / 2);
        bytes4 refusal = AboutAssertions.AssertionStatusMismatch.selector;
        vm.expectRevert(
            abi.encodeWithSelector(refusal, assertion, Assertions.Status.CONFIRMED, Assertions.Status.PENDING)
        );
        demands.settle(id);
        DemandId open = _demandLeaf(3);
        vm.prank(DISPUTE);
        rollup.reject(assertion, OTHER, 0);
        uint256 supply = token.totalSupply();
        demands.settle(id);
        demands.settle(open);
        vm.assertEq(demands.balanceOf(CHALLENGER), 2 * DEMAND_BOND - award);
        vm.assertEq(token.totalSupply(), supply);
        vm.expectPartialRevert(Demands.DemandStatusMismatch.selector);
        demands.settle(id);
    }

    function test_WhoWasWrongLosesHisBond() public {
        LongList memory list = _assertLong(20);
        DemandId id = _demandNodes(0, 0);
        demands.publishNodes(id, list.below(0, 0), list.path(0, 0));
        uint256 award = demands.balanceOf(EXECUTOR);
        vm.warp(START + WINDOW + DEMAND);
        rollup.confirm(parent);
        rollup.confirm(assertion);
        uint256 supply = token.totalSupply();
        demands.settle(id);
        vm.assertEq(supply - token.totalSupply(), DEMAND_BOND - award);
        vm.assertEq(demands.balanceOf(CHALLENGER), 0);
        vm.assertEq(token.balanceOf(DEMANDS), award);
    }

    /// @dev What leaves take of memory adds up where it is not given back.
    function test_AnAnswerAmongManyIsPaidNoMoreThanAlone() public {
        token.mint(CHALLENGER, 1_000_000 ether);
        LongList memory list = _assertLong(600);
        Demands.Answer[] memory answers = new Demands.Answer[](ANSWERS);
        for (uint64 i = 0; i < ANSWERS; ++i) {
            answers[i] = Demands.Answer(_demandLeaf(i + 1), list.leaf(i + 1), new bytes32[](0), list.path(10, i + 1));
        }
        uint256 alone = 0;
        // The second time the asserter's balance is no new slot any more, as for those that follow.
        for (uint256 i = 0; i < 2; ++i) {
            demands.publish(answers[i].id, answers[i].leaf, answers[i].path);
            alone = _awardOf(answers[i].id);
        }
        demands.publishAll(answers);
        // The third has warmed what those after it read, which differ by the sides of their paths alone.
        uint256 fourth = _awardOf(answers[3].id);
        vm.assertLe(fourth, alone);
        for (uint256 i = 4; i < ANSWERS; ++i) {
            vm.assertLe(_awardOf(answers[i].id), fourth + demands.costOf(120));
        }
    }

    function _awardOf(DemandId id) private view returns (uint256) {
        return DEMAND_BOND - demands.demandOf(id).left;
    }

    function test_ManyAreAnsweredAtOnce_AndWhatIsAnsweredIsPassedOver() public {
        LongList memory list = _assertLong(600);
        Demands.Answer[] memory answers = new Demands.Answer[](12);
        for (uint64 i = 0; i < 10; ++i) {
            answers[i] = Demands.Answer(_demandLeaf(50 * i), list.leaf(50 * i), new bytes32[](0), list.path(10, 50 * i));
        }
        answers[10] = Demands.Answer(_demandNodes(0, 0), "", list.below(0, 0), list.path(0, 0));
        answers[11] = Demands.Answer(_demandNodes(8, 7), "", list.below(8, 7), list.path(8, 7));
        // Somebody else is faster with one of them.
        demands.publish(answers[4].id, answers[4].leaf, answers[4].path);
        uint256 before = demands.balanceOf(EXECUTOR);
        demands.publishAll(answers);
        uint256 gas = vm.snapshotGasLastCall(GROUP, "publishAll, 9 leaves, 256 nodes and 4");
        uint256 paid = demands.balanceOf(EXECUTOR) - before;
        vm.assertGe(paid, demands.costOf(gas));
        for (uint256 i = 0; i < answers.length; ++i) {
            Demands.DemandStatus status = demands.demandOf(answers[i].id).status;
            vm.assertEq(uint256(status), uint256(Demands.DemandStatus.PUBLISHED));
        }
        vm.assertEq(rollup.assertionOf(assertion).openGames, 0);
        demands.publishAll(answers);
        vm.assertEq(demands.balanceOf(EXECUTOR), before + paid);
    }

    function test_RevertWhen_OneOfManyAnswersIsWrong() public {
        LongList memory list = _assertLong(600);
        Demands.Answer[] memory answers = new Demands.Answer[](2);
        answers[0] = Demands.Answer(_demandLeaf(1), list.leaf(1), new bytes32[](0), list.path(10, 1));
        answers[1] = Demands.Answer(_demandLeaf(2), list.leaf(0), new bytes32[](0), list.path(10, 2));
        vm.expectPartialRevert(Demands.ObjectMismatch.selector);
        demands.publishAll(answers);
        vm.warp(START + 2 * DEMAND);
        // Too late: nothing happens, and nothing is paid.
        demands.publishAll(answers);
        vm.assertEq(demands.balanceOf(EXECUTOR), 0);
    }

    function test_RevertWhen_TheTimesDoNotFitTheNetworks() public {
        Ledger.Settings memory settings = _settings(DEMAND_BOND);
        // Of two days, both clocks with their extensions take 22 hours.
        uint32 longest = 26 hours / 15;
        _newDemands(settings, longest);
        vm.expectRevert(abi.encodeWithSelector(Demands.ClocksTooShort.selector, 2 days + 15, 2 days));
        _newDemands(settings, longest + 1);
        vm.expectRevert(abi.encodeWithSelector(Demands.DemandSecondsIsZero.selector));
        _newDemands(settings, 0);
    }

    function test_Gas() public {
        LongList memory list = _assertLong(MAX_LEAVES);
        DemandId id = _demandNodes(8, 100);
        vm.snapshotGasLastCall(GROUP, "demandNodes");
        demands.publishNodes(id, list.below(8, 100), list.path(8, 100));
        vm.assertLe(vm.snapshotGasLastCall(GROUP, "publishNodes, 256 at depth 16"), 400_000);
        id = _demandLeaf(25_700);
        uint256 gas = vm.snapshotGasLastCall(GROUP, "demandStep");
        // With what it takes to lock the bond, which is done last.
        vm.assertGe(demands.demandOf(id).gas, gas);
        vm.assertLe(demands.demandOf(id).gas, gas + 6000);
        demands.publish(id, list.leaf(25_700), list.path(17, 25_700));
        vm.snapshotGasLastCall(GROUP, "publish, depth 17");
        vm.prank(DISPUTE);
        rollup.reject(assertion, OTHER, 0);
        demands.settle(id);
        vm.snapshotGasLastCall(GROUP, "settle");
    }

    /// @dev The nodes from the root to one leaf and the leaf: events have them, nothing is left open, and all are paid.
    function _reach(uint256 leaves, uint256 leaf) private {
        LongList memory list = _assertLong(leaves);
        uint256 depth = list.depth();
        leaf = bound(leaf, 0, leaves - 1);
        uint256 before = demands.balanceOf(EXECUTOR);
        _showNodes(list, 0, 0);
        if (depth > 8) _showNodes(list, 8, leaf >> (depth - 8));
        DemandId id = _demandLeaf(uint64(leaf));
        vm.expectEmit();
        emit BytesPublished(id, assertion, uint64(leaf), list.leaf(leaf));
        demands.publish(id, list.leaf(leaf), list.path(depth, leaf));
        vm.assertEq(rollup.assertionOf(assertion).openGames, 0);
        vm.assertGe(demands.balanceOf(EXECUTOR), before + demands.costOf(100_000));
        vm.assertLe(demands.balanceOf(EXECUTOR), before + 3 * DEMAND_BOND / 2);
    }

    function _showNodes(LongList memory list, uint8 depth, uint256 index) private {
        DemandId id = _demandNodes(depth, uint64(index));
        bytes32[] memory nodes = list.below(depth, index);
        vm.expectEmit();
        emit NodesPublished(id, assertion, depth, uint64(index), nodes);
        demands.publishNodes(id, nodes, list.path(depth, index));
    }

    function _refuseDemand(uint8 depth, uint256 last) private {
        vm.prank(CHALLENGER);
        vm.expectRevert(abi.encodeWithSelector(Demands.DemandTooLate.selector, last, block.timestamp));
        demands.demandNodes(assertion, depth, 8);
    }
}
