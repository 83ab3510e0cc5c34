// SPDX-License-Identifier: MIT
// docs/contracts.md#eigenlayer: who may bind and take stakes that lie elsewhere, and what of them is bound.
pragma solidity 0.8.37;

import {MizuToken} from "../MizuToken.sol";
import {StakeManager} from "../StakeManager.sol";
import {IStakeHook} from "../interfaces/IStakeHook.sol";
import {IStakeSource} from "../interfaces/IStakeSource.sol";
import {requireAtMost} from "../lib/Settings.sol";
import {Timing} from "../lib/Timing.sol";
import {Role} from "../lib/Types.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";

/// @title Powers, minimum stakes, locks and hooks, as the StakeManager has them.
abstract contract Exposure is IStakeSource {
    uint256 internal constant ROLES = 5;
    /// @notice Gas that a hook is called with. Fixed, so that whoever slashes cannot have it fail for want of gas.
    uint256 public constant HOOK_GAS = 1_000_000;
    /// @dev A call passes on at most 63/64 of the gas that is left (EIP-150); the rest pays for the call itself.
    uint256 private constant GAS_BEFORE_HOOK = HOOK_GAS * 64 / 63 + 20_000;

    /// @inheritdoc IStakeSource
    MizuToken public immutable token;

    Timing private _timing;
    uint256[ROLES] private _minimum;
    mapping(address authority => mapping(Role => StakeManager.Power)) public powerOf;
    /// @notice Who is told when an account has less than the minimum of the role; zero: nobody.
    mapping(Role => IStakeHook) public hookOf;
    /// @notice All that is locked, by whomever.
    mapping(address account => mapping(Role => uint256)) public lockedOf;
    mapping(address authority => mapping(address account => mapping(Role => uint256))) public lockedBy;

    modifier only(StakeManager.Power power, Role role) {
        require(powerOf[msg.sender][role] >= power, StakeManager.NotAuthority(msg.sender));
        _;
    }

    constructor(
        MizuToken token_,
        Timing memory timing_,
        uint256[ROLES] memory minimums,
        StakeManager.Grant[] memory grants,
        IStakeHook[ROLES] memory hooks
    ) {
        timing_.check();
        token = token_;
        _timing = timing_;
        uint256 cap = token_.cap();
        for (uint256 i = 0; i < ROLES; ++i) {
            require(minimums[i] > 0, StakeManager.MinimumIsZero(Role(i)));
            requireAtMost(cap, minimums[i]);
            hookOf[Role(i)] = hooks[i];
        }
        _minimum = minimums;
        for (uint256 i = 0; i < grants.length; ++i) {
            powerOf[grants[i].authority][grants[i].role] = grants[i].power;
        }
    }

    /// @inheritdoc IStakeSource
    function lock(address account, Role role, uint256 amount) external only(StakeManager.Power.LOCK, role) {
        uint256 free = freeOf(account, role);
        require(amount <= free, StakeManager.NotEnoughFreeStake(free, amount));
        lockedBy[msg.sender][account][role] += amount;
        uint256 locked = lockedOf[account][role] += amount;
        emit StakeManager.Locked(account, role, msg.sender, amount, locked);
    }

    /// @inheritdoc IStakeSource
    function release(address account, Role role, uint256 amount) external only(StakeManager.Power.LOCK, role) {
        uint256 own = lockedBy[msg.sender][account][role];
        require(amount <= own, StakeManager.NotEnoughLocked(own, amount));
        lockedBy[msg.sender][account][role] = own - amount;
        uint256 locked = lockedOf[account][role] -= amount;
        emit StakeManager.Released(account, role, msg.sender, amount, locked);
    }

    /// @inheritdoc IStakeSource
    function timing() public view returns (Timing memory) {
        return _timing;
    }

    /// @inheritdoc IStakeSource
    function isActive(address account, Role role) public view returns (bool) {
        return _activeOf(account, role) >= minimumOf(role);
    }

    /// @inheritdoc IStakeSource
    function minimumOf(Role role) public view returns (uint256) {
        return _minimum[uint256(role)];
    }

    /// @notice Active stake that no claim has locked, wei. Where the active stake has shrunk, nothing may be free.
    function freeOf(address account, Role role) public view returns (uint256) {
        return Math.saturatingSub(_activeOf(account, role), lockedOf[account][role]);
    }

    function _activeOf(address account, Role role) internal view virtual returns (uint256);

    /// @dev A hook that fails holds up nothing. Its gas is there or nothing is done at all: nobody can starve it.
    function _tell(address account, Role role) internal {
        IStakeHook hook = hookOf[role];
        if (address(hook) == address(0)) return;
        require(gasleft() >= GAS_BEFORE_HOOK, StakeManager.NotEnoughGas(GAS_BEFORE_HOOK, gasleft()));
        bytes memory data = abi.encodeCall(IStakeHook.onStakeLost, (account, role));
        bool told;
        // What it returns is not copied: a long answer would cost the caller's gas.
        assembly ("memory-safe") {
            told := call(HOOK_GAS, hook, 0, add(data, 32), mload(data), 0, 0)
        }
        if (!told) emit StakeManager.HookFailed(account, role, address(hook));
    }
}
