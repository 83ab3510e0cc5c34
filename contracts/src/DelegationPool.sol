// SPDX-License-Identifier: MIT
// docs/contracts.md#delegation
pragma solidity 0.8.37;

import {MizuToken} from "./MizuToken.sol";
import {IDelegation, IDelegationPool} from "./interfaces/IDelegation.sol";
import {Role} from "./lib/Types.sol";
import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {ERC4626} from "@openzeppelin/contracts/token/ERC20/extensions/ERC4626.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";

/// @title Stake that others have put behind one operator in one role (ERC-4626).
/// @notice In by `deposit` and `mint`; out by `unbond` and, when the time has come, `withdrawUnbonded`. `withdraw` and
/// `redeem` of ERC-4626 are switched off (`maxWithdraw` and `maxRedeem` are 0): stake that could leave at once would
/// leave before it is slashed. What is on its way out earns nothing and is slashed like the rest.
contract DelegationPool is ERC4626, IDelegationPool {
    using SafeERC20 for IERC20;

    /// @notice A part on its way out.
    /// @param shares of all that is on its way out, not of the active part
    /// @param era a slash that leaves next to nothing of what is on its way out ends an era: entries of it are worth 0
    /// @param releaseTime unix seconds
    struct Unbonding {
        uint128 shares;
        uint64 era;
        uint64 releaseTime;
    }

    uint256 public constant MAX_UNBONDINGS = 16;
    /// @notice Of what slashes have left next to nothing, less than 1/MAX_DILUTION of a wei a share, nothing is made any
    /// more: numbers of shares would grow out of bounds.
    uint256 public constant MAX_DILUTION = 1_000_000;

    /// @notice Holds the operator's own stake, and may slash this pool.
    IDelegation public immutable stakes;
    address public immutable operator;
    Role public immutable role;
    uint64 public immutable unbondingSeconds;

    /// @inheritdoc IDelegationPool
    uint256 public active;
    /// @notice What is on its way out, wei.
    uint256 public unbonding;
    uint256 private _unbondingShares;
    uint64 private _era;
    mapping(address account => Unbonding[]) private _unbondings;

    event UnbondingStarted(address indexed account, uint256 shares, uint256 amount, uint64 releaseTime);
    event Unstaked(address indexed account, uint256 amount);
    event YieldAdded(uint256 amount, uint256 active);
    event Slashed(uint256 fromActive, uint256 fromUnbonding);

    error NotStakes(address account);
    error AmountIsZero();
    error TooManyUnbondings(uint256 maximum);
    error NothingToWithdraw();

    modifier onlyStakes() {
        require(msg.sender == address(stakes), NotStakes(msg.sender));
        _;
    }

    constructor(IDelegation stakes_, MizuToken token, address operator_, Role role_, uint64 unbondingSeconds_)
        ERC20("Delegated MIZU", "dMIZU")
        ERC4626(IERC20(address(token)))
    {
        stakes = stakes_;
        operator = operator_;
        role = role_;
        unbondingSeconds = unbondingSeconds_;
    }

    /// @notice Starts to take shares of the caller out. They are turned into tokens at the price of now, which only a
    /// slash can lower until `withdrawUnbonded` pays them.
    /// @return amount wei that are on their way out by this
    function unbond(uint256 shares) external returns (uint256 amount) {
        require(shares > 0, AmountIsZero());
        Unbonding[] storage queue = _unbondings[msg.sender];
        require(queue.length < MAX_UNBONDINGS, TooManyUnbondings(MAX_UNBONDINGS));
        stakes.settle(operator, role);
        amount = convertToAssets(shares);
        require(amount > 0, AmountIsZero());
        _burn(msg.sender, shares);
        // Rounded down: whoever leaves takes nothing from those who are leaving already.
        uint256 leaving = unbonding == 0 ? amount : Math.mulDiv(amount, _unbondingShares, unbonding);
        active -= amount;
        unbonding += amount;
        _unbondingShares += leaving;
        uint64 releaseTime = SafeCast.toUint64(block.timestamp + unbondingSeconds);
        queue.push(Unbonding(SafeCast.toUint128(leaving), _era, releaseTime));
        stakes.onPoolChange(operator, role);
        emit UnbondingStarted(msg.sender, shares, amount, releaseTime);
    }

    /// @notice Pays out every part of the caller's whose time has come, less what was slashed of it.
    function withdrawUnbonded() external returns (uint256 amount) {
        Unbonding[] storage queue = _unbondings[msg.sender];
        uint256 length = queue.length;
        uint256 kept = 0;
        uint256 shares = 0;
        for (uint256 i = 0; i < length; ++i) {
            Unbonding memory entry = queue[i];
            if (entry.releaseTime > block.timestamp) queue[kept++] = entry;
            else if (entry.era == _era) shares += entry.shares;
        }
        require(kept < length, NothingToWithdraw());
        while (queue.length > kept) {
            queue.pop();
        }
        if (shares > 0) {
            amount = Math.mulDiv(shares, unbonding, _unbondingShares);
            _unbondingShares -= shares;
            unbonding -= amount;
        }
        IERC20(asset()).safeTransfer(msg.sender, amount);
        emit Unstaked(msg.sender, amount);
    }

    /// @inheritdoc IDelegationPool
    function addYield(uint256 amount) external onlyStakes {
        active += amount;
        emit YieldAdded(amount, active);
    }

    /// @inheritdoc IDelegationPool
    function slash(uint256 amount) external onlyStakes returns (uint256 slashed) {
        uint256 all = active + unbonding;
        slashed = Math.min(amount, all);
        if (slashed == 0) return 0;
        // The active part takes the wei that does not divide.
        uint256 fromUnbonding = Math.mulDiv(slashed, unbonding, all);
        uint256 fromActive = slashed - fromUnbonding;
        active -= fromActive;
        unbonding -= fromUnbonding;
        if (_unbondingShares > unbonding * MAX_DILUTION) {
            active += unbonding;
            (unbonding, _unbondingShares) = (0, 0);
            ++_era;
        }
        IERC20(asset()).safeTransfer(msg.sender, slashed);
        emit Slashed(fromActive, fromUnbonding);
    }

    /// @notice Parts of the account that are on their way out, in wei of now, and when they can be withdrawn.
    function unbondingsOf(address account)
        external
        view
        returns (uint256[] memory amounts, uint64[] memory releaseTimes)
    {
        Unbonding[] storage queue = _unbondings[account];
        uint256 length = queue.length;
        (amounts, releaseTimes) = (new uint256[](length), new uint64[](length));
        for (uint256 i = 0; i < length; ++i) {
            Unbonding memory entry = queue[i];
            releaseTimes[i] = entry.releaseTime;
            if (entry.era == _era) amounts[i] = Math.mulDiv(entry.shares, unbonding, _unbondingShares);
        }
    }

    /// @inheritdoc IDelegationPool
    function totalSupply() public view override(ERC20, IERC20, IDelegationPool) returns (uint256) {
        return super.totalSupply();
    }

    /// @notice Active stake with the yield that is not settled, wei. Tokens that somebody sends here do not count.
    function totalAssets() public view override returns (uint256) {
        return active + stakes.pendingYieldOf(operator, role);
    }

    /// @notice What the operator's own stake, which loses first, still allows.
    function maxDeposit(address) public view override returns (uint256) {
        uint256 assets = totalAssets();
        if (totalSupply() > assets * MAX_DILUTION) return 0;
        return Math.saturatingSub(stakes.delegationCap(operator, role), assets);
    }

    function maxMint(address account) public view override returns (uint256) {
        return convertToShares(maxDeposit(account));
    }

    function maxWithdraw(address) public pure override returns (uint256) {
        return 0;
    }

    function maxRedeem(address) public pure override returns (uint256) {
        return 0;
    }

    function _deposit(address caller, address receiver, uint256 assets, uint256 shares) internal override {
        require(shares > 0, AmountIsZero());
        stakes.settle(operator, role);
        super._deposit(caller, receiver, assets, shares);
        active += assets;
        stakes.onPoolChange(operator, role);
    }
}
