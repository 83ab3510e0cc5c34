// SPDX-License-Identifier: MIT
// docs/contracts.md#gas-price
pragma solidity 0.8.37;

import {GasPrices} from "../src/GasPrices.sol";
import {GatewayRegistry} from "../src/GatewayRegistry.sol";
import {Constants} from "../src/generated/Constants.sol";
import {SettingTooLarge} from "../src/lib/Settings.sol";
import {Tree} from "../src/lib/Tree.sol";
import {Network} from "./support/Network.sol";
import {bound, vector, vm} from "./support/Vm.sol";
import {Ownable} from "@openzeppelin/contracts/access/Ownable.sol";

contract GasPricesTest is Network {
    function test_AChangeReachesTheDelayedQueue() public {
        uint64 index = inbox.delayedCount();
        _rest();
        vm.expectEmit();
        emit GasPrices.GasPriceChanged(2 gwei);
        gasPrices.setPrice(2 gwei);
        vm.assertEq(gasPrices.price(), 2 gwei);
        vm.assertEq(gasPrices.changedAt(), block.timestamp);
        bytes memory message = vm.parseJsonBytes(vector("messages"), ".gasPrice");
        vm.assertEq(message, abi.encodePacked(Constants.GAS_PRICE_CHANGED, uint256(2 gwei)));
        vm.assertEq(uint256(inbox.delayedCount()), index + 1);
        vm.assertEq(inbox.delayedMessage(index).objectRoot, Tree.objectRoot(message));
    }

    function testFuzz_AStepIsAFactorOfTwo(uint256 price) public {
        price = bound(price, 1, HIGHEST_PRICE);
        _rest();
        bool isNear = price >= GAS_PRICE / 2 && price <= GAS_PRICE * 2;
        if (!isNear) {
            vm.expectRevert(
                abi.encodeWithSelector(GasPrices.PriceOutOfRange.selector, GAS_PRICE / 2, GAS_PRICE * 2, price)
            );
        }
        gasPrices.setPrice(price);
        vm.assertEq(gasPrices.price(), isNear ? price : GAS_PRICE);
    }

    function test_TwoChangesHaveTheRestBetweenThem() public {
        uint256 from = START + REST;
        vm.warp(from - 1);
        vm.expectRevert(abi.encodeWithSelector(GasPrices.ChangedTooSoon.selector, from, from - 1));
        gasPrices.setPrice(2 gwei);
        vm.warp(from);
        gasPrices.setPrice(2 gwei);
        vm.expectRevert(abi.encodeWithSelector(GasPrices.ChangedTooSoon.selector, from + REST, from));
        gasPrices.setPrice(2 gwei);
        vm.warp(from + REST);
        gasPrices.setPrice(4 gwei);
    }

    /// Whoever has stolen the key doubles the price as often as he can.
    function test_APriceRisesOnceARestAndNeverAboveTheHighest() public {
        uint256 price = GAS_PRICE;
        for (uint256 i = 0; i < 20; ++i) {
            _rest();
            (, uint256 most) = gasPrices.range();
            vm.assertEq(most, price * 2 > HIGHEST_PRICE ? HIGHEST_PRICE : price * 2);
            gasPrices.setPrice(most);
            price = most;
        }
        vm.assertEq(price, HIGHEST_PRICE);
        _rest();
        vm.expectRevert(
            abi.encodeWithSelector(
                GasPrices.PriceOutOfRange.selector, HIGHEST_PRICE / 2, HIGHEST_PRICE, HIGHEST_PRICE + 1
            )
        );
        gasPrices.setPrice(HIGHEST_PRICE + 1);
    }

    function test_APriceNeverFallsToZero() public {
        for (uint256 i = 0; i < 40; ++i) {
            _rest();
            (uint256 least,) = gasPrices.range();
            gasPrices.setPrice(least);
        }
        vm.assertEq(gasPrices.price(), 1);
        _rest();
        vm.expectRevert(abi.encodeWithSelector(GasPrices.PriceOutOfRange.selector, 1, 2, 0));
        gasPrices.setPrice(0);
        gasPrices.setPrice(2);
    }

    function test_RevertWhen_SomebodyElseSetsIt() public {
        _rest();
        vm.prank(USER);
        vm.expectRevert(abi.encodeWithSelector(Ownable.OwnableUnauthorizedAccount.selector, USER));
        gasPrices.setPrice(2 gwei);
    }

    function test_ANewOwnerHasToAccept() public {
        _rest();
        gasPrices.transferOwnership(USER);
        gasPrices.setPrice(2 gwei);
        _rest();
        vm.startPrank(USER);
        gasPrices.acceptOwnership();
        gasPrices.setPrice(4 gwei);
        vm.stopPrank();
        vm.assertEq(gasPrices.owner(), USER);
    }

    function test_RevertWhen_AnotherPushesAPrice() public {
        vm.expectRevert(abi.encodeWithSelector(GatewayRegistry.NotGasPrices.selector, owner));
        registry.pushGasPrice(1);
    }

    function test_RevertWhen_ItIsMadeOutOfRange() public {
        vm.expectRevert(abi.encodeWithSelector(GasPrices.PriceOutOfRange.selector, 1, 5, 0));
        new GasPrices(owner, token, registry, 0, 5, 1);
        vm.expectRevert(abi.encodeWithSelector(GasPrices.PriceOutOfRange.selector, 1, 5, 6));
        new GasPrices(owner, token, registry, 6, 5, 1);
        uint256 cap = token.cap();
        vm.expectRevert(abi.encodeWithSelector(SettingTooLarge.selector, cap, cap + 1));
        new GasPrices(owner, token, registry, 1, cap + 1, 1);
        vm.expectRevert(abi.encodeWithSelector(GasPrices.RestIsZero.selector));
        new GasPrices(owner, token, registry, 1, 5, 0);
    }

    function _rest() private {
        vm.warp(gasPrices.changedAt() + REST);
    }
}
