// SPDX-License-Identifier: MIT
// docs/contracts.md#gas-price
pragma solidity 0.8.37;

/// @dev The gateway registry: the Inbox takes messages of registries from it, and has no room to know a further contract.
interface IGasPriceQueue {
    /// @notice Puts a change of the least price of gas into the delayed queue, wei per gas. `GasPrices` only.
    function pushGasPrice(uint256 price) external;
}
