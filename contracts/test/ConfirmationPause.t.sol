// SPDX-License-Identifier: MIT
// docs/contracts.md#pause
pragma solidity 0.8.37;

import {ConfirmationPause} from "../src/ConfirmationPause.sol";
import {Rollup} from "../src/Rollup.sol";
import {AssertionId} from "../src/lib/Types.sol";
import {Network} from "./support/Network.sol";
import {vm} from "./support/Vm.sol";

contract ConfirmationPauseTest is Network {
    address private constant STRANGER = address(0xbad);

    AssertionId private id;

    function setUp() public override {
        super.setUp();
        id = _assertNext(rollup.genesis(), keccak256("state"));
    }

    function test_APauseHoldsUpConfirmationAndKeepsTheWindowOpen() public {
        uint256 end = START + WINDOW + 1 days;
        vm.prank(GUARDIAN);
        rollup.pauseConfirmation(end);
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

    function test_APauseCanBeEnded() public {
        vm.startPrank(GUARDIAN);
        rollup.pauseConfirmation(START + 7 days);
        rollup.pauseConfirmation(0);
        vm.stopPrank();
        vm.warp(START + WINDOW);
        rollup.confirm(id);
    }

    function test_RevertWhen_ItIsTooLongOrNotTheGuardians() public {
        vm.prank(GUARDIAN);
        vm.expectRevert(
            abi.encodeWithSelector(ConfirmationPause.PauseTooLong.selector, START + 7 days, START + 7 days + 1)
        );
        rollup.pauseConfirmation(START + 7 days + 1);
        vm.prank(STRANGER);
        vm.expectRevert(abi.encodeWithSelector(ConfirmationPause.NotGuardian.selector, GUARDIAN, STRANGER));
        rollup.pauseConfirmation(START);
    }

    function test_TheGuardianNeitherConfirmsNorRejects() public {
        vm.prank(GUARDIAN);
        vm.expectRevert(abi.encodeWithSelector(Rollup.WindowOpen.selector, START + WINDOW, START));
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
        vm.assertEq(rollup.assertionOf(id).deadline, START + WINDOW);
        rollup.keepOpen(id, uint64(START + 2 * WINDOW));
        vm.assertEq(rollup.assertionOf(id).deadline, START + 2 * WINDOW);
        vm.stopPrank();
    }
}
