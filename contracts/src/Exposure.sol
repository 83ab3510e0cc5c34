// SPDX-License-Identifier: MIT
// docs/contracts.md#authorities: who may bind and take stakes, and what of them is bound.
pragma solidity 0.8.37;

import {MizuToken} from "./MizuToken.sol";
import {IStakeHook} from "./interfaces/IStakeHook.sol";
import {IStakeSource} from "./interfaces/IStakeSource.sol";
import {requireAtMost} from "./lib/Settings.sol";
import {Timing} from "./lib/Timing.sol";
import {Role} from "./lib/Types.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";

/// @title Powers over stakes, minimum stakes, locks and hooks, wherever the stakes are.
/// @notice There is no owner: who may lock and slash the stakes of which role is fixed when the contract is made.
abstract contract Exposure is IStakeSource {
    /// @notice What an authority may do with the stakes of one role: nothing, lock and release, or slash them too.
    enum Power {
        NONE,
        LOCK,
        SLASH
    }

    /// @notice What an authority is given when the contract is made.
    struct Grant {
        address authority;
        Role role;
        Power power;
    }

    uint256 internal constant ROLES = 5;
    /// @notice Gas that a hook is called with. Fixed, so that whoever slashes cannot have it fail for want of gas.
    uint256 public constant HOOK_GAS = 1_000_000;
    /// @dev A call passes on at most 63/64 of the gas that is left (EIP-150); the rest pays for the call itself.
    uint256 private constant GAS_BEFORE_HOOK = HOOK_GAS * 64 / 63 + 20_000;

    /// @inheritdoc IStakeSource
    MizuToken public immutable token;

    Timing internal _timing;
    uint256[ROLES] private _minimum;
    mapping(address authority => mapping(Role => Power)) public powerOf;
    /// @notice Who is told when an account has less than the minimum of the role; zero: nobody.
    mapping(Role => IStakeHook) public hookOf;
    /// @notice All that is locked, by whomever.
    mapping(address account => mapping(Role => uint256)) public lockedOf;
    mapping(address authority => mapping(address account => mapping(Role => uint256))) public lockedBy;

    event Locked(address indexed account, Role indexed role, address indexed authority, uint256 amount, uint256 locked);
    event Released(
        address indexed account, Role indexed role, address indexed authority, uint256 amount, uint256 locked
    );
    event Slashed(
        address indexed account,
        Role indexed role,
        address indexed beneficiary,
        uint256 slashed,
        uint256 reward,
        uint256 burned
    );
    event RewardClaimed(address indexed account, uint256 amount);
    event HookFailed(address indexed account, Role indexed role, address hook);

    error NotAuthority(address account);
    error NotEnoughGas(uint256 expected, uint256 actual);
    error MinimumIsZero(Role role);
    error NotEnoughFreeStake(uint256 free, uint256 requested);
    error NotEnoughLocked(uint256 locked, uint256 requested);
    error StakeBelowMinimum(uint256 minimum, uint256 actual);
    error AmountIsZero();
    error NothingToWithdraw();

    modifier only(Power power, Role role) {
        require(powerOf[msg.sender][role] >= power, NotAuthority(msg.sender));
        _;
    }

    /// @param minimums smallest stake per role, in the order of `Role`, in wei
    /// @param grants who may lock and slash what: the Rollup executors, the Inbox sequencers, the court whom it judges
    /// @param hooks per role, in the order of `Role`, who is told of a stake that is below the minimum
    constructor(
        MizuToken token_,
        Timing memory timing_,
        uint256[ROLES] memory minimums,
        Grant[] memory grants,
        IStakeHook[ROLES] memory hooks
    ) {
        timing_.check();
        token = token_;
        _timing = timing_;
        uint256 cap = token_.cap();
        for (uint256 i = 0; i < ROLES; ++i) {
            require(minimums[i] > 0, MinimumIsZero(Role(i)));
            requireAtMost(cap, minimums[i]);
            hookOf[Role(i)] = hooks[i];
        }
        _minimum = minimums;
        for (uint256 i = 0; i < grants.length; ++i) {
            powerOf[grants[i].authority][grants[i].role] = grants[i].power;
        }
    }

    /// @inheritdoc IStakeSource
    function lock(address account, Role role, uint256 amount) external only(Power.LOCK, role) {
        uint256 free = freeOf(account, role);
        require(amount <= free, NotEnoughFreeStake(free, amount));
        lockedBy[msg.sender][account][role] += amount;
        uint256 locked = lockedOf[account][role] += amount;
        emit Locked(account, role, msg.sender, amount, locked);
    }

    /// @inheritdoc IStakeSource
    function release(address account, Role role, uint256 amount) external only(Power.LOCK, role) {
        uint256 own = lockedBy[msg.sender][account][role];
        require(amount <= own, NotEnoughLocked(own, amount));
        lockedBy[msg.sender][account][role] = own - amount;
        uint256 locked = lockedOf[account][role] -= amount;
        emit Released(account, role, msg.sender, amount, locked);
    }

    /// @inheritdoc IStakeSource
    function timing() public view returns (Timing memory) {
        return _timing;
    }

    /// @inheritdoc IStakeSource
    function isActive(address account, Role role) public view returns (bool) {
        return activeOf(account, role) >= minimumOf(role);
    }

    /// @inheritdoc IStakeSource
    function minimumOf(Role role) public view returns (uint256) {
        return _minimum[uint256(role)];
    }

    /// @notice Stake that no claim has locked, wei. Where the stake has shrunk since, less than is locked may be left: then
    /// nothing is free. What leaves is slashed until it has left.
    function freeOf(address account, Role role) public view returns (uint256) {
        return Math.saturatingSub(weightOf(account, role), lockedOf[account][role]);
    }

    /// @notice The account's own stake that is not on its way out, wei.
    function activeOf(address account, Role role) public view virtual returns (uint256);

    /// @inheritdoc IStakeSource
    function weightOf(address account, Role role) public view virtual returns (uint256);

    /// @dev A hook that fails holds up nothing. Its gas is there or nothing is done at all: nobody can starve it.
    function _tell(address account, Role role) internal {
        IStakeHook hook = hookOf[role];
        if (address(hook) == address(0)) return;
        require(gasleft() >= GAS_BEFORE_HOOK, NotEnoughGas(GAS_BEFORE_HOOK, gasleft()));
        bytes memory data = abi.encodeCall(IStakeHook.onStakeLost, (account, role));
        bool told;
        // What it returns is not copied: a long answer would cost the caller's gas.
        assembly ("memory-safe") {
            told := call(HOOK_GAS, hook, 0, add(data, 32), mload(data), 0, 0)
        }
        if (!told) emit HookFailed(account, role, address(hook));
    }
}
