// SPDX-License-Identifier: MIT
// docs/contracts.md#rollup: whatever is called in whatever order, only what stood its window is final, and only that is paid.
pragma solidity 0.8.37;

import {Assertions} from "../../src/Assertions.sol";
import {Rollup} from "../../src/Rollup.sol";
import {Batch} from "../../src/interfaces/IInbox.sol";
import {AssertionId, Certificate, Role} from "../../src/lib/Types.sol";
import {FuzzTargets} from "../support/Fuzz.sol";
import {Network} from "../support/Network.sol";
import {bound, vector, vm} from "../support/Vm.sol";

contract ChainHandler is Network {
    AssertionId[] public assertions;
    mapping(AssertionId => uint256 time) public rejectedAt;
    uint256 public confirmations;
    uint256 public deposited;
    uint256 public paid;
    uint256 public unpaid;

    bytes32 private immutable stateRoot;
    address private immutable recipient;
    uint256[] private amounts;
    uint256[] private indexes;
    bytes[][3] private proofs;

    constructor() {
        setUp();
        string memory json = vector("state");
        stateRoot = vm.parseJsonBytes32(json, ".after.root");
        recipient = vm.parseJsonAddress(json, ".recipient");
        amounts = vm.parseJsonUintArray(json, ".amounts");
        indexes = vm.parseJsonUintArray(json, ".indexes");
        for (uint256 i = 0; i < 3; ++i) {
            proofs[i] = vm.parseJsonBytesArray(json, string.concat(".proofs[", vm.toString(i), "]"));
        }
        token.approve(address(inbox), type(uint256).max);
        assertions.push(rollup.genesis());
        // The withdrawals of the vectors are covered from the beginning.
        deposit(100 ether);
    }

    function deposit(uint256 amount) public {
        amount = bound(amount, 1, 100 ether);
        inbox.deposit(USER, amount);
        deposited += amount;
    }

    function postBatch(uint256 count, uint256 time) external {
        vm.warp(block.timestamp + bound(time, 0, 2 hours));
        _postBatch(uint32(bound(count, 1, 20)));
    }

    function forceInclude(uint256 time) external {
        vm.warp(block.timestamp + bound(time, 0, 2 hours));
        try inbox.forceInclude(inbox.batchCount(), 1) {} catch {}
    }

    function createAssertion(uint256 on, uint256 batches, bool rival, bool truthful) external {
        AssertionId parent = assertions[on % assertions.length];
        uint64 first = rollup.assertionOf(parent).batch;
        if (first == inbox.batchCount()) return;
        uint64 last = uint64(bound(batches, first + 1, inbox.batchCount()));
        bytes32 root = truthful ? stateRoot : keccak256(abi.encode(on, batches));
        Rollup.Claim memory claim = _claim(parent, _leaf(root, last));
        vm.prank(rival ? RIVAL : EXECUTOR);
        try rollup.createAssertion(claim) returns (AssertionId id) {
            assertions.push(id);
        } catch {}
    }

    function confirm(uint256 which, uint256 time) external {
        vm.warp(block.timestamp + bound(time, 0, WINDOW));
        try rollup.confirm(assertions[which % assertions.length]) {
            confirmations++;
        } catch {}
    }

    function orphan(uint256 which) external {
        try rollup.orphan(assertions[which % assertions.length]) {} catch {}
    }

    function reject(uint256 which) external {
        AssertionId id = assertions[which % assertions.length];
        vm.prank(DISPUTE);
        try rollup.reject(id, USER, 10 ether) {
            rejectedAt[id] = block.timestamp;
        } catch {}
    }

    function withdraw(uint256 which, uint256 index) external {
        AssertionId id = assertions[which % assertions.length];
        index %= 3;
        bool confirmed = rollup.assertionOf(id).status == Assertions.Status.CONFIRMED;
        try bridge.withdraw(id, uint64(indexes[index]), recipient, amounts[index], proofs[index]) {
            vm.assertTrue(confirmed);
            paid += amounts[index];
        } catch {
            unpaid++;
        }
    }

    function bridgeHolds() external view returns (uint256) {
        return token.balanceOf(address(bridge));
    }

    function payable_() external view returns (uint256 sum) {
        for (uint256 i = 0; i < amounts.length; ++i) {
            sum += amounts[i];
        }
    }

    /// @dev Follows the confirmed chain back to genesis.
    function checkConfirmedChain() external view {
        AssertionId id = rollup.latestConfirmed();
        uint256 length = 0;
        while (id != rollup.genesis()) {
            Rollup.Assertion memory assertion = rollup.assertionOf(id);
            vm.assertEq(uint256(assertion.status), uint256(Assertions.Status.CONFIRMED));
            vm.assertLe(assertion.deadline, block.timestamp);
            vm.assertEq(assertion.deadline, assertion.createdAt + WINDOW);
            vm.assertEq(rejectedAt[id], 0);
            vm.assertTrue(assertion.batch > rollup.assertionOf(assertion.parent).batch);
            id = assertion.parent;
            ++length;
        }
        vm.assertEq(length, confirmations);
    }

    function checkOrder() external view {
        Batch memory previous;
        for (uint64 i = 0; i < inbox.batchCount(); ++i) {
            Batch memory batch = inbox.batch(i);
            vm.assertGe(batch.timestamp, previous.timestamp);
            vm.assertGe(batch.delayedUpTo, previous.delayedUpTo);
            vm.assertLe(batch.delayedUpTo, inbox.delayedCount());
            vm.assertGe(batch.messageCount, 1);
            vm.assertEq(batch.totalMessages, previous.totalMessages + batch.messageCount);
            previous = batch;
        }
    }

    function checkBonds() external view {
        uint256 pending = 0;
        for (uint256 i = 0; i < assertions.length; ++i) {
            if (rollup.assertionOf(assertions[i]).status == Assertions.Status.PENDING) ++pending;
        }
        uint256 locked = stakes.lockedOf(EXECUTOR, Role.EXECUTOR) + stakes.lockedOf(RIVAL, Role.EXECUTOR);
        vm.assertEq(locked, pending * BOND);
    }
}

contract ChainInvariantTest is FuzzTargets {
    ChainHandler private handler;

    function setUp() public {
        handler = new ChainHandler();
        bytes4[] memory selectors = new bytes4[](8);
        selectors[0] = ChainHandler.deposit.selector;
        selectors[1] = ChainHandler.postBatch.selector;
        selectors[2] = ChainHandler.forceInclude.selector;
        selectors[3] = ChainHandler.createAssertion.selector;
        selectors[4] = ChainHandler.confirm.selector;
        selectors[5] = ChainHandler.orphan.selector;
        selectors[6] = ChainHandler.reject.selector;
        selectors[7] = ChainHandler.withdraw.selector;
        _target(address(handler), selectors);
    }

    function invariant_OnlyWhatStoodItsWindowIsConfirmed() public view {
        handler.checkConfirmedChain();
    }

    function invariant_TheOrderOnlyGrows() public view {
        handler.checkOrder();
    }

    function invariant_EveryPendingAssertionIsBonded() public view {
        handler.checkBonds();
    }

    function invariant_TheBridgePaysOnlyWhatIsProvenAndOnce() public view {
        vm.assertEq(handler.bridgeHolds(), handler.deposited() - handler.paid());
        vm.assertLe(handler.paid(), handler.payable_());
    }
}
