// SPDX-License-Identifier: MIT
// docs/contracts.md#leader
pragma solidity 0.8.37;

import {ExecutorRotation} from "../src/ExecutorRotation.sol";
import {Rollup} from "../src/Rollup.sol";
import {AssertionId, Role} from "../src/lib/Types.sol";
import {Network} from "./support/Network.sol";
import {vm} from "./support/Vm.sol";

contract ExecutorRotationTest is Network {
    uint256 private constant ROUND = 64 * uint256(LEADER_SECONDS);
    address private constant THIRD = address(0xe3);

    function setUp() public override {
        super.setUp();
        vm.warp((START / ROUND + 1) * ROUND);
        stakes.stake(THIRD, Role.EXECUTOR, STAKE);
    }

    function test_ExecutorsTakeTurnsFromTheRoundAfterTheNext() public {
        vm.expectEmit();
        emit ExecutorRotation.ExecutorJoined(EXECUTOR, _round() + 2);
        _join(EXECUTOR);
        _join(RIVAL);
        vm.assertTrue(rollup.isListed(EXECUTOR));
        vm.assertEq(rollup.leaderOf(0), address(0));
        vm.warp(block.timestamp + 2 * ROUND - 1);
        vm.assertEq(rollup.leaderOf(0), address(0));
        vm.warp(block.timestamp + 1);
        vm.assertEq(rollup.leaderOf(0), EXECUTOR);
        vm.assertEq(rollup.leaderOf(1), RIVAL);
        vm.assertEq(rollup.leaderOf(2), EXECUTOR);
    }

    /// @dev The attack: with one more in the list, the turn of the batch that is there would be the newcomer's.
    function test_WhoJoinsDoesNotLeadABatchThatIsThere() public {
        _join(RIVAL);
        vm.warp(block.timestamp + 2 * ROUND);
        _postBatch(1);
        _postBatch(1);
        _join(EXECUTOR);
        uint256 posted = block.timestamp;
        vm.assertEq(rollup.leaderOf(1), RIVAL);
        vm.warp(posted + 2 * ROUND);
        vm.assertEq(rollup.leaderOf(1), RIVAL);
        // A batch of now has the new list.
        vm.assertEq(rollup.leaderOf(2), RIVAL);
        vm.assertEq(rollup.leaderOf(3), EXECUTOR);
        // Nobody is waited for whose list is not known any more.
        vm.warp(posted + 3 * ROUND);
        vm.assertEq(rollup.leaderOf(1), address(0));
    }

    function test_WhoRetiresLeadsToTheEndOfTheNextRound() public {
        _join(EXECUTOR);
        _join(RIVAL);
        vm.warp(block.timestamp + 2 * ROUND);
        vm.prank(EXECUTOR);
        vm.expectEmit();
        emit ExecutorRotation.ExecutorRetired(EXECUTOR, _round() + 2);
        rollup.retire();
        vm.assertFalse(rollup.isListed(EXECUTOR));
        vm.warp(block.timestamp + 2 * ROUND - 1);
        vm.assertEq(rollup.leaderOf(0), EXECUTOR);
        vm.warp(block.timestamp + 1);
        vm.assertEq(rollup.leaderOf(0), RIVAL);
        vm.assertEq(rollup.leaderOf(1), RIVAL);
    }

    function test_NobodyIsWaitedForWhoseStakeHasGone() public {
        _join(EXECUTOR);
        _join(RIVAL);
        vm.warp(block.timestamp + 2 * ROUND);
        vm.prank(EXECUTOR);
        stakes.unbond(Role.EXECUTOR, STAKE);
        vm.assertEq(rollup.leaderOf(0), address(0));
        vm.assertEq(rollup.leaderOf(1), RIVAL);
        _postBatch(1);
        Rollup.Claim memory claim = _claim(rollup.genesis(), _leaf(keccak256("s"), 1));
        vm.prank(THIRD);
        rollup.createAssertion(claim);
    }

    function test_AnyoneExpelsAnExecutorWhoseStakeHasGone() public {
        _join(EXECUTOR);
        vm.expectRevert(abi.encodeWithSelector(ExecutorRotation.ExecutorStillStaked.selector, EXECUTOR));
        rollup.expel(EXECUTOR);
        vm.prank(EXECUTOR);
        stakes.unbond(Role.EXECUTOR, STAKE);
        rollup.expel(EXECUTOR);
        vm.assertFalse(rollup.isListed(EXECUTOR));
        vm.expectRevert(abi.encodeWithSelector(ExecutorRotation.ExecutorNotListed.selector, EXECUTOR));
        rollup.expel(EXECUTOR);
    }

    function test_APlaceIsGivenAgainWhenItsRoundsAreForgotten() public {
        _join(EXECUTOR);
        _join(RIVAL);
        vm.prank(EXECUTOR);
        rollup.retire();
        // It was listed until before round + 2, whose list is known in the two rounds after it.
        vm.warp(block.timestamp + 4 * ROUND - 1);
        vm.prank(EXECUTOR);
        vm.expectRevert(abi.encodeWithSelector(ExecutorRotation.ExecutorListed.selector, EXECUTOR));
        rollup.join();
        vm.warp(block.timestamp + 1);
        _join(THIRD);
        vm.assertEq(rollup.places().length, 2);
        vm.assertEq(rollup.places()[0].account, THIRD);
        _join(EXECUTOR);
        vm.assertEq(rollup.places().length, 3);
        vm.prank(THIRD);
        rollup.retire();
        vm.warp(block.timestamp + 4 * ROUND);
        _join(THIRD);
        vm.assertEq(rollup.places().length, 3);
        vm.assertEq(rollup.places()[0].account, THIRD);
    }

    function test_RevertWhen_TheListIsFull() public {
        for (uint160 i = 0; i < rollup.MAX_EXECUTORS(); ++i) {
            address executor = address(0xf000 + i);
            stakes.stake(executor, Role.EXECUTOR, MINIMUM);
            _join(executor);
        }
        vm.prank(THIRD);
        vm.expectRevert(abi.encodeWithSelector(ExecutorRotation.TooManyExecutors.selector, 64));
        rollup.join();
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

    function test_RevertWhen_ALeaderHasNoTime() public {
        Rollup.Settings memory settings = Rollup.Settings(BOND, 0, GUARDIAN, rollup.escapeSeconds());
        vm.expectRevert(abi.encodeWithSelector(ExecutorRotation.LeaderSecondsIsZero.selector));
        new Rollup(stakes, inbox, committee, DISPUTE, DEMANDS, KERNEL, GENESIS_STATE, settings);
    }

    /// @dev A batch whose timestamp is of a later round than the next could be led by whoever joins when it is there.
    function testFuzz_ARoundIsAtLeastAsLongAsATimestampIsAhead(uint64 ahead) public {
        ahead %= 1 days;
        vm.mockCall(address(inbox), abi.encodeCall(inbox.maxAheadSeconds, ()), abi.encode(ahead));
        uint64 least = (ahead + 63) / 64;
        if (least == 0) least = 1;
        Rollup.Settings memory settings = Rollup.Settings(BOND, least, GUARDIAN, rollup.escapeSeconds());
        Rollup made = new Rollup(stakes, inbox, committee, DISPUTE, DEMANDS, KERNEL, GENESIS_STATE, settings);
        vm.assertEq(uint256(made.leaderSeconds()), least);
        if (least == 1) return;
        settings.leaderSeconds = least - 1;
        uint256 round = 64 * (uint256(least) - 1);
        vm.expectRevert(abi.encodeWithSelector(ExecutorRotation.LeaderRoundTooShort.selector, ahead, round));
        new Rollup(stakes, inbox, committee, DISPUTE, DEMANDS, KERNEL, GENESIS_STATE, settings);
    }

    /// @dev Whoever joins, leaves and loses stakes after a batch was posted, its leader stays who it was, or is nobody: if he
    /// has lost his stake, or three rounds are over.
    function testFuzz_NobodyTakesOverABatchThatIsThere(uint256 seed) public {
        address[5] memory all = [EXECUTOR, RIVAL, THIRD, address(0xe4), address(0xe5)];
        stakes.stake(all[3], Role.EXECUTOR, STAKE);
        stakes.stake(all[4], Role.EXECUTOR, STAKE);
        uint64 batches = 4;
        address[] memory leaders = new address[](batches);
        uint256[] memory rounds = new uint256[](batches);
        uint64 posted = 0;
        for (uint256 i = 0; i < 60; ++i) {
            seed = uint256(keccak256(abi.encode(seed)));
            address one = all[(seed >> 8) % 5];
            if (seed % 4 == 0) vm.warp(block.timestamp + (seed >> 16) % (ROUND / 2));
            vm.prank(one);
            if (seed % 3 == 0) try rollup.retire() {} catch {} else try rollup.join() {} catch {}
            if (i > 15 && i % 8 == 0 && posted < batches) {
                _postBatch(1);
                (leaders[posted], rounds[posted]) = (rollup.leaderOf(posted), _round());
                ++posted;
            }
            if (i == 50) {
                vm.prank(one);
                stakes.unbond(Role.EXECUTOR, STAKE);
            }
            for (uint64 batch = 0; batch < posted; ++batch) {
                bool known = _round() <= rounds[batch] + 2 && stakes.isActive(leaders[batch], Role.EXECUTOR);
                vm.assertEq(rollup.leaderOf(batch), known ? leaders[batch] : address(0));
            }
        }
    }

    function _round() private view returns (uint256) {
        return block.timestamp / ROUND;
    }

    function _join(address executor) private {
        vm.prank(executor);
        rollup.join();
    }
}
