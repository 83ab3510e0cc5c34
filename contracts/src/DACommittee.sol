// SPDX-License-Identifier: MIT
// docs/contracts.md#committee
pragma solidity 0.8.37;

import {Constants} from "./generated/Constants.sol";
import {IDACommittee} from "./interfaces/IDACommittee.sol";
import {IInbox} from "./interfaces/IInbox.sol";
import {IStakeManager} from "./interfaces/IStakeManager.sol";
import {Certificate, Role} from "./lib/Types.sol";
import {Ownable, Ownable2Step} from "@openzeppelin/contracts/access/Ownable2Step.sol";
import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";

/// @title The members that keep the bytes, and the check of their certificates.
contract DACommittee is IDACommittee, EIP712, Ownable2Step {
    uint256 private constant SIGNATURE_BYTES = 65;

    IStakeManager public immutable stakes;
    IInbox public immutable inbox;
    /// @notice Seconds that a certificate must still have to run when it is checked.
    uint64 public immutable retention;

    uint64 public epoch;
    uint16 public threshold;
    address[] private _members;

    event CommitteeChanged(uint64 indexed epoch, uint16 threshold, address[] members);

    error MemberCountOutOfRange(uint256 maximum, uint256 actual);
    error ThresholdOutOfRange(uint256 members, uint256 actual);
    error MembersNotAscending(address previous, address member);
    error MemberNotStaked(address member);
    error WrongEpoch(uint64 expected, uint64 actual);
    error ExpiresTooSoon(uint256 earliest, uint256 actual);
    error UnknownSigners(uint256 members, uint64 signers);
    error QuorumMissed(uint256 threshold, uint256 actual);
    error SignatureLengthMismatch(uint256 expected, uint256 actual);
    error WrongSigner(address expected, address actual);

    constructor(address owner, IStakeManager stakes_, IInbox inbox_)
        EIP712(Constants.DOMAIN_NAME, Constants.DOMAIN_VERSION)
        Ownable(owner)
    {
        stakes = stakes_;
        inbox = inbox_;
        retention = stakes_.timing().retention;
    }

    /// @notice Appoints a committee of staked members; certificates of earlier ones end here. The network learns of it by a delayed message.
    /// @param members_ in ascending order, so that none is named twice
    function setCommittee(address[] calldata members_, uint16 threshold_) external onlyOwner {
        uint256 count = members_.length;
        require(count > 0 && count <= Constants.MAX_COMMITTEE, MemberCountOutOfRange(Constants.MAX_COMMITTEE, count));
        require(threshold_ > 0 && threshold_ <= count, ThresholdOutOfRange(count, threshold_));
        address previous = address(0);
        bytes memory packed;
        for (uint256 i = 0; i < count; ++i) {
            address member = members_[i];
            require(member > previous, MembersNotAscending(previous, member));
            require(stakes.isActive(member, Role.DA_MEMBER), MemberNotStaked(member));
            packed = bytes.concat(packed, bytes20(member));
            previous = member;
        }
        _members = members_;
        threshold = threshold_;
        uint64 epoch_ = ++epoch;
        emit CommitteeChanged(epoch_, threshold_, members_);
        inbox.pushRegistryMessage(
            abi.encodePacked(Constants.COMMITTEE_CHANGED, epoch_, threshold_, SafeCast.toUint16(count), packed)
        );
    }

    /// @inheritdoc IDACommittee
    function verify(bytes32 objectsHash, uint64 totalLength, Certificate calldata certificate) external view {
        require(certificate.epoch == epoch, WrongEpoch(epoch, certificate.epoch));
        uint256 earliest = block.timestamp + retention;
        require(certificate.expiry >= earliest, ExpiresTooSoon(earliest, certificate.expiry));
        uint256 count = _members.length;
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
            require(signer == _members[i], WrongSigner(_members[i], signer));
            offset = end;
        }
        require(signatures.length == offset, SignatureLengthMismatch(offset, signatures.length));
        require(offset >= threshold * SIGNATURE_BYTES, QuorumMissed(threshold, offset / SIGNATURE_BYTES));
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

    function members() external view returns (address[] memory) {
        return _members;
    }

    function domainSeparator() external view returns (bytes32) {
        return _domainSeparatorV4();
    }
}
