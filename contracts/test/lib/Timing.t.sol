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
        this.check(Timing(10, 7, 20, 30, 5, 72, 144));
    }

    function test_RevertWhen_WindowIsZero() public {
        vm.expectRevert(abi.encodeWithSelector(WindowIsZero.selector));
        this.check(Timing(0, 7, 20, 30, 5, 72, 144));
    }

    function test_RevertWhen_StakeLeavesBeforeTheClaimIsDecided() public {
        vm.expectRevert(abi.encodeWithSelector(UnbondingTooShort.selector, 72, 71));
        this.check(Timing(10, 7, 20, 30, 5, 71, 144));
    }

    function test_RevertWhen_DataLeavesBeforeAClaimOfItIsDecided() public {
        vm.expectRevert(abi.encodeWithSelector(RetentionTooShort.selector, 144, 143));
        this.check(Timing(10, 7, 20, 30, 5, 72, 143));
    }

    function testFuzz_SumDoesNotOverflow(uint64 window, uint64 maxPause, uint64 clocks, uint64 votes, uint64 grace)
        public
    {
        vm.assume(window > 0);
        uint256 longest = uint256(window) + maxPause + clocks + votes + grace;
        uint64 most = type(uint64).max;
        if (longest > most) {
            vm.expectRevert(abi.encodeWithSelector(UnbondingTooShort.selector, longest, most));
        } else if (2 * longest > most) {
            vm.expectRevert(abi.encodeWithSelector(RetentionTooShort.selector, 2 * longest, most));
        }
        this.check(Timing(window, maxPause, clocks, votes, grace, most, most));
    }

    function testFuzz_TheSumIsJudgedAtItsEdge(uint32 window, uint32 maxPause, uint32 clocks, uint32 votes, uint32 grace)
        public
    {
        vm.assume(window > 0);
        uint64 longest = uint64(window) + maxPause + clocks + votes + grace;
        this.check(Timing(window, maxPause, clocks, votes, grace, longest, 2 * longest));
        vm.expectRevert(abi.encodeWithSelector(RetentionTooShort.selector, 2 * longest, 2 * longest - 1));
        this.check(Timing(window, maxPause, clocks, votes, grace, longest, 2 * longest - 1));
    }
}
