// SPDX-License-Identifier: MIT
// docs/disputes.md#clocks
pragma solidity 0.8.37;

import {Dispute, GameId} from "../../src/Dispute.sol";
import {Clocks, Player} from "../../src/dispute/Clock.sol";
import {Ledger} from "../../src/dispute/Ledger.sol";
import {Segment} from "../../src/dispute/SegmentList.sol";
import {AssertionId} from "../../src/lib/Types.sol";
import {GameNetwork} from "../support/GameNetwork.sol";
import {bound, vm} from "../support/Vm.sol";

contract ClockTest is GameNetwork {
    AssertionId private assertion;

    function setUp() public override {
        super.setUp();
        assertion = _assertSteps(_steps("claim"), EXECUTOR);
    }

    function test_UpToTheDeadlineOneMovesAndFromThenOnOneHasLost() public {
        GameId id = _open(assertion, STEP, CHALLENGER, true, 1);
        uint256 deadline = START + CLOCK;
        vm.assertEq(dispute.deadlineOf(id), deadline);
        vm.warp(deadline - 1);
        vm.expectRevert(abi.encodeWithSelector(Clocks.TimeIsLeft.selector, deadline, deadline - 1));
        dispute.timeout(_key(id));
        vm.warp(deadline);
        Segment memory segment = _segment(id, 0);
        bytes32[32] memory list;
        vm.prank(EXECUTOR);
        vm.expectRevert(abi.encodeWithSelector(Clocks.TimeIsUp.selector, deadline, deadline));
        dispute.move(_key(id), _posted(id), segment, list);
        dispute.timeout(_key(id));
        vm.assertEq(uint256(dispute.gameOf(id).status), uint256(Dispute.Status.CHALLENGER_WON));
    }

    function test_AMoveInTheLastSecondCountsAndIsExtendedOnce() public {
        GameId id = _open(assertion, STEP, CHALLENGER, true, 1);
        vm.warp(START + CLOCK - 1);
        _move(id, 0, EXECUTOR, type(uint256).max);
        vm.assertEq(_player(id, 1).spentSeconds, CLOCK - EXTENSION);
        // The other side's clock is untouched by the time that was spent against it.
        vm.assertEq(dispute.deadlineOf(id), block.timestamp + CLOCK);
        _move(id, 31, CHALLENGER, 1);
        vm.assertEq(_player(id, 0).spentSeconds, 0);
        vm.assertEq(dispute.deadlineOf(id), block.timestamp + EXTENSION);
        vm.warp(block.timestamp + EXTENSION - 1);
        _move(id, 0, EXECUTOR, type(uint256).max);
        vm.assertEq(_player(id, 1).spentSeconds, CLOCK - 1);
        _move(id, 31, CHALLENGER, 1);
        vm.assertEq(dispute.deadlineOf(id), block.timestamp + 1);
    }

    function test_TimeIsCountedOnce() public {
        GameId id = _open(assertion, STEP, CHALLENGER, true, 1);
        for (uint256 i = 1; i <= 3; ++i) {
            vm.warp(block.timestamp + 1 hours);
            _move(id, 0, EXECUTOR, type(uint256).max);
            vm.warp(block.timestamp + 2 hours);
            _move(id, 31, CHALLENGER, 1);
            vm.assertEq(_player(id, 1).spentSeconds, i * 1 hours);
            vm.assertEq(_player(id, 0).spentSeconds, i * 2 hours);
        }
    }

    function test_AGameDoesNotInheritAClock() public {
        GameId first = _open(assertion, STEP, CHALLENGER, true, 1);
        vm.warp(START + CLOCK - 5);
        _move(first, 0, EXECUTOR, type(uint256).max);
        GameId second = _open(assertion, STEP, OTHER, true, 1);
        vm.assertEq(dispute.deadlineOf(second), block.timestamp + CLOCK);
    }

    function testFuzz_AGameEndsInTime(uint256[7] memory waits) public {
        GameId id = _open(assertion, STEP, CHALLENGER, true, 1);
        uint256 latest = START + 2 * (uint256(CLOCK) + EXTENSION);
        for (uint256 i = 0; i < 7; ++i) {
            uint256 left = dispute.deadlineOf(id) - block.timestamp;
            vm.warp(block.timestamp + bound(waits[i], 0, left - 1));
            (address player, uint256 lie) = i % 2 == 0 ? (EXECUTOR, type(uint256).max) : (CHALLENGER, 1);
            _move(id, _disagreement(id, lie, player), player, lie);
            vm.assertLe(dispute.deadlineOf(id), latest);
        }
        vm.warp(dispute.deadlineOf(id));
        dispute.timeout(_key(id));
    }

    function testFuzz_APackedSideLeavesTheOtherAlone(uint160 players, uint256 side, Player memory player) public pure {
        side = bound(side, 0, 1);
        uint160 changed = Clocks.write(players, side, player);
        vm.assertEq(keccak256(abi.encode(Clocks.read(changed, side))), keccak256(abi.encode(player)));
        Player memory other = Clocks.read(players, 1 - side);
        vm.assertEq(keccak256(abi.encode(Clocks.read(changed, 1 - side))), keccak256(abi.encode(other)));
    }

    function test_RevertWhen_TheTimesDoNotFitTheNetworks() public {
        Ledger.Settings memory settings = _settings(GAME_BOND);
        uint32 longest = 1 days - EXTENSION;
        _newDispute(settings, longest, EXTENSION);
        vm.expectRevert(abi.encodeWithSelector(Dispute.ClocksTooShort.selector, 2 days + 2, 2 days));
        _newDispute(settings, longest + 1, EXTENSION);
        vm.expectRevert(abi.encodeWithSelector(Dispute.ExtensionTooLong.selector, CLOCK, CLOCK + 1));
        _newDispute(settings, CLOCK, CLOCK + 1);
        // (2^34 + 2^28) gas at 20 ns are 348.97 s.
        vm.assertEq(dispute.PASS_SECONDS(), 349);
        _newDispute(settings, 698, 20);
        vm.expectRevert(abi.encodeWithSelector(Dispute.ClockTooShort.selector, 698, 697));
        _newDispute(settings, 697, 20);
        settings.bond = 0;
        vm.expectRevert(abi.encodeWithSelector(Ledger.BondIsZero.selector));
        _newDispute(settings, CLOCK, EXTENSION);
    }
}
