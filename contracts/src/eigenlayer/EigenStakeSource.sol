// SPDX-License-Identifier: MIT
// docs/contracts.md#eigenlayer
pragma solidity 0.8.37;

import {Exposure} from "../Exposure.sol";
import {MizuToken} from "../MizuToken.sol";
import {Yield} from "../Yield.sol";
import {IStakeHook} from "../interfaces/IStakeHook.sol";
import {IStakeSource} from "../interfaces/IStakeSource.sol";
import {IYield} from "../interfaces/IYield.sol";
import {Timing} from "../lib/Timing.sol";
import {Role} from "../lib/Types.sol";
import {EigenPositions} from "./EigenPositions.sol";
import {
    CreateSetParams,
    IAVSRegistrar,
    IAllocationManager,
    IDelegationManager,
    IStrategy,
    IStrategyManager,
    SlashingParams
} from "./IEigenLayer.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";
import {Checkpoints} from "@openzeppelin/contracts/utils/structs/Checkpoints.sol";

/// @title Stakes that lie in EigenLayer: the network's AVS, its registrar, its only slasher and the recipient of slashes.
/// @notice Each role is an operator set, whose id is the role's number. There is no owner: neither the strategies nor the
/// slasher nor the recipient can be changed.
contract EigenStakeSource is Exposure, EigenPositions, Yield, IAVSRegistrar {
    using Checkpoints for Checkpoints.Trace208;
    using SafeERC20 for MizuToken;

    /// @notice Where EigenLayer is, and how the network stands in it.
    /// @param blockSeconds least seconds between two blocks of this chain: EigenLayer counts its delays in blocks
    struct EigenLayer {
        IAllocationManager allocationManager;
        IDelegationManager delegationManager;
        IStrategyManager strategyManager;
        uint64 blockSeconds;
        IStrategy[] strategies;
        string metadataURI;
    }

    /// @notice A slash whose tokens EigenLayer has not paid out yet.
    /// @param worth wei that were taken, as the strategies valued them then
    /// @param reward wei of it that are the beneficiary's
    struct Slash {
        address beneficiary;
        uint96 worth;
        uint96 reward;
    }

    IStrategyManager public immutable strategyManager;
    /// @notice Seconds for which a weight counts after it was last synced.
    uint256 public immutable freshSeconds;

    /// @inheritdoc IStakeSource
    mapping(address account => uint256) public rewardOf;
    /// @notice Sum of all rewards that can be claimed, and of the yield that is not settled.
    uint256 public owed;
    /// @notice Slashes that have not been collected.
    uint256 public uncollected;
    mapping(Role => mapping(uint256 slashId => Slash)) private _slashes;
    /// @dev The weight, then 48 bits of the time at which it was synced.
    mapping(address account => mapping(Role => Checkpoints.Trace208)) private _weights;
    mapping(Role => Checkpoints.Trace208) private _total;

    event Synced(address indexed account, Role indexed role, uint256 weight);
    event SlashSent(Role indexed role, uint256 indexed slashId, address indexed beneficiary, uint256 worth);
    event FundedFor(address indexed account, address indexed from, uint256 amount);
    event Collected(Role indexed role, uint256 indexed slashId, uint256 reward, uint256 burned);

    error UnbondingTooLong(uint256 maximum, uint256 actual);
    error NotAllocationManager(address account);
    error WrongAVS(address expected, address actual);
    error UnknownOperatorSet(uint32 id);
    error NothingToCollect(Role role, uint256 slashId);

    /// @dev Makes the operator sets. The contract is its own registrar, because EigenLayer asks the AVS where none is named.
    constructor(
        MizuToken token_,
        Timing memory timing_,
        uint256[ROLES] memory minimums,
        Grant[] memory grants,
        IStakeHook[ROLES] memory hooks,
        EigenLayer memory eigenLayer
    )
        Exposure(token_, timing_, minimums, grants, hooks)
        EigenPositions(token_, eigenLayer.allocationManager, eigenLayer.delegationManager, eigenLayer.strategies)
    {
        strategyManager = eigenLayer.strategyManager;
        // What leaves an allocation, and what leaves an operator: both can be slashed for so long.
        uint256 delayBlocks = Math.min(
            eigenLayer.allocationManager.DEALLOCATION_DELAY(), eigenLayer.delegationManager.minWithdrawalDelayBlocks()
        );
        uint256 delaySeconds = delayBlocks * eigenLayer.blockSeconds;
        require(timing_.unbonding <= delaySeconds, UnbondingTooLong(delaySeconds, timing_.unbonding));
        freshSeconds = delaySeconds - timing_.longest();
        CreateSetParams[] memory sets = new CreateSetParams[](ROLES);
        address[] memory recipients = new address[](ROLES);
        for (uint32 i = 0; i < ROLES; ++i) {
            sets[i] = CreateSetParams(i, eigenLayer.strategies, address(this));
            recipients[i] = address(this);
        }
        eigenLayer.allocationManager.updateAVSMetadataURI(address(this), eigenLayer.metadataURI);
        eigenLayer.allocationManager.createRedistributingOperatorSets(address(this), sets, recipients);
    }

    modifier onlyAllocationManager(address avs) {
        require(msg.sender == address(allocationManager), NotAllocationManager(msg.sender));
        require(avs == address(this), WrongAVS(address(this), avs));
        _;
    }

    /// @inheritdoc IAVSRegistrar
    /// @dev Who has not allocated the minimum stake yet is refused: dust cannot fill the lists.
    function registerOperator(address operator, address avs, uint32[] calldata operatorSetIds, bytes calldata)
        external
        onlyAllocationManager(avs)
    {
        for (uint256 i = 0; i < operatorSetIds.length; ++i) {
            Role role = _roleOf(operatorSetIds[i]);
            uint256 active = activeOf(operator, role);
            require(active >= minimumOf(role), StakeBelowMinimum(minimumOf(role), active));
            _sync(operator, role);
        }
    }

    /// @inheritdoc IAVSRegistrar
    function deregisterOperator(address operator, address avs, uint32[] calldata operatorSetIds)
        external
        onlyAllocationManager(avs)
    {
        for (uint256 i = 0; i < operatorSetIds.length; ++i) {
            _sync(operator, _roleOf(operatorSetIds[i]));
        }
    }

    /// @notice Settles the account's yield and writes down what its stake is now: its weight from now on. Anyone may call
    /// it. If the stake is less than the minimum, the role's hook is told.
    function sync(address account, Role role) external returns (uint256 weight) {
        return _sync(account, role);
    }

    /// @inheritdoc IYield
    /// @dev By the weights that were synced last.
    function fund(Role role, uint256 amount) external {
        require(amount > 0, AmountIsZero());
        _share(role, amount, _total[role].latest());
        owed += amount;
        token.safeTransferFrom(msg.sender, address(this), amount);
    }

    /// @inheritdoc IYield
    /// @dev EigenLayer's operators share with who has delegated to them by EigenLayer's own means.
    function fundFor(address account, Role, uint256 amount) external {
        require(amount > 0, AmountIsZero());
        rewardOf[account] += amount;
        owed += amount;
        token.safeTransferFrom(msg.sender, address(this), amount);
        emit FundedFor(account, msg.sender, amount);
    }

    /// @inheritdoc IStakeSource
    /// @dev EigenLayer takes the same part of what is active and of what leaves; its roundings take a few wei more than
    /// `amount`, which are burned. If it does not pay out at once, somebody calls `collect` later.
    function slash(address account, Role role, uint256 amount, address beneficiary, uint256 rewardMax)
        external
        only(Power.SLASH, role)
        returns (uint256 slashed, uint256 reward)
    {
        uint256 slashId;
        (slashId, slashed) = _slash(account, role, amount);
        // The burned part is the one that is rounded up.
        reward = beneficiary == address(0) ? 0 : Math.min(rewardMax, Math.min(amount, slashed) / 2);
        if (slashed > 0) {
            _slashes[role][slashId] = Slash(beneficiary, SafeCast.toUint96(slashed), SafeCast.toUint96(reward));
            uncollected += 1;
            emit SlashSent(role, slashId, beneficiary, slashed);
            try this.collect(role, slashId) {} catch {}
        }
        emit Slashed(account, role, beneficiary, slashed, reward, slashed - reward);
        _sync(account, role);
    }

    /// @notice Has EigenLayer pay out a slash, burns at least half of it and credits the rest. Anyone may call it.
    /// @dev Others may have had it paid out: then its tokens lie here already. What is here beyond all that is owed, from
    /// strategies that have risen in value or from gifts, is burned with the last slash.
    function collect(Role role, uint256 slashId) external returns (uint256 reward, uint256 burned) {
        Slash memory collected = _slashes[role][slashId];
        require(collected.worth > 0, NothingToCollect(role, slashId));
        delete _slashes[role][slashId];
        uncollected -= 1;
        strategyManager.clearBurnOrRedistributableShares(_setOf(role), slashId);
        uint256 arrived = token.balanceOf(address(this)) - owed;
        uint256 own = uncollected == 0 ? arrived : Math.min(arrived, collected.worth);
        reward = Math.min(collected.reward, own / 2);
        burned = own - reward;
        owed += reward;
        rewardOf[collected.beneficiary] += reward;
        if (burned > 0) token.burn(burned);
        emit Collected(role, slashId, reward, burned);
    }

    /// @inheritdoc IStakeSource
    /// @dev Of slashes that were collected, and of yield that is settled.
    function claimReward() external returns (uint256 amount) {
        amount = rewardOf[msg.sender];
        require(amount > 0, NothingToWithdraw());
        rewardOf[msg.sender] = 0;
        owed -= amount;
        token.safeTransfer(msg.sender, amount);
        emit RewardClaimed(msg.sender, amount);
    }

    /// @inheritdoc IAVSRegistrar
    function supportsAVS(address avs) external view returns (bool) {
        return avs == address(this);
    }

    /// @notice A slash that waits for `collect`; nothing if it was collected.
    function slashOf(Role role, uint256 slashId) external view returns (Slash memory) {
        return _slashes[role][slashId];
    }

    /// @inheritdoc IStakeSource
    /// @dev What it would be synced with now.
    function weightOf(address account, Role role) public view override returns (uint256) {
        return activeOf(account, role);
    }

    /// @inheritdoc EigenPositions
    function activeOf(address account, Role role) public view override(Exposure, EigenPositions) returns (uint256) {
        return EigenPositions.activeOf(account, role);
    }

    /// @inheritdoc IStakeSource
    /// @dev What it was synced with, if that was at most `freshSeconds` before. So it can be slashed until all that is
    /// claimed at that time is judged.
    function weightAt(address account, Role role, uint48 time) external view returns (uint256) {
        uint256 found = _weights[account][role].upperLookupRecent(time);
        // Times have 48 bits.
        // forge-lint: disable-next-line(unsafe-typecast)
        uint256 synced = uint48(found);
        return time - synced <= freshSeconds ? found >> 48 : 0;
    }

    /// @inheritdoc IStakeSource
    /// @dev Of what was synced last, however long ago: never less than the sum of `weightAt`.
    function totalWeightAt(Role role, uint48 time) external view returns (uint256) {
        return _total[role].upperLookupRecent(time);
    }

    /// @notice Sum of the last synced weights of the role, wei.
    function totalWeightOf(Role role) external view returns (uint256) {
        return _total[role].latest();
    }

    /// @return slashId of the operator set, if anything was there to take
    /// @return worth wei that were taken
    function _slash(address account, Role role, uint256 amount) private returns (uint256 slashId, uint256 worth) {
        SlashingParams memory params;
        (params.strategies, params.wadsToSlash) = _partsOf(account, role, amount);
        uint256 count = params.strategies.length;
        // EigenLayer refuses a slash of nothing, and of an account that never was an operator.
        if (count == 0) return (0, 0);
        (params.operator, params.operatorSetId) = (account, uint32(role));
        params.description = "MIZU: docs/contracts.md#eigenlayer";
        uint256[] memory shares;
        (slashId, shares) = allocationManager.slashOperator(address(this), params);
        for (uint256 i = 0; i < count; ++i) {
            worth += params.strategies[i].sharesToUnderlyingView(shares[i]);
        }
    }

    function _sync(address account, Role role) private returns (uint256 weight) {
        weight = activeOf(account, role);
        Checkpoints.Trace208 storage trace = _weights[account][role];
        uint48 time = SafeCast.toUint48(block.timestamp);
        uint256 before = trace.latest() >> 48;
        rewardOf[account] += _take(account, role, before);
        trace.push(time, SafeCast.toUint208(weight << 48 | time));
        _total[role].push(time, SafeCast.toUint208(_total[role].latest() + weight - before));
        emit Synced(account, role, weight);
        if (weight < minimumOf(role)) _tell(account, role);
    }

    function _roleOf(uint32 operatorSetId) private pure returns (Role) {
        require(operatorSetId < ROLES, UnknownOperatorSet(operatorSetId));
        return Role(operatorSetId);
    }
}
