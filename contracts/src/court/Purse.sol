// SPDX-License-Identifier: MIT
// docs/court.md#money
pragma solidity 0.8.37;

import {MizuToken} from "../MizuToken.sol";
import {Ballots, Outcome} from "./Ballots.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";

/// @title Bonds, and who gets what of those that are lost. Payouts are pulled.
/// @notice The court holds the bonds of open cases, fees that voters have not claimed, and balances; nothing else.
abstract contract Purse is Ballots {
    using SafeERC20 for MizuToken;

    /// @notice A fee that the voters of a round share, by weight, as far as it was not claimed yet.
    struct Pot {
        uint128 amount;
        uint128 weight;
    }

    mapping(uint256 id => mapping(uint256 round => Pot)) private _pots;
    /// @notice What `withdraw` would pay.
    mapping(address account => uint256) public balanceOf;

    event Withdrawn(address indexed account, uint256 amount);
    event Credited(uint256 indexed id, address indexed account, uint256 amount);
    event Burned(uint256 indexed id, uint256 amount);

    error NothingToWithdraw(address account);
    error NothingToClaim(address voter);

    /// @notice Pays the caller his returned bonds, rewards and fees.
    function withdraw() external returns (uint256 amount) {
        amount = balanceOf[msg.sender];
        require(amount > 0, NothingToWithdraw(msg.sender));
        balanceOf[msg.sender] = 0;
        token.safeTransfer(msg.sender, amount);
        emit Withdrawn(msg.sender, amount);
    }

    function potOf(uint256 id, uint256 round) external view returns (Pot memory) {
        return _pots[id][round];
    }

    function _lock(uint256 amount) internal {
        token.safeTransferFrom(msg.sender, address(this), amount);
    }

    function _credit(uint256 id, address account, uint256 amount) internal {
        if (amount == 0) return;
        balanceOf[account] += amount;
        emit Credited(id, account, amount);
    }

    function _burn(uint256 id, uint256 amount) internal {
        if (amount == 0) return;
        token.burn(amount);
        emit Burned(id, amount);
    }

    /// @dev Puts up to `fee` for each of the first `rounds` rounds aside for those who voted for the outcome.
    /// @param budget wei that there are for it
    /// @return spent of the budget
    function _fillPots(uint256 id, uint256 rounds, Outcome outcome, uint256 budget) internal returns (uint256 spent) {
        uint256 amount = Math.min(fee, budget / rounds);
        if (amount == 0) return 0;
        for (uint256 round = 1; round <= rounds; ++round) {
            uint256 weight = _weightOf(tallyOf(id, round), outcome);
            if (weight == 0) continue;
            _pots[id][round] = Pot(SafeCast.toUint128(amount), SafeCast.toUint128(weight));
            spent += amount;
        }
    }

    /// @dev The last voter to claim gets what rounding has left.
    function _claim(uint256 id, uint256 round, Outcome outcome, address voter) internal returns (uint256 amount) {
        Ballot storage ballot = _ballot(id, round, voter);
        Pot storage pot = _pots[id][round];
        bool right = outcome != Outcome.NONE && _sideOf(ballot.verdict) == outcome;
        require(right && !ballot.paid && pot.weight > 0, NothingToClaim(voter));
        ballot.paid = true;
        amount = Math.mulDiv(pot.amount, ballot.weight, pot.weight);
        // A part of an amount of 128 bits.
        // forge-lint: disable-next-line(unsafe-typecast)
        pot.amount -= uint128(amount);
        pot.weight -= ballot.weight;
        _credit(id, voter, amount);
    }
}
