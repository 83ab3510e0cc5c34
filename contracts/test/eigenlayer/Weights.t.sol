// SPDX-License-Identifier: MIT
// docs/contracts.md#eigenlayer-weights
pragma solidity 0.8.37;

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
