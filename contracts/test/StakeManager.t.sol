// SPDX-License-Identifier: MIT
// docs/contracts.md#stakes
pragma solidity 0.8.37;

import {Exposure} from "../src/Exposure.sol";
import {StakeManager} from "../src/StakeManager.sol";
import {IDelegationPools} from "../src/interfaces/IDelegation.sol";
import {IStakeHook} from "../src/interfaces/IStakeHook.sol";
import {Role} from "../src/lib/Types.sol";
import {Network} from "./support/Network.sol";
import {bound, vm} from "./support/Vm.sol";

/// @dev A hook that needs nearly all the gas that hooks have.
contract CostlyHook is IStakeHook {
    uint256[40] private _written;
    uint256 public told;

    function onStakeLost(address, Role) external {
        for (uint256 i = 0; i < 40; ++i) {
            _written[i] = told + 1;
        }
        ++told;
    }
}

contract StakeManagerTest is Network {
    address private constant STAKER = address(0x57a);
    Role private constant ROLE = Role.VALIDATOR;
    IDelegationPools private constant NO_POOLS = IDelegationPools(address(0));

    function setUp() public override {
        super.setUp();
        stakes.stake(STAKER, ROLE, 2 * MINIMUM);
    }

    function test_StakeIsActiveForItsRoleOnly() public view {
        vm.assertTrue(stakes.isActive(STAKER, Role.VALIDATOR));
        vm.assertFalse(stakes.isActive(STAKER, Role.GATEWAY));
        vm.assertEq(stakes.activeOf(STAKER, ROLE), 2 * MINIMUM);
        vm.assertEq(stakes.totalWeightOf(ROLE), 2 * MINIMUM);
    }

    function test_RevertWhen_StakeStaysBelowTheMinimum() public {
        vm.expectRevert(abi.encodeWithSelector(Exposure.StakeBelowMinimum.selector, MINIMUM, MINIMUM - 1));
        stakes.stake(USER, ROLE, MINIMUM - 1);
    }

    function test_RevertWhen_StakeIsZero() public {
        vm.expectRevert(abi.encodeWithSelector(Exposure.AmountIsZero.selector));
        stakes.stake(STAKER, ROLE, 0);
    }

    function test_UnbondedStakeIsPaidAfterThePeriod() public {
        vm.prank(STAKER);
        stakes.unbond(ROLE, MINIMUM + 1);
        vm.assertFalse(stakes.isActive(STAKER, ROLE));
        vm.warp(block.timestamp + LONGEST - 1);
        vm.prank(STAKER);
        vm.expectRevert(abi.encodeWithSelector(Exposure.NothingToWithdraw.selector));
        stakes.withdraw(ROLE);
        vm.warp(block.timestamp + 1);
        vm.prank(STAKER);
        stakes.withdraw(ROLE);
        vm.assertEq(token.balanceOf(STAKER), MINIMUM + 1);
        vm.assertEq(stakes.unbondingsOf(STAKER, ROLE).length, 0);
    }

    function test_WithdrawKeepsWhatIsNotRipe() public {
        vm.prank(STAKER);
        stakes.unbond(ROLE, 100);
        vm.warp(block.timestamp + 1 days);
        vm.prank(STAKER);
        stakes.unbond(ROLE, 200);
        vm.warp(START + LONGEST);
        vm.prank(STAKER);
        vm.assertEq(stakes.withdraw(ROLE), 100);
        vm.assertEq(stakes.unbondingsOf(STAKER, ROLE).length, 1);
        vm.assertEq(stakes.unbondingsOf(STAKER, ROLE)[0].amount, 200);
    }

    function test_RevertWhen_TooManyUnbondingsWait() public {
        vm.startPrank(STAKER);
        for (uint256 i = 0; i < 16; ++i) {
            stakes.unbond(ROLE, 1);
        }
        vm.expectRevert(abi.encodeWithSelector(StakeManager.TooManyUnbondings.selector, 16));
        stakes.unbond(ROLE, 1);
        vm.stopPrank();
    }

    function test_LockedStakeCountsButCannotLeave() public {
        vm.prank(DISPUTE);
        stakes.lock(STAKER, ROLE, 2 * MINIMUM);
        vm.assertTrue(stakes.isActive(STAKER, ROLE));
        vm.prank(STAKER);
        vm.expectRevert(abi.encodeWithSelector(Exposure.NotEnoughFreeStake.selector, 0, 1));
        stakes.unbond(ROLE, 1);
        vm.prank(DISPUTE);
        stakes.release(STAKER, ROLE, 1);
        vm.prank(STAKER);
        stakes.unbond(ROLE, 1);
    }

    function test_RevertWhen_MoreIsLockedOrReleasedThanThereIs() public {
        vm.startPrank(DISPUTE);
        vm.expectRevert(abi.encodeWithSelector(Exposure.NotEnoughFreeStake.selector, 2 * MINIMUM, 2 * MINIMUM + 1));
        stakes.lock(STAKER, ROLE, 2 * MINIMUM + 1);
        stakes.lock(STAKER, ROLE, 5);
        vm.expectRevert(abi.encodeWithSelector(Exposure.NotEnoughLocked.selector, 5, 6));
        stakes.release(STAKER, ROLE, 6);
        vm.stopPrank();
    }

    function test_OneAuthorityCannotReleaseWhatAnotherHasLocked() public {
        vm.prank(DISPUTE);
        stakes.lock(STAKER, ROLE, 5);
        vm.prank(COURT);
        stakes.lock(STAKER, ROLE, 7);
        vm.assertEq(stakes.lockedOf(STAKER, ROLE), 12);
        vm.prank(COURT);
        vm.expectRevert(abi.encodeWithSelector(Exposure.NotEnoughLocked.selector, 7, 8));
        stakes.release(STAKER, ROLE, 8);
        vm.prank(COURT);
        stakes.release(STAKER, ROLE, 7);
        vm.assertEq(stakes.lockedOf(STAKER, ROLE), 5);
        vm.assertEq(stakes.lockedBy(DISPUTE, STAKER, ROLE), 5);
        vm.prank(COURT);
        vm.expectRevert(abi.encodeWithSelector(Exposure.NotEnoughLocked.selector, 0, 1));
        stakes.release(STAKER, ROLE, 1);
    }

    /// Each contract reaches the stakes of its own role alone, and those that only bind stakes cannot take them.
    function test_PowersAreThoseOfTheRole() public {
        address[5] memory holders =
            [address(rollup), address(inbox), address(registry), address(challenges), address(committee)];
        Role[5] memory roles = [Role.EXECUTOR, Role.SEQUENCER, Role.GATEWAY, Role.DA_MEMBER, Role.DA_MEMBER];
        for (uint256 i = 0; i < 5; ++i) {
            for (uint256 k = 0; k < 5; ++k) {
                Exposure.Power power =
                    Role(k) != roles[i] ? Exposure.Power.NONE : i < 4 ? Exposure.Power.SLASH : Exposure.Power.LOCK;
                vm.assertEq(uint256(stakes.powerOf(holders[i], Role(k))), uint256(power));
            }
        }
        bytes memory refusal = abi.encodeWithSelector(Exposure.NotAuthority.selector, address(committee));
        vm.prank(address(committee));
        vm.expectRevert(refusal);
        stakes.slash(STAKER, Role.DA_MEMBER, 1, USER, 1);
        vm.prank(address(committee));
        vm.expectRevert(refusal);
        stakes.lock(STAKER, ROLE, 1);
        vm.prank(address(committee));
        stakes.lock(STAKER, Role.DA_MEMBER, 0);
    }

    function test_AHookThatFailsOrTakesAllItsGasHoldsUpNoSlash() public {
        bytes[2] memory codes = [bytes(hex"60006000fd"), bytes(hex"5b600056")];
        for (uint256 i = 0; i < 2; ++i) {
            stakes.stake(STAKER, Role.GATEWAY, MINIMUM);
            vm.etch(address(registry), codes[i]);
            uint256 before = gasleft();
            vm.expectEmit();
            emit Exposure.HookFailed(STAKER, Role.GATEWAY, address(registry));
            vm.prank(COURT);
            (uint256 slashed,) = stakes.slash(STAKER, Role.GATEWAY, MINIMUM, address(0), 0);
            vm.assertEq(slashed, MINIMUM);
            vm.assertLe(before - gasleft(), stakes.HOOK_GAS() + 300_000);
        }
    }

    /// Whoever slashes chooses the gas: too little undoes the slash, and never only the hook.
    function testFuzz_NoAmountOfGasStarvesAHook(uint256 gasLimit) public {
        gasLimit = bound(gasLimit, 100_000, 1_500_000);
        stakes.stake(STAKER, Role.GATEWAY, MINIMUM);
        vm.etch(address(registry), address(new CostlyHook()).code);
        vm.prank(COURT);
        (bool done,) = address(stakes).call{gas: gasLimit}(
            abi.encodeCall(stakes.slash, (STAKER, Role.GATEWAY, MINIMUM, address(0), 0))
        );
        vm.assertEq(CostlyHook(address(registry)).told(), done ? 1 : 0);
        vm.assertEq(stakes.activeOf(STAKER, Role.GATEWAY), done ? 0 : MINIMUM);
        vm.assertTrue(done || gasLimit < 1_200_000);
    }

    /// A hook that calls back cannot slash, lock or release: it is no authority with such a power.
    function test_AHookIsToldAfterTheStakeIsGone() public {
        stakes.stake(STAKER, Role.GATEWAY, MINIMUM);
        vm.prank(STAKER);
        registry.join();
        vm.expectCall(address(registry), abi.encodeCall(registry.onStakeLost, (STAKER, Role.GATEWAY)));
        vm.prank(COURT);
        stakes.slash(STAKER, Role.GATEWAY, MINIMUM, address(0), 0);
        vm.assertEq(stakes.activeOf(STAKER, Role.GATEWAY), 0);
    }

    function test_RevertWhen_AStrangerLocksReleasesOrSlashes() public {
        bytes memory refusal = abi.encodeWithSelector(Exposure.NotAuthority.selector, address(this));
        vm.expectRevert(refusal);
        stakes.lock(STAKER, ROLE, 1);
        vm.expectRevert(refusal);
        stakes.release(STAKER, ROLE, 1);
        vm.expectRevert(refusal);
        stakes.slash(STAKER, ROLE, 1, USER, 1);
    }

    function test_SlashBurnsTheLargerHalf() public {
        uint256 supply = token.totalSupply();
        vm.prank(DISPUTE);
        (uint256 slashed, uint256 reward) = stakes.slash(STAKER, ROLE, 101, USER, 1000);
        vm.assertEq(slashed, 101);
        vm.assertEq(reward, 50);
        vm.assertEq(supply - token.totalSupply(), 51);
        vm.prank(USER);
        stakes.claimReward();
        vm.assertEq(token.balanceOf(USER), 50);
        vm.prank(USER);
        vm.expectRevert(abi.encodeWithSelector(Exposure.NothingToWithdraw.selector));
        stakes.claimReward();
    }

    function test_SlashWithoutBeneficiaryBurnsAll() public {
        vm.prank(DISPUTE);
        (, uint256 reward) = stakes.slash(STAKER, ROLE, 100, address(0), 50);
        vm.assertEq(reward, 0);
    }

    function test_SlashReachesUnbondingStakeYoungestFirst() public {
        vm.startPrank(STAKER);
        stakes.unbond(ROLE, MINIMUM);
        stakes.unbond(ROLE, MINIMUM);
        vm.stopPrank();
        vm.warp(block.timestamp + 30 days);
        vm.prank(DISPUTE);
        (uint256 slashed,) = stakes.slash(STAKER, ROLE, MINIMUM + 1, address(0), 0);
        vm.assertEq(slashed, MINIMUM + 1);
        vm.assertEq(stakes.unbondingsOf(STAKER, ROLE).length, 1);
        vm.assertEq(stakes.unbondingsOf(STAKER, ROLE)[0].amount, MINIMUM - 1);
    }

    function test_SlashTakesLockedStakeLast() public {
        vm.prank(DISPUTE);
        stakes.lock(STAKER, ROLE, MINIMUM);
        vm.prank(STAKER);
        stakes.unbond(ROLE, MINIMUM / 2);
        vm.prank(DISPUTE);
        stakes.slash(STAKER, ROLE, MINIMUM, address(0), 0);
        vm.assertEq(stakes.activeOf(STAKER, ROLE), MINIMUM);
        vm.assertEq(stakes.unbondingsOf(STAKER, ROLE).length, 0);
        vm.prank(DISPUTE);
        stakes.slash(STAKER, ROLE, 1, address(0), 0);
        vm.assertEq(stakes.activeOf(STAKER, ROLE), MINIMUM - 1);
        vm.assertEq(stakes.freeOf(STAKER, ROLE), 0);
        vm.prank(DISPUTE);
        stakes.release(STAKER, ROLE, MINIMUM);
        vm.assertEq(stakes.freeOf(STAKER, ROLE), MINIMUM - 1);
    }

    function test_CheckpointsTellTheStakeOfThePast() public {
        vm.warp(START + 100);
        vm.prank(STAKER);
        stakes.unbond(ROLE, MINIMUM);
        vm.warp(START + 200);
        vm.assertEq(stakes.weightAt(STAKER, ROLE, uint48(START - 1)), 0);
        vm.assertEq(stakes.weightAt(STAKER, ROLE, uint48(START + 99)), 2 * MINIMUM);
        vm.assertEq(stakes.weightAt(STAKER, ROLE, uint48(START + 100)), MINIMUM);
        vm.assertEq(stakes.totalWeightAt(ROLE, uint48(START + 99)), 2 * MINIMUM);
        vm.assertEq(stakes.totalWeightAt(ROLE, uint48(START + 100)), MINIMUM);
    }

    function test_RevertWhen_AMinimumIsZero() public {
        uint256[5] memory minimums = _minimums();
        minimums[3] = 0;
        IStakeHook[5] memory hooks;
        vm.expectRevert(abi.encodeWithSelector(Exposure.MinimumIsZero.selector, Role.DA_MEMBER));
        new StakeManager(token, NO_POOLS, _timing(), minimums, new Exposure.Grant[](0), hooks);
    }

    function testFuzz_SlashNeverTakesMoreThanThereIs(uint256 unbonded, uint256 locked, uint256 amount) public {
        unbonded = bound(unbonded, 1, 2 * MINIMUM);
        locked = bound(locked, 0, 2 * MINIMUM - unbonded);
        vm.prank(STAKER);
        stakes.unbond(ROLE, unbonded);
        uint256 held = token.balanceOf(address(stakes));
        vm.startPrank(DISPUTE);
        stakes.lock(STAKER, ROLE, locked);
        (uint256 slashed, uint256 reward) = stakes.slash(STAKER, ROLE, amount, USER, amount);
        vm.stopPrank();
        vm.assertEq(slashed, amount < 2 * MINIMUM ? amount : 2 * MINIMUM);
        vm.assertEq(reward, slashed / 2);
        vm.assertEq(token.balanceOf(address(stakes)), held - slashed + reward);
    }
}
