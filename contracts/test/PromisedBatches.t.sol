// SPDX-License-Identifier: MIT
// docs/contracts.md#promised
pragma solidity 0.8.37;

import {Inbox} from "../src/Inbox.sol";
import {PromisedBatches} from "../src/PromisedBatches.sol";
import {Rollup} from "../src/Rollup.sol";
import {Tree} from "../src/lib/Tree.sol";
import {AssertionId, Certificate} from "../src/lib/Types.sol";
import {Network} from "./support/Network.sol";
import {vm} from "./support/Vm.sol";

contract PromisedBatchesTest is Network {
    bytes32 private constant STATE = keccak256("state");
    /// @dev The last second in which a batch of START can be asserted.
    uint256 private constant LAST = START + RETENTION + 1 hours - LONGEST;
    AssertionId private genesis;

    function setUp() public override {
        super.setUp();
        genesis = rollup.genesis();
    }

    function test_ABatchIsAssertedWhileItsBytesArePromisedForTheWholeJudgement() public {
        _postBatch(3);
        vm.warp(LAST);
        _assert(genesis, STATE, 1);
    }

    function test_RevertWhen_TheBytesMayBeGoneBeforeTheClaimIsJudged() public {
        _postBatch(3);
        vm.warp(LAST + 1);
        _refuse(genesis, STATE, 1, _tooShortly(0, START + RETENTION + 1 hours));
    }

    function test_RevertWhen_ALaterBatchOfTheRangeIsPromisedTooShortly() public {
        _postBatch(3, RETENTION + 1 days);
        _postBatch(3);
        vm.warp(LAST + 1);
        _refuse(genesis, STATE, 2, _tooShortly(1, START + RETENTION + 1 hours));
        _assert(genesis, STATE, 1);
    }

    function test_ABatchIsAssertableForAJudgementsTimeAtLeast() public {
        _postBatch(3, RETENTION);
        vm.warp(START + LONGEST);
        _assert(genesis, STATE, 1);
    }

    function test_ABatchWithoutBytesIsAssertedAtAnyTime() public {
        inbox.forceMessage(hex"00");
        vm.warp(block.timestamp + DELAY);
        while (block.timestamp % SLOT < SLOT / 2) vm.warp(block.timestamp + 1);
        inbox.forceInclude(0, 1);
        vm.warp(block.timestamp + 1000 days);
        _assert(genesis, STATE, 1);
    }

    function test_RevertWhen_TheRangeHasTooManyBatches() public {
        uint64 most = uint64(rollup.MAX_BATCHES());
        vm.assertEq(most, 256);
        for (uint64 i = 0; i <= most; ++i) {
            _postEmpty();
        }
        _refuse(
            genesis, STATE, most + 1, abi.encodeWithSelector(PromisedBatches.TooManyBatches.selector, most, most + 1)
        );
        vm.expectRevert(abi.encodeWithSelector(PromisedBatches.TooManyBatches.selector, most, most + 1));
        rollup.voidBatches(0, most + 1);
        _assert(genesis, STATE, most);
    }

    function test_WhatNobodyCanAssertIsMadeVoidAndThenAsserted() public {
        _postBatch(3);
        uint64 messages = inbox.totalMessagesBefore(1);
        vm.warp(LAST + 1);
        vm.prank(USER);
        vm.expectEmit();
        emit Inbox.BatchVoided(0);
        rollup.voidBatches(0, 1);
        vm.assertEq(inbox.batch(0).objectRoot, Tree.objectRoot(""));
        vm.assertEq(inbox.totalMessagesBefore(1), messages);
        AssertionId id = _assert(genesis, STATE, 1);
        vm.warp(block.timestamp + WINDOW);
        rollup.confirm(id);
    }

    function test_BatchesThatCanBeAssertedStayAsTheyAre() public {
        _postBatch(3, RETENTION + 1 days);
        _postBatch(3);
        _postBatch(3, RETENTION + 1 days);
        (bytes32 first, bytes32 third) = (inbox.batch(0).objectRoot, inbox.batch(2).objectRoot);
        vm.expectRevert(abi.encodeWithSelector(PromisedBatches.NothingToVoid.selector, 0, 3));
        rollup.voidBatches(0, 3);
        vm.warp(LAST + 1);
        vm.expectRevert(abi.encodeWithSelector(PromisedBatches.NothingToVoid.selector, 0, 1));
        rollup.voidBatches(0, 1);
        rollup.voidBatches(0, 3);
        vm.assertEq(inbox.batch(0).objectRoot, first);
        vm.assertEq(inbox.batch(1).objectRoot, Tree.objectRoot(""));
        vm.assertEq(inbox.batch(2).objectRoot, third);
        vm.expectRevert(abi.encodeWithSelector(PromisedBatches.NothingToVoid.selector, 0, 3));
        rollup.voidBatches(0, 3);
        _assert(genesis, STATE, 3);
    }

    function test_RevertWhen_TheRangeToVoidIsConfirmedOrNotThere() public {
        _postBatch(3);
        _postBatch(3);
        AssertionId id = _assert(genesis, STATE, 1);
        vm.warp(block.timestamp + WINDOW);
        rollup.confirm(id);
        vm.expectRevert(abi.encodeWithSelector(PromisedBatches.BatchOutOfRange.selector, 2, 2, 1));
        rollup.voidBatches(1, 1);
        vm.expectRevert(abi.encodeWithSelector(PromisedBatches.BatchOutOfRange.selector, 2, 2, 3));
        rollup.voidBatches(1, 3);
        vm.expectRevert(abi.encodeWithSelector(PromisedBatches.BatchOutOfRange.selector, 1, 2, 0));
        rollup.voidBatches(0, 2);
    }

    /// @dev After an outage there may be more than one call can look at, and an assertion of the first would be in the way.
    function test_BatchesBehindTheFirstAreMadeVoidToo() public {
        for (uint256 i = 0; i < 4; ++i) {
            _postBatch(3);
        }
        bytes32 left = inbox.batch(1).objectRoot;
        vm.warp(LAST + 1);
        rollup.voidBatches(2, 4);
        rollup.voidBatches(0, 1);
        vm.assertEq(inbox.batch(3).objectRoot, Tree.objectRoot(""));
        vm.assertEq(inbox.batch(1).objectRoot, left);
        _assert(genesis, STATE, 1);
        vm.expectRevert(_childLives(rollup.lastChildOf(genesis)));
        rollup.voidBatches(1, 2);
    }

    function test_RevertWhen_SomethingPendingMayCoverTheBatches() public {
        _postBatch(3);
        vm.warp(LAST);
        AssertionId id = _assert(genesis, STATE, 1);
        vm.warp(LAST + 1);
        vm.expectRevert(_childLives(id));
        rollup.voidBatches(0, 1);
        vm.startPrank(DISPUTE);
        rollup.openGame(id);
        rollup.reject(id, USER, 1);
        vm.stopPrank();
        rollup.voidBatches(0, 1);
    }

    /// @dev A pending child of a rejected assertion claims what the batch was; nobody can play about it any more, and it can
    /// never be confirmed.
    function test_WhatWasPendingWhenBatchesWereVoidedIsNotPlayedAbout() public {
        _postBatch(3);
        _postBatch(3);
        vm.warp(LAST);
        AssertionId lost = _assert(genesis, STATE, 1);
        AssertionId child = _assert(lost, keccak256("child"), 2);
        vm.startPrank(DISPUTE);
        rollup.openGame(lost);
        rollup.openGame(child);
        rollup.closeGame(child);
        rollup.reject(lost, USER, 1);
        vm.stopPrank();
        vm.warp(LAST + 1);
        rollup.voidBatches(0, 2);
        vm.prank(DISPUTE);
        vm.expectRevert(abi.encodeWithSelector(Rollup.AssertionIsMoot.selector, child));
        rollup.openGame(child);
        // What is made afterwards claims the void batches, and is played about.
        AssertionId next = _assert(genesis, STATE, 2);
        vm.prank(DISPUTE);
        rollup.openGame(next);
        vm.prank(DISPUTE);
        rollup.closeGame(next);
        vm.warp(LAST + 1 + WINDOW);
        rollup.confirm(next);
        rollup.orphan(child);
    }

    function _assert(AssertionId parent, bytes32 state, uint64 end) private returns (AssertionId) {
        Rollup.Claim memory claim = _claim(parent, _leaf(state, end));
        vm.prank(EXECUTOR);
        return rollup.createAssertion(claim);
    }

    function _refuse(AssertionId parent, bytes32 state, uint64 end, bytes memory refusal) private {
        Rollup.Claim memory claim = _claim(parent, _leaf(state, end));
        vm.prank(EXECUTOR);
        vm.expectRevert(refusal);
        rollup.createAssertion(claim);
    }

    function _tooShortly(uint64 index, uint256 expiry) private view returns (bytes memory) {
        return abi.encodeWithSelector(
            PromisedBatches.BatchPromisedTooShortly.selector, index, block.timestamp + LONGEST, expiry
        );
    }

    function _childLives(AssertionId id) private pure returns (bytes memory) {
        return abi.encodeWithSelector(Rollup.ChildLives.selector, id);
    }

    function _postEmpty() private {
        Certificate memory none;
        inbox.forceMessage(hex"00");
        (uint64 index, uint64 delayed) = (inbox.batchCount(), inbox.delayedCount());
        vm.prank(SEQUENCER);
        inbox.postBatch(index, 0, 0, 0, uint64(block.timestamp), delayed, none);
    }
}
