// SPDX-License-Identifier: MIT
// docs/contracts.md#escape: whoever leaves in whatever order, the Bridge can always pay all who have not, and pays each once.
pragma solidity 0.8.37;

import {EscapeNetwork} from "../support/EscapeNetwork.sol";
import {FuzzTargets} from "../support/Fuzz.sol";
import {bound, vm} from "../support/Vm.sol";

contract EscapeHandler is EscapeNetwork {
    uint256 public unpaid;
    uint256 public failures;
    bool public leftEarly;
    uint256[] private deposits;

    constructor() {
        setUp();
        unpaid = _stateTotal();
    }

    function deposit(uint256 amount) external {
        amount = bound(amount, 1, 100 ether);
        deposits.push(amount);
        inbox.deposit(USER, amount);
        unpaid += amount;
    }

    function postBatch(uint256 time) external {
        vm.warp(block.timestamp + bound(time, 0, 2 hours));
        _postBatch(1);
    }

    function end(uint256 time) external {
        vm.warp(block.timestamp + bound(time, 0, ESCAPE));
        try rollup.end() {} catch {}
    }

    function leaveAccount(uint256 i) external {
        i %= ACCOUNTS;
        try this.leaveAccountOf(i) {
            _paid(_balanceOf(i));
        } catch {
            ++failures;
        }
    }

    function leaveRun(uint256 i) external {
        i %= 3;
        try this.leaveRunOf(i) {
            _paid(_restOf(i));
        } catch {
            ++failures;
        }
    }

    function leaveDeposit(uint256 i, uint256 wrong) external {
        if (deposits.length == 0) return;
        i %= deposits.length;
        uint256 amount = deposits[i] + (wrong % 4 == 0 ? 1 : 0);
        uint64 index = inbox.delayedCount() - uint64(deposits.length - i);
        try escape.leaveDeposit(index, USER, amount) {
            vm.assertEq(amount, deposits[i]);
            _paid(amount);
        } catch {
            ++failures;
        }
    }

    function withdraw() external {
        try this.withdrawIt() {
            unpaid -= vm.parseJsonUint(json, ".withdrawal.amount");
        } catch {
            ++failures;
        }
    }

    function claimFees() external {
        try this.claimThem() {
            uint256 before = token.balanceOf(address(bridge));
            bridge.payEarnings(EXECUTOR);
            unpaid -= before - token.balanceOf(address(bridge));
        } catch {
            ++failures;
        }
    }

    function leaveAccountOf(uint256 i) external {
        _leaveAccount(i);
    }

    function leaveRunOf(uint256 i) external {
        _leaveRun(i);
    }

    function withdrawIt() external {
        _withdraw();
    }

    function claimThem() external {
        _claimFees();
    }

    function bridgeHolds() external view returns (uint256) {
        return token.balanceOf(address(bridge));
    }

    function _paid(uint256 amount) private {
        leftEarly = leftEarly || rollup.endedAt() == 0;
        unpaid -= amount;
    }
}

contract EscapeInvariantTest is FuzzTargets {
    EscapeHandler private handler;

    function setUp() public {
        handler = new EscapeHandler();
        bytes4[] memory selectors = new bytes4[](8);
        selectors[0] = EscapeHandler.deposit.selector;
        selectors[1] = EscapeHandler.postBatch.selector;
        selectors[2] = EscapeHandler.end.selector;
        selectors[3] = EscapeHandler.leaveAccount.selector;
        selectors[4] = EscapeHandler.leaveRun.selector;
        selectors[5] = EscapeHandler.leaveDeposit.selector;
        selectors[6] = EscapeHandler.withdraw.selector;
        selectors[7] = EscapeHandler.claimFees.selector;
        _target(address(handler), selectors);
    }

    /// @dev What is unpaid is counted by the handler alone: a second payment would underflow it, or leave the Bridge short.
    function invariant_TheBridgeHoldsExactlyWhatIsUnpaid() public view {
        vm.assertEq(handler.bridgeHolds(), handler.unpaid());
    }

    function invariant_NobodyLeavesBeforeTheEnd() public view {
        vm.assertFalse(handler.leftEarly());
    }
}
