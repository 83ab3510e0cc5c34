// SPDX-License-Identifier: MIT
// docs/contracts.md#eigenlayer: whatever operators, delegators and authorities do in whatever order.
pragma solidity 0.8.37;

import {MizuToken} from "../../src/MizuToken.sol";
import {EigenStakeSource} from "../../src/eigenlayer/EigenStakeSource.sol";
import {Allocation, OperatorSet} from "../../src/eigenlayer/IEigenLayer.sol";
import {EigenNetwork} from "../support/EigenNetwork.sol";
import {FuzzTargets} from "../support/Fuzz.sol";
import {bound, vm} from "../support/Vm.sol";

contract EigenStakesHandler is EigenNetwork {
    /// @dev Roundings of EigenLayer by a magnitude of 10^18 parts: wei of one slash.
    uint256 private constant DUST = 100_000;

    struct Bound {
        uint256 amount;
        uint256 untilBlock;
    }

    address[3] public actors = [address(0xa1), address(0xa2), address(0xa3)];
    address[2] public winners = [address(0xb1), address(0xb2)];
    uint256 public slashCount;
    mapping(address => Bound[]) private _locks;
    mapping(address => uint256) private _slashed;

    constructor() {
        setUp();
        for (uint256 i = 0; i < 3; ++i) {
            _enter(actors[i], ROLE, 2 * MINIMUM, 2 * MINIMUM);
        }
    }

    function source() external view returns (EigenStakeSource) {
        return stakes;
    }

    function coin() external view returns (MizuToken) {
        return token;
    }

    function deposit(uint256 actor, uint256 strategy, uint256 amount) external {
        address account = actors[actor % 3];
        if (eigen.getMaxMagnitude(account, strategies[strategy % 2]) < WHOLE / 100) return;
        _deposit(DELEGATOR, account, strategy % 2, bound(amount, 1, MINIMUM));
    }

    function withdraw(uint256 actor, uint256 strategy, uint256 scaled) external {
        address account = actors[actor % 3];
        uint256 most = eigen.scaledOf(account, account, strategies[strategy % 2]);
        vm.prank(account);
        eigen.queueWithdrawal(strategies[strategy % 2], account, bound(scaled, 0, most));
    }

    function allocate(uint256 actor, uint256 strategy, uint256 magnitude) external {
        address account = actors[actor % 3];
        OperatorSet memory set = OperatorSet(address(stakes), uint32(ROLE));
        Allocation memory allocation = eigen.getAllocation(account, set, strategies[strategy % 2]);
        uint256 most = eigen.getMaxMagnitude(account, strategies[strategy % 2]);
        uint64 next = uint64(bound(magnitude, 0, most));
        if (allocation.pendingDiff != 0 || next == allocation.currentMagnitude) return;
        _allocate(account, ROLE, strategy % 2, next);
    }

    function enterOrExit(uint256 actor) external {
        address account = actors[actor % 3];
        OperatorSet memory set = OperatorSet(address(stakes), uint32(ROLE));
        if (eigen.isMemberOfOperatorSet(account, set)) {
            _deregister(account, ROLE);
        } else if (!eigen.isOperatorSlashable(account, set)) {
            vm.prank(account);
            try eigen.register(address(stakes), _ids(ROLE)) {} catch {}
        }
    }

    function lock(uint256 actor, uint256 amount) external {
        address account = actors[actor % 3];
        amount = bound(amount, 0, stakes.freeOf(account, ROLE));
        vm.prank(ROLLUP);
        stakes.lock(account, ROLE, amount);
        _locks[account].push(Bound(amount, block.number + DELAY_BLOCKS));
    }

    function release(uint256 actor, uint256 which) external {
        address account = actors[actor % 3];
        Bound[] storage locks = _locks[account];
        if (locks.length == 0) return;
        which %= locks.length;
        vm.prank(ROLLUP);
        stakes.release(account, ROLE, locks[which].amount);
        locks[which] = locks[locks.length - 1];
        locks.pop();
    }

    function slash(uint256 actor, uint256 winner, uint256 amount, uint256 rewardMax) external {
        address account = actors[actor % 3];
        amount = bound(amount, 0, 3 * MINIMUM);
        uint256 atRisk = stakes.slashableOf(account, ROLE);
        vm.prank(COURT);
        (uint256 slashed, uint256 reward) = stakes.slash(account, ROLE, amount, winners[winner % 2], rewardMax);
        if (slashed > 0) ++slashCount;
        _slashed[account] += slashed;
        vm.assertGe(slashed - reward, reward);
        vm.assertLe(slashed, atRisk + DUST);
        vm.assertGe(slashed, amount < atRisk ? amount : atRisk);
        vm.assertLe(slashed, amount + DUST);
    }

    function collect(uint256 which, bool cleared) external {
        if (slashCount == 0) return;
        eigen.setHeld(false);
        uint256 id = which % slashCount + 1;
        if (cleared) eigen.clearBurnOrRedistributableShares(OperatorSet(address(stakes), uint32(ROLE)), id);
        EigenStakeSource.Slash memory expected = stakes.slashOf(ROLE, id);
        if (expected.worth == 0) return;
        (uint256 reward, uint256 burned) = stakes.collect(ROLE, id);
        vm.assertLe(expected.reward - reward, 2);
        vm.assertGe(burned, reward);
    }

    function hold(bool isHeld) external {
        eigen.setHeld(isHeld);
    }

    function fund(uint256 amount) external {
        amount = bound(amount, 1, MINIMUM);
        if (stakes.totalWeightAt(ROLE, uint48(block.timestamp)) == 0) return;
        token.mint(address(this), amount);
        token.approve(address(stakes), amount);
        stakes.fund(ROLE, amount);
    }

    function sync(uint256 actor) external {
        stakes.sync(actors[actor % 3], ROLE);
    }

    function claim(uint256 which) external {
        address account = which % 5 < 3 ? actors[which % 5] : winners[which % 5 - 3];
        if (stakes.rewardOf(account) == 0) return;
        vm.prank(account);
        stakes.claimReward();
    }

    function pass(uint256 blocks) external {
        _passBlocks(bound(blocks, 1, DELAY_BLOCKS / 2));
    }

    /// @notice What locks of the last 14 days bind can still be slashed, but for what was slashed since.
    function areLocksBacked() external view returns (bool) {
        for (uint256 i = 0; i < 3; ++i) {
            uint256 young = 0;
            for (uint256 k = 0; k < _locks[actors[i]].length; ++k) {
                if (_locks[actors[i]][k].untilBlock >= block.number) young += _locks[actors[i]][k].amount;
            }
            uint256 atRisk = stakes.slashableOf(actors[i], ROLE);
            if (young > atRisk + _slashed[actors[i]] + DUST) return false;
        }
        return true;
    }

    function rewards() external view returns (uint256 sum) {
        sum = stakes.rewardOf(winners[0]) + stakes.rewardOf(winners[1]) + stakes.unsettledOf(ROLE);
        for (uint256 i = 0; i < 3; ++i) {
            sum += stakes.rewardOf(actors[i]);
        }
    }
}

contract EigenStakesInvariant is FuzzTargets {
    EigenStakesHandler private _handler;

    function setUp() public {
        _handler = new EigenStakesHandler();
        bytes4[] memory selectors = new bytes4[](13);
        selectors[0] = EigenStakesHandler.deposit.selector;
        selectors[1] = EigenStakesHandler.withdraw.selector;
        selectors[2] = EigenStakesHandler.allocate.selector;
        selectors[3] = EigenStakesHandler.enterOrExit.selector;
        selectors[4] = EigenStakesHandler.lock.selector;
        selectors[5] = EigenStakesHandler.release.selector;
        selectors[6] = EigenStakesHandler.slash.selector;
        selectors[7] = EigenStakesHandler.collect.selector;
        selectors[8] = EigenStakesHandler.claim.selector;
        selectors[9] = EigenStakesHandler.pass.selector;
        selectors[10] = EigenStakesHandler.hold.selector;
        selectors[11] = EigenStakesHandler.fund.selector;
        selectors[12] = EigenStakesHandler.sync.selector;
        _target(address(_handler), selectors);
    }

    /// What can be claimed is here; once every slash is collected nothing else is.
    function invariant_TheContractHoldsWhatItOwes() public view {
        EigenStakeSource stakes = _handler.source();
        uint256 held = _handler.coin().balanceOf(address(stakes));
        vm.assertEq(stakes.owed(), _handler.rewards());
        vm.assertGe(held, stakes.owed());
        if (stakes.uncollected() == 0) vm.assertEq(held, stakes.owed());
    }

    function invariant_LocksAreBackedWhileClaimsLive() public view {
        vm.assertTrue(_handler.areLocksBacked());
    }
}
