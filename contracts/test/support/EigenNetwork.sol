// SPDX-License-Identifier: MIT
// docs/contracts.md#eigenlayer: the adapter over a double of EigenLayer, with operators who have allocated.
pragma solidity 0.8.37;

import {Exposure} from "../../src/Exposure.sol";
import {MizuToken} from "../../src/MizuToken.sol";
import {EigenStakeSource} from "../../src/eigenlayer/EigenStakeSource.sol";
import {IStrategy} from "../../src/eigenlayer/IEigenLayer.sol";
import {IStakeHook} from "../../src/interfaces/IStakeHook.sol";
import {Timing} from "../../src/lib/Timing.sol";
import {Role} from "../../src/lib/Types.sol";
import {EigenLayerDouble} from "./EigenLayerDouble.sol";
import {StrategyDouble} from "./StrategyDouble.sol";
import {vm} from "./Vm.sol";

/// @dev Remembers whom it was told of.
contract HookDouble is IStakeHook {
    uint256 public told;
    address public last;
    bool public fails;

    function setFails(bool fails_) external {
        fails = fails_;
    }

    function onStakeLost(address account, Role) external {
        require(!fails);
        ++told;
        last = account;
    }
}

abstract contract EigenNetwork {
    uint256 internal constant MINIMUM = 1000 ether;
    uint256 internal constant START = 1_800_000_000;
    uint256 internal constant LONGEST = 7 days;
    uint64 internal constant BLOCK_SECONDS = 12;
    uint32 internal constant DELAY_BLOCKS = 100_800;
    uint256 internal constant DELAY = 14 days;
    uint64 internal constant WHOLE = 1e18;
    Role internal constant ROLE = Role.EXECUTOR;

    address internal constant OPERATOR = address(0x09e1);
    address internal constant DELEGATOR = address(0xde1e);
    address internal constant USER = address(0xabc);
    address internal constant ROLLUP = address(0x4011);
    address internal constant COURT = address(0xc047);

    MizuToken internal token;
    EigenLayerDouble internal eigen;
    EigenStakeSource internal stakes;
    HookDouble internal hook;
    /// @dev In ascending order.
    StrategyDouble[2] internal strategies;

    function setUp() public virtual {
        vm.warp(START);
        vm.roll(1_000_000);
        token = new MizuToken(address(this), 10_000_000 ether);
        eigen = new EigenLayerDouble(DELAY_BLOCKS, DELAY_BLOCKS);
        hook = new HookDouble();
        StrategyDouble a = new StrategyDouble(address(token), address(eigen));
        StrategyDouble b = new StrategyDouble(address(token), address(eigen));
        (strategies[0], strategies[1]) = address(a) < address(b) ? (a, b) : (b, a);
        stakes = _deploy(_timing(uint64(LONGEST)), _eigenLayer());
    }

    function _deploy(Timing memory timing, EigenStakeSource.EigenLayer memory where)
        internal
        returns (EigenStakeSource)
    {
        return _deploy(timing, where, MINIMUM);
    }

    function _deploy(Timing memory timing, EigenStakeSource.EigenLayer memory where, uint256 minimum)
        internal
        returns (EigenStakeSource)
    {
        Exposure.Grant[] memory grants = new Exposure.Grant[](6);
        grants[0] = Exposure.Grant(ROLLUP, ROLE, Exposure.Power.LOCK);
        for (uint256 i = 0; i < 5; ++i) {
            grants[1 + i] = Exposure.Grant(COURT, Role(i), Exposure.Power.SLASH);
        }
        IStakeHook[5] memory hooks;
        hooks[uint256(ROLE)] = hook;
        uint256[5] memory minimums = [minimum, minimum, minimum, minimum, minimum];
        return new EigenStakeSource(token, timing, minimums, grants, hooks, where);
    }

    function _eigenLayer() internal view returns (EigenStakeSource.EigenLayer memory) {
        IStrategy[] memory all = new IStrategy[](2);
        (all[0], all[1]) = (strategies[0], strategies[1]);
        return EigenStakeSource.EigenLayer(eigen, eigen, eigen, BLOCK_SECONDS, all, "ipfs://mizu");
    }

    function _timing(uint64 unbonding) internal pure returns (Timing memory) {
        return Timing({
            window: 1 days,
            maxPause: 2 days,
            clocks: 2 days,
            votes: 1 days,
            grace: 1 days,
            unbonding: unbonding,
            retention: 28 days
        });
    }

    function _deposit(address from, address operator, uint256 strategy, uint256 amount) internal {
        token.mint(from, amount);
        vm.prank(from);
        token.approve(address(strategies[strategy]), amount);
        vm.prank(from);
        eigen.deposit(strategies[strategy], operator, amount);
    }

    function _allocate(address operator, Role role, uint256 strategy, uint64 magnitude) internal {
        vm.prank(operator);
        eigen.allocate(address(stakes), uint32(role), strategies[strategy], magnitude);
    }

    function _register(address operator, Role role) internal {
        vm.prank(operator);
        eigen.register(address(stakes), _ids(role));
    }

    function _deregister(address operator, Role role) internal {
        vm.prank(operator);
        eigen.deregister(address(stakes), _ids(role));
    }

    /// @dev An operator with half of what it holds in each strategy allocated to the role.
    function _enter(address operator, Role role, uint256 first, uint256 second) internal {
        uint256[2] memory amounts = [first, second];
        for (uint256 i = 0; i < 2; ++i) {
            if (amounts[i] == 0) continue;
            _deposit(operator, operator, i, 2 * amounts[i]);
            _allocate(operator, role, i, WHOLE / 2);
        }
        _register(operator, role);
    }

    function _slash(uint256 amount) internal returns (uint256 slashed, uint256 reward) {
        vm.prank(COURT);
        return stakes.slash(OPERATOR, ROLE, amount, USER, amount);
    }

    function _passBlocks(uint256 blocks) internal {
        vm.roll(block.number + blocks);
        vm.warp(block.timestamp + blocks * BLOCK_SECONDS);
    }

    function _ids(Role role) internal pure returns (uint32[] memory ids) {
        ids = new uint32[](1);
        ids[0] = uint32(role);
    }
}
