// SPDX-License-Identifier: MIT
// docs/da.md#challenges
pragma solidity 0.8.37;

import {DACommittee} from "./DACommittee.sol";
import {MizuToken} from "./MizuToken.sol";
import {CallLength} from "./dispute/CallLength.sol";
import {Ledger} from "./dispute/Ledger.sol";
import {IStakeSource} from "./interfaces/IStakeSource.sol";
import {Tree} from "./lib/Tree.sol";
import {Certificate, Role} from "./lib/Types.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";

/// @title Bytes that a certificate promises, published on L1 because somebody asks for them: or its signers are slashed.
contract DAChallenges is Ledger {
    enum ChallengeStatus {
        NONE,
        OPEN,
        PUBLISHED,
        EXPIRED
    }

    /// @param signers of the certificate who may still be slashed for it, bit i the i-th member of the epoch
    /// @param length of the object, bytes
    /// @param piece index of the piece that is asked for
    struct Challenge {
        bytes32 objectRoot;
        address challenger;
        ChallengeStatus status;
        uint40 deadline;
        uint32 signers;
        uint64 epoch;
        uint64 length;
        uint64 piece;
    }

    /// @param path from the piece to the object's root, the siblings lowest first
    struct Answer {
        uint256 id;
        bytes data;
        bytes32[] path;
    }

    /// @dev root 32 ‖ length u64, as a certificate hashes them.
    uint256 private constant ENTRY_BYTES = 40;
    /// @notice A piece has 2^5 leaves: 4 KiB, or what is left of the object.
    uint256 public constant PIECE_HEIGHT = 5;
    uint256 public constant PIECE_BYTES = 4096;
    /// @notice Pieces that a member is taken to be able to publish within `answerSeconds`.
    uint256 public constant ANSWERS = 12;
    /// @notice By which the time for an answer grows at most, with the challenges that are open.
    uint256 public constant STRETCH = 4;
    /// @dev Of what a publication does after its gas is counted: two balances, a new slot each at most.
    uint256 private constant CLOSING_GAS = 46_000;

    DACommittee public immutable committee;
    IStakeSource public immutable stakes;
    /// @notice In which a piece must be published while no other challenge is open.
    uint32 public immutable answerSeconds;

    Challenge[] private _challenges;
    /// @notice Challenges that are open, whatever they are about.
    uint256 public openCount;
    /// @notice Whether a member has been slashed for an object: it is not again.
    mapping(address member => mapping(bytes32 objectRoot => bool)) public isSlashedFor;

    event BytesChallenged(
        uint256 indexed id, bytes32 indexed objectRoot, address indexed challenger, Challenge challenge
    );
    event PiecePublished(uint256 indexed id, bytes32 indexed objectRoot, uint64 piece, bytes data);
    event ChallengeExpired(uint256 indexed id, bytes32 indexed objectRoot, address indexed challenger);
    event BytesWithheld(uint256 indexed id, bytes32 indexed objectRoot, address indexed member, uint256 slashed);

    error AnswerSecondsOutOfRange(uint256 minimum, uint256 maximum, uint256 actual);
    error ObjectListMalformed(uint256 entryBytes, uint256 actual);
    error EntryOutOfRange(uint256 entries, uint256 entry);
    error PieceOutOfRange(uint256 pieces, uint256 piece);
    error EpochOutOfRange(uint64 last, uint64 actual);
    error NobodySigned();
    error CertificateEndsTooSoon(uint256 earliest, uint256 actual);
    error UnknownChallenge(uint256 count, uint256 id);
    error ChallengeStatusMismatch(uint256 id, ChallengeStatus expected, ChallengeStatus actual);
    error ChallengeDeadline(uint256 deadline, uint256 actual);
    error PieceLengthMismatch(uint256 expected, uint256 actual);
    error ObjectMismatch(bytes32 expectedRoot, bytes32 actualRoot);

    constructor(MizuToken token_, DACommittee committee_, Settings memory settings, uint32 answerSeconds_)
        Ledger(token_, settings)
    {
        committee = committee_;
        stakes = committee_.stakes();
        // A certificate that L1 has just taken can always be challenged.
        uint256 longest = committee_.retention() / STRETCH;
        bool isInRange = answerSeconds_ > 0 && answerSeconds_ <= longest;
        require(isInRange, AnswerSecondsOutOfRange(1, longest, answerSeconds_));
        answerSeconds = answerSeconds_;
    }

    /// @notice Asks for a piece of an object that a certificate promises, however many members have signed it. The bond
    /// comes back, less what the publication has cost; what is paid above the base bond is burned.
    /// @param objects all that the certificate covers, root 32 ‖ length u64 each
    /// @param entry which of them
    function challenge(
        bytes calldata objects,
        uint64 totalLength,
        Certificate calldata certificate,
        uint256 entry,
        uint64 piece
    ) external returns (uint256 id) {
        Challenge memory asked;
        (asked.objectRoot, asked.length) = _entryOf(objects, entry);
        uint256 pieces = (uint256(asked.length) + PIECE_BYTES - 1) / PIECE_BYTES;
        require(piece < pieces, PieceOutOfRange(pieces, piece));
        uint64 last = committee.epoch();
        require(certificate.epoch > 0 && certificate.epoch <= last, EpochOutOfRange(last, certificate.epoch));
        require(committee.countSignatures(keccak256(objects), totalLength, certificate) > 0, NobodySigned());
        uint256 open = openCount++;
        // Nobody need have the bytes when the promise has ended.
        uint256 deadline = block.timestamp + _secondsAt(open);
        require(certificate.expiry >= deadline, CertificateEndsTooSoon(deadline, certificate.expiry));
        (asked.challenger, asked.status, asked.piece) = (msg.sender, ChallengeStatus.OPEN, piece);
        // Bits of members alone are set: there are at most 32.
        (asked.epoch, asked.signers) = (certificate.epoch, SafeCast.toUint32(certificate.signers));
        asked.deadline = SafeCast.toUint40(deadline);
        id = _challenges.length;
        _challenges.push(asked);
        emit BytesChallenged(id, asked.objectRoot, msg.sender, asked);
        _lock(_bondAt(open));
        if (open > 0) token.burn(bond * open);
    }

    /// @notice Shows a piece that is asked for. Anyone may: the costs are paid out of the bond.
    function publish(uint256 id, bytes calldata data, bytes32[] calldata path) external {
        uint256 gasAtStart = gasleft();
        Challenge storage asked = _openChallenge(id);
        require(block.timestamp < asked.deadline, ChallengeDeadline(asked.deadline, block.timestamp));
        _publish(id, data, path, gasAtStart);
    }

    /// @notice Shows many pieces in one transaction.
    /// @dev What needs no answer any more is passed over: else whoever answers one of them could hold up all. Each uses the
    /// memory of the one before, of which nothing is read any more: see Demands.publishAll.
    function publishAll(Answer[] calldata answers) external {
        uint256 free;
        assembly ("memory-safe") {
            free := mload(0x40)
        }
        for (uint256 i = 0; i < answers.length; ++i) {
            uint256 gasAtStart = gasleft();
            assembly ("memory-safe") {
                mstore(0x40, free)
            }
            Answer calldata answer = answers[i];
            if (!isAnswerable(answer.id)) continue;
            _publish(answer.id, answer.data, answer.path, gasAtStart);
        }
    }

    /// @notice Slashes signers of the certificate when nobody has published the piece in time; the first call gives the bond
    /// back. Anyone may call it; the rewards are the challenger's.
    /// @param signers which of them, as the bits of the certificate: where a slash is dear, some in each call
    function expire(uint256 id, uint32 signers) external {
        require(id < _challenges.length, UnknownChallenge(_challenges.length, id));
        Challenge storage asked = _challenges[id];
        if (asked.status != ChallengeStatus.EXPIRED) {
            _openChallenge(id);
            require(block.timestamp >= asked.deadline, ChallengeDeadline(asked.deadline, block.timestamp));
            asked.status = ChallengeStatus.EXPIRED;
            --openCount;
            _credit(asked.challenger, bond);
            emit ChallengeExpired(id, asked.objectRoot, asked.challenger);
        }
        uint32 left = asked.signers;
        address[] memory members = committee.committeeOf(asked.epoch).members;
        for (uint256 i = 0; i < members.length; ++i) {
            // A committee has at most 32 members (DACommittee), so the bit is in range.
            // forge-lint: disable-next-line(unsafe-typecast, incorrect-shift)
            uint32 bit = uint32(1 << i);
            if (left & signers & bit != 0 && _slash(id, members[i])) left &= ~bit;
        }
        asked.signers = left;
    }

    function challengeCount() external view returns (uint256) {
        return _challenges.length;
    }

    function challengeOf(uint256 id) external view returns (Challenge memory) {
        require(id < _challenges.length, UnknownChallenge(_challenges.length, id));
        return _challenges[id];
    }

    /// @notice Challenges in the order in which they were made, as far as there are any.
    function challengesFrom(uint256 first, uint256 count) external view returns (Challenge[] memory found) {
        uint256 end = Math.min(Math.saturatingAdd(first, count), _challenges.length);
        found = new Challenge[](Math.saturatingSub(end, first));
        for (uint256 i = 0; i < found.length; ++i) {
            found[i] = _challenges[first + i];
        }
    }

    /// @notice What the next challenge costs, wei: all but the base bond is burned.
    function nextBond() external view returns (uint256) {
        return _bondAt(openCount);
    }

    /// @notice In how many seconds the next challenge must be answered.
    function nextSeconds() external view returns (uint256) {
        return _secondsAt(openCount);
    }

    /// @notice Whether a publication would be taken.
    function isAnswerable(uint256 id) public view returns (bool) {
        return id < _challenges.length && _challenges[id].status == ChallengeStatus.OPEN
            && block.timestamp < _challenges[id].deadline;
    }

    function _entryOf(bytes calldata objects, uint256 entry) private pure returns (bytes32 root, uint64 length) {
        uint256 entries = objects.length / ENTRY_BYTES;
        require(objects.length == entries * ENTRY_BYTES, ObjectListMalformed(ENTRY_BYTES, objects.length));
        require(entry < entries, EntryOutOfRange(entries, entry));
        uint256 offset = entry * ENTRY_BYTES;
        root = bytes32(objects[offset:offset + 32]);
        length = uint64(bytes8(objects[offset + 32:offset + ENTRY_BYTES]));
    }

    /// @dev As in Demands: many at once cost their sum, which grows with the square of their number, and give more time.
    function _bondAt(uint256 open) private view returns (uint256) {
        return bond * (open + 1);
    }

    function _secondsAt(uint256 open) private view returns (uint256) {
        uint256 base = answerSeconds;
        return Math.min(base + base * open / ANSWERS, STRETCH * base);
    }

    function _openChallenge(uint256 id) private view returns (Challenge storage asked) {
        require(id < _challenges.length, UnknownChallenge(_challenges.length, id));
        asked = _challenges[id];
        ChallengeStatus status = asked.status;
        require(status == ChallengeStatus.OPEN, ChallengeStatusMismatch(id, ChallengeStatus.OPEN, status));
    }

    function _publish(uint256 id, bytes calldata data, bytes32[] calldata path, uint256 gasAtStart) private {
        Challenge storage asked = _challenges[id];
        bytes32 root = _rootOf(asked.length, asked.piece, data, path);
        require(root == asked.objectRoot, ObjectMismatch(asked.objectRoot, root));
        asked.status = ChallengeStatus.PUBLISHED;
        --openCount;
        emit PiecePublished(id, root, asked.piece, data);
        uint256 gas = _gasSince(gasAtStart, CallLength.ofPublish(data, path)) + CLOSING_GAS;
        uint256 award = _award(bond, msg.sender, gas);
        _credit(asked.challenger, bond - award);
    }

    /// @dev Of the object of this length that has these bytes as its piece.
    function _rootOf(uint64 length, uint64 piece, bytes calldata data, bytes32[] calldata path)
        private
        pure
        returns (bytes32)
    {
        uint256 size = Math.min(PIECE_BYTES, length - piece * PIECE_BYTES);
        require(data.length == size, PieceLengthMismatch(size, data.length));
        // An object of less than a piece has a smaller tree.
        uint256 height = Math.min(PIECE_HEIGHT, Tree.depthOf(Tree.leafCount(length)));
        return Tree.objectRootFromPath(Tree.rootOf(data, height), piece, height, length, path);
    }

    /// @return done whether nothing is left to do about the member. Who has nothing at risk can be slashed when he has.
    function _slash(uint256 id, address member) private returns (bool done) {
        Challenge storage asked = _challenges[id];
        bytes32 root = asked.objectRoot;
        if (isSlashedFor[member][root]) return true;
        uint256 amount = stakes.minimumOf(Role.DA_MEMBER);
        (uint256 slashed,) = stakes.slash(member, Role.DA_MEMBER, amount, asked.challenger, amount);
        if (slashed == 0) return false;
        isSlashedFor[member][root] = true;
        emit BytesWithheld(id, root, member, slashed);
        return true;
    }
}
