// SPDX-License-Identifier: MIT
// docs/contracts.md#escape
pragma solidity 0.8.37;

import {Assertions} from "../src/Assertions.sol";
import {NetworkEnd} from "../src/NetworkEnd.sol";
import {Rollup} from "../src/Rollup.sol";
import {AssertionId, Role} from "../src/lib/Types.sol";
import {Network} from "./support/Network.sol";
import {vm} from "./support/Vm.sol";

contract NetworkEndTest is Network {
    bytes32 private constant STATE = keccak256("state");

    function test_AnIdleNetworkHasNotFailed() public {
        _confirmNext(STATE);
        vm.warp(block.timestamp + 10 * ESCAPE);
        vm.assertEq(rollup.endableFrom(), type(uint256).max);
        vm.expectRevert(abi.encodeWithSelector(NetworkEnd.NetworkGoesOn.selector, type(uint256).max, block.timestamp));
        rollup.end();
    }

    /// @dev Whoever wants out of a network that nobody serves forces a message: the clock begins with it.
    function test_AForcedMessageBeginsTheClock() public {
        vm.warp(block.timestamp + 10 * ESCAPE);
        inbox.forceMessage(hex"01");
        // The last second of a slot whose holder is silent.
        vm.warp((block.timestamp + DELAY + SLOT) / SLOT * SLOT + SLOT - 1);
        inbox.forceInclude(0, uint32(inbox.delayedCount()));
        uint256 from = block.timestamp + ESCAPE;
        vm.assertEq(rollup.endableFrom(), from);
        vm.warp(from - 1);
        vm.expectRevert(abi.encodeWithSelector(NetworkEnd.NetworkGoesOn.selector, from, from - 1));
        rollup.end();
        vm.warp(from);
        rollup.end();
        vm.assertEq(rollup.endedAt(), from);
        vm.expectRevert(abi.encodeWithSelector(NetworkEnd.NetworkEnded.selector, from));
        rollup.end();
    }

    function test_AConfirmationBeginsItAnew() public {
        AssertionId id = _assertNext(rollup.genesis(), STATE);
        _postBatch(1);
        vm.warp(block.timestamp + ESCAPE);
        vm.assertEq(rollup.endableFrom(), block.timestamp);
        rollup.confirm(id);
        vm.assertEq(rollup.confirmedAt(), block.timestamp);
        vm.assertEq(rollup.endableFrom(), block.timestamp + ESCAPE);
    }

    /// @dev A true claim whose window is over may be confirmed until somebody ends the network.
    function test_UntilTheEndNothingChanges() public {
        AssertionId id = _assertNext(rollup.genesis(), STATE);
        vm.warp(block.timestamp + 2 * ESCAPE);
        rollup.confirm(id);
        vm.assertEq(rollup.endableFrom(), type(uint256).max);
    }

    function test_AfterTheEndNoStateIsConfirmedAndBondsComeFree() public {
        AssertionId id = _assertNext(rollup.genesis(), STATE);
        AssertionId child = _assertNext(id, STATE);
        _postBatch(1);
        Rollup.Claim memory claim = _claim(child, _leaf(STATE, inbox.batchCount()));
        vm.prank(DISPUTE);
        rollup.openGame(child);
        vm.warp(block.timestamp + ESCAPE);
        rollup.end();
        bytes memory refusal = abi.encodeWithSelector(NetworkEnd.NetworkEnded.selector, block.timestamp);
        vm.expectRevert(refusal);
        rollup.confirm(id);
        vm.prank(EXECUTOR);
        vm.expectRevert(refusal);
        rollup.createAssertion(claim);
        vm.prank(DISPUTE);
        vm.expectRevert(refusal);
        rollup.openGame(id);
        rollup.orphan(id);
        // A game that was open is played to its end.
        vm.expectRevert(abi.encodeWithSelector(Assertions.GamesOpen.selector, 1));
        rollup.orphan(child);
        vm.prank(DISPUTE);
        rollup.closeGame(child);
        rollup.orphan(child);
        vm.assertEq(stakes.lockedOf(EXECUTOR, Role.EXECUTOR), 0);
    }

    function test_ALieIsSlashedAfterTheEndToo() public {
        AssertionId id = _assertNext(rollup.genesis(), STATE);
        vm.prank(DISPUTE);
        rollup.openGame(id);
        vm.warp(block.timestamp + ESCAPE);
        rollup.end();
        vm.prank(DISPUTE);
        rollup.reject(id, USER, BOND);
        vm.assertEq(stakes.activeOf(EXECUTOR, Role.EXECUTOR), STAKE - BOND);
    }

    /// @dev A batch may be dated back: it must not be what ends a network that has just had nothing to do.
    function test_RevertWhen_EscapeIsTooSoon() public {
        uint256 least = 3 * _timing().longest() + inbox.maxBehindSeconds();
        Rollup.Settings memory settings = Rollup.Settings(BOND, LEADER_SECONDS, GUARDIAN, uint64(least - 1));
        vm.expectRevert(abi.encodeWithSelector(NetworkEnd.EscapeTooSoon.selector, least, least - 1));
        new Rollup(stakes, inbox, committee, DISPUTE, DEMANDS, KERNEL, GENESIS_STATE, settings);
        settings.escapeSeconds = uint64(least);
        new Rollup(stakes, inbox, committee, DISPUTE, DEMANDS, KERNEL, GENESIS_STATE, settings);
    }
}
