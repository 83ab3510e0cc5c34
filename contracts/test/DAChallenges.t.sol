// SPDX-License-Identifier: MIT
// docs/da.md#challenges
pragma solidity 0.8.37;

import {DAChallenges} from "../src/DAChallenges.sol";
import {DACommittee} from "../src/DACommittee.sol";
import {Ledger} from "../src/dispute/Ledger.sol";
import {Certificate, Role} from "../src/lib/Types.sol";
import {StoredObjects} from "./support/StoredObjects.sol";
import {Trees} from "./support/Trees.sol";
import {bound, vm} from "./support/Vm.sol";

contract DAChallengesTest is StoredObjects {
    uint256 private constant LENGTH = 10_000;

    bytes private data;

    function setUp() public override {
        super.setUp();
        data = _bytes(LENGTH);
    }

    function test_APublishedPiecePaysWhoHasPublishedItAndNobodyIsSlashed() public {
        uint256 id = _challenge(data, 1);
        vm.snapshotGasLastCall("da", "challenge, 2 objects, 3 of 4");
        vm.assertEq(token.balanceOf(address(challenges)), DA_BOND);
        DAChallenges.Answer memory answer = _answer(id, data);
        vm.expectEmit();
        emit DAChallenges.PiecePublished(id, Trees.objectRoot(data), 1, answer.data);
        vm.prank(PUBLISHER);
        uint256 gas = gasleft();
        challenges.publish(id, answer.data, answer.path);
        gas -= gasleft();
        vm.snapshotGasLastCall("da", "publish a piece of 4 KiB");
        uint256 award = challenges.balanceOf(PUBLISHER);
        // All that the call has cost, with its calldata, and the margin; not much more.
        vm.assertTrue(award >= (gas + 21_000 + 16 * 4096) * 1e12);
        vm.assertTrue(award >= (21_000 + 40 * 4096) * 1e12);
        vm.assertTrue(award <= 2 * (gas + 21_000 + 16 * 5000) * 1e12);
        vm.assertEq(challenges.balanceOf(CHALLENGER), DA_BOND - award);
        vm.assertEq(challenges.openCount(), 0);
        vm.warp(block.timestamp + ANSWER);
        vm.expectRevert(
            abi.encodeWithSelector(
                DAChallenges.ChallengeStatusMismatch.selector,
                id,
                DAChallenges.ChallengeStatus.OPEN,
                DAChallenges.ChallengeStatus.PUBLISHED
            )
        );
        challenges.expire(id, type(uint32).max);
        for (uint256 i = 0; i < 4; ++i) {
            vm.assertEq(stakes.activeOf(_member(i), Role.DA_MEMBER), STAKE);
        }
    }

    function test_WithheldBytesCostEverySignerTheMinimumAndNobodyElse() public {
        uint256 id = _challenge(data, 2);
        vm.warp(block.timestamp + ANSWER);
        uint256 supply = token.totalSupply();
        challenges.expire(id, type(uint32).max);
        vm.snapshotGasLastCall("da", "expire, 3 signers");
        for (uint256 i = 0; i < 4; ++i) {
            vm.assertEq(stakes.activeOf(_member(i), Role.DA_MEMBER), i == 1 ? STAKE : STAKE - MINIMUM);
        }
        vm.assertEq(stakes.rewardOf(CHALLENGER), 3 * MINIMUM / 2);
        vm.assertEq(supply - token.totalSupply(), 3 * MINIMUM / 2);
        vm.assertEq(challenges.balanceOf(CHALLENGER), DA_BOND);
        vm.assertEq(challenges.openCount(), 0);
        // What is said twice changes nothing, also where the bytes come late.
        challenges.expire(id, type(uint32).max);
        vm.assertEq(stakes.rewardOf(CHALLENGER), 3 * MINIMUM / 2);
        DAChallenges.Answer memory answer = _answer(id, data);
        vm.expectPartialRevert(DAChallenges.ChallengeStatusMismatch.selector);
        challenges.publish(id, answer.data, answer.path);
    }

    /// The minimum is locked by the committee, which keeps nobody from taking it.
    function test_WhoHasTheMinimumAloneIsSlashedToo() public {
        address member = _member(0);
        vm.prank(COURT);
        stakes.slash(member, Role.DA_MEMBER, STAKE - MINIMUM, address(0), 0);
        vm.assertEq(stakes.freeOf(member, Role.DA_MEMBER), 0);
        _expire(_challenge(data, 0));
        vm.assertEq(stakes.activeOf(member, Role.DA_MEMBER), 0);
    }

    function test_SignersCanBeSlashedInSeveralCalls() public {
        uint256 id = _challenge(data, 0);
        vm.warp(block.timestamp + ANSWER);
        challenges.expire(id, 0);
        vm.assertEq(challenges.balanceOf(CHALLENGER), DA_BOND);
        vm.assertEq(challenges.challengeOf(id).signers, 0xd);
        challenges.expire(id, 0x6);
        vm.assertEq(stakes.activeOf(_member(1), Role.DA_MEMBER), STAKE);
        vm.assertEq(stakes.activeOf(_member(2), Role.DA_MEMBER), STAKE - MINIMUM);
        vm.assertEq(challenges.challengeOf(id).signers, 0x9);
        challenges.expire(id, type(uint32).max);
        vm.assertEq(challenges.challengeOf(id).signers, 0);
        vm.assertEq(stakes.rewardOf(CHALLENGER), 3 * MINIMUM / 2);
        vm.assertEq(challenges.balanceOf(CHALLENGER), DA_BOND);
    }

    /// However many pieces and certificates of it are challenged: an object is lost once.
    function test_AMemberIsSlashedOnceForAnObject() public {
        uint256 first = _challenge(data, 0);
        uint256 second = _challenge(data, 1);
        bytes32 root = Trees.objectRoot(data);
        uint64 later = uint64(block.timestamp) + RETENTION + 1;
        uint256 third = _challengeRoot(root, uint64(LENGTH), 0, _promise(root, uint64(LENGTH), later, 0xf));
        vm.warp(block.timestamp + 4 * ANSWER);
        challenges.expire(first, type(uint32).max);
        challenges.expire(second, type(uint32).max);
        challenges.expire(third, type(uint32).max);
        for (uint256 i = 0; i < 4; ++i) {
            vm.assertEq(stakes.activeOf(_member(i), Role.DA_MEMBER), STAKE - MINIMUM);
        }
        // Another object is another loss.
        _expire(_challenge(_bytes(5), 0));
        vm.assertEq(stakes.activeOf(_member(0), Role.DA_MEMBER), STAKE - 2 * MINIMUM);
    }

    function test_WhoHasNothingIsSlashedWhenHeHas() public {
        address member = _member(0);
        vm.prank(COURT);
        stakes.slash(member, Role.DA_MEMBER, STAKE, address(0), 0);
        uint256 id = _challenge(data, 0);
        vm.warp(block.timestamp + ANSWER);
        challenges.expire(id, type(uint32).max);
        vm.assertEq(challenges.challengeOf(id).signers, 1);
        vm.assertFalse(challenges.isSlashedFor(member, Trees.objectRoot(data)));
        stakes.stake(member, Role.DA_MEMBER, STAKE);
        challenges.expire(id, 1);
        vm.assertEq(stakes.activeOf(member, Role.DA_MEMBER), STAKE - MINIMUM);
        vm.assertEq(challenges.challengeOf(id).signers, 0);
    }

    /// A member that has been replaced keeps what it has signed for.
    function test_SignersOfAnEarlierCommitteeAnswerToo() public {
        bytes32 root = Trees.objectRoot(data);
        Certificate memory certificate =
            _promise(root, uint64(LENGTH), uint64(block.timestamp) + 2 * RETENTION, SIGNERS);
        address[] memory before = committee.members();
        address[] memory after_ = new address[](3);
        (after_[0], after_[1], after_[2]) = (before[1], before[2], before[3]);
        committee.setCommittee(after_, 2);
        vm.warp(committee.activeFrom());
        committee.activate();
        _expire(_challengeRoot(root, uint64(LENGTH), 0, certificate));
        vm.assertEq(stakes.activeOf(before[0], Role.DA_MEMBER), STAKE - MINIMUM);
        vm.assertEq(stakes.activeOf(before[1], Role.DA_MEMBER), STAKE);
        vm.assertEq(stakes.activeOf(before[2], Role.DA_MEMBER), STAKE - MINIMUM);
    }

    /// One signature is a promise too, although no quorum has signed.
    function test_OneSignerAloneAnswersForWhatItHasSigned() public {
        bytes32 root = Trees.objectRoot(data);
        _expire(
            _challengeRoot(
                root, uint64(LENGTH), 0, _promise(root, uint64(LENGTH), uint64(block.timestamp) + RETENTION, 2)
            )
        );
        vm.assertEq(stakes.activeOf(_member(1), Role.DA_MEMBER), STAKE - MINIMUM);
        vm.assertEq(stakes.rewardOf(CHALLENGER), MINIMUM / 2);
    }

    function test_ManyAtOnceCostMoreAndGiveMoreTime() public {
        uint256 supply = token.totalSupply();
        uint256 before = token.balanceOf(CHALLENGER);
        for (uint256 i = 0; i < 40; ++i) {
            vm.assertEq(challenges.nextBond(), DA_BOND * (i + 1));
            uint256 time = ANSWER + ANSWER * i / 12;
            if (time > 4 * ANSWER) time = 4 * ANSWER;
            vm.assertEq(challenges.nextSeconds(), time);
            uint256 id = _challenge(data, 0);
            vm.assertEq(challenges.challengeOf(id).deadline, block.timestamp + time);
        }
        // All but the base bonds is burned, whatever becomes of them.
        vm.assertEq(before - token.balanceOf(CHALLENGER), DA_BOND * 820);
        vm.assertEq(supply - token.totalSupply(), DA_BOND * 780);
        vm.assertEq(token.balanceOf(address(challenges)), DA_BOND * 40);
        _publish(39, data);
        vm.assertEq(challenges.nextBond(), DA_BOND * 40);
    }

    function test_ManyPiecesInOneTransactionWhateverOthersHaveAnswered() public {
        DAChallenges.Answer[] memory answers = new DAChallenges.Answer[](4);
        for (uint64 i = 0; i < 3; ++i) {
            answers[i] = _answer(_challenge(data, i), data);
        }
        answers[3] = DAChallenges.Answer(99, "", new bytes32[](0));
        _publish(1, data);
        uint256 single = challenges.balanceOf(PUBLISHER);
        challenges.publishAll(answers);
        vm.assertEq(challenges.openCount(), 0);
        // The second is not paid twice, and the third not for the memory of the first.
        vm.assertTrue(challenges.balanceOf(address(this)) <= 2 * single);
        vm.assertEq(challenges.balanceOf(PUBLISHER), single);
    }

    function test_ChallengesAreReadInTheirOrder() public {
        for (uint64 i = 0; i < 3; ++i) {
            _challenge(data, i);
        }
        vm.assertEq(challenges.challengeCount(), 3);
        vm.assertEq(challenges.challengesFrom(1, type(uint256).max).length, 2);
        vm.assertEq(challenges.challengesFrom(1, 1)[0].piece, 1);
        vm.assertEq(challenges.challengesFrom(3, 5).length, 0);
        vm.assertEq(challenges.challengesFrom(7, 5).length, 0);
    }

    function test_RevertWhen_ThePieceDoesNotExist() public {
        bytes32 root = Trees.objectRoot(data);
        Certificate memory certificate = _promise(root, uint64(LENGTH), uint64(block.timestamp) + RETENTION, SIGNERS);
        vm.expectRevert(abi.encodeWithSelector(DAChallenges.PieceOutOfRange.selector, 3, 3));
        _challengeRoot(root, uint64(LENGTH), 3, certificate);
        // An object without bytes has no piece.
        certificate = _promise(root, 0, uint64(block.timestamp) + RETENTION, SIGNERS);
        vm.expectRevert(abi.encodeWithSelector(DAChallenges.PieceOutOfRange.selector, 0, 0));
        _challengeRoot(root, 0, 0, certificate);
    }

    function test_RevertWhen_TheListIsNotThatOfTheCertificate() public {
        bytes32 root = Trees.objectRoot(data);
        Certificate memory certificate = _promise(root, uint64(LENGTH), uint64(block.timestamp) + RETENTION, SIGNERS);
        bytes memory list = _list(root, uint64(LENGTH));
        uint64 total = OTHER_LENGTH + uint64(LENGTH);
        vm.expectRevert(abi.encodeWithSelector(DAChallenges.EntryOutOfRange.selector, 2, 2));
        challenges.challenge(list, total, certificate, 2, 0);
        vm.expectRevert(abi.encodeWithSelector(DAChallenges.ObjectListMalformed.selector, 40, 81));
        challenges.challenge(bytes.concat(list, hex"00"), total, certificate, 1, 0);
        vm.expectPartialRevert(DACommittee.WrongSigner.selector);
        challenges.challenge(list, total + 1, certificate, 1, 0);
        vm.expectPartialRevert(DACommittee.WrongSigner.selector);
        challenges.challenge(_list(root, uint64(LENGTH) + 1), total, certificate, 1, 0);
        certificate.epoch = 2;
        vm.expectRevert(abi.encodeWithSelector(DAChallenges.EpochOutOfRange.selector, 1, 2));
        challenges.challenge(list, total, certificate, 1, 0);
        certificate.epoch = 0;
        vm.expectRevert(abi.encodeWithSelector(DAChallenges.EpochOutOfRange.selector, 1, 0));
        challenges.challenge(list, total, certificate, 1, 0);
        certificate = Certificate(1, uint64(block.timestamp) + RETENTION, 0, "");
        vm.expectRevert(abi.encodeWithSelector(DAChallenges.NobodySigned.selector));
        challenges.challenge(list, total, certificate, 1, 0);
    }

    /// When the promise has ended nobody need have the bytes.
    function test_RevertWhen_TheCertificateEndsBeforeTheAnswerIsDue() public {
        bytes32 root = Trees.objectRoot(data);
        uint64 due = uint64(block.timestamp) + ANSWER;
        Certificate memory certificate = _promise(root, uint64(LENGTH), due - 1, SIGNERS);
        vm.expectRevert(abi.encodeWithSelector(DAChallenges.CertificateEndsTooSoon.selector, due, due - 1));
        _challengeRoot(root, uint64(LENGTH), 0, certificate);
        _challengeRoot(root, uint64(LENGTH), 0, _promise(root, uint64(LENGTH), due, SIGNERS));
    }

    function test_RevertWhen_TheTimeIsNotThatOfTheCall() public {
        uint256 id = _challenge(data, 0);
        uint256 deadline = block.timestamp + ANSWER;
        vm.warp(deadline - 1);
        vm.expectRevert(abi.encodeWithSelector(DAChallenges.ChallengeDeadline.selector, deadline, deadline - 1));
        challenges.expire(id, 1);
        DAChallenges.Answer memory answer = _answer(id, data);
        vm.warp(deadline);
        vm.expectRevert(abi.encodeWithSelector(DAChallenges.ChallengeDeadline.selector, deadline, deadline));
        challenges.publish(id, answer.data, answer.path);
        vm.expectRevert(abi.encodeWithSelector(DAChallenges.UnknownChallenge.selector, 1, 1));
        challenges.expire(1, 1);
        vm.expectRevert(abi.encodeWithSelector(DAChallenges.UnknownChallenge.selector, 1, 1));
        challenges.publish(1, answer.data, answer.path);
    }

    function test_RevertWhen_TheBytesAreOthers() public {
        uint256 id = _challenge(data, 0);
        DAChallenges.Answer memory answer = _answer(id, data);
        vm.expectRevert(abi.encodeWithSelector(DAChallenges.PieceLengthMismatch.selector, 4096, 4095));
        challenges.publish(id, Trees.slice(data, 0, 4095), answer.path);
        answer.data[7] = 0x00;
        vm.expectPartialRevert(DAChallenges.ObjectMismatch.selector);
        challenges.publish(id, answer.data, answer.path);
    }

    function test_RevertWhen_TheSettingsCouldNotBeKept() public {
        Ledger.Settings memory settings = Ledger.Settings(DA_BOND, 1e12, 15_000);
        uint256 longest = RETENTION / 4;
        vm.expectRevert(abi.encodeWithSelector(DAChallenges.AnswerSecondsOutOfRange.selector, 1, longest, 0));
        new DAChallenges(token, committee, settings, 0);
        vm.expectRevert(abi.encodeWithSelector(DAChallenges.AnswerSecondsOutOfRange.selector, 1, longest, longest + 1));
        new DAChallenges(token, committee, settings, uint32(longest + 1));
        new DAChallenges(token, committee, settings, uint32(longest));
    }

    /// Every piece of every object can be published, and nothing else in its place.
    function testFuzz_EveryPieceCanBeShownAndNoOther(uint256 length, uint256 piece, uint256 other, uint256 place)
        public
    {
        length = bound(length, 1, 9000);
        uint256 pieces = (length + 4095) / 4096;
        piece = bound(piece, 0, pieces - 1);
        bytes memory object = _bytes(length);
        uint256 id = _challenge(object, uint64(piece));
        DAChallenges.Answer memory answer = _answer(id, object);
        other = bound(other, 0, pieces - 1);
        if (other != piece) {
            uint256 size = length - other * 4096 < 4096 ? length - other * 4096 : 4096;
            try challenges.publish(id, Trees.slice(object, other * 4096, size), answer.path) {
                revert("another piece was taken");
            } catch {}
        }
        place = bound(place, 0, answer.data.length - 1);
        answer.data[place] ^= 0x01;
        vm.expectPartialRevert(DAChallenges.ObjectMismatch.selector);
        challenges.publish(id, answer.data, answer.path);
        answer.data[place] ^= 0x01;
        challenges.publish(id, answer.data, answer.path);
        vm.assertEq(challenges.openCount(), 0);
    }

    function _expire(uint256 id) private {
        vm.warp(challenges.challengeOf(id).deadline);
        challenges.expire(id, type(uint32).max);
    }
}
