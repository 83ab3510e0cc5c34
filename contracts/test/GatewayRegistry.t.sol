// SPDX-License-Identifier: MIT
// docs/contracts.md#registry
pragma solidity 0.8.37;

import {Exposure} from "../src/Exposure.sol";
import {GatewayRegistry} from "../src/GatewayRegistry.sol";
import {StakeManager} from "../src/StakeManager.sol";
import {Tree} from "../src/lib/Tree.sol";
import {DataObject, Role} from "../src/lib/Types.sol";
import {Network} from "./support/Network.sol";
import {bound, vector, vm} from "./support/Vm.sol";
import {Ownable} from "@openzeppelin/contracts/access/Ownable.sol";

contract GatewayRegistryTest is Network {
    uint256 private constant CONTEST = LONGEST;

    string private json;
    address private gateway;

    function setUp() public override {
        super.setUp();
        json = vector("messages");
        gateway = vm.parseJsonAddress(json, ".account");
        stakes.stake(gateway, Role.GATEWAY, MINIMUM);
    }

    function test_JoiningAndRetiringReachTheDelayedQueue() public {
        vm.prank(gateway);
        registry.join();
        vm.assertTrue(registry.isGateway(gateway));
        _assertDelayed(vm.parseJsonBytes(json, ".joined"));
        vm.prank(gateway);
        registry.retire();
        vm.assertFalse(registry.isGateway(gateway));
        _assertDelayed(vm.parseJsonBytes(json, ".retired"));
    }

    function test_ModelReachesTheDelayedQueue() public {
        registry.setModel(vm.parseJsonBytes32(json, ".modelId"), _model());
        _assertDelayed(vm.parseJsonBytes(json, ".model"));
        vm.assertEq(registry.model(vm.parseJsonBytes32(json, ".modelId")).outputPrice, 2 ** 200);
    }

    /// The attack was: join, ask for the stake, leave with it, and be a gateway still.
    function test_AGatewaysStakeCannotLeave() public {
        vm.startPrank(gateway);
        registry.join();
        vm.expectRevert(abi.encodeWithSelector(Exposure.NotEnoughFreeStake.selector, 0, 1));
        stakes.unbond(Role.GATEWAY, 1);
        registry.retire();
        vm.expectRevert(abi.encodeWithSelector(Exposure.NotEnoughFreeStake.selector, 0, 1));
        stakes.unbond(Role.GATEWAY, 1);
        vm.stopPrank();
        vm.warp(START + CONTEST - 1);
        vm.expectRevert(abi.encodeWithSelector(GatewayRegistry.StillContestable.selector, gateway, START + CONTEST));
        registry.unlock(gateway);
        vm.warp(START + CONTEST);
        registry.unlock(gateway);
        vm.assertEq(stakes.freeOf(gateway, Role.GATEWAY), MINIMUM);
        vm.expectRevert(abi.encodeWithSelector(GatewayRegistry.NothingLocked.selector, gateway));
        registry.unlock(gateway);
    }

    function test_StakeThatIsOnItsWayOutMakesNoGateway() public {
        vm.startPrank(gateway);
        stakes.unbond(Role.GATEWAY, 1);
        vm.expectRevert(abi.encodeWithSelector(GatewayRegistry.GatewayNotStaked.selector, gateway));
        registry.join();
        vm.stopPrank();
    }

    function test_WhoJoinsAgainIsLockedOnceAndServesOn() public {
        vm.startPrank(gateway);
        registry.join();
        registry.retire();
        vm.warp(START + CONTEST + 1);
        registry.join();
        vm.stopPrank();
        vm.assertEq(stakes.lockedOf(gateway, Role.GATEWAY), MINIMUM);
        vm.expectRevert(abi.encodeWithSelector(GatewayRegistry.StillContestable.selector, gateway, type(uint64).max));
        registry.unlock(gateway);
    }

    function test_ASlashBelowTheMinimumEndsAGatewayInTheSameTransaction() public {
        stakes.stake(gateway, Role.GATEWAY, 5);
        vm.prank(gateway);
        registry.join();
        vm.prank(COURT);
        stakes.slash(gateway, Role.GATEWAY, 5, address(0), 0);
        vm.assertTrue(registry.isGateway(gateway));
        uint64 delayed = inbox.delayedCount();
        vm.prank(COURT);
        stakes.slash(gateway, Role.GATEWAY, 1, address(0), 0);
        vm.assertFalse(registry.isGateway(gateway));
        vm.assertEq(inbox.delayedCount(), delayed + 1);
        _assertDelayed(vm.parseJsonBytes(json, ".retired"));
        vm.expectRevert(abi.encodeWithSelector(GatewayRegistry.GatewayUnchanged.selector, gateway, false));
        registry.expel(gateway);
        // What is left stays bound as long as after a retirement.
        vm.expectRevert(abi.encodeWithSelector(GatewayRegistry.StillContestable.selector, gateway, START + CONTEST));
        registry.unlock(gateway);
    }

    function test_ASlashInAnotherRoleOrOfNoGatewayChangesNothing() public {
        vm.prank(COURT);
        stakes.slash(gateway, Role.GATEWAY, MINIMUM, address(0), 0);
        vm.assertFalse(registry.isGateway(gateway));
        stakes.stake(gateway, Role.GATEWAY, MINIMUM);
        vm.prank(gateway);
        registry.join();
        stakes.stake(gateway, Role.VALIDATOR, MINIMUM);
        vm.prank(COURT);
        stakes.slash(gateway, Role.VALIDATOR, MINIMUM, address(0), 0);
        vm.assertTrue(registry.isGateway(gateway));
        vm.expectRevert(abi.encodeWithSelector(GatewayRegistry.NotStakeManager.selector, address(this)));
        registry.onStakeLost(gateway, Role.GATEWAY);
        vm.expectRevert(abi.encodeWithSelector(GatewayRegistry.GatewayStillStaked.selector, gateway));
        registry.expel(gateway);
    }

    /// With any amount of gas the slash is undone as a whole, or the gateway is out: there is nothing between.
    function testFuzz_NoAmountOfGasKeepsASlashedGateway(uint256 gasLimit) public {
        gasLimit = bound(gasLimit, 50_000, 1_600_000);
        vm.prank(gateway);
        registry.join();
        vm.prank(COURT);
        (bool done,) = address(stakes).call{gas: gasLimit}(
            abi.encodeCall(stakes.slash, (gateway, Role.GATEWAY, MINIMUM, address(0), 0))
        );
        vm.assertEq(stakes.activeOf(gateway, Role.GATEWAY), done ? 0 : MINIMUM);
        vm.assertTrue(registry.isGateway(gateway) != done);
    }

    function testFuzz_WhoeverIsAGatewayHasTheMinimumLocked(uint256 seed) public {
        for (uint256 i = 0; i < 24; ++i) {
            seed = uint256(keccak256(abi.encode(seed)));
            vm.warp(block.timestamp + (seed >> 8) % (2 days));
            uint256 what = seed % 6;
            if (what == 4) {
                vm.prank(COURT);
                stakes.slash(gateway, Role.GATEWAY, (seed >> 64) % MINIMUM, address(0), 0);
            } else {
                try this.act(what) {} catch {}
            }
            vm.assertTrue(!registry.isGateway(gateway) || stakes.activeOf(gateway, Role.GATEWAY) >= MINIMUM);
            vm.assertTrue(!registry.isGateway(gateway) || stakes.lockedOf(gateway, Role.GATEWAY) == MINIMUM);
        }
    }

    function act(uint256 what) external {
        if (what == 5) return stakes.stake(gateway, Role.GATEWAY, MINIMUM);
        if (what == 3) return registry.unlock(gateway);
        vm.prank(gateway);
        if (what == 0) registry.join();
        else if (what == 1) registry.retire();
        else stakes.unbond(Role.GATEWAY, MINIMUM / 2);
    }

    function test_RevertWhen_GatewayIsNotStaked() public {
        vm.prank(USER);
        vm.expectRevert(abi.encodeWithSelector(GatewayRegistry.GatewayNotStaked.selector, USER));
        registry.join();
    }

    function test_RevertWhen_NothingChanges() public {
        vm.prank(gateway);
        vm.expectRevert(abi.encodeWithSelector(GatewayRegistry.GatewayUnchanged.selector, gateway, false));
        registry.retire();
    }

    function test_RevertWhen_ModelIsMalformed() public {
        GatewayRegistry.Model memory model = _model();
        model.class = 3;
        vm.expectRevert(abi.encodeWithSelector(GatewayRegistry.UnknownModelClass.selector, 2, 3));
        registry.setModel(bytes32(uint256(1)), model);
        model = _model();
        model.manifest.root = 0;
        vm.expectRevert(abi.encodeWithSelector(GatewayRegistry.ManifestMissing.selector, bytes32(uint256(1))));
        registry.setModel(bytes32(uint256(1)), model);
    }

    function test_RevertWhen_AModelHasNoGatewayOrTooMany() public {
        GatewayRegistry.Model memory model = _model();
        model.gateways = new address[](0);
        vm.expectRevert(abi.encodeWithSelector(GatewayRegistry.GatewayCountOutOfRange.selector, 1, 8, 0));
        registry.setModel(bytes32(uint256(1)), model);
        model.gateways = new address[](9);
        vm.expectRevert(abi.encodeWithSelector(GatewayRegistry.GatewayCountOutOfRange.selector, 1, 8, 9));
        registry.setModel(bytes32(uint256(1)), model);
        model.active = false;
        model.gateways = new address[](0);
        registry.setModel(bytes32(uint256(1)), model);
    }

    function test_RevertWhen_AStrangerSetsAModel() public {
        vm.prank(USER);
        vm.expectRevert(abi.encodeWithSelector(Ownable.OwnableUnauthorizedAccount.selector, USER));
        registry.setModel(bytes32(uint256(1)), _model());
    }

    function _model() private view returns (GatewayRegistry.Model memory) {
        address[] memory gateways = new address[](2);
        gateways[0] = vm.parseJsonAddress(json, ".members[0]");
        gateways[1] = vm.parseJsonAddress(json, ".members[1]");
        return GatewayRegistry.Model(true, 1, 3, 2 ** 200, DataObject(keccak256("manifest"), 100), gateways);
    }

    function _assertDelayed(bytes memory message) private view {
        vm.assertEq(inbox.delayedMessage(inbox.delayedCount() - 1).objectRoot, Tree.objectRoot(message));
    }
}
