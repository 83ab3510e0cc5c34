// SPDX-License-Identifier: MIT
// docs/contracts.md#committee
pragma solidity 0.8.37;

import {DACommittee} from "../src/DACommittee.sol";
import {IInbox} from "../src/interfaces/IInbox.sol";
import {Certificate, Role} from "../src/lib/Types.sol";
import {Network} from "./support/Network.sol";
import {vector, vm} from "./support/Vm.sol";
import {Ownable} from "@openzeppelin/contracts/access/Ownable.sol";

contract DACommitteeTest is Network {
    bytes32 private constant HASH = keccak256("objects");
    uint64 private constant LENGTH = 12_345;

    function test_AQuorumIsAccepted() public view {
        committee.verify(HASH, LENGTH, _certify(HASH, LENGTH, 13));
        committee.verify(HASH, LENGTH, _certify(HASH, LENGTH, 15));
    }

    function test_CertificateOfTheProtocolIsAccepted() public {
        string memory json = vector("certificate");
        (DACommittee other, bytes32 hash, uint64 length) = _committeeOfVector(json);
        Certificate memory certificate = Certificate({
            epoch: uint64(vm.parseJsonUint(json, ".certificate.epoch")),
            expiry: uint64(vm.parseJsonUint(json, ".certificate.expiry")),
            signers: uint64(vm.parseJsonUint(json, ".certificate.signers")),
            signatures: vm.parseJsonBytes(json, ".certificate.signatures")
        });
        other.verify(hash, length, certificate);
        vm.expectRevert();
        other.verify(hash, length + 1, certificate);
    }

    function test_RevertWhen_TooFewSign() public {
        Certificate memory certificate = _certify(HASH, LENGTH, 5);
        vm.expectRevert(abi.encodeWithSelector(DACommittee.QuorumMissed.selector, 3, 2));
        committee.verify(HASH, LENGTH, certificate);
    }

    function test_RevertWhen_OneMemberSignsForAnother() public {
        Certificate memory certificate = _certify(HASH, LENGTH, 7);
        certificate.signers = 11;
        address third = vm.addr(memberKeys[2]);
        address fourth = vm.addr(memberKeys[3]);
        vm.expectRevert(abi.encodeWithSelector(DACommittee.WrongSigner.selector, fourth, third));
        committee.verify(HASH, LENGTH, certificate);
    }

    function test_RevertWhen_ABitIsBeyondTheMembers() public {
        Certificate memory certificate = _certify(HASH, LENGTH, 15);
        certificate.signers = 31;
        vm.expectRevert(abi.encodeWithSelector(DACommittee.UnknownSigners.selector, 4, 31));
        committee.verify(HASH, LENGTH, certificate);
    }

    function test_RevertWhen_SignaturesAreMissingOrLeftOver() public {
        Certificate memory certificate = _certify(HASH, LENGTH, 7);
        certificate.signers = 15;
        vm.expectRevert(abi.encodeWithSelector(DACommittee.SignatureLengthMismatch.selector, 260, 195));
        committee.verify(HASH, LENGTH, certificate);
        certificate.signers = 7;
        certificate.signatures = bytes.concat(certificate.signatures, hex"00");
        vm.expectRevert(abi.encodeWithSelector(DACommittee.SignatureLengthMismatch.selector, 195, 196));
        committee.verify(HASH, LENGTH, certificate);
    }

    function test_RevertWhen_TheOtherRootOfASignatureIsGiven() public {
        Certificate memory certificate = _certify(HASH, LENGTH, 7);
        bytes memory signatures = certificate.signatures;
        bytes32 s;
        assembly ("memory-safe") {
            s := mload(add(signatures, 64))
        }
        uint256 order = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141;
        bytes32 high = bytes32(order - uint256(s));
        assembly ("memory-safe") {
            mstore(add(signatures, 64), high)
        }
        signatures[64] = signatures[64] == 0x1b ? bytes1(0x1c) : bytes1(0x1b);
        vm.expectRevert(abi.encodeWithSelector(DACommittee.WrongSigner.selector, vm.addr(memberKeys[0]), address(0)));
        committee.verify(HASH, LENGTH, certificate);
    }

    function test_RevertWhen_AnythingSignedIsChanged() public {
        Certificate memory certificate = _certify(HASH, LENGTH, 7);
        vm.expectRevert();
        committee.verify(keccak256("other"), LENGTH, certificate);
        vm.expectRevert();
        committee.verify(HASH, LENGTH - 1, certificate);
        certificate.expiry += 1;
        vm.expectRevert();
        committee.verify(HASH, LENGTH, certificate);
    }

    function test_RevertWhen_ChainDiffers() public {
        Certificate memory certificate = _certify(HASH, LENGTH, 7);
        vm.chainId(5);
        vm.expectRevert();
        committee.verify(HASH, LENGTH, certificate);
    }

    function test_RevertWhen_RetentionIsTooShort() public {
        Certificate memory certificate = _certify(HASH, LENGTH, 7);
        vm.warp(block.timestamp + 1 hours);
        committee.verify(HASH, LENGTH, certificate);
        vm.warp(block.timestamp + 1);
        vm.expectRevert(
            abi.encodeWithSelector(DACommittee.ExpiresTooSoon.selector, block.timestamp + RETENTION, certificate.expiry)
        );
        committee.verify(HASH, LENGTH, certificate);
    }

    function test_ANewCommitteeEndsTheOldOnesCertificates() public {
        Certificate memory certificate = _certify(HASH, LENGTH, 7);
        _appoint(3, 2);
        vm.expectRevert(abi.encodeWithSelector(DACommittee.WrongEpoch.selector, 2, 1));
        committee.verify(HASH, LENGTH, certificate);
        committee.verify(HASH, LENGTH, _certify(HASH, LENGTH, 3));
    }

    function test_AppointmentReachesTheDelayedQueueInTheProtocolsBytes() public {
        string memory json = vector("messages");
        address[] memory members = vm.parseJsonAddressArray(json, ".members");
        DACommittee other = _committeeAt(address(0xc0de));
        for (uint256 i = 0; i < members.length; ++i) {
            stakes.stake(members[i], Role.DA_MEMBER, STAKE);
        }
        vm.expectCall(
            address(inbox), abi.encodeCall(IInbox.pushRegistryMessage, (vm.parseJsonBytes(json, ".committee")))
        );
        vm.mockCall(address(inbox), abi.encodeWithSelector(IInbox.pushRegistryMessage.selector), "");
        vm.prank(address(0));
        other.setCommittee(members, 3);
    }

    function test_RevertWhen_CommitteeIsMalformed() public {
        address[] memory members = _members();
        vm.expectRevert(abi.encodeWithSelector(DACommittee.ThresholdOutOfRange.selector, 4, 5));
        committee.setCommittee(members, 5);
        vm.expectRevert(abi.encodeWithSelector(DACommittee.ThresholdOutOfRange.selector, 4, 0));
        committee.setCommittee(members, 0);
        vm.expectRevert(abi.encodeWithSelector(DACommittee.MemberCountOutOfRange.selector, 32, 0));
        committee.setCommittee(new address[](0), 1);
        vm.expectRevert(abi.encodeWithSelector(DACommittee.MemberCountOutOfRange.selector, 32, 33));
        committee.setCommittee(new address[](33), 1);
        members[2] = members[1];
        vm.expectRevert(abi.encodeWithSelector(DACommittee.MembersNotAscending.selector, members[1], members[1]));
        committee.setCommittee(members, 3);
        members[2] = address(uint160(members[1]) + 1);
        vm.expectRevert(abi.encodeWithSelector(DACommittee.MemberNotStaked.selector, members[2]));
        committee.setCommittee(members, 3);
    }

    function test_RevertWhen_AStrangerAppoints() public {
        address[] memory members = _members();
        vm.prank(USER);
        vm.expectRevert(abi.encodeWithSelector(Ownable.OwnableUnauthorizedAccount.selector, USER));
        committee.setCommittee(members, 3);
    }

    function testFuzz_OnlyQuorumsPass(uint8 signers) public {
        signers &= 15;
        uint256 count = (signers & 1) + ((signers >> 1) & 1) + ((signers >> 2) & 1) + (signers >> 3);
        Certificate memory certificate = _certify(HASH, LENGTH, signers);
        if (count < 3) vm.expectRevert(abi.encodeWithSelector(DACommittee.QuorumMissed.selector, 3, count));
        committee.verify(HASH, LENGTH, certificate);
    }

    function _committeeOfVector(string memory json) private returns (DACommittee other, bytes32 hash, uint64 length) {
        vm.chainId(vm.parseJsonUint(json, ".chainId"));
        other = _committeeAt(vm.parseJsonAddress(json, ".committee"));
        address[] memory members = vm.parseJsonAddressArray(json, ".members");
        for (uint256 i = 0; i < members.length; ++i) {
            stakes.stake(members[i], Role.DA_MEMBER, STAKE);
        }
        vm.mockCall(address(inbox), abi.encodeWithSelector(IInbox.pushRegistryMessage.selector), "");
        vm.prank(address(0));
        other.setCommittee(members, 3);
        bytes32[] memory roots = vm.parseJsonBytes32Array(json, ".roots");
        uint256[] memory lengths = vm.parseJsonUintArray(json, ".lengths");
        bytes memory list;
        for (uint256 i = 0; i < roots.length; ++i) {
            list = bytes.concat(list, roots[i], bytes8(uint64(lengths[i])));
            length += uint64(lengths[i]);
        }
        hash = keccak256(list);
    }

    /// @dev The committee's code at an address of the vectors' choice; its storage, hence its owner, is empty there.
    function _committeeAt(address target) private returns (DACommittee) {
        vm.etch(target, address(committee).code);
        return DACommittee(target);
    }
}
