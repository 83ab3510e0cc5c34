// SPDX-License-Identifier: MIT
// docs/contracts.md#leader
pragma solidity 0.8.37;

import {ExecutorRotation} from "../src/ExecutorRotation.sol";
import {Role} from "../src/lib/Types.sol";
import {Network} from "./support/Network.sol";
import {vm} from "./support/Vm.sol";

contract ExecutorRotationTest is Network {
    function test_ExecutorsTakeTurns() public {
        vm.assertEq(rollup.leaderOf(0), address(0));
        _join(EXECUTOR);
        _join(RIVAL);
        vm.assertEq(rollup.leaderOf(0), EXECUTOR);
        vm.assertEq(rollup.leaderOf(1), RIVAL);
        vm.assertEq(rollup.leaderOf(2), EXECUTOR);
    }

    function test_WhoeverRetiresIsReplacedByTheLast() public {
        address third = address(0xe3);
        stakes.stake(third, Role.EXECUTOR, STAKE);
        _join(EXECUTOR);
        _join(RIVAL);
        _join(third);
        vm.prank(EXECUTOR);
        rollup.retire();
        vm.assertEq(rollup.executors().length, 2);
        vm.assertEq(rollup.leaderOf(0), third);
        vm.prank(third);
        rollup.retire();
        vm.assertEq(rollup.leaderOf(0), RIVAL);
        _join(EXECUTOR);
        vm.assertEq(rollup.leaderOf(1), EXECUTOR);
    }

    function test_AnyoneExpelsAnExecutorWhoseStakeHasGone() public {
        _join(EXECUTOR);
        vm.expectRevert(abi.encodeWithSelector(ExecutorRotation.ExecutorStillStaked.selector, EXECUTOR));
        rollup.expel(EXECUTOR);
        vm.prank(EXECUTOR);
        stakes.unbond(Role.EXECUTOR, STAKE);
        rollup.expel(EXECUTOR);
        vm.assertEq(rollup.executors().length, 0);
    }

    function test_RevertWhen_ListedTwiceOrNotAtAll() public {
        _join(EXECUTOR);
        vm.prank(EXECUTOR);
        vm.expectRevert(abi.encodeWithSelector(ExecutorRotation.ExecutorListed.selector, EXECUTOR));
        rollup.join();
        vm.prank(RIVAL);
        vm.expectRevert(abi.encodeWithSelector(ExecutorRotation.ExecutorNotListed.selector, RIVAL));
        rollup.retire();
    }

    function test_RevertWhen_NotStaked() public {
        vm.prank(USER);
        vm.expectRevert(abi.encodeWithSelector(ExecutorRotation.ExecutorNotStaked.selector, USER));
        rollup.join();
    }

    function _join(address executor) private {
        vm.prank(executor);
        rollup.join();
    }
}
