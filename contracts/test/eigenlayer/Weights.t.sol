// SPDX-License-Identifier: MIT
// docs/contracts.md#eigenlayer-weights
pragma solidity 0.8.37;

import {Exposure} from "../../src/Exposure.sol";
import {Yield} from "../../src/Yield.sol";
import {Role} from "../../src/lib/Types.sol";
import {EigenNetwork} from "../support/EigenNetwork.sol";
import {bound, vm} from "../support/Vm.sol";

/// EigenLayer has no history: what an account weighed is what was written down, for as long as it is sure to be slashable.
contract EigenWeightsTest is EigenNetwork {
    address private constant OTHER = address(0x09e2);
    uint256 private constant FRESH = DELAY - LONGEST;

    function setUp() public override {
        super.setUp();
        _enter(OPERATOR, ROLE, 3 * MINIMUM, 0);
        _enter(OTHER, ROLE, 0, 2 * MINIMUM);
    }

    function test_WhoEntersWeighsWhatIsAllocated() public {
        _passBlocks(1);
        vm.assertEq(stakes.weightOf(OPERATOR, ROLE), 3 * MINIMUM);
        vm.assertEq(stakes.weightAt(OPERATOR, ROLE, uint48(START)), 3 * MINIMUM);
        vm.assertEq(stakes.weightAt(OPERATOR, ROLE, uint48(START - 1)), 0);
        vm.assertEq(stakes.totalWeightAt(ROLE, uint48(START)), 5 * MINIMUM);
        vm.assertEq(stakes.totalWeightAt(ROLE, uint48(START - 1)), 0);
    }

    function test_AWeightCountsForSoLongAfterItWasSynced() public {
        vm.warp(START + FRESH + 1);
        vm.assertEq(stakes.weightAt(OPERATOR, ROLE, uint48(START + FRESH)), 3 * MINIMUM);
        vm.assertEq(stakes.weightAt(OPERATOR, ROLE, uint48(START + FRESH + 1)), 0);
        stakes.sync(OPERATOR, ROLE);
        vm.assertEq(stakes.weightAt(OPERATOR, ROLE, uint48(START + FRESH + 1)), 3 * MINIMUM);
        vm.assertEq(stakes.totalWeightAt(ROLE, uint48(START + FRESH + 1)), 5 * MINIMUM);
    }

    function test_ADepositWeighsOnceItIsSynced() public {
        _passBlocks(10);
        _deposit(OPERATOR, OPERATOR, 0, 2 * MINIMUM);
        vm.assertEq(stakes.weightAt(OPERATOR, ROLE, uint48(block.timestamp)), 3 * MINIMUM);
        stakes.sync(OPERATOR, ROLE);
        vm.assertEq(stakes.weightAt(OPERATOR, ROLE, uint48(block.timestamp)), 4 * MINIMUM);
        vm.assertEq(stakes.weightAt(OPERATOR, ROLE, uint48(block.timestamp - 1)), 3 * MINIMUM);
        vm.assertEq(stakes.totalWeightAt(ROLE, uint48(block.timestamp)), 6 * MINIMUM);
    }

    function test_ASlashAndALeaveAreWrittenDownAtOnce() public {
        _passBlocks(10);
        _slash(MINIMUM);
        vm.assertLe(stakes.weightAt(OPERATOR, ROLE, uint48(block.timestamp)), 2 * MINIMUM);
        _deregister(OPERATOR, ROLE);
        vm.assertEq(stakes.weightAt(OPERATOR, ROLE, uint48(block.timestamp)), 0);
        vm.assertEq(stakes.totalWeightAt(ROLE, uint48(block.timestamp)), 2 * MINIMUM);
    }

    /// Income is shared by the weights that were synced last, and what a weight has earned is settled before it changes.
    function test_YieldIsSharedByWeight() public {
        token.mint(address(this), 1000 ether);
        token.approve(address(stakes), 1000 ether);
        stakes.fund(ROLE, 500 ether);
        _deposit(OPERATOR, OPERATOR, 0, 2 * MINIMUM);
        stakes.sync(OPERATOR, ROLE);
        // Less than a wei for each 2^64 wei of weight, and each share.
        vm.assertLe(300 ether - stakes.rewardOf(OPERATOR), 1000);
        stakes.fund(ROLE, 300 ether);
        stakes.sync(OPERATOR, ROLE);
        stakes.sync(OTHER, ROLE);
        vm.assertLe(500 ether - stakes.rewardOf(OPERATOR), 1000);
        vm.assertLe(300 ether - stakes.rewardOf(OTHER), 1000);
        vm.assertEq(stakes.owed(), 800 ether);
        vm.prank(OTHER);
        stakes.claimReward();
        vm.assertEq(token.balanceOf(address(stakes)), stakes.owed());
        vm.expectRevert(abi.encodeWithSelector(Yield.NobodyStaked.selector, Role.GATEWAY));
        stakes.fund(Role.GATEWAY, 1);
        vm.expectRevert(abi.encodeWithSelector(Exposure.AmountIsZero.selector));
        stakes.fund(ROLE, 0);
    }

    /// Whatever leaves and whenever nobody syncs: what counts can be slashed for as long as a claim takes to be judged.
    function testFuzz_WhatCountsCanBeSlashedUntilAllIsJudged(uint256 part, uint256 leaves, uint256 claimed) public {
        uint256 left = bound(leaves, 0, FRESH / BLOCK_SECONDS);
        uint256 claimTime = START + bound(claimed, 0, FRESH);
        _passBlocks(left);
        _allocate(OPERATOR, ROLE, 0, uint64(bound(part, 0, WHOLE / 2 - 1)));
        uint256 weight = stakes.weightAt(OPERATOR, ROLE, uint48(claimTime));
        uint256 until = claimTime + LONGEST;
        if (until <= block.timestamp) return;
        _passBlocks((until - block.timestamp) / BLOCK_SECONDS);
        vm.assertGe(stakes.slashableOf(OPERATOR, ROLE), weight);
    }
}
