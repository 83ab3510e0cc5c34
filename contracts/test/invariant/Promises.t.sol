// SPDX-License-Identifier: MIT
// docs/contracts.md#promised: the network neither claims bytes that may be gone, nor waits for ever for such.
pragma solidity 0.8.37;

import {Assertions} from "../../src/Assertions.sol";
import {Rollup} from "../../src/Rollup.sol";
import {AssertionId, Certificate} from "../../src/lib/Types.sol";
import {FuzzTargets} from "../support/Fuzz.sol";
import {Network} from "../support/Network.sol";
import {bound, vm} from "../support/Vm.sol";

contract PromisesHandler is Network {
    AssertionId[] public assertions;
    /// @dev What each assertion has claimed: hash of the object roots of its batches.
    mapping(AssertionId => bytes32 roots) private claimed;
    uint256 public asserted;
    uint256 public voided;
    uint256 public confirmed;

    constructor() {
        setUp();
        assertions.push(rollup.genesis());
    }

    function post(uint256 promised, bool empty) external {
        if (empty) {
            Certificate memory none;
            inbox.forceMessage(hex"00");
            (uint64 index, uint64 delayed) = (inbox.batchCount(), inbox.delayedCount());
            vm.prank(SEQUENCER);
            inbox.postBatch(index, 0, 0, 0, uint64(block.timestamp), delayed, none);
        } else {
            _postBatch(2, promised % 2 == 0 ? RETENTION : RETENTION + 4 days);
        }
    }

    function wait(uint256 time) external {
        vm.warp(block.timestamp + bound(time, 0, 4 days));
    }

    /// @dev A range is claimed if all its batches are promised for the whole judgement, and else never.
    function createAssertion(uint256 on, uint256 batches, bool rival) external {
        AssertionId parent = assertions[on % assertions.length];
        Rollup.Assertion memory below = rollup.assertionOf(parent);
        bool latest = parent == rollup.latestConfirmed();
        if (below.status != Assertions.Status.PENDING && !latest) return;
        bool open = rollup.lastChildOf(parent) == AssertionId.wrap(0) || block.timestamp < below.siblingDeadline;
        if (!open || below.batch == inbox.batchCount()) return;
        uint64 end = uint64(bound(batches, below.batch + 1, inbox.batchCount()));
        Rollup.Claim memory claim = _claim(parent, _leaf(keccak256(abi.encode(assertions.length)), end));
        bool promised = _isPromised(below.batch, end);
        vm.prank(rival ? RIVAL : EXECUTOR);
        try rollup.createAssertion(claim) returns (AssertionId id) {
            vm.assertTrue(promised);
            assertions.push(id);
            claimed[id] = _roots(below.batch, end);
            asserted++;
        } catch {
            vm.assertFalse(promised);
        }
    }

    /// @dev Where nothing live is in the way, whatever cannot be claimed is made void, and nothing else is.
    function voidBatches(uint256 from, uint256 batches) external {
        AssertionId latest = rollup.latestConfirmed();
        uint64 earliest = rollup.assertionOf(latest).batch;
        if (earliest == inbox.batchCount()) return;
        uint64 first = uint64(bound(from, earliest == 0 ? 0 : earliest - 1, inbox.batchCount() - 1));
        uint64 end = uint64(bound(batches, first + 1, inbox.batchCount()));
        bool possible =
            first >= earliest && rollup.lastChildOf(latest) == AssertionId.wrap(0) && !_isPromised(first, end);
        try rollup.voidBatches(first, end) {
            vm.assertTrue(possible);
            vm.assertTrue(_isPromised(first, end));
            voided++;
        } catch {
            vm.assertFalse(possible);
        }
    }

    function confirm(uint256 which) external {
        AssertionId id = assertions[which % assertions.length];
        Rollup.Assertion memory claim = rollup.assertionOf(id);
        try rollup.confirm(id) {
            // The batches are still what they were when it was claimed.
            vm.assertTrue(claimed[id] == _roots(rollup.assertionOf(claim.parent).batch, claim.batch));
            confirmed++;
        } catch {}
    }

    function reject(uint256 which) external {
        AssertionId id = assertions[which % assertions.length];
        vm.prank(DISPUTE);
        try rollup.openGame(id) {
            // Nothing is played about that claims other batches than there are.
            Rollup.Assertion memory claim = rollup.assertionOf(id);
            vm.assertTrue(claimed[id] == _roots(rollup.assertionOf(claim.parent).batch, claim.batch));
            vm.prank(DISPUTE);
            rollup.reject(id, USER, 1);
        } catch {}
    }

    function orphan(uint256 which) external {
        try rollup.orphan(assertions[which % assertions.length]) {} catch {}
    }

    /// @dev The first batch that is not confirmed can be claimed, or made void, or a child of the confirmed state is live:
    /// then time decides that one.
    function checkNothingIsStuck() external {
        AssertionId latest = rollup.latestConfirmed();
        uint64 first = rollup.assertionOf(latest).batch;
        if (first == inbox.batchCount()) return;
        AssertionId child = rollup.lastChildOf(latest);
        if (child != AssertionId.wrap(0)) {
            Rollup.Assertion memory live = rollup.assertionOf(child);
            vm.assertEq(uint256(live.status), uint256(Assertions.Status.PENDING));
            vm.assertLe(rollup.deadlineOf(child), live.createdAt + WINDOW + MAX_PAUSE);
            return;
        }
        if (!_isPromised(first, first + 1)) rollup.voidBatches(first, first + 1);
        Rollup.Claim memory claim = _claim(latest, _leaf(keccak256("again"), first + 1));
        vm.prank(EXECUTOR);
        rollup.createAssertion(claim);
    }

    function _isPromised(uint64 first, uint64 end) private view returns (bool) {
        for (uint64 index = first; index < end; ++index) {
            if (inbox.expiryOf(index) < block.timestamp + LONGEST) return false;
        }
        return true;
    }

    function _roots(uint64 first, uint64 end) private view returns (bytes32 hash) {
        for (uint64 index = first; index < end; ++index) {
            hash = keccak256(abi.encode(hash, inbox.batch(index).objectRoot));
        }
    }
}

contract PromisesInvariantTest is FuzzTargets {
    PromisesHandler private handler;

    function setUp() public {
        handler = new PromisesHandler();
        bytes4[] memory selectors = new bytes4[](7);
        selectors[0] = PromisesHandler.post.selector;
        selectors[1] = PromisesHandler.wait.selector;
        selectors[2] = PromisesHandler.createAssertion.selector;
        selectors[3] = PromisesHandler.voidBatches.selector;
        selectors[4] = PromisesHandler.confirm.selector;
        selectors[5] = PromisesHandler.reject.selector;
        selectors[6] = PromisesHandler.orphan.selector;
        _target(address(handler), selectors);
    }

    /// forge-config: default.invariant.runs = 64
    function invariant_TheFirstBatchThatIsNotConfirmedIsClaimableOrVoidable() public {
        handler.checkNothingIsStuck();
    }
}
