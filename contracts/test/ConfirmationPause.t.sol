// SPDX-License-Identifier: MIT
// docs/contracts.md#pause
pragma solidity 0.8.37;

import {Assertions} from "../src/Assertions.sol";
import {ConfirmationPause} from "../src/ConfirmationPause.sol";
import {Rollup} from "../src/Rollup.sol";
import {AssertionId} from "../src/lib/Types.sol";
import {Network} from "./support/Network.sol";
import {bound, vm} from "./support/Vm.sol";

contract ConfirmationPauseTest is Network {
    address private constant STRANGER = address(0xbad);
    uint256 private constant CLOSES = START + WINDOW;

    AssertionId private id;

    function setUp() public override {
        super.setUp();
        id = _assertNext(rollup.genesis(), keccak256("state"));
    }

    function test_APauseHoldsUpConfirmationAndKeepsTheWindowOpen() public {
        uint256 end = CLOSES + 1 days;
        vm.warp(CLOSES - 1);
        _pause(end);
        vm.assertEq(rollup.pausedSince(), CLOSES - 1);
        vm.assertEq(rollup.pausedUntil(), end);
        vm.assertEq(rollup.deadlineOf(id), end);
        vm.assertEq(rollup.windowEndOf(id), end);
        vm.warp(end - 1);
        vm.expectRevert(abi.encodeWithSelector(ConfirmationPause.ConfirmationIsPaused.selector, end, end - 1));
        rollup.confirm(id);
        vm.prank(DISPUTE);
        rollup.openGame(id);
        vm.prank(DISPUTE);
        rollup.closeGame(id);
        vm.warp(end);
        vm.prank(DISPUTE);
        vm.expectRevert(abi.encodeWithSelector(Rollup.WindowClosed.selector, end, end));
        rollup.openGame(id);
        rollup.confirm(id);
    }

    function test_AWindowThatHasClosedStaysClosed() public {
        vm.warp(CLOSES);
        uint256 end = CLOSES + 1 days;
        _pause(end);
        vm.assertEq(rollup.deadlineOf(id), CLOSES);
        vm.prank(DISPUTE);
        vm.expectRevert(abi.encodeWithSelector(Rollup.WindowClosed.selector, CLOSES, CLOSES));
        rollup.openGame(id);
        vm.expectRevert(abi.encodeWithSelector(ConfirmationPause.ConfirmationIsPaused.selector, end, CLOSES));
        rollup.confirm(id);
        vm.warp(end);
        rollup.confirm(id);
    }

    function test_AWindowThatAPublicationHasProlongedIsProlonged() public {
        vm.prank(DISPUTE);
        rollup.keepOpen(id, uint64(CLOSES + 2 hours));
        vm.warp(CLOSES + 1 hours);
        _pause(CLOSES + 1 days);
        vm.assertEq(rollup.deadlineOf(id), CLOSES + 1 days);
        // The window itself had closed before.
        vm.assertEq(rollup.windowEndOf(id), CLOSES);
    }

    function test_APauseThatEndsWithinTheWindowAddsNothing() public {
        _pause(CLOSES - 1);
        vm.assertEq(rollup.deadlineOf(id), CLOSES);
        vm.warp(CLOSES);
        rollup.confirm(id);
    }

    function test_APauseCanBeEnded() public {
        vm.warp(CLOSES - 1);
        _pause(CLOSES + 1 days);
        vm.warp(CLOSES + 1 hours);
        _pause(0);
        vm.assertEq(rollup.pausedUntil(), CLOSES + 1 hours);
        vm.assertEq(rollup.deadlineOf(id), CLOSES + 1 hours);
        rollup.confirm(id);
    }

    function test_APauseIsProlongedUpToItsLongest() public {
        _pause(START + 1 hours);
        vm.warp(START + 1 hours - 1);
        uint256 latest = START + MAX_PAUSE;
        vm.prank(GUARDIAN);
        vm.expectRevert(abi.encodeWithSelector(ConfirmationPause.PauseTooLong.selector, latest, latest + 1));
        rollup.pauseConfirmation(latest + 1);
        _pause(latest);
        vm.assertEq(rollup.pausedSince(), START);
        vm.warp(latest - 1);
        vm.prank(GUARDIAN);
        vm.expectRevert(abi.encodeWithSelector(ConfirmationPause.PauseTooLong.selector, latest, latest + 1));
        rollup.pauseConfirmation(latest + 1);
    }

    function test_TheNextPauseBeginsAJudgementsTimeAfterTheEnd() public {
        _pause(START + 1 days);
        vm.warp(START + 1 hours);
        _pause(0);
        uint256 from = START + 1 hours + LONGEST;
        vm.prank(GUARDIAN);
        vm.expectRevert(abi.encodeWithSelector(ConfirmationPause.PauseTooSoon.selector, from, START + 1 hours));
        rollup.pauseConfirmation(START + 2 hours);
        vm.warp(from - 1);
        vm.prank(GUARDIAN);
        vm.expectRevert(abi.encodeWithSelector(ConfirmationPause.PauseTooSoon.selector, from, from - 1));
        rollup.pauseConfirmation(from);
        vm.warp(from);
        _pause(from + MAX_PAUSE);
    }

    function test_RevertWhen_ItIsTooLongOrOverOrNotTheGuardians() public {
        uint256 latest = START + MAX_PAUSE;
        vm.prank(GUARDIAN);
        vm.expectRevert(abi.encodeWithSelector(ConfirmationPause.PauseTooLong.selector, latest, latest + 1));
        rollup.pauseConfirmation(latest + 1);
        vm.prank(GUARDIAN);
        vm.expectRevert(abi.encodeWithSelector(ConfirmationPause.PauseIsOver.selector, START + 1, START));
        rollup.pauseConfirmation(START);
        vm.prank(STRANGER);
        vm.expectRevert(abi.encodeWithSelector(ConfirmationPause.NotGuardian.selector, GUARDIAN, STRANGER));
        rollup.pauseConfirmation(START + 1);
    }

    /// @dev Whatever the guardian does, a window is prolonged by no more than the network's times have room for, and who
    /// has stood it is confirmed in bounded time.
    function testFuzz_NoPauseHoldsUpAWindowForLongerThanItMay(uint256 seed) public {
        uint256 latest = CLOSES + MAX_PAUSE;
        for (uint256 i = 0; i < 64; ++i) {
            seed = uint256(keccak256(abi.encode(seed)));
            vm.warp(block.timestamp + bound(seed, 0, 9 hours));
            // Often to the utmost, else anything from the end of a pause to a longer one than may be.
            uint256 open = rollup.pausedUntil() > block.timestamp ? rollup.pausedSince() : block.timestamp;
            uint256 until = (seed >> 64) % 3 == 0
                ? open + MAX_PAUSE
                : bound(seed >> 128, block.timestamp - 1, block.timestamp + MAX_PAUSE + 1);
            vm.prank(GUARDIAN);
            try rollup.pauseConfirmation(until) {} catch {}
            vm.assertLe(rollup.deadlineOf(id), latest);
            vm.assertGe(rollup.deadlineOf(id), CLOSES);
            if (block.timestamp >= rollup.pausedUntil() && block.timestamp >= rollup.deadlineOf(id)) {
                rollup.confirm(id);
                return;
            }
            // A pause may begin in the window's last second, or right after it.
            vm.assertTrue(block.timestamp < CLOSES + 2 * MAX_PAUSE);
        }
        vm.assertTrue(false);
    }

    function test_TheGuardianNeitherConfirmsNorRejects() public {
        vm.prank(GUARDIAN);
        vm.expectRevert(abi.encodeWithSelector(Assertions.WindowOpen.selector, CLOSES, START));
        rollup.confirm(id);
        vm.prank(GUARDIAN);
        vm.expectRevert(abi.encodeWithSelector(Rollup.NotJudge.selector, GUARDIAN));
        rollup.reject(id, GUARDIAN, 1);
    }

    function test_OnlyTheDisputeKeepsAWindowOpen() public {
        vm.expectRevert(abi.encodeWithSelector(Rollup.NotJudge.selector, address(this)));
        rollup.keepOpen(id, uint64(START + 2 * WINDOW));
        vm.startPrank(DISPUTE);
        rollup.keepOpen(id, uint64(START));
        vm.assertEq(rollup.deadlineOf(id), CLOSES);
        rollup.keepOpen(id, uint64(START + 2 * WINDOW));
        vm.assertEq(rollup.deadlineOf(id), START + 2 * WINDOW);
        vm.assertEq(rollup.windowEndOf(id), CLOSES);
        vm.stopPrank();
    }

    function _pause(uint256 until) private {
        vm.prank(GUARDIAN);
        rollup.pauseConfirmation(until);
    }
}
