// SPDX-License-Identifier: MIT
// docs/contracts.md#committee
pragma solidity 0.8.37;

import {Constants} from "./generated/Constants.sol";
import {IDACommittee} from "./interfaces/IDACommittee.sol";
import {IInbox} from "./interfaces/IInbox.sol";
import {IStakeSource} from "./interfaces/IStakeSource.sol";
import {Timing} from "./lib/Timing.sol";
import {Certificate, Role} from "./lib/Types.sol";
import {Ownable, Ownable2Step} from "@openzeppelin/contracts/access/Ownable2Step.sol";
import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";

/// @title The members that keep the bytes, and the check of their certificates.
/// @notice A committee is named, and takes over after a delay that everybody can leave in. Its certificates stay good for
/// an overlap after it has been replaced, and a stake stays locked until the last promise of its member has ended.
contract DACommittee is IDACommittee, EIP712, Ownable2Step {
    struct Epoch {
        uint16 threshold;
        address[] members;
    }

    uint256 private constant SIGNATURE_BYTES = 65;

    IStakeSource public immutable stakes;
    IInbox public immutable inbox;
    /// @notice The DAChallenges, where members answer for what they have signed.
    address public immutable challenges;
    /// @notice Seconds that a certificate must still have to run when it is checked.
    uint64 public immutable retention;
    /// @notice Seconds between naming a committee and its taking over.
    uint64 public immutable delaySeconds;
    /// @notice Seconds for which certificates of the previous epoch are still taken.
    uint64 public immutable overlapSeconds;

    /// @notice The present one; 0 before the first committee.
    uint64 public epoch;
    /// @notice Until when certificates of the epoch before are taken, unix seconds.
    uint64 public previousUntil;
    /// @notice When the named committee may take over, unix seconds; 0: none is named.
    uint64 public activeFrom;
    mapping(uint64 epoch => Epoch) private _epochs;
    /// @notice Whether the member's minimum stake is locked here.
    mapping(address member => bool) public isLocked;
    /// @notice Until when the last promise of a member that has left may run, unix seconds.
    mapping(address member => uint64) public promisedUntil;

    event CommitteeNamed(uint64 indexed epoch, uint16 threshold, address[] members, uint64 activeFrom);
    event CommitteeChanged(uint64 indexed epoch, uint16 threshold, address[] members);

    error DelayTooShort(uint256 minimum, uint256 actual);
    error OverlapTooLong(uint256 maximum, uint256 actual);
    error MemberCountOutOfRange(uint256 minimum, uint256 maximum, uint256 actual);
    error ThresholdOutOfRange(uint256 minimum, uint256 members, uint256 actual);
    error MembersNotAscending(address previous, address member);
    error MemberNotStaked(address member);
    error NoCommitteeNamed();
    error NotYet(uint256 from, uint256 actual);
    error StillPromised(address member, uint256 until);
    error NothingLocked(address member);
    error WrongEpoch(uint64 expected, uint64 actual);
    error ExpiresTooSoon(uint256 earliest, uint256 actual);
    error ExpiresTooLate(uint256 latest, uint256 actual);
    error UnknownSigners(uint256 members, uint64 signers);
    error QuorumMissed(uint256 threshold, uint256 actual);
    error SignatureLengthMismatch(uint256 expected, uint256 actual);
    error WrongSigner(address expected, address actual);

    /// @param delaySeconds_ at least window + pause + clocks: what was asserted before the change is decided before it
    /// @param overlapSeconds_ at most the delay: one epoch is kept beside the present one
    constructor(
        address owner,
        IStakeSource stakes_,
        IInbox inbox_,
        address challenges_,
        uint64 delaySeconds_,
        uint64 overlapSeconds_
    ) EIP712(Constants.DOMAIN_NAME, Constants.DOMAIN_VERSION) Ownable(owner) {
        Timing memory timing = stakes_.timing();
        uint256 least = uint256(timing.window) + timing.maxPause + timing.clocks;
        require(delaySeconds_ >= least, DelayTooShort(least, delaySeconds_));
        require(overlapSeconds_ <= delaySeconds_, OverlapTooLong(delaySeconds_, overlapSeconds_));
        stakes = stakes_;
        inbox = inbox_;
        challenges = challenges_;
        retention = timing.retention;
        delaySeconds = delaySeconds_;
        overlapSeconds = overlapSeconds_;
    }

    /// @notice Names the next committee of staked members, in the place of one that was named and has not taken over. The
    /// first one of all takes over at once: there is no promise yet that it could break.
    /// @param members_ in ascending order, so that none is named twice
    /// @param threshold_ more than half: two quorums then share a member
    function setCommittee(address[] calldata members_, uint16 threshold_) external onlyOwner {
        uint256 count = members_.length;
        require(
            count >= Constants.MIN_COMMITTEE && count <= Constants.MAX_COMMITTEE,
            MemberCountOutOfRange(Constants.MIN_COMMITTEE, Constants.MAX_COMMITTEE, count)
        );
        require(threshold_ > count / 2 && threshold_ <= count, ThresholdOutOfRange(count / 2 + 1, count, threshold_));
        uint256 minimum = stakes.minimumOf(Role.DA_MEMBER);
        address previous = address(0);
        for (uint256 i = 0; i < count; ++i) {
            address member = members_[i];
            require(member > previous, MembersNotAscending(previous, member));
            require(stakes.isActive(member, Role.DA_MEMBER), MemberNotStaked(member));
            if (!isLocked[member]) {
                isLocked[member] = true;
                stakes.lock(member, Role.DA_MEMBER, minimum);
            }
            previous = member;
        }
        uint64 next = epoch + 1;
        _epochs[next] = Epoch(threshold_, members_);
        activeFrom = SafeCast.toUint64(epoch == 0 ? block.timestamp : block.timestamp + delaySeconds);
        emit CommitteeNamed(next, threshold_, members_, activeFrom);
        if (epoch == 0) activate();
    }

    /// @notice Gives the stake of a member free that serves no more and whose promises have ended. Anyone may call it.
    function unlock(address member) external {
        require(isLocked[member], NothingLocked(member));
        uint256 until = _serves(member) ? type(uint64).max : promisedUntil[member];
        require(block.timestamp >= until, StillPromised(member, until));
        isLocked[member] = false;
        stakes.release(member, Role.DA_MEMBER, stakes.minimumOf(Role.DA_MEMBER));
    }

    /// @inheritdoc IDACommittee
    function verify(bytes32 objectsHash, uint64 totalLength, Certificate calldata certificate) external view {
        bool isPrevious = certificate.epoch + 1 == epoch && block.timestamp < previousUntil;
        // Before the first committee nobody has a threshold: none of its signatures would be enough.
        bool isKnown = certificate.epoch != 0 && (certificate.epoch == epoch || isPrevious);
        require(isKnown, WrongEpoch(epoch, certificate.epoch));
        uint256 earliest = block.timestamp + retention;
        require(certificate.expiry >= earliest, ExpiresTooSoon(earliest, certificate.expiry));
        // A promise without an end would lock its member's stake without an end.
        uint256 latest = block.timestamp + Constants.MAX_RETENTION_SECONDS;
        require(certificate.expiry <= latest, ExpiresTooLate(latest, certificate.expiry));
        uint256 quorum = _epochs[certificate.epoch].threshold;
        uint256 signed = countSignatures(objectsHash, totalLength, certificate);
        require(signed >= quorum, QuorumMissed(quorum, signed));
    }

    /// @notice How many members have signed a certificate, of whatever epoch and expiry. Reverts if a signature is not that
    /// of its bit's member.
    function countSignatures(bytes32 objectsHash, uint64 totalLength, Certificate calldata certificate)
        public
        view
        returns (uint256)
    {
        Epoch storage signing = _epochs[certificate.epoch];
        uint256 count = signing.members.length;
        uint256 signers = certificate.signers;
        require(signers >> count == 0, UnknownSigners(count, certificate.signers));
        bytes32 digest = digestOf(objectsHash, totalLength, certificate.epoch, certificate.expiry);
        bytes calldata signatures = certificate.signatures;
        uint256 offset = 0;
        for (uint256 i = 0; i < count; ++i) {
            if ((signers >> i) & 1 == 0) continue;
            uint256 end = offset + SIGNATURE_BYTES;
            require(signatures.length >= end, SignatureLengthMismatch(end, signatures.length));
            (address signer,,) = ECDSA.tryRecoverCalldata(digest, signatures[offset:end]);
            require(signer == signing.members[i], WrongSigner(signing.members[i], signer));
            offset = end;
        }
        require(signatures.length == offset, SignatureLengthMismatch(offset, signatures.length));
        return offset / SIGNATURE_BYTES;
    }

    /// @notice What a member signs.
    function digestOf(bytes32 objectsHash, uint64 totalLength, uint64 epoch_, uint64 expiry)
        public
        view
        returns (bytes32)
    {
        return _hashTypedDataV4(
            keccak256(abi.encode(Constants.CERTIFICATE_TYPEHASH, epoch_, objectsHash, totalLength, expiry))
        );
    }

    /// @notice Members of the present committee, in the order of a certificate's bits.
    function members() external view returns (address[] memory) {
        return _epochs[epoch].members;
    }

    function threshold() external view returns (uint16) {
        return _epochs[epoch].threshold;
    }

    /// @notice A committee of the past, the present one, or with `epoch + 1` the one that is named.
    function committeeOf(uint64 epoch_) external view returns (Epoch memory) {
        return _epochs[epoch_];
    }

    function domainSeparator() external view returns (bytes32) {
        return _domainSeparatorV4();
    }

    /// @notice Has the named committee take over once its time has come. Anyone may call it. The network learns of it by a
    /// delayed message.
    function activate() public {
        require(activeFrom != 0, NoCommitteeNamed());
        require(block.timestamp >= activeFrom, NotYet(activeFrom, block.timestamp));
        address[] memory left = _epochs[epoch].members;
        previousUntil = SafeCast.toUint64(block.timestamp + overlapSeconds);
        activeFrom = 0;
        uint64 epoch_ = ++epoch;
        for (uint256 i = 0; i < left.length; ++i) {
            // Also of those that stay: they may leave with the next change, and then later than this.
            promisedUntil[left[i]] = SafeCast.toUint64(previousUntil + Constants.MAX_RETENTION_SECONDS);
        }
        Epoch memory next = _epochs[epoch_];
        emit CommitteeChanged(epoch_, next.threshold, next.members);
        uint256 count = next.members.length;
        bytes memory packed;
        for (uint256 i = 0; i < count; ++i) {
            packed = bytes.concat(packed, bytes20(next.members[i]));
        }
        inbox.pushRegistryMessage(
            abi.encodePacked(Constants.COMMITTEE_CHANGED, epoch_, next.threshold, SafeCast.toUint16(count), packed)
        );
    }

    /// @dev Of the present committee or of the one that is named.
    function _serves(address member) private view returns (bool) {
        return _isIn(_epochs[epoch].members, member) || (activeFrom != 0 && _isIn(_epochs[epoch + 1].members, member));
    }

    function _isIn(address[] storage list, address member) private view returns (bool) {
        uint256 count = list.length;
        for (uint256 i = 0; i < count; ++i) {
            if (list[i] == member) return true;
        }
        return false;
    }
}
