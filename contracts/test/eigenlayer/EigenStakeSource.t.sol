// SPDX-License-Identifier: MIT
// docs/contracts.md#eigenlayer
pragma solidity 0.8.37;

import {Exposure} from "../../src/Exposure.sol";
import {MizuToken} from "../../src/MizuToken.sol";
import {EigenPositions} from "../../src/eigenlayer/EigenPositions.sol";
import {EigenStakeSource} from "../../src/eigenlayer/EigenStakeSource.sol";
import {IStrategy, OperatorSet} from "../../src/eigenlayer/IEigenLayer.sol";
import {UnbondingTooShort} from "../../src/lib/Timing.sol";
import {Role} from "../../src/lib/Types.sol";
import {EigenLayerDouble} from "../support/EigenLayerDouble.sol";
import {EigenNetwork} from "../support/EigenNetwork.sol";
import {StrategyDouble} from "../support/StrategyDouble.sol";
import {bound, vm} from "../support/Vm.sol";

/// What is made and refused at deployment, who is let in, what counts as stake, and for how long it can be slashed.
contract EigenStakeSourceTest is EigenNetwork {
    function test_EachRoleIsAnOperatorSetThatOnlyTheContractSlashes() public view {
        for (uint32 i = 0; i < 5; ++i) {
            bytes32 set = eigen.keyOf(OperatorSet(address(stakes), i));
            vm.assertEq(eigen.slasherOf(set), address(stakes));
            vm.assertEq(eigen.recipientOf(set), address(stakes));
            for (uint256 k = 0; k < 2; ++k) {
                vm.assertTrue(eigen.hasStrategy(set, strategies[k]));
            }
        }
        vm.assertTrue(stakes.supportsAVS(address(stakes)));
        vm.assertFalse(stakes.supportsAVS(address(eigen)));
        vm.assertEq(stakes.freshSeconds(), DELAY - LONGEST);
    }

    function test_UnbondingIsBetweenTheLongestClaimAndTheDelay() public {
        vm.assertEq(_deploy(_timing(uint64(DELAY)), _eigenLayer()).timing().unbonding, DELAY);
        vm.expectRevert(abi.encodeWithSelector(EigenStakeSource.UnbondingTooLong.selector, DELAY, DELAY + 1));
        _deploy(_timing(uint64(DELAY) + 1), _eigenLayer());
        vm.expectRevert(abi.encodeWithSelector(UnbondingTooShort.selector, LONGEST, LONGEST - 1));
        _deploy(_timing(uint64(LONGEST) - 1), _eigenLayer());
    }

    /// The shorter of the two delays counts: of allocations that end, and of delegators who leave.
    function test_RevertWhen_EitherDelayIsTooShort() public {
        uint256 least = uint256(DELAY_BLOCKS / 2 - 1) * BLOCK_SECONDS;
        EigenStakeSource.EigenLayer memory where = _eigenLayer();
        EigenLayerDouble quick = new EigenLayerDouble(DELAY_BLOCKS / 2 - 1, DELAY_BLOCKS);
        where.allocationManager = quick;
        vm.expectRevert(abi.encodeWithSelector(EigenStakeSource.UnbondingTooLong.selector, least, LONGEST));
        _deploy(_timing(uint64(LONGEST)), where);
        where = _eigenLayer();
        where.delegationManager = new EigenLayerDouble(DELAY_BLOCKS, DELAY_BLOCKS / 2 - 1);
        vm.expectRevert(abi.encodeWithSelector(EigenStakeSource.UnbondingTooLong.selector, least, LONGEST));
        _deploy(_timing(uint64(LONGEST)), where);
    }

    function test_RevertWhen_StrategiesAreNotThoseOfTheTokenInAscendingOrder() public {
        EigenStakeSource.EigenLayer memory where = _eigenLayer();
        (address low, address high) = (address(where.strategies[0]), address(where.strategies[1]));
        (where.strategies[0], where.strategies[1]) = (where.strategies[1], where.strategies[0]);
        vm.expectRevert(abi.encodeWithSelector(EigenPositions.StrategiesNotAscending.selector, high, low));
        _deploy(_timing(uint64(LONGEST)), where);
        where.strategies[1] = where.strategies[0];
        vm.expectRevert(abi.encodeWithSelector(EigenPositions.StrategiesNotAscending.selector, high, high));
        _deploy(_timing(uint64(LONGEST)), where);
        where.strategies = new IStrategy[](0);
        vm.expectRevert(abi.encodeWithSelector(EigenPositions.StrategyCountOutOfRange.selector, 1, 8, 0));
        _deploy(_timing(uint64(LONGEST)), where);
        where.strategies = new IStrategy[](9);
        vm.expectRevert(abi.encodeWithSelector(EigenPositions.StrategyCountOutOfRange.selector, 1, 8, 9));
        _deploy(_timing(uint64(LONGEST)), where);
        address other = address(new MizuToken(address(this), 1 ether));
        where.strategies = new IStrategy[](1);
        where.strategies[0] = new StrategyDouble(other, address(eigen));
        vm.expectRevert(
            abi.encodeWithSelector(
                EigenPositions.StrategyOfOtherToken.selector, where.strategies[0], address(token), other
            )
        );
        _deploy(_timing(uint64(LONGEST)), where);
    }

    function test_StakeIsWhatIsAllocatedInAllStrategies() public {
        _enter(OPERATOR, ROLE, 1500 ether, 700 ether);
        vm.assertEq(stakes.activeOf(OPERATOR, ROLE), 2200 ether);
        vm.assertEq(stakes.slashableOf(OPERATOR, ROLE), 2200 ether);
        vm.assertTrue(stakes.isActive(OPERATOR, ROLE));
        vm.assertEq(stakes.activeOf(OPERATOR, Role.VALIDATOR), 0);
        _deposit(DELEGATOR, OPERATOR, 1, 100 ether);
        vm.assertEq(stakes.activeOf(OPERATOR, ROLE), 2250 ether);
    }

    function test_RevertWhen_AnOperatorEntersWithLessThanTheMinimum() public {
        _deposit(OPERATOR, OPERATOR, 0, MINIMUM - 1);
        _allocate(OPERATOR, ROLE, 0, WHOLE);
        vm.expectRevert(abi.encodeWithSelector(Exposure.StakeBelowMinimum.selector, MINIMUM, MINIMUM - 1));
        _register(OPERATOR, ROLE);
        _deposit(OPERATOR, OPERATOR, 0, 1);
        _register(OPERATOR, ROLE);
    }

    /// What is allocated but not in the operator set can leave at any time.
    function test_StakeOutsideTheOperatorSetCountsForNothing() public {
        _deposit(OPERATOR, OPERATOR, 0, 5 * MINIMUM);
        _allocate(OPERATOR, ROLE, 0, WHOLE);
        vm.assertEq(stakes.activeOf(OPERATOR, ROLE), 0);
        vm.assertEq(stakes.slashableOf(OPERATOR, ROLE), 0);
    }

    function test_RevertWhen_OthersThanEigenLayerRegister() public {
        vm.expectRevert(abi.encodeWithSelector(EigenStakeSource.NotAllocationManager.selector, address(this)));
        stakes.registerOperator(OPERATOR, address(stakes), _ids(ROLE), "");
        vm.expectRevert(abi.encodeWithSelector(EigenStakeSource.NotAllocationManager.selector, address(this)));
        stakes.deregisterOperator(OPERATOR, address(stakes), _ids(ROLE));
        vm.startPrank(address(eigen));
        vm.expectRevert(abi.encodeWithSelector(EigenStakeSource.WrongAVS.selector, address(stakes), address(eigen)));
        stakes.registerOperator(OPERATOR, address(eigen), _ids(ROLE), "");
        uint32[] memory ids = new uint32[](1);
        ids[0] = 5;
        vm.expectRevert(abi.encodeWithSelector(EigenStakeSource.UnknownOperatorSet.selector, 5));
        stakes.registerOperator(OPERATOR, address(stakes), ids, "");
        vm.stopPrank();
    }

    /// Who takes his allocation away: nothing of it backs anything from then on, and all of it can be slashed for 14 days.
    function test_ADeallocationIsSlashedUpToItsLastBlock() public {
        _enter(OPERATOR, ROLE, 2 * MINIMUM, 0);
        _allocate(OPERATOR, ROLE, 0, WHOLE / 8);
        vm.assertEq(stakes.activeOf(OPERATOR, ROLE), MINIMUM / 2);
        vm.assertEq(stakes.slashableOf(OPERATOR, ROLE), 2 * MINIMUM);
        vm.assertFalse(stakes.isActive(OPERATOR, ROLE));
        _assertSlashableFor(DELAY_BLOCKS, 2 * MINIMUM, MINIMUM / 2);
    }

    function test_WhoLeavesTheSetIsSlashedUpToTheLastBlock() public {
        _enter(OPERATOR, ROLE, 2 * MINIMUM, 0);
        _deregister(OPERATOR, ROLE);
        vm.assertEq(stakes.activeOf(OPERATOR, ROLE), 0);
        _assertSlashableFor(DELAY_BLOCKS, 2 * MINIMUM, 0);
    }

    function test_AQueuedWithdrawalIsSlashedUpToItsLastBlock() public {
        _enter(OPERATOR, ROLE, 2 * MINIMUM, 0);
        vm.prank(OPERATOR);
        eigen.queueWithdrawal(strategies[0], OPERATOR, 3 * MINIMUM);
        vm.assertEq(stakes.activeOf(OPERATOR, ROLE), MINIMUM / 2);
        _assertSlashableFor(DELAY_BLOCKS, 2 * MINIMUM, MINIMUM / 2);
    }

    /// All at once: the allocation ends, the operator leaves the set and its delegators leave the operator.
    function testFuzz_NobodyFleesASlash(uint256 part, uint256 scaled, uint256 blocks) public {
        _enter(OPERATOR, ROLE, 2 * MINIMUM, 0);
        _allocate(OPERATOR, ROLE, 0, uint64(bound(part, 0, WHOLE / 2 - 1)));
        vm.prank(OPERATOR);
        eigen.queueWithdrawal(strategies[0], OPERATOR, bound(scaled, 0, 4 * MINIMUM));
        _deregister(OPERATOR, ROLE);
        _passBlocks(bound(blocks, 0, DELAY_BLOCKS));
        (uint256 slashed,) = _slash(2 * MINIMUM);
        vm.assertLe(2 * MINIMUM - slashed, 3);
        _passBlocks(DELAY_BLOCKS + 1);
        (slashed,) = _slash(2 * MINIMUM);
        vm.assertEq(slashed, 0);
    }

    function test_LocksTakeActiveStakeOnly() public {
        _enter(OPERATOR, ROLE, 3 * MINIMUM, 0);
        vm.startPrank(ROLLUP);
        stakes.lock(OPERATOR, ROLE, MINIMUM);
        vm.assertEq(stakes.freeOf(OPERATOR, ROLE), 2 * MINIMUM);
        bytes memory tooMuch =
            abi.encodeWithSelector(Exposure.NotEnoughFreeStake.selector, 2 * MINIMUM, 2 * MINIMUM + 1);
        vm.expectRevert(tooMuch);
        stakes.lock(OPERATOR, ROLE, 2 * MINIMUM + 1);
        vm.stopPrank();
        _allocate(OPERATOR, ROLE, 0, WHOLE / 3);
        vm.startPrank(ROLLUP);
        uint256 free = stakes.freeOf(OPERATOR, ROLE);
        vm.assertLe(free, MINIMUM);
        vm.expectRevert(abi.encodeWithSelector(Exposure.NotEnoughFreeStake.selector, free, free + 1));
        stakes.lock(OPERATOR, ROLE, free + 1);
        stakes.lock(OPERATOR, ROLE, free);
        vm.expectRevert(abi.encodeWithSelector(Exposure.NotEnoughLocked.selector, MINIMUM + free, MINIMUM + free + 1));
        stakes.release(OPERATOR, ROLE, MINIMUM + free + 1);
        stakes.release(OPERATOR, ROLE, MINIMUM + free);
        vm.stopPrank();
        vm.assertEq(stakes.lockedOf(OPERATOR, ROLE), 0);
    }

    function test_OneAuthorityCannotReleaseWhatAnotherHasLocked() public {
        _enter(OPERATOR, ROLE, 2 * MINIMUM, 0);
        vm.prank(ROLLUP);
        stakes.lock(OPERATOR, ROLE, 5);
        vm.prank(COURT);
        vm.expectRevert(abi.encodeWithSelector(Exposure.NotEnoughLocked.selector, 0, 1));
        stakes.release(OPERATOR, ROLE, 1);
    }

    function test_RevertWhen_AStrangerLocksReleasesOrSlashes() public {
        bytes memory refusal = abi.encodeWithSelector(Exposure.NotAuthority.selector, address(this));
        vm.expectRevert(refusal);
        stakes.lock(OPERATOR, ROLE, 0);
        vm.expectRevert(refusal);
        stakes.release(OPERATOR, ROLE, 0);
        vm.expectRevert(refusal);
        stakes.slash(OPERATOR, ROLE, 1, USER, 1);
        vm.prank(ROLLUP);
        vm.expectRevert(abi.encodeWithSelector(Exposure.NotAuthority.selector, ROLLUP));
        stakes.slash(OPERATOR, ROLE, 1, USER, 1);
    }

    /// @dev Half is taken in the last block in which it can be, nothing of what has left in the block after it.
    function _assertSlashableFor(uint256 blocks, uint256 all, uint256 kept) private {
        _passBlocks(blocks);
        vm.assertEq(stakes.slashableOf(OPERATOR, ROLE), all);
        uint256 state = vm.snapshotState();
        (uint256 slashed,) = _slash(type(uint256).max);
        vm.assertEq(slashed, all);
        vm.revertToState(state);
        _passBlocks(1);
        vm.assertEq(stakes.slashableOf(OPERATOR, ROLE), kept);
        (slashed,) = _slash(type(uint256).max);
        vm.assertEq(slashed, kept);
    }
}
