// SPDX-License-Identifier: MIT
// docs/audits.md#share
pragma solidity 0.8.37;

import {MizuToken} from "../MizuToken.sol";
import {IAudits} from "../interfaces/IAudits.sol";
import {AuditSettings} from "./AuditSettings.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";

/// @title What pays for canaries: half of what validators lose. Payouts are pulled.
/// @notice It holds the pot and balances; nothing else.
abstract contract Pot is IAudits, AuditSettings {
    using SafeERC20 for MizuToken;

    /// @notice The contract that withholds shares.
    address public immutable attestations;

    /// @notice What there is for rewards, wei.
    uint256 public pot;
    /// @notice What `withdraw` would pay, wei.
    mapping(address account => uint256) public balanceOf;

    event Withheld(uint256 amount, uint256 burned);
    event PotFunded(address indexed from, uint256 amount);
    event Withdrawn(address indexed account, uint256 amount);

    error NotAttestations(address account);
    error NothingToWithdraw(address account);
    error NothingToPay();

    constructor(address attestations_) {
        attestations = attestations_;
    }

    /// @inheritdoc IAudits
    function withhold(uint256 amount) external {
        require(msg.sender == attestations, NotAttestations(msg.sender));
        uint256 burned = Math.ceilDiv(amount, 2);
        pot += amount - burned;
        emit Withheld(amount, burned);
        token.safeTransferFrom(msg.sender, address(this), amount);
        token.burn(burned);
    }

    /// @notice Adds tokens of the caller to the pot.
    function fund(uint256 amount) external {
        pot += amount;
        emit PotFunded(msg.sender, amount);
        token.safeTransferFrom(msg.sender, address(this), amount);
    }

    /// @notice Pays the caller his rewards.
    function withdraw() external returns (uint256 amount) {
        amount = balanceOf[msg.sender];
        require(amount > 0, NothingToWithdraw(msg.sender));
        balanceOf[msg.sender] = 0;
        token.safeTransfer(msg.sender, amount);
        emit Withdrawn(msg.sender, amount);
    }

    function _reward(address gateway) internal returns (uint256 amount) {
        amount = Math.min(rewardWei, pot);
        require(amount > 0, NothingToPay());
        pot -= amount;
        balanceOf[gateway] += amount;
    }
}
