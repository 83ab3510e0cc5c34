// SPDX-License-Identifier: MIT
// docs/contracts.md#eigenlayer: EigenLayer 1.9 as far as the network sees it, in one contract.
pragma solidity 0.8.37;

import {
    Allocation,
    CreateSetParams,
    IAVSRegistrar,
    IAllocationManager,
    IDelegationManager,
    IStrategy,
    IStrategyManager,
    OperatorSet,
    SlashingParams
} from "../../src/eigenlayer/IEigenLayer.sol";
import {StrategyDouble} from "./StrategyDouble.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";
import {Checkpoints} from "@openzeppelin/contracts/utils/structs/Checkpoints.sol";

/// @dev Allocations, delegation and strategies of EigenLayer: same order of strategies, same roundings, same blocks.
/// Every delegator is delegated to an operator from his first deposit on; an operator delegates to himself.
contract EigenLayerDouble is IAllocationManager, IDelegationManager, IStrategyManager {
    using Checkpoints for Checkpoints.Trace224;

    uint64 private constant WAD = 1e18;

    struct Membership {
        bool registered;
        uint32 slashableUntil;
    }

    struct Withdrawal {
        address delegator;
        address operator;
        StrategyDouble strategy;
        uint224 scaled;
        uint32 slashableUntil;
    }

    uint32 public immutable DEALLOCATION_DELAY;
    uint32 public immutable minWithdrawalDelayBlocks;

    /// @notice Whether slashes are not paid out now.
    bool public isHeld;
    mapping(address avs => bool) public hasMetadata;
    mapping(bytes32 set => address) public slasherOf;
    mapping(bytes32 set => address) public recipientOf;
    mapping(bytes32 set => mapping(IStrategy => bool)) public hasStrategy;
    mapping(bytes32 set => uint256) public slashCount;
    mapping(bytes32 set => mapping(uint256 slashId => IStrategy[])) private _slashed;
    mapping(bytes32 set => mapping(uint256 slashId => uint256[])) private _slashedShares;
    mapping(address operator => mapping(bytes32 set => Membership)) public membershipOf;
    mapping(address operator => mapping(bytes32 set => mapping(IStrategy => Allocation))) private _allocations;
    /// @dev To which the operator has allocated, now or before.
    mapping(address operator => mapping(IStrategy => bytes32[])) private _setsOf;
    mapping(address operator => mapping(IStrategy => uint64)) public slashedMagnitude;
    mapping(address operator => mapping(IStrategy => Checkpoints.Trace224)) private _magnitudes;
    mapping(address operator => mapping(IStrategy => uint256)) public operatorShares;
    /// @dev Shares are kept divided by the magnitude at which they came, so that a slash reaches all of them.
    mapping(address delegator => mapping(address operator => mapping(IStrategy => uint256))) public scaledOf;
    mapping(address operator => mapping(IStrategy => Checkpoints.Trace224)) private _queued;
    Withdrawal[] public withdrawals;

    error NonexistentAVSMetadata();
    error InvalidOperatorSet();
    error InvalidCaller();
    error InputAddressZero();
    error StrategiesMustBeInAscendingOrder();
    error InvalidWadToSlash();
    error OperatorNotSlashable();
    error StrategyNotInOperatorSet();
    error ModificationAlreadyPending();
    error SameMagnitude();
    error InsufficientMagnitude();
    error WithdrawalDelayNotElapsed();
    error AlreadyMemberOfSet();
    error PayoutsAreHeld();

    constructor(uint32 delayBlocks, uint32 withdrawalDelayBlocks) {
        DEALLOCATION_DELAY = delayBlocks;
        minWithdrawalDelayBlocks = withdrawalDelayBlocks;
    }

    function setHeld(bool isHeld_) external {
        isHeld = isHeld_;
    }

    function updateAVSMetadataURI(address avs, string calldata) external {
        require(msg.sender == avs, InvalidCaller());
        hasMetadata[avs] = true;
    }

    function createRedistributingOperatorSets(
        address avs,
        CreateSetParams[] calldata params,
        address[] calldata recipients
    ) external {
        require(msg.sender == avs, InvalidCaller());
        require(hasMetadata[avs], NonexistentAVSMetadata());
        for (uint256 i = 0; i < params.length; ++i) {
            bytes32 set = keyOf(OperatorSet(avs, params[i].operatorSetId));
            require(slasherOf[set] == address(0), InvalidOperatorSet());
            require(params[i].slasher != address(0) && recipients[i] != address(0), InputAddressZero());
            (slasherOf[set], recipientOf[set]) = (params[i].slasher, recipients[i]);
            for (uint256 k = 0; k < params[i].strategies.length; ++k) {
                hasStrategy[set][params[i].strategies[k]] = true;
            }
        }
    }

    /// @dev As registerForOperatorSets. The AVS is its own registrar.
    function register(address avs, uint32[] calldata ids) external {
        for (uint256 i = 0; i < ids.length; ++i) {
            bytes32 set = keyOf(OperatorSet(avs, ids[i]));
            require(slasherOf[set] != address(0), InvalidOperatorSet());
            Membership storage membership = membershipOf[msg.sender][set];
            // Who has left comes back once he can no longer be slashed.
            require(!_isSlashable(membership), AlreadyMemberOfSet());
            membership.registered = true;
        }
        IAVSRegistrar(avs).registerOperator(msg.sender, avs, ids, "");
    }

    /// @dev As deregisterFromOperatorSets.
    function deregister(address avs, uint32[] calldata ids) external {
        for (uint256 i = 0; i < ids.length; ++i) {
            Membership storage membership = membershipOf[msg.sender][keyOf(OperatorSet(avs, ids[i]))];
            require(membership.registered, InvalidOperatorSet());
            membership.registered = false;
            membership.slashableUntil = SafeCast.toUint32(block.number + DEALLOCATION_DELAY);
        }
        IAVSRegistrar(avs).deregisterOperator(msg.sender, avs, ids);
    }

    /// @dev As modifyAllocations of one strategy, of an operator whose allocation delay is 0.
    function allocate(address avs, uint32 id, IStrategy strategy, uint64 magnitude) external {
        bytes32 set = keyOf(OperatorSet(avs, id));
        require(slasherOf[set] != address(0), InvalidOperatorSet());
        Allocation memory allocation = _current(msg.sender, set, strategy);
        require(allocation.pendingDiff == 0, ModificationAlreadyPending());
        require(magnitude != allocation.currentMagnitude, SameMagnitude());
        if (magnitude > allocation.currentMagnitude) {
            _noteSet(msg.sender, set, strategy);
            uint256 sum = _encumbered(msg.sender, strategy) + magnitude - allocation.currentMagnitude;
            require(sum <= _magnitudeOf(msg.sender, strategy), InsufficientMagnitude());
            allocation.currentMagnitude = magnitude;
        } else if (_isSlashable(membershipOf[msg.sender][set]) && hasStrategy[set][strategy]) {
            allocation.pendingDiff = -int128(uint128(allocation.currentMagnitude - magnitude));
            allocation.effectBlock = SafeCast.toUint32(block.number + DEALLOCATION_DELAY + 1);
        } else {
            allocation.currentMagnitude = magnitude;
        }
        _allocations[msg.sender][set][strategy] = allocation;
    }

    function slashOperator(address avs, SlashingParams calldata params)
        external
        returns (uint256 slashId, uint256[] memory shares)
    {
        bytes32 set = keyOf(OperatorSet(avs, params.operatorSetId));
        require(msg.sender == slasherOf[set], InvalidCaller());
        require(_isSlashable(membershipOf[params.operator][set]), OperatorNotSlashable());
        slashId = ++slashCount[set];
        shares = new uint256[](params.strategies.length);
        for (uint256 i = 0; i < shares.length; ++i) {
            IStrategy strategy = params.strategies[i];
            require(i == 0 || address(strategy) > address(params.strategies[i - 1]), StrategiesMustBeInAscendingOrder());
            require(params.wadsToSlash[i] > 0 && params.wadsToSlash[i] <= WAD, InvalidWadToSlash());
            require(hasStrategy[set][strategy], StrategyNotInOperatorSet());
            shares[i] = _slash(params.operator, set, strategy, params.wadsToSlash[i]);
            _slashed[set][slashId].push(strategy);
            _slashedShares[set][slashId].push(shares[i]);
        }
    }

    /// @dev Anyone may call it; a second call pays nothing.
    function clearBurnOrRedistributableShares(OperatorSet calldata operatorSet, uint256 slashId)
        external
        returns (uint256[] memory amounts)
    {
        require(!isHeld, PayoutsAreHeld());
        bytes32 set = keyOf(operatorSet);
        IStrategy[] memory strategies = _slashed[set][slashId];
        uint256[] memory shares = _slashedShares[set][slashId];
        delete _slashed[set][slashId];
        delete _slashedShares[set][slashId];
        amounts = new uint256[](strategies.length);
        for (uint256 i = 0; i < strategies.length; ++i) {
            if (shares[i] > 0) {
                amounts[i] = StrategyDouble(address(strategies[i])).withdraw(recipientOf[set], shares[i]);
            }
        }
    }

    /// @dev As depositIntoStrategy by a delegator of `operator`.
    function deposit(StrategyDouble strategy, address operator, uint256 amount) external {
        uint256 shares = strategy.deposit(msg.sender, amount);
        uint256 magnitude = _magnitudeOf(operator, strategy);
        scaledOf[msg.sender][operator][strategy] += Math.mulDiv(shares, WAD, magnitude);
        operatorShares[operator][strategy] += shares;
    }

    /// @dev As queueWithdrawals of one strategy.
    function queueWithdrawal(StrategyDouble strategy, address operator, uint256 scaled) external returns (uint256 id) {
        uint256 shares = Math.mulDiv(scaled, _magnitudeOf(operator, strategy), WAD);
        scaledOf[msg.sender][operator][strategy] -= scaled;
        operatorShares[operator][strategy] = Math.saturatingSub(operatorShares[operator][strategy], shares);
        Checkpoints.Trace224 storage queued = _queued[operator][strategy];
        queued.push(SafeCast.toUint32(block.number), SafeCast.toUint224(queued.latest() + scaled));
        id = withdrawals.length;
        uint32 until = SafeCast.toUint32(block.number + minWithdrawalDelayBlocks);
        withdrawals.push(Withdrawal(msg.sender, operator, strategy, SafeCast.toUint224(scaled), until));
    }

    /// @dev Pays what slashes up to the last slashable block, that included, have left.
    function completeWithdrawal(uint256 id) external returns (uint256 amount) {
        Withdrawal memory withdrawal = withdrawals[id];
        require(block.number > withdrawal.slashableUntil, WithdrawalDelayNotElapsed());
        require(msg.sender == withdrawal.delegator, InvalidCaller());
        delete withdrawals[id];
        uint256 lost = _magnitudes[withdrawal.operator][withdrawal.strategy].upperLookup(withdrawal.slashableUntil);
        uint256 shares = Math.mulDiv(withdrawal.scaled, WAD - lost, WAD);
        return shares == 0 ? 0 : withdrawal.strategy.withdraw(msg.sender, shares);
    }

    function isMemberOfOperatorSet(address operator, OperatorSet calldata operatorSet) external view returns (bool) {
        return membershipOf[operator][keyOf(operatorSet)].registered;
    }

    function isOperatorSlashable(address operator, OperatorSet calldata operatorSet) external view returns (bool) {
        return _isSlashable(membershipOf[operator][keyOf(operatorSet)]);
    }

    function getAllocation(address operator, OperatorSet calldata operatorSet, IStrategy strategy)
        external
        view
        returns (Allocation memory)
    {
        return _current(operator, keyOf(operatorSet), strategy);
    }

    function getMaxMagnitude(address operator, IStrategy strategy) external view returns (uint64) {
        return _magnitudeOf(operator, strategy);
    }

    function getSlashableSharesInQueue(address operator, IStrategy strategy) external view returns (uint256) {
        return Math.mulDiv(_queuedScaled(operator, strategy), _magnitudeOf(operator, strategy), WAD);
    }

    function keyOf(OperatorSet memory operatorSet) public pure returns (bytes32) {
        return keccak256(abi.encode(operatorSet));
    }

    function _slash(address operator, bytes32 set, IStrategy strategy, uint256 wad) private returns (uint256 shares) {
        Allocation memory allocation = _current(operator, set, strategy);
        if (allocation.currentMagnitude == 0) return 0;
        uint64 before = _magnitudeOf(operator, strategy);
        uint64 lost = SafeCast.toUint64(Math.mulDiv(allocation.currentMagnitude, wad, WAD, Math.Rounding.Ceil));
        allocation.currentMagnitude -= lost;
        if (allocation.pendingDiff < 0) {
            uint256 pending = uint128(-allocation.pendingDiff);
            allocation.pendingDiff += int128(uint128(Math.mulDiv(pending, wad, WAD, Math.Rounding.Ceil)));
        }
        _allocations[operator][set][strategy] = allocation;
        slashedMagnitude[operator][strategy] += lost;
        uint32 number = SafeCast.toUint32(block.number);
        _magnitudes[operator][strategy].push(number, slashedMagnitude[operator][strategy]);
        uint256 held = operatorShares[operator][strategy];
        uint256 kept = Math.mulDiv(held, before - lost, before, Math.Rounding.Ceil);
        operatorShares[operator][strategy] = kept;
        shares = held - kept + Math.mulDiv(_queuedScaled(operator, strategy), lost, WAD);
    }

    function _noteSet(address operator, bytes32 set, IStrategy strategy) private {
        bytes32[] storage sets = _setsOf[operator][strategy];
        for (uint256 i = 0; i < sets.length; ++i) {
            if (sets[i] == set) return;
        }
        sets.push(set);
    }

    /// @dev All that is allocated, what is on its way out included.
    function _encumbered(address operator, IStrategy strategy) private view returns (uint256 sum) {
        bytes32[] storage sets = _setsOf[operator][strategy];
        for (uint256 i = 0; i < sets.length; ++i) {
            sum += _current(operator, sets[i], strategy).currentMagnitude;
        }
    }

    /// @dev A change whose block has come is part of the allocation, whether or not anybody has cleared it.
    function _current(address operator, bytes32 set, IStrategy strategy)
        private
        view
        returns (Allocation memory allocation)
    {
        allocation = _allocations[operator][set][strategy];
        if (allocation.pendingDiff == 0 || block.number < allocation.effectBlock) return allocation;
        allocation.currentMagnitude -= SafeCast.toUint64(uint128(-allocation.pendingDiff));
        (allocation.pendingDiff, allocation.effectBlock) = (0, 0);
    }

    /// @dev Withdrawals of the last blocks, the one that is exactly the delay ago included.
    function _queuedScaled(address operator, IStrategy strategy) private view returns (uint256) {
        Checkpoints.Trace224 storage queued = _queued[operator][strategy];
        if (block.number <= minWithdrawalDelayBlocks) return queued.latest();
        uint32 number = SafeCast.toUint32(block.number - minWithdrawalDelayBlocks - 1);
        return queued.latest() - queued.upperLookup(number);
    }

    function _magnitudeOf(address operator, IStrategy strategy) private view returns (uint64) {
        return WAD - slashedMagnitude[operator][strategy];
    }

    function _isSlashable(Membership storage membership) private view returns (bool) {
        return membership.registered || (membership.slashableUntil != 0 && block.number <= membership.slashableUntil);
    }
}
