// SPDX-License-Identifier: MIT
// docs/contracts.md#timing
pragma solidity 0.8.37;

import {Constants} from "../../src/generated/Constants.sol";
import {SettingTooLarge} from "../../src/lib/Settings.sol";
import {MAX_UNBONDING, RetentionTooShort, Timing, UnbondingTooShort, WindowIsZero} from "../../src/lib/Timing.sol";
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
        uint64 unbonding = uint64(MAX_UNBONDING);
        uint64 retention = uint64(Constants.MAX_RETENTION_SECONDS);
        if (longest > unbonding) {
            vm.expectRevert(abi.encodeWithSelector(UnbondingTooShort.selector, longest, unbonding));
        } else if (2 * longest > retention) {
            vm.expectRevert(abi.encodeWithSelector(RetentionTooShort.selector, 2 * longest, retention));
        }
        this.check(Timing(window, maxPause, clocks, votes, grace, unbonding, retention));
    }

    function test_RevertWhen_NoCertificateIsThatLong() public {
        uint64 most = uint64(Constants.MAX_RETENTION_SECONDS);
        this.check(Timing(10, 7, 20, 30, 5, 72, most));
        vm.expectRevert(abi.encodeWithSelector(SettingTooLarge.selector, most, most + 1));
        this.check(Timing(10, 7, 20, 30, 5, 72, most + 1));
    }

    function test_RevertWhen_StakeLeavesAtNoTime() public {
        uint64 most = uint64(MAX_UNBONDING);
        this.check(Timing(10, 7, 20, 30, 5, most, 144));
        vm.expectRevert(abi.encodeWithSelector(SettingTooLarge.selector, most, most + 1));
        this.check(Timing(10, 7, 20, 30, 5, most + 1, 144));
    }

    function testFuzz_TheSumIsJudgedAtItsEdge(uint16 window, uint16 maxPause, uint16 clocks, uint16 votes, uint16 grace)
        public
    {
        vm.assume(window > 0);
        uint64 longest = uint64(window) + maxPause + clocks + votes + grace;
        this.check(Timing(window, maxPause, clocks, votes, grace, longest, 2 * longest));
        vm.expectRevert(abi.encodeWithSelector(RetentionTooShort.selector, 2 * longest, 2 * longest - 1));
        this.check(Timing(window, maxPause, clocks, votes, grace, longest, 2 * longest - 1));
    }
}
