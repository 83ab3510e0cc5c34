// SPDX-License-Identifier: MIT
// docs/contracts.md#eigenlayer-slash
pragma solidity 0.8.37;

import {Exposure} from "../../src/Exposure.sol";
import {EigenStakeSource} from "../../src/eigenlayer/EigenStakeSource.sol";
import {OperatorSet} from "../../src/eigenlayer/IEigenLayer.sol";
import {Role} from "../../src/lib/Types.sol";
import {EigenLayerDouble} from "../support/EigenLayerDouble.sol";
import {EigenNetwork} from "../support/EigenNetwork.sol";
import {bound, vm} from "../support/Vm.sol";

/// How much a slash takes, of which strategies, who gets it, and who is told.
contract EigenSlashesTest is EigenNetwork {
    function setUp() public override {
        super.setUp();
        _enter(OPERATOR, ROLE, 1500 ether, 700 ether);
    }

    function test_ASlashIsCollectedAtOnceIfEigenLayerPays() public {
        uint256 supply = token.totalSupply();
        (uint256 slashed, uint256 reward) = _slash(100 ether);
        vm.assertEq(stakes.uncollected(), 0);
        vm.assertEq(stakes.rewardOf(USER), reward);
        vm.assertEq(supply - token.totalSupply(), slashed - reward);
        vm.expectRevert(abi.encodeWithSelector(EigenStakeSource.NothingToCollect.selector, ROLE, 1));
        stakes.collect(ROLE, 1);
    }

    function test_ASlashTakesTheFirstStrategyFirst() public {
        _slash(100 ether);
        vm.assertLe(_worth(0), 1400 ether);
        vm.assertEq(_worth(1), 700 ether);
        _slash(1401 ether);
        vm.assertEq(_worth(0), 0);
        vm.assertLe(_worth(1), 699 ether);
    }

    function test_AStrategyWithNothingIsLeftOut() public {
        _allocate(OPERATOR, ROLE, 0, 0);
        _passBlocks(DELAY_BLOCKS + 1);
        (uint256 slashed,) = _slash(type(uint256).max);
        vm.assertEq(slashed, 700 ether);
    }

    /// A slash takes what was asked for or all there is, and beyond it less than ten wei: the magnitude is 10^18 parts.
    function testFuzz_ASlashTakesTheAmountOrAllThereIs(uint256[3] memory amounts, uint256 gift) public {
        token.mint(address(strategies[0]), bound(gift, 0, 10_000 ether));
        for (uint256 i = 0; i < 3; ++i) {
            uint256 atRisk = stakes.slashableOf(OPERATOR, ROLE);
            uint256 amount = bound(amounts[i], 0, 1000 ether);
            (uint256 slashed, uint256 reward) = _slash(amount);
            vm.assertGe(slashed, amount < atRisk ? amount : atRisk);
            vm.assertLe(slashed, (amount < atRisk ? amount : atRisk) + 100_000);
            vm.assertLe(2 * reward, amount);
            uint256 left = stakes.slashableOf(OPERATOR, ROLE);
            vm.assertLe(atRisk - left, slashed + 10);
            vm.assertLe(slashed, atRisk - left + 10);
        }
    }

    /// Where a share is more than a unit of magnitude, the roundings of shares decide.
    function testFuzz_ASmallStakeIsSlashedOfTheAmountToo(uint256[5] memory seeds) public {
        stakes = _deploy(_timing(uint64(LONGEST)), _eigenLayer(), 1);
        address small = address(0x09e3);
        uint256 held = bound(seeds[0], 100, 100_000);
        _deposit(small, small, 0, held);
        token.mint(address(strategies[0]), bound(seeds[4], 0, 10_000 ether));
        _allocate(small, ROLE, 0, uint64(bound(seeds[1], WHOLE / 10, WHOLE)));
        _register(small, ROLE);
        vm.prank(small);
        eigen.queueWithdrawal(strategies[0], small, bound(seeds[2], 0, held));
        for (uint256 i = 0; i < 3; ++i) {
            uint256 atRisk = stakes.slashableOf(small, ROLE);
            uint256 amount = bound(seeds[3] >> (64 * i), 1, 1 + atRisk / 2);
            vm.prank(COURT);
            (uint256 slashed,) = stakes.slash(small, ROLE, amount, USER, amount);
            vm.assertGe(slashed, amount < atRisk ? amount : atRisk);
        }
    }

    /// Half of what is active leaves, in three ways: the slash takes the amount all the same.
    function testFuzz_ASlashReachesWhatLeaves(uint256 part, uint256 scaled, uint256 amount) public {
        _allocate(OPERATOR, ROLE, 0, uint64(bound(part, 0, WHOLE / 2 - 1)));
        vm.prank(OPERATOR);
        eigen.queueWithdrawal(strategies[1], OPERATOR, bound(scaled, 0, 1400 ether));
        uint256 atRisk = stakes.slashableOf(OPERATOR, ROLE);
        vm.assertGe(atRisk + 3, 2200 ether);
        amount = bound(amount, 1, atRisk);
        (uint256 slashed,) = _slash(amount);
        vm.assertGe(slashed, amount);
        vm.assertLe(slashed, atRisk + 3);
        vm.assertLe(slashed, amount + 100_000);
    }

    function test_WhoHasNothingAtRiskIsSlashedOfNothing() public {
        vm.startPrank(COURT);
        (uint256 slashed, uint256 reward) = stakes.slash(USER, ROLE, 1 ether, OPERATOR, 1 ether);
        vm.assertEq(slashed + reward, 0);
        (slashed,) = stakes.slash(OPERATOR, Role.GATEWAY, 1 ether, USER, 1 ether);
        vm.assertEq(slashed, 0);
        (slashed,) = stakes.slash(OPERATOR, ROLE, 0, USER, 1 ether);
        vm.assertEq(slashed, 0);
        vm.stopPrank();
        vm.assertEq(stakes.uncollected(), 0);
    }

    /// What stays of a lock after a slash holds back all that is left, and no more than that.
    function test_ASlashLeavesNothingFreeUntilLocksAreReleased() public {
        vm.prank(ROLLUP);
        stakes.lock(OPERATOR, ROLE, 2000 ether);
        _slash(1200 ether);
        vm.assertEq(stakes.freeOf(OPERATOR, ROLE), 0);
        vm.prank(ROLLUP);
        stakes.release(OPERATOR, ROLE, 2000 ether);
        vm.assertLe(stakes.freeOf(OPERATOR, ROLE), 1000 ether);
        vm.assertGe(stakes.freeOf(OPERATOR, ROLE), 1000 ether - 100_000);
    }

    function test_ARewardCanBeClaimedOnceTheSlashIsCollected() public {
        eigen.setHeld(true);
        uint256 supply = token.totalSupply();
        (uint256 slashed, uint256 reward) = _slash(100 ether);
        vm.assertEq(reward, 50 ether);
        vm.expectRevert(abi.encodeWithSelector(EigenLayerDouble.PayoutsAreHeld.selector));
        stakes.collect(ROLE, 1);
        eigen.setHeld(false);
        vm.assertEq(stakes.rewardOf(USER), 0);
        vm.assertEq(token.balanceOf(address(stakes)), 0);
        stakes.collect(ROLE, 1);
        vm.assertEq(stakes.rewardOf(USER), 50 ether);
        vm.assertEq(token.balanceOf(address(stakes)), 50 ether);
        vm.assertEq(supply - token.totalSupply(), slashed - 50 ether);
        vm.prank(USER);
        stakes.claimReward();
        vm.assertEq(token.balanceOf(USER), 50 ether);
        vm.assertEq(stakes.owed(), 0);
        vm.prank(USER);
        vm.expectRevert(abi.encodeWithSelector(Exposure.NothingToWithdraw.selector));
        stakes.claimReward();
        vm.expectRevert(abi.encodeWithSelector(EigenStakeSource.NothingToCollect.selector, ROLE, 1));
        stakes.collect(ROLE, 1);
    }

    function test_ASlashWithoutBeneficiaryIsBurned() public {
        uint256 supply = token.totalSupply();
        vm.prank(COURT);
        (uint256 slashed, uint256 reward) = stakes.slash(OPERATOR, ROLE, 100 ether, address(0), 50 ether);
        vm.assertEq(reward, 0);
        vm.assertEq(supply - token.totalSupply(), slashed);
        vm.assertEq(token.balanceOf(address(stakes)), 0);
    }

    /// Anyone may have EigenLayer pay out: no slash gets another one's tokens, in whatever order they are collected.
    function testFuzz_SlashesArePaidWhoeverHasThemPaidOut(uint256 order, uint256 gift) public {
        eigen.setHeld(true);
        for (uint256 i = 0; i < 3; ++i) {
            _slash(100 ether * (i + 1));
        }
        eigen.setHeld(false);
        for (uint256 id = 1; id <= 3; ++id) {
            if ((order >> id) & 1 == 0) continue;
            eigen.clearBurnOrRedistributableShares(OperatorSet(address(stakes), uint32(ROLE)), id);
        }
        token.mint(address(stakes), bound(gift, 0, 1 ether));
        for (uint256 i = 0; i < 3; ++i) {
            uint256 id = (order / 8 + i) % 3 + 1;
            (uint256 reward, uint256 burned) = stakes.collect(ROLE, id);
            vm.assertEq(reward, 50 ether * id);
            vm.assertGe(burned, reward);
        }
        vm.assertEq(stakes.rewardOf(USER), 300 ether);
        vm.assertEq(token.balanceOf(address(stakes)), 300 ether);
    }

    function test_TheHookIsToldWhenTheMinimumIsNotReached() public {
        _slash(1200 ether - 100_000);
        vm.assertEq(hook.told(), 0);
        _slash(100_001);
        vm.assertEq(hook.told(), 1);
        vm.assertEq(hook.last(), OPERATOR);
        hook.setFails(true);
        (uint256 slashed,) = _slash(1 ether);
        vm.assertGe(slashed, 1 ether);
        vm.assertEq(hook.told(), 1);
    }

    /// EigenLayer tells of who leaves the set, but not of an allocation that ends: whoever sees it syncs.
    function test_TheHookIsToldOfWhoLeaves() public {
        _allocate(OPERATOR, ROLE, 0, 1);
        vm.assertEq(hook.told(), 0);
        stakes.sync(OPERATOR, ROLE);
        vm.assertEq(hook.told(), 1);
        _deregister(OPERATOR, ROLE);
        vm.assertEq(hook.told(), 2);
    }

    /// Whoever slashes chooses the gas: too little undoes the slash, and never only the hook.
    function testFuzz_NoAmountOfGasStarvesAHook(uint256 gasLimit) public {
        gasLimit = bound(gasLimit, 200_000, 2_500_000);
        vm.prank(COURT);
        (bool done,) =
            address(stakes).call{gas: gasLimit}(abi.encodeCall(stakes.slash, (OPERATOR, ROLE, 2000 ether, USER, 0)));
        vm.assertEq(hook.told(), done ? 1 : 0);
        vm.assertTrue(done || gasLimit < 1_900_000);
    }

    function _worth(uint256 strategy) private view returns (uint256) {
        uint256 all = stakes.slashableOf(OPERATOR, ROLE);
        uint256 first = strategies[0].totalShares();
        // The first strategy's part: all that is not in the second.
        uint256 second = eigen.operatorShares(OPERATOR, strategies[1]);
        uint256 most = eigen.getMaxMagnitude(OPERATOR, strategies[1]);
        uint256 current =
            eigen.getAllocation(OPERATOR, OperatorSet(address(stakes), uint32(ROLE)), strategies[1]).currentMagnitude;
        uint256 inSecond = second * current / most;
        return first == 0 ? 0 : strategy == 1 ? inSecond : all - inSecond;
    }
}
