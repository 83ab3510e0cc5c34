// SPDX-License-Identifier: MIT
// docs/contracts.md#delegation
pragma solidity 0.8.37;

import {DelegationPool} from "../src/DelegationPool.sol";
import {Exposure} from "../src/Exposure.sol";
import {StakeManager} from "../src/StakeManager.sol";
import {Role} from "../src/lib/Types.sol";
import {Network} from "./support/Network.sol";
import {bound, vm} from "./support/Vm.sol";
import {ERC4626} from "@openzeppelin/contracts/token/ERC20/extensions/ERC4626.sol";

contract DelegationPoolTest is Network {
    address private constant OPERATOR = address(0x09e);
    address private constant ALICE = address(0xa11ce);
    address private constant BOB = address(0xb0b);
    Role private constant ROLE = Role.VALIDATOR;
    string private constant GROUP = "stake";

    DelegationPool private pool;

    function setUp() public override {
        super.setUp();
        stakes.stake(OPERATOR, ROLE, MINIMUM);
        vm.prank(OPERATOR);
        pool = DelegationPool(address(stakes.openPool(ROLE, 1000)));
        address[2] memory people = [ALICE, BOB];
        for (uint256 i = 0; i < 2; ++i) {
            token.mint(people[i], 100 * MINIMUM);
            vm.prank(people[i]);
            token.approve(address(pool), type(uint256).max);
        }
    }

    function test_WhatIsDelegatedCountsForTheOperator() public {
        _delegate(ALICE, 2 * MINIMUM);
        vm.assertEq(pool.balanceOf(ALICE), 2 * MINIMUM);
        vm.assertEq(stakes.weightOf(OPERATOR, ROLE), 3 * MINIMUM);
        vm.assertEq(stakes.totalWeightOf(ROLE), 3 * MINIMUM);
        vm.assertEq(stakes.activeOf(OPERATOR, ROLE), MINIMUM);
        vm.assertEq(stakes.weightOf(OPERATOR, Role.EXECUTOR), 0);
    }

    function test_WeightsOfThePastStand() public {
        uint48 before = uint48(block.timestamp);
        vm.warp(block.timestamp + 100);
        _delegate(ALICE, MINIMUM);
        vm.warp(block.timestamp + 100);
        vm.assertEq(stakes.weightAt(OPERATOR, ROLE, before), MINIMUM);
        vm.assertEq(stakes.weightAt(OPERATOR, ROLE, before + 100), 2 * MINIMUM);
        vm.assertEq(stakes.totalWeightAt(ROLE, before + 100), 2 * MINIMUM);
    }

    function test_NineTimesTheOwnStakeCanBeDelegatedAndNoMore() public {
        vm.assertEq(pool.maxDeposit(ALICE), 9 * MINIMUM);
        _delegate(ALICE, 9 * MINIMUM);
        vm.assertEq(pool.maxDeposit(ALICE), 0);
        bytes memory refusal = abi.encodeWithSelector(ERC4626.ERC4626ExceededMaxDeposit.selector, BOB, 1, 0);
        vm.prank(BOB);
        vm.expectRevert(refusal);
        pool.deposit(1, BOB);
    }

    function test_AnOperatorBelowTheMinimumTakesNothing() public {
        vm.prank(OPERATOR);
        stakes.unbond(ROLE, 1);
        vm.assertEq(pool.maxDeposit(ALICE), 0);
        vm.assertEq(pool.maxMint(ALICE), 0);
    }

    function test_WhatCountsShrinksWithTheOwnStake() public {
        stakes.stake(OPERATOR, ROLE, MINIMUM);
        _delegate(ALICE, 18 * MINIMUM);
        vm.prank(OPERATOR);
        stakes.unbond(ROLE, MINIMUM);
        vm.assertEq(stakes.weightOf(OPERATOR, ROLE), 10 * MINIMUM);
        vm.assertEq(pool.totalAssets(), 18 * MINIMUM);
    }

    function test_ERC4626ExitsAreOff() public {
        _delegate(ALICE, MINIMUM);
        vm.assertEq(pool.maxWithdraw(ALICE), 0);
        vm.assertEq(pool.maxRedeem(ALICE), 0);
        vm.prank(ALICE);
        vm.expectRevert(abi.encodeWithSelector(ERC4626.ERC4626ExceededMaxWithdraw.selector, ALICE, 1, 0));
        pool.withdraw(1, ALICE, ALICE);
        vm.prank(ALICE);
        vm.expectRevert(abi.encodeWithSelector(ERC4626.ERC4626ExceededMaxRedeem.selector, ALICE, 1, 0));
        pool.redeem(1, ALICE, ALICE);
    }

    function test_UnbondedSharesArePaidAfterThePeriod() public {
        _delegate(ALICE, 2 * MINIMUM);
        vm.prank(ALICE);
        vm.assertEq(pool.unbond(MINIMUM), MINIMUM);
        vm.assertEq(stakes.weightOf(OPERATOR, ROLE), 2 * MINIMUM);
        vm.warp(block.timestamp + LONGEST - 1);
        vm.prank(ALICE);
        vm.expectRevert(abi.encodeWithSelector(DelegationPool.NothingToWithdraw.selector));
        pool.withdrawUnbonded();
        vm.warp(block.timestamp + 1);
        uint256 before = token.balanceOf(ALICE);
        vm.prank(ALICE);
        vm.assertEq(pool.withdrawUnbonded(), MINIMUM);
        vm.assertEq(token.balanceOf(ALICE), before + MINIMUM);
        (uint256[] memory left,) = pool.unbondingsOf(ALICE);
        vm.assertEq(left.length, 0);
    }

    function test_RevertWhen_NothingIsUnbonded() public {
        vm.prank(ALICE);
        vm.expectRevert(abi.encodeWithSelector(DelegationPool.AmountIsZero.selector));
        pool.unbond(0);
        vm.prank(ALICE);
        vm.expectRevert();
        pool.unbond(1);
    }

    function test_RevertWhen_TooManyUnbondingsWait() public {
        _delegate(ALICE, MINIMUM);
        vm.startPrank(ALICE);
        for (uint256 i = 0; i < 16; ++i) {
            pool.unbond(1);
        }
        vm.expectRevert(abi.encodeWithSelector(DelegationPool.TooManyUnbondings.selector, 16));
        pool.unbond(1);
        vm.stopPrank();
    }

    /// @dev Whoever asks to leave when the fault is known, in the block before the slash, pays as those who stay do.
    function test_WhoFleesBeforeASlashIsSlashed() public {
        _delegate(ALICE, 4 * MINIMUM);
        _delegate(BOB, 4 * MINIMUM);
        vm.prank(ALICE);
        pool.unbond(4 * MINIMUM);
        // The operator's own stake goes first, then half of what is delegated.
        _slash(5 * MINIMUM);
        vm.assertEq(stakes.activeOf(OPERATOR, ROLE), 0);
        vm.assertEq(pool.unbonding(), 2 * MINIMUM);
        vm.assertEq(pool.totalAssets(), 2 * MINIMUM);
        vm.warp(block.timestamp + LONGEST);
        vm.prank(ALICE);
        vm.assertEq(pool.withdrawUnbonded(), 2 * MINIMUM);
    }

    function test_TheOperatorLosesFirst() public {
        _delegate(ALICE, MINIMUM);
        vm.prank(OPERATOR);
        stakes.unbond(ROLE, MINIMUM / 2);
        _slash(MINIMUM);
        vm.assertEq(stakes.activeOf(OPERATOR, ROLE), 0);
        vm.assertEq(stakes.unbondingsOf(OPERATOR, ROLE).length, 0);
        vm.assertEq(pool.totalAssets(), MINIMUM);
        _slash(1);
        vm.assertEq(pool.totalAssets(), MINIMUM - 1);
    }

    function test_NoMoreIsSlashedThanIsThere() public {
        _delegate(ALICE, MINIMUM);
        vm.prank(DISPUTE);
        (uint256 slashed, uint256 reward) = stakes.slash(OPERATOR, ROLE, 100 * MINIMUM, USER, type(uint256).max);
        vm.assertEq(slashed, 2 * MINIMUM);
        vm.assertEq(reward, MINIMUM);
        vm.assertEq(token.balanceOf(address(pool)), 0);
    }

    function test_WhatWasLockedStaysSlashableWhenDelegatorsLeave() public {
        _delegate(ALICE, 9 * MINIMUM);
        vm.prank(DISPUTE);
        stakes.lock(OPERATOR, ROLE, 10 * MINIMUM);
        vm.prank(ALICE);
        pool.unbond(9 * MINIMUM);
        vm.assertEq(stakes.freeOf(OPERATOR, ROLE), 0);
        vm.warp(block.timestamp + LONGEST - 1);
        vm.prank(DISPUTE);
        (uint256 slashed,) = stakes.slash(OPERATOR, ROLE, 10 * MINIMUM, USER, 0);
        vm.assertEq(slashed, 10 * MINIMUM);
    }

    function test_LocksBindTheOwnStakeFirst() public {
        _delegate(ALICE, 9 * MINIMUM);
        vm.prank(DISPUTE);
        stakes.lock(OPERATOR, ROLE, MINIMUM + 1);
        vm.prank(OPERATOR);
        vm.expectRevert(abi.encodeWithSelector(Exposure.NotEnoughFreeStake.selector, 0, 1));
        stakes.unbond(ROLE, 1);
    }

    function test_ALockNeedsStakeThatCounts() public {
        _delegate(ALICE, MINIMUM);
        vm.prank(DISPUTE);
        vm.expectRevert(abi.encodeWithSelector(Exposure.NotEnoughFreeStake.selector, 2 * MINIMUM, 2 * MINIMUM + 1));
        stakes.lock(OPERATOR, ROLE, 2 * MINIMUM + 1);
    }

    function test_APoolThatHasLostNearlyAllTakesNoMore() public {
        _delegate(ALICE, MINIMUM);
        _slash(2 * MINIMUM - 1);
        stakes.stake(OPERATOR, ROLE, MINIMUM);
        vm.assertEq(pool.maxDeposit(BOB), 0);
        vm.prank(BOB);
        vm.expectRevert();
        pool.deposit(1 ether, BOB);
    }

    /// @dev What is on its way out can be slashed to nothing again and again: who unbonds later is paid nevertheless.
    function test_AnEraEndsWhenAllThatLeavesIsSlashed() public {
        _delegate(ALICE, 4 * MINIMUM);
        _delegate(BOB, 4 * MINIMUM);
        vm.prank(ALICE);
        pool.unbond(4 * MINIMUM);
        _slash(9 * MINIMUM - 1);
        (uint256[] memory left,) = pool.unbondingsOf(ALICE);
        vm.assertEq(left[0], 0);
        vm.assertEq(pool.unbonding(), 0);
        vm.warp(block.timestamp + LONGEST);
        vm.prank(ALICE);
        vm.assertEq(pool.withdrawUnbonded(), 0);
    }

    function test_TokensThatSomebodySendsChangeNoPrice() public {
        _delegate(ALICE, MINIMUM);
        vm.prank(BOB);
        token.transfer(address(pool), MINIMUM);
        vm.assertEq(pool.totalAssets(), MINIMUM);
        vm.assertEq(stakes.weightOf(OPERATOR, ROLE), 2 * MINIMUM);
    }

    function test_OnlyTheStakesBookYieldAndSlash() public {
        bytes memory refusal = abi.encodeWithSelector(DelegationPool.NotStakes.selector, address(this));
        vm.expectRevert(refusal);
        pool.addYield(1);
        vm.expectRevert(refusal);
        pool.slash(1);
        vm.expectRevert(abi.encodeWithSelector(StakeManager.NotPool.selector, address(this)));
        stakes.onPoolChange(OPERATOR, ROLE);
    }

    function test_OnePoolForAnOperatorAndARole() public {
        vm.startPrank(OPERATOR);
        vm.expectRevert(abi.encodeWithSelector(StakeManager.PoolIsOpen.selector, address(pool)));
        stakes.openPool(ROLE, 0);
        vm.assertTrue(address(stakes.openPool(Role.EXECUTOR, 0)) != address(pool));
        vm.stopPrank();
    }

    function test_CommissionIsAPartOfTheWhole() public {
        vm.startPrank(OPERATOR);
        bytes memory refusal = abi.encodeWithSelector(StakeManager.CommissionTooLarge.selector, 10_000, 10_001);
        vm.expectRevert(refusal);
        stakes.setCommission(ROLE, 10_001);
        vm.expectRevert(refusal);
        stakes.openPool(Role.GATEWAY, 10_001);
        vm.stopPrank();
    }

    /// @dev A raise holds from the unbonding period on: who does not agree has left by then.
    function test_ARaisedCommissionWaitsForTheDelegators() public {
        _delegate(ALICE, MINIMUM);
        vm.prank(OPERATOR);
        stakes.setCommission(ROLE, 10_000);
        _fund(200);
        vm.assertEq(pool.totalAssets(), MINIMUM + 89);
        vm.warp(block.timestamp + LONGEST - 1);
        _fund(200);
        stakes.settle(OPERATOR, ROLE);
        vm.assertGe(pool.totalAssets(), MINIMUM + 178);
        vm.warp(block.timestamp + 1);
        stakes.settle(OPERATOR, ROLE);
        uint256 before = pool.totalAssets();
        _fund(200);
        vm.assertEq(pool.totalAssets(), before);
        vm.prank(OPERATOR);
        stakes.setCommission(ROLE, 0);
        _fund(200);
        vm.assertGe(pool.totalAssets(), before + 99);
    }

    function test_YieldRaisesThePriceOfAShare() public {
        _delegate(ALICE, MINIMUM);
        _fund(1000 ether);
        // Half is the own stake's; of the other half the operator keeps a tenth.
        vm.assertEq(pool.totalAssets(), MINIMUM + 450 ether);
        vm.assertEq(stakes.pendingYieldOf(OPERATOR, ROLE), 450 ether);
        stakes.settle(OPERATOR, ROLE);
        vm.assertEq(pool.totalAssets(), MINIMUM + 450 ether);
        vm.assertEq(token.balanceOf(address(pool)), MINIMUM + 450 ether);
        vm.assertEq(stakes.rewardOf(OPERATOR), 550 ether);
        vm.assertEq(stakes.unsettledOf(ROLE), 0);
        vm.assertEq(stakes.weightOf(OPERATOR, ROLE), 2 * MINIMUM + 450 ether);
    }

    function test_WhoComesAfterTheYieldHasNoneOfIt() public {
        _delegate(ALICE, MINIMUM);
        _fund(1000 ether);
        uint256 shares = pool.previewDeposit(MINIMUM);
        _delegate(BOB, MINIMUM);
        vm.assertEq(pool.balanceOf(BOB), shares);
        vm.assertLe(pool.convertToAssets(pool.balanceOf(BOB)), MINIMUM);
        vm.assertGe(pool.convertToAssets(pool.balanceOf(BOB)) + 1, MINIMUM);
    }

    function test_WhoIsLeavingEarnsNothing() public {
        _delegate(ALICE, MINIMUM);
        vm.prank(ALICE);
        pool.unbond(MINIMUM);
        _fund(1000 ether);
        stakes.settle(OPERATOR, ROLE);
        vm.assertEq(stakes.rewardOf(OPERATOR), 1000 ether);
        vm.assertEq(pool.unbonding(), MINIMUM);
    }

    function test_Gas() public {
        token.mint(address(this), MINIMUM);
        stakes.stake(OPERATOR, ROLE, MINIMUM);
        vm.snapshotGasLastCall(GROUP, "stake");
        vm.prank(BOB);
        stakes.openPool(Role.GATEWAY, 500);
        vm.snapshotGasLastCall(GROUP, "open a pool");
        _delegate(ALICE, MINIMUM);
        vm.snapshotGasLastCall(GROUP, "delegate, the first");
        _fund(1000 ether);
        vm.warp(block.timestamp + 1);
        _delegate(BOB, MINIMUM);
        vm.snapshotGasLastCall(GROUP, "delegate, with yield to settle");
        vm.prank(ALICE);
        pool.unbond(MINIMUM / 2);
        vm.snapshotGasLastCall(GROUP, "unbond what was delegated");
        vm.prank(OPERATOR);
        stakes.unbond(ROLE, 1 ether);
        vm.snapshotGasLastCall(GROUP, "unbond own stake");
        _slash(3 * MINIMUM);
        vm.snapshotGasLastCall(GROUP, "slash own and delegated stake");
        vm.warp(block.timestamp + LONGEST);
        vm.prank(ALICE);
        pool.withdrawUnbonded();
        vm.snapshotGasLastCall(GROUP, "withdraw what was delegated");
    }

    /// @dev Nobody gains by going in and out, whatever was earned and slashed between.
    function testFuzz_NobodyTakesWhatIsAnothers(uint256 first, uint256 second, uint256 yield, uint256 lost) public {
        first = bound(first, 1, 4 * MINIMUM);
        second = bound(second, 1, 4 * MINIMUM);
        _delegate(ALICE, first);
        _fund(bound(yield, 1, 1000 ether));
        uint256 worth = pool.convertToAssets(pool.balanceOf(ALICE));
        vm.startPrank(BOB);
        vm.assume(pool.previewDeposit(second) > 0);
        pool.deposit(second, BOB);
        vm.stopPrank();
        vm.assertGe(pool.convertToAssets(pool.balanceOf(ALICE)), worth);
        vm.assertLe(pool.convertToAssets(pool.balanceOf(BOB)), second);
        uint256 shares = pool.balanceOf(BOB);
        vm.prank(BOB);
        try pool.unbond(shares) {}
        catch {
            return;
        }
        lost = bound(lost, 0, 2 * (first + second + MINIMUM));
        _slash(lost);
        vm.warp(block.timestamp + LONGEST);
        vm.prank(BOB);
        vm.assertLe(pool.withdrawUnbonded(), second);
        vm.assertEq(token.balanceOf(address(pool)), pool.active() + pool.unbonding());
    }

    function _delegate(address account, uint256 amount) private {
        vm.prank(account);
        pool.deposit(amount, account);
    }

    function _fund(uint256 amount) private {
        stakes.fund(ROLE, amount);
    }

    function _slash(uint256 amount) private {
        vm.prank(DISPUTE);
        stakes.slash(OPERATOR, ROLE, amount, USER, 0);
    }
}
