// SPDX-License-Identifier: MIT
// docs/contracts.md#stakes
pragma solidity 0.8.37;

import {Exposure} from "./Exposure.sol";
import {MizuToken} from "./MizuToken.sol";
import {Yield} from "./Yield.sol";
import {IDelegation, IDelegationPool, IDelegationPools} from "./interfaces/IDelegation.sol";
import {IStakeHook} from "./interfaces/IStakeHook.sol";
import {IStakeSource} from "./interfaces/IStakeSource.sol";
import {IYield} from "./interfaces/IYield.sol";
import {Timing} from "./lib/Timing.sol";
import {Role} from "./lib/Types.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";
import {Checkpoints} from "@openzeppelin/contracts/utils/structs/Checkpoints.sol";

/// @title Stakes per account and role, slashable until they have left.
/// @notice A stake is active, then unbonding, then gone. Part of the active stake may be locked by authorities. Others
/// may delegate stake to an account, into the pool that it has opened; the account's own stake is slashed first.
contract StakeManager is Exposure, IDelegation, Yield {
    using Checkpoints for Checkpoints.Trace208;
    using SafeERC20 for MizuToken;

    /// @notice A part of a stake on its way out; it can still be slashed until it is withdrawn.
    struct Unbonding {
        uint128 amount;
        uint64 releaseTime;
    }

    /// @notice What the operator of a pool keeps of the yield of what was delegated to it, in basis points.
    /// @param next takes the place of `current` when yield is settled at `nextFrom` or later
    /// @param nextFrom unix seconds; 0: no other is announced
    struct Commission {
        uint16 current;
        uint16 next;
        uint64 nextFrom;
    }

    uint256 public constant BASIS_POINTS = 10_000;
    uint256 public constant MAX_UNBONDINGS = 16;
    /// @notice Delegated stake counts up to so many times the operator's own: who decides has a tenth at least to lose,
    /// and first.
    uint256 public constant DELEGATION_CAP = 9;

    IDelegationPools public immutable pools;
    /// @dev Own stake that is not on its way out, wei.
    mapping(address account => mapping(Role => uint256)) private _own;
    mapping(address account => mapping(Role => Checkpoints.Trace208)) private _weight;
    mapping(Role => Checkpoints.Trace208) private _totalWeight;
    /// @notice Where others delegate to the account; zero: it has opened no pool.
    mapping(address account => mapping(Role => IDelegationPool)) public poolOf;
    mapping(address account => mapping(Role => Commission)) public commissionOf;
    mapping(address account => mapping(Role => Unbonding[])) private _unbondings;
    /// @inheritdoc IStakeSource
    mapping(address account => uint256) public rewardOf;

    event Staked(address indexed account, Role indexed role, uint256 amount, uint256 active);
    event UnbondingStarted(address indexed account, Role indexed role, uint256 amount, uint64 releaseTime);
    event Unstaked(address indexed account, Role indexed role, uint256 amount);
    event PoolOpened(address indexed operator, Role indexed role, address pool, uint256 commission);
    event CommissionSet(address indexed operator, Role indexed role, uint256 commission, uint64 from);
    event YieldPaid(address indexed account, Role indexed role, uint256 toAccount, uint256 toPool);
    event WeightChanged(address indexed account, Role indexed role, uint256 weight);

    error TooManyUnbondings(uint256 maximum);
    error PoolIsOpen(address pool);
    error NotPool(address account);
    error CommissionTooLarge(uint256 maximum, uint256 actual);

    /// @param pools_ makes the pools of delegated stake
    constructor(
        MizuToken token_,
        IDelegationPools pools_,
        Timing memory timing_,
        uint256[ROLES] memory minimums,
        Grant[] memory grants,
        IStakeHook[ROLES] memory hooks
    ) Exposure(token_, timing_, minimums, grants, hooks) {
        pools = pools_;
    }

    /// @notice Adds to the stake of any account; the caller pays.
    function stake(address account, Role role, uint256 amount) external {
        uint256 active = _own[account][role] + amount;
        require(amount > 0, AmountIsZero());
        require(active >= minimumOf(role), StakeBelowMinimum(minimumOf(role), active));
        _setActive(account, role, active);
        token.safeTransferFrom(msg.sender, address(this), amount);
        emit Staked(account, role, amount, active);
    }

    /// @notice Starts to take own stake out that no claim has locked: it can be withdrawn after the unbonding period.
    /// Locks bind the own stake first, and delegated stake only with what it does not cover.
    function unbond(Role role, uint256 amount) external {
        require(amount > 0, AmountIsZero());
        uint256 free = Math.saturatingSub(_own[msg.sender][role], lockedOf[msg.sender][role]);
        require(amount <= free, NotEnoughFreeStake(free, amount));
        Unbonding[] storage queue = _unbondings[msg.sender][role];
        require(queue.length < MAX_UNBONDINGS, TooManyUnbondings(MAX_UNBONDINGS));
        uint64 releaseTime = SafeCast.toUint64(block.timestamp + _timing.unbonding);
        _setActive(msg.sender, role, _own[msg.sender][role] - amount);
        queue.push(Unbonding(SafeCast.toUint128(amount), releaseTime));
        emit UnbondingStarted(msg.sender, role, amount, releaseTime);
    }

    /// @notice Pays out every unbonding of the caller whose time has come.
    function withdraw(Role role) external returns (uint256 amount) {
        Unbonding[] storage queue = _unbondings[msg.sender][role];
        uint256 kept = 0;
        uint256 length = queue.length;
        for (uint256 i = 0; i < length; ++i) {
            Unbonding memory entry = queue[i];
            if (entry.releaseTime <= block.timestamp) amount += entry.amount;
            else queue[kept++] = entry;
        }
        while (queue.length > kept) {
            queue.pop();
        }
        require(amount > 0, NothingToWithdraw());
        token.safeTransfer(msg.sender, amount);
        emit Unstaked(msg.sender, role, amount);
    }

    /// @inheritdoc IStakeSource
    /// @dev What is due of it: yield that is settled.
    function claimReward() external returns (uint256 amount) {
        amount = rewardOf[msg.sender];
        require(amount > 0, NothingToWithdraw());
        rewardOf[msg.sender] = 0;
        token.safeTransfer(msg.sender, amount);
        emit RewardClaimed(msg.sender, amount);
    }

    /// @notice Opens the caller's pool, into which others delegate.
    /// @param commission of the yield of what is delegated, basis points
    function openPool(Role role, uint16 commission) external returns (IDelegationPool pool) {
        pool = poolOf[msg.sender][role];
        require(address(pool) == address(0), PoolIsOpen(address(pool)));
        _requireCommission(commission);
        settle(msg.sender, role);
        pool = pools.create(token, msg.sender, role, _timing.unbonding);
        poolOf[msg.sender][role] = pool;
        commissionOf[msg.sender][role] = Commission(commission, 0, 0);
        emit PoolOpened(msg.sender, role, address(pool), commission);
    }

    /// @notice Sets what the caller keeps of the yield of what is delegated to it, basis points. Less holds at once, more
    /// after the unbonding period: whoever does not agree has left by then. It takes the place of what was announced.
    function setCommission(Role role, uint16 commission) external {
        _requireCommission(commission);
        settle(msg.sender, role);
        Commission storage rate = commissionOf[msg.sender][role];
        uint64 from = SafeCast.toUint64(block.timestamp);
        if (commission > rate.current) {
            from += _timing.unbonding;
            (rate.next, rate.nextFrom) = (commission, from);
        } else {
            (rate.current, rate.next, rate.nextFrom) = (commission, 0, 0);
        }
        emit CommissionSet(msg.sender, role, commission, from);
    }

    /// @inheritdoc IYield
    function fund(Role role, uint256 amount) external {
        require(amount > 0, AmountIsZero());
        _share(role, amount, _totalWeight[role].latest());
        token.safeTransferFrom(msg.sender, address(this), amount);
    }

    /// @inheritdoc IYield
    function fundFor(address account, Role role, uint256 amount) external {
        require(amount > 0, AmountIsZero());
        settle(account, role);
        token.safeTransferFrom(msg.sender, address(this), amount);
        _pay(account, role, _weight[account][role].latest(), amount);
    }

    /// @inheritdoc IDelegation
    function onPoolChange(address operator, Role role) external {
        require(msg.sender == address(poolOf[operator][role]), NotPool(msg.sender));
        _setWeight(operator, role);
    }

    /// @inheritdoc IStakeSource
    /// @dev Free own stake goes first, then what is unbonding of it (the youngest first), then what other claims have
    /// locked of it, then what was delegated.
    function slash(address account, Role role, uint256 amount, address beneficiary, uint256 rewardMax)
        external
        only(Power.SLASH, role)
        returns (uint256 slashed, uint256 reward)
    {
        settle(account, role);
        slashed = _slashOwn(account, role, amount);
        IDelegationPool pool = poolOf[account][role];
        if (slashed < amount && address(pool) != address(0)) slashed += pool.slash(amount - slashed);
        _setWeight(account, role);
        // The burned part is the one that is rounded up.
        reward = beneficiary == address(0) ? 0 : Math.min(rewardMax, slashed / 2);
        if (reward > 0) rewardOf[beneficiary] += reward;
        if (slashed > reward) token.burn(slashed - reward);
        emit Slashed(account, role, beneficiary, slashed, reward, slashed - reward);
        if (_own[account][role] < minimumOf(role)) _tell(account, role);
    }

    /// @inheritdoc IStakeSource
    function weightAt(address account, Role role, uint48 time) external view returns (uint256) {
        return _weight[account][role].upperLookupRecent(time);
    }

    /// @inheritdoc IStakeSource
    function totalWeightAt(Role role, uint48 time) external view returns (uint256) {
        return _totalWeight[role].upperLookupRecent(time);
    }

    /// @notice Sum of all weights of the role, wei.
    function totalWeightOf(Role role) external view returns (uint256) {
        return _totalWeight[role].latest();
    }

    /// @inheritdoc IDelegation
    function pendingYieldOf(address operator, Role role) external view returns (uint256 toPool) {
        uint256 weight = _weight[operator][role].latest();
        (, toPool) = _split(operator, role, weight, _owed(operator, role, weight));
    }

    /// @inheritdoc IDelegation
    function delegationCap(address operator, Role role) external view returns (uint256) {
        uint256 own = _own[operator][role];
        return own < minimumOf(role) ? 0 : own * DELEGATION_CAP;
    }

    function unbondingsOf(address account, Role role) external view returns (Unbonding[] memory) {
        return _unbondings[account][role];
    }

    /// @inheritdoc IDelegation
    function settle(address account, Role role) public {
        uint256 weight = _weight[account][role].latest();
        uint256 earned = _take(account, role, weight);
        Commission storage rate = commissionOf[account][role];
        // What was earned until now is paid by the rate until now.
        if (earned > 0) _pay(account, role, weight, earned);
        if (rate.nextFrom > 0 && rate.nextFrom <= block.timestamp) {
            (rate.current, rate.next, rate.nextFrom) = (rate.next, 0, 0);
        }
    }

    /// @inheritdoc Exposure
    function activeOf(address account, Role role) public view override returns (uint256) {
        return _own[account][role];
    }

    /// @inheritdoc IStakeSource
    function weightOf(address account, Role role) public view override returns (uint256) {
        return _weight[account][role].latest();
    }

    function _slashOwn(address account, Role role, uint256 amount) private returns (uint256) {
        uint256 active = _own[account][role];
        uint256 fromFree = Math.min(amount, Math.saturatingSub(active, lockedOf[account][role]));
        uint256 fromQueue = _slashUnbondings(account, role, amount - fromFree);
        uint256 fromLocked = Math.min(amount - fromFree - fromQueue, active - fromFree);
        _own[account][role] = active - fromFree - fromLocked;
        return fromFree + fromQueue + fromLocked;
    }

    function _slashUnbondings(address account, Role role, uint256 amount) private returns (uint256 slashed) {
        Unbonding[] storage queue = _unbondings[account][role];
        for (uint256 i = queue.length; i > 0 && slashed < amount; --i) {
            uint256 taken = Math.min(amount - slashed, queue[i - 1].amount);
            slashed += taken;
            if (taken == queue[i - 1].amount) queue.pop();
            else queue[i - 1].amount -= SafeCast.toUint128(taken);
        }
    }

    /// @dev Yield is owed for the weight until now, so it is settled before the weight changes.
    function _setActive(address account, Role role, uint256 active) private {
        settle(account, role);
        _own[account][role] = active;
        _setWeight(account, role);
    }

    function _setWeight(address account, Role role) private {
        uint256 own = _own[account][role];
        IDelegationPool pool = poolOf[account][role];
        uint256 delegated = address(pool) == address(0) ? 0 : Math.min(pool.active(), own * DELEGATION_CAP);
        uint48 time = SafeCast.toUint48(block.timestamp);
        (uint256 before, uint256 weight) = (_weight[account][role].latest(), own + delegated);
        if (weight == before) return;
        _weight[account][role].push(time, SafeCast.toUint208(weight));
        _totalWeight[role].push(time, SafeCast.toUint208(_totalWeight[role].latest() + weight - before));
        emit WeightChanged(account, role, weight);
    }

    function _pay(address account, Role role, uint256 weight, uint256 earned) private {
        (uint256 toAccount, uint256 toPool) = _split(account, role, weight, earned);
        rewardOf[account] += toAccount;
        if (toPool > 0) {
            IDelegationPool pool = poolOf[account][role];
            token.safeTransfer(address(pool), toPool);
            pool.addYield(toPool);
            _setWeight(account, role);
        }
        emit YieldPaid(account, role, toAccount, toPool);
    }

    /// @dev Of what a weight has earned: the own stake's part and the commission are the account's, the rest its pool's.
    function _split(address account, Role role, uint256 weight, uint256 earned)
        private
        view
        returns (uint256 toAccount, uint256 toPool)
    {
        uint256 own = _own[account][role];
        IDelegationPool pool = poolOf[account][role];
        if (earned == 0 || weight <= own || pool.totalSupply() == 0) return (earned, 0);
        uint256 kept = BASIS_POINTS - commissionOf[account][role].current;
        toPool = Math.mulDiv(Math.mulDiv(earned, weight - own, weight), kept, BASIS_POINTS);
        toAccount = earned - toPool;
    }

    function _requireCommission(uint256 commission) private pure {
        require(commission <= BASIS_POINTS, CommissionTooLarge(BASIS_POINTS, commission));
    }
}
