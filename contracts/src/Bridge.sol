// SPDX-License-Identifier: MIT
// docs/contracts.md#bridge
pragma solidity 0.8.37;

import {IAttestations} from "./interfaces/IAttestations.sol";
import {IRollup} from "./interfaces/IRollup.sol";
import {StateTrie} from "./lib/StateTrie.sol";
import {AssertionId} from "./lib/Types.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";
import {BitMaps} from "@openzeppelin/contracts/utils/structs/BitMaps.sol";

/// @title Holds all deposits; pays only what a proof against a confirmed state root shows, and after the network's end deposits that no such state has taken in.
contract Bridge {
    using BitMaps for BitMaps.BitMap;
    using SafeERC20 for IERC20;

    /// @notice For what a withdrawal is sold, and until when.
    /// @param price wei
    /// @param deadline unix seconds
    struct Offer {
        uint192 price;
        uint64 deadline;
    }

    uint256 public constant BASIS_POINTS = 10_000;

    IERC20 public immutable token;
    IRollup public immutable rollup;
    /// @notice Shares the validators' part of the fees out among those who have attested.
    IAttestations public immutable attestations;
    /// @notice The contract through which all leave a network that has ended.
    address public immutable escape;
    /// @notice Part of all fees that goes to the validators, in basis points, rounded down.
    uint256 public immutable validatorShare;

    BitMaps.BitMap private _withdrawn;
    mapping(AssertionId => bool) public feesClaimed;
    mapping(address account => uint256) public earningsOf;
    /// @notice Validators' part of the fees of assertions that nobody has attested, wei. It goes to who attests the next one.
    uint256 public validatorPool;
    /// @notice To whom a withdrawal was sold; zero: it is its recipient's.
    mapping(bytes32 withdrawal => address) public buyerOf;
    mapping(bytes32 withdrawal => Offer) public offerOf;

    event Withdrawn(uint64 indexed index, address indexed recipient, uint256 amount);
    event WithdrawalOffered(
        uint64 indexed index, address indexed recipient, uint256 amount, uint256 price, uint64 deadline
    );
    event WithdrawalBought(
        uint64 indexed index, address indexed recipient, uint256 amount, uint256 price, address indexed buyer
    );
    event FeesClaimed(AssertionId indexed id, address indexed asserter, uint256 earned, uint256 toValidators);
    event EarningsPaid(address indexed account, uint256 amount);
    event AttestersPaid(AssertionId indexed id, uint256 amount);

    error ShareTooLarge(uint256 maximum, uint256 actual);
    error AlreadyWithdrawn(uint64 index);
    error FeesAlreadyClaimed(AssertionId id);
    error FeesDecrease(uint256 before, uint256 total);
    error GenesisHasNoFees(AssertionId id);
    error NothingToPay(address account);
    error NotEscape(address account);
    error NotOwner(address owner, address account);
    error PriceAboveAmount(uint256 amount, uint256 price);
    error NotOffered(uint64 index);
    error OfferOver(uint256 deadline, uint256 actual);
    error PriceTooHigh(uint256 maximum, uint256 actual);

    constructor(
        IERC20 token_,
        IRollup rollup_,
        IAttestations attestations_,
        uint256 validatorShare_,
        address escape_
    ) {
        require(validatorShare_ <= BASIS_POINTS, ShareTooLarge(BASIS_POINTS, validatorShare_));
        token = token_;
        rollup = rollup_;
        attestations = attestations_;
        validatorShare = validatorShare_;
        escape = escape_;
    }

    /// @notice Pays withdrawal `index` to its recipient, or to whom he has sold it, once. Anyone may call it.
    /// @param id a confirmed assertion whose state holds the withdrawal
    /// @param proof nodes of the state trie from the root to the record in table `O`
    function withdraw(AssertionId id, uint64 index, address recipient, uint256 amount, bytes[] calldata proof)
        external
    {
        require(!_withdrawn.get(index), AlreadyWithdrawn(index));
        StateTrie.requireWithdrawal(rollup.confirmedStateRoot(id), index, recipient, amount, proof);
        _withdrawn.set(index);
        address owner = ownerOf(index, recipient, amount);
        token.safeTransfer(owner, amount);
        emit Withdrawn(index, owner, amount);
    }

    /// @notice Offers a withdrawal for sale: its owner is paid at once, and the buyer when it is confirmed. Only its owner.
    /// @param price wei that the buyer pays, at most the amount; an offer takes the place of the one before
    /// @param deadline unix seconds until which it can be bought; one that is past ends an offer
    function offer(uint64 index, address recipient, uint256 amount, uint256 price, uint64 deadline) external {
        address owner = ownerOf(index, recipient, amount);
        require(owner == msg.sender, NotOwner(owner, msg.sender));
        require(price <= amount, PriceAboveAmount(amount, price));
        offerOf[_hashOf(index, recipient, amount)] = Offer(SafeCast.toUint192(price), deadline);
        emit WithdrawalOffered(index, recipient, amount, price, deadline);
    }

    /// @notice Buys a withdrawal that is on offer and in the state of an attested assertion. Its owner is paid at once.
    /// @dev If that assertion is never confirmed, and no other has this withdrawal, the buyer has lost the price.
    /// @param priceMax wei that the caller pays at most: an offer may have changed
    function buy(
        AssertionId id,
        uint64 index,
        address recipient,
        uint256 amount,
        uint256 priceMax,
        bytes[] calldata proof
    ) external {
        require(!_withdrawn.get(index), AlreadyWithdrawn(index));
        bytes32 withdrawal = _hashOf(index, recipient, amount);
        Offer memory offered = offerOf[withdrawal];
        require(offered.deadline != 0, NotOffered(index));
        require(block.timestamp <= offered.deadline, OfferOver(offered.deadline, block.timestamp));
        require(offered.price <= priceMax, PriceTooHigh(priceMax, offered.price));
        StateTrie.requireWithdrawal(attestations.attestedStateRoot(id), index, recipient, amount, proof);
        address owner = ownerOf(index, recipient, amount);
        delete offerOf[withdrawal];
        buyerOf[withdrawal] = msg.sender;
        token.safeTransferFrom(msg.sender, owner, offered.price);
        emit WithdrawalBought(index, recipient, amount, offered.price, msg.sender);
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
        earningsOf[asserter] += earned;
        emit FeesClaimed(id, asserter, earned, toValidators);
        _payAttesters(id, validatorPool + toValidators);
    }

    /// @notice Pays the account what it has earned. Anyone may call it.
    function payEarnings(address account) external returns (uint256 amount) {
        amount = earningsOf[account];
        require(amount > 0, NothingToPay(account));
        earningsOf[account] = 0;
        token.safeTransfer(account, amount);
        emit EarningsPaid(account, amount);
    }

    /// @notice Pays what somebody leaves with.
    function payEscape(address to, uint256 amount) external {
        require(msg.sender == escape, NotEscape(msg.sender));
        token.safeTransfer(to, amount);
    }

    function isWithdrawn(uint64 index) external view returns (bool) {
        return _withdrawn.get(index);
    }

    /// @notice Whom the withdrawal will be paid to: its recipient, or who has bought it.
    function ownerOf(uint64 index, address recipient, uint256 amount) public view returns (address) {
        address buyer = buyerOf[_hashOf(index, recipient, amount)];
        return buyer == address(0) ? recipient : buyer;
    }

    /// @dev What nobody has attested is kept for who attests next: not to attest pays nobody.
    function _payAttesters(AssertionId id, uint256 amount) private {
        bool attested = attestations.isAttested(id);
        validatorPool = attested ? 0 : amount;
        if (!attested || amount == 0) return;
        token.forceApprove(address(attestations), amount);
        attestations.fund(id, amount);
        emit AttestersPaid(id, amount);
    }

    /// @dev The same index may be another withdrawal in the state of another assertion: that one was not sold.
    function _hashOf(uint64 index, address recipient, uint256 amount) private pure returns (bytes32) {
        return keccak256(abi.encode(index, recipient, amount));
    }
}
