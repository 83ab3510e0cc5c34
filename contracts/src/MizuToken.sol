// SPDX-License-Identifier: MIT
// docs/contracts.md#token
pragma solidity 0.8.37;

import {Constants} from "./generated/Constants.sol";
import {requireAtMost} from "./lib/Settings.sol";
import {Ownable} from "@openzeppelin/contracts/access/Ownable.sol";
import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";
import {ERC20Burnable} from "@openzeppelin/contracts/token/ERC20/extensions/ERC20Burnable.sol";
import {ERC20Capped} from "@openzeppelin/contracts/token/ERC20/extensions/ERC20Capped.sol";
import {ERC20Permit} from "@openzeppelin/contracts/token/ERC20/extensions/ERC20Permit.sol";

/// @title The network's coin: fees, deposits and stakes are paid in it.
contract MizuToken is ERC20Capped, ERC20Burnable, ERC20Permit, Ownable {
    /// @param owner the only account that may mint
    /// @param cap most wei that may ever exist at one time
    constructor(address owner, uint256 cap) ERC20("MIZU", "MIZU") ERC20Capped(cap) ERC20Permit("MIZU") Ownable(owner) {
        requireAtMost(Constants.MAX_SUPPLY, cap);
    }

    function mint(address account, uint256 amount) external onlyOwner {
        _mint(account, amount);
    }

    function _update(address from, address to, uint256 amount) internal override(ERC20, ERC20Capped) {
        super._update(from, to, amount);
    }
}
