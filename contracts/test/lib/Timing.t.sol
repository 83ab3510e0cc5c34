// SPDX-License-Identifier: MIT
// docs/contracts.md#timing
pragma solidity 0.8.37;

import {RetentionTooShort, Timing, UnbondingTooShort, WindowIsZero} from "../../src/lib/Timing.sol";
import {vm} from "../support/Vm.sol";

contract TimingTest {
    function check(Timing memory timing) external pure {
        timing.check();
    }

    function test_EqualPeriodsAreEnough() public view {
        this.check(Timing(10, 20, 30, 5, 65, 65));
    }

    function test_RevertWhen_WindowIsZero() public {
        vm.expectRevert(abi.encodeWithSelector(WindowIsZero.selector));
        this.check(Timing(0, 20, 30, 5, 65, 65));
    }

    function test_RevertWhen_StakeLeavesBeforeTheClaimIsDecided() public {
        vm.expectRevert(abi.encodeWithSelector(UnbondingTooShort.selector, 65, 64));
        this.check(Timing(10, 20, 30, 5, 64, 65));
    }

    function test_RevertWhen_DataLeavesBeforeTheClaimIsDecided() public {
        vm.expectRevert(abi.encodeWithSelector(RetentionTooShort.selector, 65, 64));
        this.check(Timing(10, 20, 30, 5, 65, 64));
    }

    function testFuzz_SumDoesNotOverflow(uint64 window, uint64 clocks, uint64 votes, uint64 grace) public {
        vm.assume(window > 0);
        uint256 longest = uint256(window) + clocks + votes + grace;
        if (longest > type(uint64).max) {
            vm.expectRevert(abi.encodeWithSelector(UnbondingTooShort.selector, longest, type(uint64).max));
        }
        this.check(Timing(window, clocks, votes, grace, type(uint64).max, type(uint64).max));
    }
}
