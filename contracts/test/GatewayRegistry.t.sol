// SPDX-License-Identifier: MIT
// docs/contracts.md#registry
pragma solidity 0.8.37;

import {GatewayRegistry} from "../src/GatewayRegistry.sol";
import {Tree} from "../src/lib/Tree.sol";
import {DataObject, Role} from "../src/lib/Types.sol";
import {Network} from "./support/Network.sol";
import {vector, vm} from "./support/Vm.sol";
import {Ownable} from "@openzeppelin/contracts/access/Ownable.sol";

contract GatewayRegistryTest is Network {
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

    function test_AnyoneExpelsAGatewayWhoseStakeHasGone() public {
        vm.prank(gateway);
        registry.join();
        vm.expectRevert(abi.encodeWithSelector(GatewayRegistry.GatewayStillStaked.selector, gateway));
        registry.expel(gateway);
        vm.prank(gateway);
        stakes.unbond(Role.GATEWAY, 1);
        registry.expel(gateway);
        vm.assertFalse(registry.isGateway(gateway));
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

    function test_RevertWhen_AStrangerSetsAModel() public {
        vm.prank(USER);
        vm.expectRevert(abi.encodeWithSelector(Ownable.OwnableUnauthorizedAccount.selector, USER));
        registry.setModel(bytes32(uint256(1)), _model());
    }

    function _model() private pure returns (GatewayRegistry.Model memory) {
        return GatewayRegistry.Model(true, 1, 3, 2 ** 200, DataObject(keccak256("manifest"), 100));
    }

    function _assertDelayed(bytes memory message) private view {
        vm.assertEq(inbox.delayedMessage(inbox.delayedCount() - 1).objectRoot, Tree.objectRoot(message));
    }
}
