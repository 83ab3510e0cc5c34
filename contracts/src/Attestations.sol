// SPDX-License-Identifier: MIT
// docs/attestations.md
pragma solidity 0.8.37;

import {Assertions} from "./Assertions.sol";
import {Rollup} from "./Rollup.sol";
import {Constants} from "./generated/Constants.sol";
import {IAttestations} from "./interfaces/IAttestations.sol";
import {IAudits} from "./interfaces/IAudits.sol";
import {IInbox} from "./interfaces/IInbox.sol";
import {IStakeSource} from "./interfaces/IStakeSource.sol";
import {IYield} from "./interfaces/IYield.sol";
import {Timing, UnbondingTooShort} from "./lib/Timing.sol";
import {Tree} from "./lib/Tree.sol";
import {AssertionId, Role} from "./lib/Types.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";
import {BitMaps} from "@openzeppelin/contracts/utils/structs/BitMaps.sol";

/// @title Signatures of validators that they have executed an assertion and agree, what they earn and what a false one costs.
contract Attestations is IAttestations, EIP712 {
    using BitMaps for BitMaps.BitMap;
    using SafeERC20 for IERC20;

    /// @param commitment to what only who executes it knows (docs/attestations.md#samples)
    struct Attestation {
        bytes32 commitment;
        bytes signature;
    }

    /// @param number of the record, from 1
    /// @param time at which the weights count, unix seconds
    /// @param attestedBlock in which two thirds were reached; 0: they are not
    /// @param weight of all that have attested, wei
    /// @param fees that they share, wei
    struct Record {
        uint64 number;
        uint48 time;
        uint64 attestedBlock;
        uint128 weight;
        uint128 fees;
    }

    /// @notice A leaf of a step list, of which only the hash matters.
    struct ListedLeaf {
        bytes32 leafHash;
        bytes32[] path;
    }

    uint256 private constant BASIS_POINTS = 10_000;

    IStakeSource public immutable stakes;
    IERC20 public immutable token;
    Rollup public immutable rollup;
    IInbox public immutable inbox;
    /// @notice Pays in what attesters share: once for an assertion.
    address public immutable bridge;
    /// @notice Asks attesters for what they have executed, and slashes who cannot open it.
    address public immutable samples;
    /// @notice Says who gets no share, and takes what is withheld.
    IAudits public immutable audits;
    /// @notice Part of an attester's weight that a false attestation costs, in basis points.
    uint256 public immutable falseShare;

    uint64 private _count;
    mapping(AssertionId => Record) private _records;
    mapping(address attester => BitMaps.BitMap) private _attested;
    mapping(address attester => BitMaps.BitMap) private _collected;
    /// @dev Blocks in which those were recorded who came when two thirds were reached already.
    mapping(AssertionId => mapping(address attester => uint64)) private _lateBlocks;
    /// @notice Whether an attester was slashed for what it has said about an assertion.
    mapping(AssertionId => mapping(address attester => bool)) public isSlashed;

    /// @param attestations as they were signed, in the order of the attesters: whoever asks about them shows them
    event AttestationsRecorded(
        AssertionId indexed assertion,
        uint256 weight,
        uint256 totalWeight,
        address[] attesters,
        Attestation[] attestations
    );
    event Attested(AssertionId indexed assertion, uint256 weight, uint256 totalWeight);
    event AttestersFunded(AssertionId indexed assertion, uint256 amount);
    event ShareCollected(address indexed attester, uint256 assertions, uint256 amount);
    event ShareWithheld(address indexed attester, AssertionId indexed assertion, uint256 amount);
    event AttestationFalse(
        AssertionId indexed assertion, address indexed attester, uint64 step, address indexed prover, uint256 slashed
    );

    error ShareOutOfRange(uint256 maximum, uint256 actual);
    error NoAttestations();
    error SignersNotAscending(address previous, address signer);
    error NotValidator(address account);
    error NotAttested(AssertionId assertion);
    error AssertionIsMoot(AssertionId assertion);
    error BatchesVoidedBetween(AssertionId assertion, AssertionId confirmed);
    error StepListMismatch(AssertionId assertion, bytes32 expectedRoot, bytes32 actualRoot);
    error LeavesAgree(uint64 step);
    /// @dev Before `first` and after `last` the assertion's list has no leaf.
    error StepOutOfRange(AssertionId assertion, uint256 first, uint256 last, uint256 actual);
    error AlreadySlashed(AssertionId assertion, address attester);
    error NothingToCollect(address attester);
    error NotBridge(address account);

    /// @param falseShare_ in basis points, 1 to 10,000
    constructor(
        IStakeSource stakes_,
        Rollup rollup_,
        address bridge_,
        address samples_,
        IAudits audits_,
        uint256 falseShare_
    ) EIP712(Constants.DOMAIN_NAME, Constants.DOMAIN_VERSION) {
        require(falseShare_ > 0 && falseShare_ <= BASIS_POINTS, ShareOutOfRange(BASIS_POINTS, falseShare_));
        Timing memory timing = stakes_.timing();
        // The true claim is made within the false one's window, and is judged within its own: then there is the proof.
        uint256 least = 2 * uint256(timing.window) + timing.maxPause + timing.clocks + timing.grace;
        require(timing.unbonding >= least, UnbondingTooShort(least, timing.unbonding));
        stakes = stakes_;
        token = IERC20(address(stakes_.token()));
        rollup = rollup_;
        inbox = rollup_.inbox();
        bridge = bridge_;
        samples = samples_;
        audits = audits_;
        falseShare = falseShare_;
    }

    /// @notice Records signatures on a pending assertion; the signers ascend by address. Those that are recorded already are
    /// passed over, so that nobody can hold up a list by recording a part of it. Anyone may call it.
    function record(AssertionId assertion, Attestation[] calldata attestations) external {
        require(attestations.length > 0, NoAttestations());
        Record storage found = _open(assertion);
        (uint64 number, uint48 time) = (found.number, found.time);
        uint256 weight = found.weight;
        address[] memory attesters = new address[](attestations.length);
        address previous = address(0);
        for (uint256 i = 0; i < attestations.length; ++i) {
            address attester = _signerOf(assertion, attestations[i]);
            require(attester > previous, SignersNotAscending(previous, attester));
            (previous, attesters[i]) = (attester, attester);
            BitMaps.BitMap storage own = _attested[attester];
            if (own.get(number)) continue;
            own.set(number);
            if (found.attestedBlock != 0) _lateBlocks[assertion][attester] = SafeCast.toUint64(block.number);
            weight += _weightOf(attester, time);
        }
        found.weight = SafeCast.toUint128(weight);
        uint256 total = stakes.totalWeightAt(Role.VALIDATOR, time);
        emit AttestationsRecorded(assertion, weight, total, attesters, attestations);
        if (found.attestedBlock != 0 || 3 * weight < 2 * total) return;
        found.attestedBlock = SafeCast.toUint64(block.number);
        emit Attested(assertion, weight, total);
    }

    /// @notice Slashes who has attested an assertion that a confirmed one says otherwise about; the sender gets the reward.
    /// @dev That an assertion was rejected is not enough: its asserter may lose a game on purpose with a true claim.
    /// @param step number since genesis of the leaf that both lists have
    /// @param claimed leaf of the assertion's step list
    /// @param confirmed assertion that has the same step
    /// @param truth leaf of the confirmed one's step list
    function proveFalse(
        AssertionId assertion,
        Attestation calldata attestation,
        uint64 step,
        ListedLeaf calldata claimed,
        AssertionId confirmed,
        ListedLeaf calldata truth
    ) external returns (uint256 slashed) {
        address attester = _signerOf(assertion, attestation);
        require(!isSlashed[assertion][attester], AlreadySlashed(assertion, attester));
        isSlashed[assertion][attester] = true;
        uint256 weight = _weightOf(attester, _requireFalse(assertion, step, claimed, confirmed, truth));
        uint256 penalty = Math.mulDiv(weight, falseShare, BASIS_POINTS, Math.Rounding.Ceil);
        (slashed,) = stakes.slash(attester, Role.VALIDATOR, penalty, msg.sender, penalty);
        emit AttestationFalse(assertion, attester, step, msg.sender, slashed);
    }

    /// @inheritdoc IAttestations
    /// @dev By the Bridge alone: whoever has collected has no part in what comes later.
    function fund(AssertionId assertion, uint256 amount) external {
        require(msg.sender == bridge, NotBridge(msg.sender));
        Record storage found = _records[assertion];
        require(found.attestedBlock != 0, NotAttested(assertion));
        found.fees += SafeCast.toUint128(amount);
        token.safeTransferFrom(msg.sender, address(this), amount);
        emit AttestersFunded(assertion, amount);
    }

    /// @notice Pays an attester its share of the fees of assertions that are confirmed: to its stake's account, and to those
    /// who have delegated to it. A share that it has lost by its audits is withheld. Anyone may call it.
    /// @dev Nobody is recorded any more for what is not pending, so a share cannot shrink once it can be collected.
    function collect(address attester, AssertionId[] calldata assertions) external returns (uint256 amount) {
        uint256 withheld = 0;
        for (uint256 i = 0; i < assertions.length; ++i) {
            uint256 share = _uncollected(attester, assertions[i]);
            if (share == 0) continue;
            _collected[attester].set(_records[assertions[i]].number);
            if (isWithheld(attester, assertions[i])) {
                withheld += share;
                emit ShareWithheld(attester, assertions[i], share);
            } else {
                amount += share;
            }
        }
        require(amount + withheld > 0, NothingToCollect(attester));
        if (withheld > 0) {
            token.forceApprove(address(audits), withheld);
            audits.withhold(withheld);
        }
        if (amount == 0) return 0;
        token.forceApprove(address(stakes), amount);
        IYield(address(stakes)).fundFor(attester, Role.VALIDATOR, amount);
        emit ShareCollected(attester, assertions.length, amount);
    }

    function recordOf(AssertionId assertion) external view returns (Record memory) {
        return _records[assertion];
    }

    /// @inheritdoc IAttestations
    function isAttested(AssertionId assertion) external view returns (bool) {
        return _records[assertion].attestedBlock != 0;
    }

    /// @inheritdoc IAttestations
    function attestedBlockOf(AssertionId assertion) external view returns (uint64) {
        return _records[assertion].attestedBlock;
    }

    /// @inheritdoc IAttestations
    function recordedBlockOf(AssertionId assertion, address attester) external view returns (uint64) {
        if (!hasAttested(assertion, attester)) return 0;
        uint64 late = _lateBlocks[assertion][attester];
        return late == 0 ? _records[assertion].attestedBlock : late;
    }

    /// @inheritdoc IAttestations
    function attestedStateRoot(AssertionId assertion) external view returns (bytes32) {
        require(_records[assertion].attestedBlock != 0, NotAttested(assertion));
        Assertions.Assertion memory claimed = rollup.assertionOf(assertion);
        bool lives = claimed.status == Assertions.Status.CONFIRMED
            || (claimed.status == Assertions.Status.PENDING && claimed.voidings == rollup.voidings());
        require(lives, Assertions.StatusMismatch(assertion, Assertions.Status.PENDING, claimed.status));
        return claimed.stateRoot;
    }

    /// @inheritdoc IAttestations
    function hasAttested(AssertionId assertion, address attester) public view returns (bool) {
        uint64 number = _records[assertion].number;
        return number != 0 && _attested[attester].get(number);
    }

    /// @notice What `collect` would pay the attester for one assertion, wei.
    function shareOf(address attester, AssertionId assertion) public view returns (uint256) {
        uint256 share = _uncollected(attester, assertion);
        return share == 0 || isWithheld(attester, assertion) ? 0 : share;
    }

    /// @notice Whether the attester gets no share of an assertion that has a record (docs/audits.md#share).
    function isWithheld(address attester, AssertionId assertion) public view returns (bool) {
        return audits.losesShare(attester, _records[assertion].time);
    }

    /// @inheritdoc IAttestations
    function digestOf(AssertionId assertion, bytes32 commitment) public view returns (bytes32) {
        return _hashTypedDataV4(keccak256(abi.encode(Constants.ATTESTATION_TYPEHASH, assertion, commitment)));
    }

    /// @dev The record of a pending assertion. Its weights are those of the second before it was made.
    function _open(AssertionId assertion) private returns (Record storage found) {
        (Assertions.Status status, bool moot,) = rollup.standingOf(assertion);
        bool pending = status == Assertions.Status.PENDING;
        require(pending, Assertions.StatusMismatch(assertion, Assertions.Status.PENDING, status));
        require(!moot, AssertionIsMoot(assertion));
        found = _records[assertion];
        if (found.number != 0) return found;
        found.number = ++_count;
        found.time = SafeCast.toUint48(rollup.assertionOf(assertion).createdAt - 1);
    }

    function _uncollected(address attester, AssertionId assertion) private view returns (uint256) {
        Record memory found = _records[assertion];
        if (found.fees == 0 || !_attested[attester].get(found.number)) return 0;
        if (_collected[attester].get(found.number)) return 0;
        uint256 weight = stakes.weightAt(attester, Role.VALIDATOR, found.time);
        return Math.mulDiv(found.fees, weight, found.weight);
    }

    function _signerOf(AssertionId assertion, Attestation calldata attestation) private view returns (address) {
        return ECDSA.recoverCalldata(digestOf(assertion, attestation.commitment), attestation.signature);
    }

    function _weightOf(address attester, uint48 time) private view returns (uint256 weight) {
        weight = stakes.weightAt(attester, Role.VALIDATOR, time);
        require(weight > 0, NotValidator(attester));
    }

    /// @return time at which the weights of who has attested it count
    function _requireFalse(
        AssertionId assertion,
        uint64 step,
        ListedLeaf calldata claimed,
        AssertionId confirmed,
        ListedLeaf calldata truth
    ) private view returns (uint48 time) {
        require(claimed.leafHash != truth.leafHash, LeavesAgree(step));
        Assertions.Assertion memory other = rollup.assertionOf(confirmed);
        bool isConfirmed = other.status == Assertions.Status.CONFIRMED;
        require(isConfirmed, Assertions.StatusMismatch(confirmed, Assertions.Status.CONFIRMED, other.status));
        Assertions.Assertion memory own = rollup.assertionOf(assertion);
        // What was true about a batch is false once the batch is void.
        require(own.voidings == other.voidings, BatchesVoidedBetween(assertion, confirmed));
        _requireListed(assertion, own, step, claimed);
        _requireListed(confirmed, other, step, truth);
        time = SafeCast.toUint48(own.createdAt - 1);
    }

    function _requireListed(
        AssertionId id,
        Assertions.Assertion memory assertion,
        uint64 step,
        ListedLeaf calldata leaf
    ) private view {
        uint256 first = inbox.totalMessagesBefore(rollup.assertionOf(assertion.parent).batch);
        uint256 count = rollup.stepCountOf(id);
        require(step >= first && step - first <= count, StepOutOfRange(id, first, first + count, step));
        bytes32 root = Tree.listRootFromPath(leaf.leafHash, step - first, count + 1, leaf.path);
        require(root == assertion.stepRoot, StepListMismatch(id, assertion.stepRoot, root));
    }
}
