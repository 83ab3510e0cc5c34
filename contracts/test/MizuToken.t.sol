// SPDX-License-Identifier: MIT
// docs/contracts.md#token
pragma solidity 0.8.37;

import {MizuToken} from "../src/MizuToken.sol";
import {vm} from "./support/Vm.sol";
import {Ownable} from "@openzeppelin/contracts/access/Ownable.sol";
import {ERC20Capped} from "@openzeppelin/contracts/token/ERC20/extensions/ERC20Capped.sol";

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

    function test_BurnedTokensAreGone() public {
        token.mint(address(this), 100);
        token.burn(40);
        vm.assertEq(token.totalSupply(), 60);
    }
}
