// SPDX-License-Identifier: MIT
// docs/contracts.md#eigenlayer: a strategy of EigenLayer, which holds one token for shares.
pragma solidity 0.8.37;

import {IStrategy} from "../../src/eigenlayer/IEigenLayer.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";

/// @dev What is sent to it raises the worth of every share. The offset is EigenLayer's.
contract StrategyDouble is IStrategy {
    uint256 private constant OFFSET = 1000;

    address public immutable underlyingToken;
    address public immutable manager;
    uint256 public totalShares;

    constructor(address token, address manager_) {
        underlyingToken = token;
        manager = manager_;
    }

    modifier onlyManager() {
        require(msg.sender == manager);
        _;
    }

    function deposit(address from, uint256 amount) external onlyManager returns (uint256 shares) {
        shares = underlyingToSharesView(amount);
        totalShares += shares;
        require(IERC20(underlyingToken).transferFrom(from, address(this), amount));
    }

    function withdraw(address to, uint256 shares) external onlyManager returns (uint256 amount) {
        amount = sharesToUnderlyingView(shares);
        totalShares -= shares;
        require(IERC20(underlyingToken).transfer(to, amount));
    }

    function sharesToUnderlyingView(uint256 shares) public view returns (uint256) {
        return Math.mulDiv(shares, _held(), totalShares + OFFSET);
    }

    function underlyingToSharesView(uint256 amount) public view returns (uint256) {
        return Math.mulDiv(amount, totalShares + OFFSET, _held());
    }

    function _held() private view returns (uint256) {
        return IERC20(underlyingToken).balanceOf(address(this)) + OFFSET;
    }
}
