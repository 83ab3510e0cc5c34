// SPDX-License-Identifier: MIT
// docs/disputes.md#money
pragma solidity 0.8.37;

import {MizuToken} from "../MizuToken.sol";
import {Constants} from "../generated/Constants.sol";
import {requireAtMost} from "../lib/Settings.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";

/// @title Bonds and payouts. Payouts are pulled: a receiver that cannot be paid harms only itself.
abstract contract Ledger {
    using SafeERC20 for MizuToken;

    /// @param bond of who challenges or demands, wei
    /// @param gasPrice wei of the token that one gas is taken to cost
    /// @param margin on costs, in 1/10,000: 15,000 pays them one and a half times
    struct Settings {
        uint256 bond;
        uint256 gasPrice;
        uint256 margin;
    }

    uint256 private constant BASIS_POINTS = 10_000;
    uint256 private constant TRANSACTION_GAS = 21_000;
    /// @dev EIP-2028 and the floor of EIP-7623, as if no byte were zero.
    uint256 private constant CALLDATA_GAS = 16;
    uint256 private constant CALLDATA_FLOOR_GAS = 40;
    /// @dev Of _lock, which is called when its gas has been counted: the payer has allowed a sum, and the contract holds
    /// tokens already.
    uint256 internal constant LOCKING_GAS = 21_000;

    MizuToken public immutable token;
    uint256 public immutable bond;
    uint256 public immutable gasPrice;
    uint256 public immutable margin;

    /// @notice What `withdraw` would pay.
    mapping(address account => uint256) public balanceOf;

    event Withdrawn(address indexed account, uint256 amount);
    event BondForfeited(address indexed winner, uint256 award, uint256 burned);

    error BondIsZero();
    error NothingToWithdraw(address account);

    constructor(MizuToken token_, Settings memory settings) {
        require(settings.bond > 0, BondIsZero());
        // With these the cost of any gas can be computed: (2^64 + 2^40) * 2^96 * MAX_MARGIN is below 2^256.
        uint256 cap = token_.cap();
        requireAtMost(cap, settings.bond);
        requireAtMost(cap, settings.gasPrice);
        requireAtMost(Constants.MAX_MARGIN, settings.margin);
        token = token_;
        bond = settings.bond;
        gasPrice = settings.gasPrice;
        margin = settings.margin;
    }

    /// @notice Pays the caller his returned bonds and awards. What he won of a slashed stake is at the StakeManager.
    function withdraw() external returns (uint256 amount) {
        amount = balanceOf[msg.sender];
        require(amount > 0, NothingToWithdraw(msg.sender));
        balanceOf[msg.sender] = 0;
        token.safeTransfer(msg.sender, amount);
        emit Withdrawn(msg.sender, amount);
    }

    /// @notice What the winner is paid for so much gas, if the loser's bond allows it, wei.
    function costOf(uint256 gas) public view returns (uint256) {
        return Math.mulDiv(gas * gasPrice, margin, BASIS_POINTS);
    }

    function _lock(uint256 amount) internal {
        token.safeTransferFrom(msg.sender, address(this), amount);
    }

    function _credit(address account, uint256 amount) internal {
        balanceOf[account] += amount;
    }

    /// @dev At most half of a bond, as in StakeManager: what is burned of the rest makes losing to oneself cost half.
    function _award(uint256 amount, address winner, uint256 gas) internal returns (uint256 award) {
        award = Math.min(costOf(gas), amount / 2);
        _credit(winner, award);
    }

    function _forfeit(uint256 amount, address winner, uint256 gas) internal {
        uint256 award = _award(amount, winner, gas);
        if (amount > award) token.burn(amount - award);
        emit BondForfeited(winner, award, amount - award);
    }

    /// @dev Gas of this call up to here as a transaction of its own: what it has executed, or the floor that its calldata costs.
    /// @param callBytes of calldata that it needs (CallLength): what else msg.data holds is the caller's own affair
    function _gasSince(uint256 gasAtStart, uint256 callBytes) internal view returns (uint64) {
        uint256 executed = gasAtStart - gasleft() + CALLDATA_GAS * callBytes;
        // A block has less gas than 2^64.
        // forge-lint: disable-next-line(unsafe-typecast)
        return uint64(TRANSACTION_GAS + Math.max(executed, CALLDATA_FLOOR_GAS * callBytes));
    }
}
