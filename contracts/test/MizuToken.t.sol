// SPDX-License-Identifier: MIT
// docs/contracts.md#token
pragma solidity 0.8.37;

import {MizuToken} from "../src/MizuToken.sol";
import {SettingTooLarge} from "../src/lib/Settings.sol";
import {vm} from "./support/Vm.sol";
import {Ownable} from "@openzeppelin/contracts/access/Ownable.sol";
import {ERC20Capped} from "@openzeppelin/contracts/token/ERC20/extensions/ERC20Capped.sol";

/// @dev Reverts however it is called.
contract Refuser {
    error Called(bytes data);

    fallback() external {
        revert Called(msg.data);
    }
}

contract MizuTokenTest {
    MizuToken private immutable token = new MizuToken(address(this), 100);

    function test_OwnerMintsUpToTheCap() public {
        token.mint(address(1), 100);
        vm.assertEq(token.balanceOf(address(1)), 100);
        vm.expectRevert(abi.encodeWithSelector(ERC20Capped.ERC20ExceededCap.selector, 101, 100));
        token.mint(address(1), 1);
    }

    function test_RevertWhen_AnotherMints() public {
        vm.prank(address(1));
        vm.expectRevert(abi.encodeWithSelector(Ownable.OwnableUnauthorizedAccount.selector, address(1)));
        token.mint(address(1), 1);
    }

    function test_EveryAmountFits96Bits() public {
        new MizuToken(address(this), (1 << 96) - 1);
        vm.expectRevert(abi.encodeWithSelector(SettingTooLarge.selector, (1 << 96) - 1, 1 << 96));
        new MizuToken(address(this), 1 << 96);
    }

    /// @dev docs/contracts.md#token: what the other contracts count on, of any amount between any two accounts.
    function testFuzz_WhatIsSentArrivesWholeAndChangesNothingElse(address from, address to, uint256 amount) public {
        vm.assume(from != address(0) && to != address(0) && from != to);
        amount = amount % 101;
        token.mint(from, 100);
        vm.prank(from);
        token.approve(address(this), amount);
        vm.assertTrue(token.transferFrom(from, to, amount));
        vm.assertEq(token.balanceOf(to), amount);
        vm.assertEq(token.balanceOf(from), 100 - amount);
        vm.warp(block.timestamp + 365 days);
        vm.assertEq(token.balanceOf(to), amount);
        vm.assertEq(token.totalSupply(), 100);
    }

    /// @dev A receiver that does something when it is called is not called.
    function test_NobodyIsCalledByATransfer() public {
        address receiver = address(new Refuser());
        token.mint(receiver, 10);
        token.mint(address(this), 10);
        vm.assertTrue(token.transfer(receiver, 10));
        vm.prank(receiver);
        vm.assertTrue(token.transfer(address(this), 20));
        vm.assertEq(token.balanceOf(address(this)), 20);
    }

    function test_BurnedTokensAreGone() public {
        token.mint(address(this), 100);
        token.burn(40);
        vm.assertEq(token.totalSupply(), 60);
    }
}
