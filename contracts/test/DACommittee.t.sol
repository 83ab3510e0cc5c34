// SPDX-License-Identifier: MIT
// docs/contracts.md#committee
pragma solidity 0.8.37;

import {DACommittee} from "../src/DACommittee.sol";
import {Exposure} from "../src/Exposure.sol";
import {Constants} from "../src/generated/Constants.sol";
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

    function test_ANamedCommitteeTakesOverAfterTheDelayAndTheOldOneIsGoodForTheOverlap() public {
        address[] memory next = _nextMembers();
        vm.expectEmit();
        emit DACommittee.CommitteeNamed(2, 2, next, uint64(START + COMMITTEE_DELAY));
        committee.setCommittee(next, 2);
        vm.warp(START + COMMITTEE_DELAY - 1);
        vm.expectRevert(
            abi.encodeWithSelector(DACommittee.NotYet.selector, START + COMMITTEE_DELAY, START + COMMITTEE_DELAY - 1)
        );
        committee.activate();
        Certificate memory old = _certify(HASH, LENGTH, 7);
        committee.verify(HASH, LENGTH, old);
        vm.warp(START + COMMITTEE_DELAY);
        uint64 delayed = inbox.delayedCount();
        vm.prank(USER);
        committee.activate();
        vm.assertEq(committee.epoch(), 2);
        vm.assertEq(committee.threshold(), 2);
        vm.assertEq(committee.members().length, 3);
        vm.assertEq(committee.committeeOf(1).members.length, 4);
        vm.assertEq(inbox.delayedCount(), delayed + 1);
        old = _certifyAs(1, 7);
        committee.verify(HASH, LENGTH, old);
        vm.warp(block.timestamp + OVERLAP - 1);
        committee.verify(HASH, LENGTH, _certifyAs(1, 7));
        vm.warp(block.timestamp + 1);
        old = _certifyAs(1, 7);
        vm.expectRevert(abi.encodeWithSelector(DACommittee.WrongEpoch.selector, 2, 1));
        committee.verify(HASH, LENGTH, old);
    }

    function test_RevertWhen_TheCommitteeOfTomorrowSigns() public {
        committee.setCommittee(_nextMembers(), 2);
        Certificate memory certificate = _certifyAs(2, 3);
        vm.expectRevert(abi.encodeWithSelector(DACommittee.WrongEpoch.selector, 1, 2));
        committee.verify(HASH, LENGTH, certificate);
    }

    function test_ACommitteeNamedAnewWaitsAnew() public {
        committee.setCommittee(_nextMembers(), 2);
        vm.warp(START + COMMITTEE_DELAY - 1);
        committee.setCommittee(_members(), 4);
        vm.warp(START + COMMITTEE_DELAY);
        vm.expectPartialRevert(DACommittee.NotYet.selector);
        committee.activate();
        vm.warp(START + 2 * COMMITTEE_DELAY - 1);
        committee.activate();
        vm.assertEq(committee.threshold(), 4);
        vm.expectRevert(abi.encodeWithSelector(DACommittee.NoCommitteeNamed.selector));
        committee.activate();
    }

    function test_AMembersStakeIsLockedUntilItsLastPromiseHasEnded() public {
        address member = vm.addr(memberKeys[3]);
        vm.assertEq(stakes.lockedOf(member, Role.DA_MEMBER), MINIMUM);
        vm.expectRevert(abi.encodeWithSelector(DACommittee.StillPromised.selector, member, type(uint64).max));
        committee.unlock(member);
        vm.prank(member);
        vm.expectRevert(abi.encodeWithSelector(Exposure.NotEnoughFreeStake.selector, STAKE - MINIMUM, STAKE));
        stakes.unbond(Role.DA_MEMBER, STAKE);
        committee.setCommittee(_nextMembers(), 2);
        vm.warp(START + COMMITTEE_DELAY);
        committee.activate();
        uint256 until = START + COMMITTEE_DELAY + OVERLAP + Constants.MAX_RETENTION_SECONDS;
        vm.warp(until - 1);
        vm.expectRevert(abi.encodeWithSelector(DACommittee.StillPromised.selector, member, until));
        committee.unlock(member);
        // The last second in which its committee could promise, and the longest promise.
        vm.warp(until);
        committee.unlock(member);
        vm.assertEq(stakes.lockedOf(member, Role.DA_MEMBER), 0);
        vm.expectRevert(abi.encodeWithSelector(DACommittee.NothingLocked.selector, member));
        committee.unlock(member);
        // The others serve on.
        vm.expectPartialRevert(DACommittee.StillPromised.selector);
        committee.unlock(vm.addr(memberKeys[0]));
    }

    function test_WhoWasOnlyNamedIsFreeAtOnceWhenOthersAreNamed() public {
        address[] memory named = _members();
        named[3] = address(type(uint160).max);
        stakes.stake(named[3], Role.DA_MEMBER, MINIMUM);
        committee.setCommittee(named, 3);
        vm.expectRevert(abi.encodeWithSelector(DACommittee.StillPromised.selector, named[3], type(uint64).max));
        committee.unlock(named[3]);
        committee.setCommittee(_nextMembers(), 2);
        committee.unlock(named[3]);
        vm.assertEq(stakes.freeOf(named[3], Role.DA_MEMBER), MINIMUM);
    }

    function test_AMemberThatServesAgainIsLockedOnceAndAsLongAsItsLastTerm() public {
        address member = vm.addr(memberKeys[3]);
        address[] memory four = _members();
        committee.setCommittee(_nextMembers(), 2);
        vm.warp(START + COMMITTEE_DELAY);
        committee.activate();
        committee.setCommittee(four, 3);
        vm.warp(START + 2 * COMMITTEE_DELAY);
        committee.activate();
        vm.assertEq(stakes.lockedOf(member, Role.DA_MEMBER), MINIMUM);
        vm.warp(START + 2 * COMMITTEE_DELAY + OVERLAP + Constants.MAX_RETENTION_SECONDS + 1);
        vm.expectPartialRevert(DACommittee.StillPromised.selector);
        committee.unlock(member);
    }

    /// The owner alone, with stakes of his own: he is the committee only after everybody could leave.
    function test_TheOwnerCannotBecomeTheCommitteeAtOnce() public {
        memberKeys = new uint256[](1);
        memberKeys[0] = 77;
        stakes.stake(vm.addr(77), Role.DA_MEMBER, MINIMUM);
        address[] memory alone = _members();
        vm.expectRevert(abi.encodeWithSelector(DACommittee.MemberCountOutOfRange.selector, 3, 32, 1));
        committee.setCommittee(alone, 1);
        address[] memory own = _owners();
        committee.setCommittee(own, 2);
        bytes32 root = keccak256("bytes that nobody else has");
        bytes32 hash = keccak256(abi.encodePacked(root, uint64(4_194_304)));
        vm.warp(START + COMMITTEE_DELAY - 1);
        Certificate memory mine = _certifyBy(hash, 4_194_304, 2, 3);
        uint64 delayed = inbox.delayedCount();
        vm.prank(SEQUENCER);
        vm.expectRevert(abi.encodeWithSelector(DACommittee.WrongEpoch.selector, 1, 2));
        inbox.postBatch(0, root, 4_194_304, 3, uint64(block.timestamp), delayed, mine);
        mine = _certifyBy(hash, 4_194_304, 1, 3);
        vm.prank(SEQUENCER);
        vm.expectPartialRevert(DACommittee.WrongSigner.selector);
        inbox.postBatch(0, root, 4_194_304, 3, uint64(block.timestamp), delayed, mine);
        // And those who signed cannot leave with their stakes.
        vm.prank(own[0]);
        vm.expectPartialRevert(Exposure.NotEnoughFreeStake.selector);
        stakes.unbond(Role.DA_MEMBER, 1);
    }

    function test_TheFirstCommitteeTakesOverAtOnce() public {
        DACommittee first = new DACommittee(owner, stakes, inbox, address(0), COMMITTEE_DELAY, OVERLAP);
        vm.mockCall(address(stakes), abi.encodeWithSelector(Exposure.lock.selector), "");
        vm.mockCall(address(inbox), abi.encodeWithSelector(IInbox.pushRegistryMessage.selector), "");
        first.setCommittee(_members(), 3);
        vm.assertEq(first.epoch(), 1);
        first.setCommittee(_members(), 4);
        vm.assertEq(first.epoch(), 1);
    }

    function test_RevertWhen_NobodySignsForTheEpochBeforeTheFirst() public {
        Certificate memory certificate = Certificate(0, uint64(block.timestamp) + RETENTION, 0, "");
        DACommittee first = new DACommittee(owner, stakes, inbox, address(0), COMMITTEE_DELAY, OVERLAP);
        vm.expectRevert(abi.encodeWithSelector(DACommittee.WrongEpoch.selector, 0, 0));
        first.verify(HASH, LENGTH, certificate);
        vm.mockCall(address(stakes), abi.encodeWithSelector(Exposure.lock.selector), "");
        vm.mockCall(address(inbox), abi.encodeWithSelector(IInbox.pushRegistryMessage.selector), "");
        first.setCommittee(_members(), 3);
        vm.assertEq(first.previousUntil(), block.timestamp + OVERLAP);
        vm.expectRevert(abi.encodeWithSelector(DACommittee.WrongEpoch.selector, 1, 0));
        first.verify(HASH, LENGTH, certificate);
    }

    function test_RevertWhen_DelayOrOverlapDoNotFitTheClocks() public {
        vm.expectRevert(abi.encodeWithSelector(DACommittee.DelayTooShort.selector, 5 days, 5 days - 1));
        new DACommittee(owner, stakes, inbox, address(0), 5 days - 1, 0);
        vm.expectRevert(abi.encodeWithSelector(DACommittee.OverlapTooLong.selector, 5 days, 5 days + 1));
        new DACommittee(owner, stakes, inbox, address(0), 5 days, 5 days + 1);
    }

    function test_RevertWhen_APromiseIsForTooLong() public {
        uint64 latest = uint64(block.timestamp + Constants.MAX_RETENTION_SECONDS);
        committee.verify(HASH, LENGTH, _certifyUntil(latest));
        Certificate memory certificate = _certifyUntil(latest + 1);
        vm.expectRevert(abi.encodeWithSelector(DACommittee.ExpiresTooLate.selector, latest, latest + 1));
        committee.verify(HASH, LENGTH, certificate);
    }

    /// Whatever the owner names and whoever activates, at any time: each epoch lasts at least the delay, and every member of
    /// a committee that may sign has its stake locked.
    function testFuzz_NoCommitteeCanSignWithoutLockedStakes(uint256 seed) public {
        uint256 changedAt = block.timestamp;
        for (uint256 i = 0; i < 12; ++i) {
            seed = uint256(keccak256(abi.encode(seed)));
            vm.warp(block.timestamp + seed % (2 * COMMITTEE_DELAY));
            if (seed >> 64 & 1 == 0) {
                try this.nameCommittee(seed >> 128) {} catch {}
            }
            uint64 before = committee.epoch();
            try committee.activate() {
                vm.assertEq(committee.epoch(), before + 1);
                vm.assertGe(block.timestamp, changedAt + COMMITTEE_DELAY);
                changedAt = block.timestamp;
            } catch {}
            for (uint256 k = 0; k < 4; ++k) {
                try committee.unlock(vm.addr(memberKeys[k])) {} catch {}
            }
            _assertLocked(committee.epoch());
            if (block.timestamp < committee.previousUntil() && committee.epoch() > 1) {
                _assertLocked(committee.epoch() - 1);
            }
        }
    }

    function nameCommittee(uint256 seed) external {
        address[] memory all = _members();
        address[] memory list = seed & 1 == 0 ? all : _nextMembers();
        committee.setCommittee(list, uint16(list.length));
    }

    function _assertLocked(uint64 epoch) private view {
        address[] memory list = committee.committeeOf(epoch).members;
        for (uint256 i = 0; i < list.length; ++i) {
            vm.assertGe(stakes.lockedOf(list[i], Role.DA_MEMBER), MINIMUM);
        }
    }

    /// @dev All but the last.
    function _nextMembers() private view returns (address[] memory next) {
        next = new address[](3);
        for (uint256 i = 0; i < 3; ++i) {
            next[i] = vm.addr(memberKeys[i]);
        }
    }

    /// @dev Three accounts of one person, staked with the least; their keys become the committee's in these tests.
    function _owners() private returns (address[] memory own) {
        memberKeys = new uint256[](3);
        for (uint256 i = 0; i < 3; ++i) {
            uint256 key = 70 + i;
            stakes.stake(vm.addr(key), Role.DA_MEMBER, MINIMUM);
            uint256 place = i;
            for (; place > 0 && vm.addr(memberKeys[place - 1]) > vm.addr(key); --place) {
                memberKeys[place] = memberKeys[place - 1];
            }
            memberKeys[place] = key;
        }
        own = _members();
    }

    function _certifyAs(uint64 epoch, uint64 signers) private view returns (Certificate memory) {
        return _certifyBy(HASH, LENGTH, epoch, signers);
    }

    function _certifyBy(bytes32 hash, uint64 length, uint64 epoch, uint64 signers)
        private
        view
        returns (Certificate memory)
    {
        return _sign(hash, length, epoch, uint64(block.timestamp) + RETENTION + 1 hours, signers);
    }

    function _certifyUntil(uint64 expiry) private view returns (Certificate memory) {
        return _sign(HASH, LENGTH, committee.epoch(), expiry, 7);
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
        // Its address is no authority.
        vm.mockCall(address(stakes), abi.encodeWithSelector(Exposure.lock.selector), "");
        vm.prank(address(0));
        other.setCommittee(members, 3);
    }

    function test_RevertWhen_CommitteeIsMalformed() public {
        address[] memory members = _members();
        vm.expectRevert(abi.encodeWithSelector(DACommittee.ThresholdOutOfRange.selector, 3, 4, 5));
        committee.setCommittee(members, 5);
        vm.expectRevert(abi.encodeWithSelector(DACommittee.ThresholdOutOfRange.selector, 3, 4, 2));
        committee.setCommittee(members, 2);
        vm.expectRevert(abi.encodeWithSelector(DACommittee.MemberCountOutOfRange.selector, 3, 32, 2));
        committee.setCommittee(new address[](2), 2);
        vm.expectRevert(abi.encodeWithSelector(DACommittee.MemberCountOutOfRange.selector, 3, 32, 33));
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
        // Its address is no authority.
        vm.mockCall(address(stakes), abi.encodeWithSelector(Exposure.lock.selector), "");
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
