// SPDX-License-Identifier: MIT
// docs/attestations.md#questions
pragma solidity 0.8.37;

import {Assertions} from "./Assertions.sol";
import {Dispute} from "./Dispute.sol";
import {Rollup} from "./Rollup.sol";
import {IAttestations} from "./interfaces/IAttestations.sol";
import {IStakeSource} from "./interfaces/IStakeSource.sol";
import {SampleDraw} from "./lib/SampleDraw.sol";
import {requireAtMost} from "./lib/Settings.sol";
import {Timing, UnbondingTooShort} from "./lib/Timing.sol";
import {AssertionId, Role} from "./lib/Types.sol";
import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";

/// @notice What an attester is asked to open. It is not stored: every call shows it, and its hash is the question's id.
/// @param commitment that the attester has signed about the assertion
struct Question {
    AssertionId assertion;
    address attester;
    bytes32 commitment;
}

/// @notice keccak256 of a Question.
type QuestionId is bytes32;

/// @title Asks attesters, by lot, for what they have committed themselves to.
abstract contract Questions {
    enum QuestionStatus {
        NONE,
        ASKED,
        OPENED,
        EXPIRED,
        REFUTED
    }

    /// @param odds of one in so many that an attestation may be asked about
    /// @param askSeconds after an assertion was made in which its attesters may be asked
    /// @param openSeconds that an attester has to open
    /// @param silentPenalty for who does not, wei
    /// @param samplePenalty for a machine that is refuted, wei
    struct SampleSettings {
        uint256 odds;
        uint32 askSeconds;
        uint32 openSeconds;
        uint256 silentPenalty;
        uint256 samplePenalty;
    }

    /// @param since when it has this status, unix seconds
    struct Standing {
        QuestionStatus status;
        uint64 since;
    }

    IAttestations public immutable attestations;
    Rollup public immutable rollup;
    IStakeSource public immutable stakes;
    uint256 public immutable odds;
    uint64 public immutable askSeconds;
    uint64 public immutable openSeconds;
    /// @notice After the opening, in which a game about it may begin.
    uint64 public immutable challengeSeconds;
    uint256 public immutable silentPenalty;
    uint256 public immutable samplePenalty;

    mapping(QuestionId => Standing) internal _standings;

    event SamplesAsked(
        QuestionId indexed question,
        AssertionId indexed assertion,
        address indexed attester,
        bytes32 commitment,
        uint256 deadline
    );
    event SamplesOpened(
        QuestionId indexed question,
        AssertionId indexed assertion,
        address indexed attester,
        bytes32[2] machines,
        uint256 challengeableUntil
    );
    event SamplesExpired(
        QuestionId indexed question, address indexed attester, address indexed caller, uint256 slashed
    );

    error OddsAreZero();
    error PenaltyIsZero();
    error OpenSecondsTooShort(uint256 minimum, uint256 actual);
    error NotAttested(AssertionId assertion, address attester);
    error SignerMismatch(address expected, address actual);
    error DrawUnknown(AssertionId assertion, address attester, uint256 recordedBlock);
    error NotDrawn(AssertionId assertion, address attester);
    error TooLateToAsk(uint256 deadline, uint256 actual);
    error TooLateToOpen(uint256 deadline, uint256 actual);
    error StillTimeToOpen(uint256 deadline, uint256 actual);
    error QuestionStatusMismatch(QuestionId id, QuestionStatus expected, QuestionStatus actual);

    /// @dev The stake that counts for an attestation was there when the assertion was made, and leaves `unbonding` later at
    /// the earliest: all must have ended by then.
    constructor(IAttestations attestations_, Dispute dispute, SampleSettings memory settings) {
        Rollup rollup_ = dispute.rollup();
        IStakeSource stakes_ = rollup_.stakes();
        Timing memory timing = stakes_.timing();
        require(settings.odds > 0, OddsAreZero());
        require(settings.silentPenalty > 0 && settings.samplePenalty > 0, PenaltyIsZero());
        uint256 cap = stakes_.token().cap();
        requireAtMost(cap, settings.silentPenalty);
        requireAtMost(cap, settings.samplePenalty);
        // Who has lost what it has signed may have to execute both steps once more, each the longest there may be.
        uint256 least = 2 * dispute.PASS_SECONDS();
        require(settings.openSeconds >= least, OpenSecondsTooShort(least, settings.openSeconds));
        uint256 clocks = 2 * (uint256(dispute.clockSeconds()) + dispute.extensionSeconds());
        uint256 longest = uint256(settings.askSeconds) + settings.openSeconds + timing.window + clocks + timing.grace;
        require(timing.unbonding >= longest, UnbondingTooShort(longest, timing.unbonding));
        (attestations, rollup, stakes) = (attestations_, rollup_, stakes_);
        (odds, askSeconds, openSeconds) = (settings.odds, settings.askSeconds, settings.openSeconds);
        challengeSeconds = timing.window;
        (silentPenalty, samplePenalty) = (settings.silentPenalty, settings.samplePenalty);
    }

    /// @notice Asks an attester that the lot has fallen on to open what it has signed. Anyone may call it, once for each
    /// commitment.
    /// @param signature of the attester under the commitment
    function ask(AssertionId assertion, address attester, bytes32 commitment, bytes calldata signature)
        external
        returns (QuestionId id)
    {
        uint256 deadline = rollup.assertionOf(assertion).createdAt + askSeconds;
        require(block.timestamp < deadline, TooLateToAsk(deadline, block.timestamp));
        require(attestations.hasAttested(assertion, attester), NotAttested(assertion, attester));
        require(isDrawn(assertion, attester), NotDrawn(assertion, attester));
        address signer = ECDSA.recoverCalldata(attestations.digestOf(assertion, commitment), signature);
        require(signer == attester, SignerMismatch(attester, signer));
        id = questionIdOf(Question(assertion, attester, commitment));
        _requireStatus(id, QuestionStatus.NONE);
        _set(id, QuestionStatus.ASKED);
        emit SamplesAsked(id, assertion, attester, commitment, block.timestamp + openSeconds);
    }

    /// @notice Opens a commitment: shows what it is the hash of. Anyone who knows it may call it, for the attester.
    /// @param machines hashes of the machine at both samples, as they were committed to
    function open(AssertionId assertion, address attester, bytes32[2] calldata machines) external {
        bytes32 commitment = SampleDraw.commitmentOf(assertion, attester, machines);
        QuestionId id = questionIdOf(Question(assertion, attester, commitment));
        uint256 deadline = _requireStatus(id, QuestionStatus.ASKED) + openSeconds;
        require(block.timestamp < deadline, TooLateToOpen(deadline, block.timestamp));
        _set(id, QuestionStatus.OPENED);
        emit SamplesOpened(id, assertion, attester, machines, block.timestamp + challengeSeconds);
    }

    /// @notice Slashes who was asked and has not opened in time. At most half of it goes to the caller.
    function expire(Question calldata question) external returns (uint256 slashed) {
        QuestionId id = questionIdOf(question);
        uint256 deadline = _requireStatus(id, QuestionStatus.ASKED) + openSeconds;
        require(block.timestamp >= deadline, StillTimeToOpen(deadline, block.timestamp));
        _requireStands(question.assertion);
        _set(id, QuestionStatus.EXPIRED);
        (slashed,) = stakes.slash(question.attester, Role.VALIDATOR, silentPenalty, msg.sender, silentPenalty);
        emit SamplesExpired(id, question.attester, msg.sender, slashed);
    }

    function standingOf(QuestionId id) external view returns (Standing memory) {
        return _standings[id];
    }

    /// @notice Whether the lot falls on an attester. Reverts before two thirds have attested, until the block is mined after
    /// that and after that in which the attester was recorded, and again when L1 knows its hash no more, after 256 blocks.
    function isDrawn(AssertionId assertion, address attester) public view returns (bool) {
        uint256 recordedBlock = attestations.recordedBlockOf(assertion, attester);
        bytes32 lot = recordedBlock == 0 ? bytes32(0) : blockhash(recordedBlock + 1);
        require(lot != 0, DrawUnknown(assertion, attester, recordedBlock));
        return uint256(keccak256(abi.encode(lot, assertion, attester))) % odds == 0;
    }

    /// @notice Whether the batches of an assertion are those that it was made about. Where they became void meanwhile, what
    /// was executed then cannot be shown any more, and L1 would judge it by other messages.
    function stands(AssertionId assertion) public view returns (bool) {
        Assertions.Assertion memory asked = rollup.assertionOf(assertion);
        return asked.status == Assertions.Status.CONFIRMED || asked.voidings == rollup.voidings();
    }

    function questionIdOf(Question memory question) public pure returns (QuestionId) {
        return QuestionId.wrap(keccak256(abi.encode(question)));
    }

    function _set(QuestionId id, QuestionStatus status) internal {
        // Enough until the year 584 billion.
        // forge-lint: disable-next-line(unsafe-typecast)
        _standings[id] = Standing(status, uint64(block.timestamp));
    }

    /// @return since when the question has this status
    function _requireStatus(QuestionId id, QuestionStatus expected) internal view returns (uint256 since) {
        Standing storage standing = _standings[id];
        require(standing.status == expected, QuestionStatusMismatch(id, expected, standing.status));
        return standing.since;
    }

    function _requireStands(AssertionId assertion) internal view {
        require(stands(assertion), Rollup.AssertionIsMoot(assertion));
    }
}
