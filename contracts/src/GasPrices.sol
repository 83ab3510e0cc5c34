// SPDX-License-Identifier: MIT
// docs/contracts.md#gas-price
pragma solidity 0.8.37;

import {MizuToken} from "./MizuToken.sol";
import {Constants} from "./generated/Constants.sol";
import {IGasPriceQueue} from "./interfaces/IGasPriceQueue.sol";
import {requireAtMost} from "./lib/Settings.sol";
import {Ownable, Ownable2Step} from "@openzeppelin/contracts/access/Ownable2Step.sol";

/// @title The least price of gas that the network takes, set by the owner in steps that leave users time.
/// @notice Whoever has the owner's key can at most double or halve the price once in `restSeconds`, and never raise it above
/// `highest`: no key can stop the network at once.
contract GasPrices is Ownable2Step {
    /// @notice Whom the changes are given to, for the Inbox.
    IGasPriceQueue public immutable queue;
    /// @notice Wei per gas that the price can be at most.
    uint256 public immutable highest;
    /// @notice Seconds between two changes, at least.
    uint64 public immutable restSeconds;

    /// @notice Wei per gas, once the messages up to the last change are executed.
    uint256 public price;
    /// @notice Of the last change, unix seconds; at first of the deployment.
    uint256 public changedAt;

    event GasPriceChanged(uint256 price);

    error PriceOutOfRange(uint256 least, uint256 most, uint256 actual);
    error ChangedTooSoon(uint256 from, uint256 actual);
    error RestIsZero();

    /// @param price_ that the network's genesis has, wei per gas
    constructor(
        address owner,
        MizuToken token,
        IGasPriceQueue queue_,
        uint256 price_,
        uint256 highest_,
        uint64 restSeconds_
    ) Ownable(owner) {
        requireAtMost(token.cap(), highest_);
        require(price_ > 0 && price_ <= highest_, PriceOutOfRange(1, highest_, price_));
        require(restSeconds_ > 0, RestIsZero());
        queue = queue_;
        highest = highest_;
        restSeconds = restSeconds_;
        price = price_;
        changedAt = block.timestamp;
    }

    /// @notice Changes the price for all user messages that are executed after this one's delayed message. Runs that go on
    /// keep theirs.
    function setPrice(uint256 price_) external onlyOwner {
        uint256 from = changedAt + restSeconds;
        require(block.timestamp >= from, ChangedTooSoon(from, block.timestamp));
        (uint256 least, uint256 most) = range();
        require(price_ >= least && price_ <= most, PriceOutOfRange(least, most, price_));
        price = price_;
        changedAt = block.timestamp;
        emit GasPriceChanged(price_);
        queue.pushGasPrice(price_);
    }

    /// @notice The least and the highest price that the next change can set, wei per gas. It is never zero.
    function range() public view returns (uint256 least, uint256 most) {
        least = (price + Constants.GAS_PRICE_FACTOR - 1) / Constants.GAS_PRICE_FACTOR;
        most = price * Constants.GAS_PRICE_FACTOR;
        if (most > highest) most = highest;
    }
}
