// SPDX-License-Identifier: MIT
// docs/contracts.md#bridge
pragma solidity 0.8.37;

import {IRollup} from "./interfaces/IRollup.sol";
import {IYield} from "./interfaces/IYield.sol";
import {StateTrie} from "./lib/StateTrie.sol";
import {AssertionId, Role} from "./lib/Types.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {BitMaps} from "@openzeppelin/contracts/utils/structs/BitMaps.sol";

/// @title Holds all deposits; pays only what a proof against a confirmed state root shows, and after the network's end deposits that no such state has taken in.
contract Bridge {
    using BitMaps for BitMaps.BitMap;
    using SafeERC20 for IERC20;

    uint256 public constant BASIS_POINTS = 10_000;

    IERC20 public immutable token;
    IRollup public immutable rollup;
    /// @notice Shares the validators' part of the fees out among their stakes; zero: it stays in the pool.
    IYield public immutable validatorYield;
    /// @notice The contract through which all leave a network that has ended.
    address public immutable escape;
    /// @notice Part of all fees that goes to the validators, in basis points, rounded down.
    uint256 public immutable validatorShare;

    BitMaps.BitMap private _withdrawn;
    mapping(AssertionId => bool) public feesClaimed;
    mapping(address account => uint256) public earningsOf;
    uint256 public validatorPool;

    event Withdrawn(uint64 indexed index, address indexed recipient, uint256 amount);
    event FeesClaimed(AssertionId indexed id, address indexed asserter, uint256 earned, uint256 toValidators);
    event EarningsPaid(address indexed account, uint256 amount);
    event ValidatorsPaid(uint256 amount);

    error ShareTooLarge(uint256 maximum, uint256 actual);
    error AlreadyWithdrawn(uint64 index);
    error FeesAlreadyClaimed(AssertionId id);
    error FeesDecrease(uint256 before, uint256 total);
    error GenesisHasNoFees(AssertionId id);
    error NothingToPay(address account);
    error NotEscape(address account);

    constructor(IERC20 token_, IRollup rollup_, IYield validatorYield_, uint256 validatorShare_, address escape_) {
        require(validatorShare_ <= BASIS_POINTS, ShareTooLarge(BASIS_POINTS, validatorShare_));
        token = token_;
        rollup = rollup_;
        validatorYield = validatorYield_;
        validatorShare = validatorShare_;
        escape = escape_;
    }

    /// @notice Pays withdrawal `index` to its recipient, once. Anyone may call it.
    /// @param id a confirmed assertion whose state holds the withdrawal
    /// @param proof nodes of the state trie from the root to the record in table `O`
    function withdraw(AssertionId id, uint64 index, address recipient, uint256 amount, bytes[] calldata proof)
        external
    {
        require(!_withdrawn.get(index), AlreadyWithdrawn(index));
        StateTrie.requireWithdrawal(rollup.confirmedStateRoot(id), index, recipient, amount, proof);
        _withdrawn.set(index);
        token.safeTransfer(recipient, amount);
        emit Withdrawn(index, recipient, amount);
    }

    /// @notice Credits the asserter of a confirmed assertion and the validators with the fees of its range, once.
    /// @param totalBefore fees since genesis in the parent's state, proven by `proofBefore`
    /// @param total fees since genesis in the assertion's state, proven by `proof`
    function claimFees(
        AssertionId id,
        uint256 totalBefore,
        bytes[] calldata proofBefore,
        uint256 total,
        bytes[] calldata proof
    ) external {
        address asserter = rollup.asserterOf(id);
        require(asserter != address(0), GenesisHasNoFees(id));
        require(!feesClaimed[id], FeesAlreadyClaimed(id));
        StateTrie.requireFees(rollup.confirmedStateRoot(id), total, proof);
        StateTrie.requireFees(rollup.confirmedStateRoot(rollup.parentOf(id)), totalBefore, proofBefore);
        require(total >= totalBefore, FeesDecrease(totalBefore, total));
        feesClaimed[id] = true;
        uint256 toValidators = Math.mulDiv(total - totalBefore, validatorShare, BASIS_POINTS);
        uint256 earned = total - totalBefore - toValidators;
        validatorPool += toValidators;
        earningsOf[asserter] += earned;
        emit FeesClaimed(id, asserter, earned, toValidators);
    }

    /// @notice Pays the account what it has earned. Anyone may call it.
    function payEarnings(address account) external returns (uint256 amount) {
        amount = earningsOf[account];
        require(amount > 0, NothingToPay(account));
        earningsOf[account] = 0;
        token.safeTransfer(account, amount);
        emit EarningsPaid(account, amount);
    }

    /// @notice Shares the validators' pool out among those who are staked as validators. Anyone may call it.
    function payValidators() external returns (uint256 amount) {
        amount = validatorPool;
        require(amount > 0 && address(validatorYield) != address(0), NothingToPay(address(validatorYield)));
        validatorPool = 0;
        token.forceApprove(address(validatorYield), amount);
        validatorYield.fund(Role.VALIDATOR, amount);
        emit ValidatorsPaid(amount);
    }

    /// @notice Pays what somebody leaves with.
    function payEscape(address to, uint256 amount) external {
        require(msg.sender == escape, NotEscape(msg.sender));
        token.safeTransfer(to, amount);
    }

    function isWithdrawn(uint64 index) external view returns (bool) {
        return _withdrawn.get(index);
    }
}
