// SPDX-License-Identifier: MIT
// docs/attestations.md
pragma solidity 0.8.37;

import {Assertions} from "../src/Assertions.sol";
import {Attestations} from "../src/Attestations.sol";
import {DelegationPool} from "../src/DelegationPool.sol";
import {Rollup} from "../src/Rollup.sol";
import {IAudits} from "../src/interfaces/IAudits.sol";
import {StateLeaf} from "../src/lib/StateLeaf.sol";
import {Timing, UnbondingTooShort} from "../src/lib/Timing.sol";
import {AssertionId, Role} from "../src/lib/Types.sol";
import {AttestedNetwork} from "./support/AttestedNetwork.sol";
import {bound, vm} from "./support/Vm.sol";

contract AttestationsTest is AttestedNetwork {
    string private constant GROUP = "attest";
    address private constant WITNESS = address(0x3717);

    AssertionId private assertion;

    /// @dev Three validators of one stake each.
    function setUp() public override {
        super.setUp();
        _stakeValidators(3);
        vm.warp(block.timestamp + 1);
        assertion = _assertNext(rollup.latestConfirmed(), keccak256("state"));
    }

    function test_TwoThirdsOfTheStakeAttest() public {
        attestations.record(assertion, _signed(assertion, 0, 1));
        vm.assertFalse(attestations.isAttested(assertion));
        vm.assertTrue(attestations.hasAttested(assertion, validators[0]));
        vm.assertFalse(attestations.hasAttested(assertion, validators[1]));
        attestations.record(assertion, _signed(assertion, 1, 2));
        vm.assertTrue(attestations.isAttested(assertion));
        vm.assertEq(uint256(attestations.attestedBlockOf(assertion)), block.number);
        vm.assertEq(attestations.attestedStateRoot(assertion), keccak256("state"));
        vm.assertEq(uint256(attestations.recordOf(assertion).weight), 2 * STAKE);
    }

    function test_WhatIsRecordedIsPassedOver() public {
        attestations.record(assertion, _signed(assertion, 1, 2));
        attestations.record(assertion, _signed(assertion, 0, 3));
        attestations.record(assertion, _signed(assertion, 0, 3));
        vm.assertEq(uint256(attestations.recordOf(assertion).weight), 3 * STAKE);
    }

    /// @dev The block after it draws the lot of who was recorded in it (docs/attestations.md#lot).
    function test_TheBlockOfARecordIsNotBeforeTwoThirds() public {
        vm.roll(100);
        attestations.record(assertion, _signed(assertion, 0, 1));
        vm.assertEq(uint256(attestations.recordedBlockOf(assertion, validators[0])), 0);
        vm.roll(110);
        attestations.record(assertion, _signed(assertion, 0, 2));
        vm.roll(120);
        Attestations.Attestation[] memory all = _signed(assertion, 0, 3);
        address[] memory signers = new address[](3);
        for (uint256 i = 0; i < 3; ++i) {
            signers[i] = validators[i];
        }
        vm.assertEq(uint256(attestations.recordedBlockOf(assertion, validators[2])), 0);
        vm.expectEmit();
        emit Attestations.AttestationsRecorded(assertion, 3 * STAKE, 3 * STAKE, signers, all);
        attestations.record(assertion, all);
        uint256[3] memory blocks = [uint256(110), 110, 120];
        for (uint256 i = 0; i < 3; ++i) {
            vm.assertEq(uint256(attestations.recordedBlockOf(assertion, validators[i])), blocks[i]);
        }
    }

    function test_OneWeiLessThanTwoThirdsIsNotEnough() public {
        stakes.stake(USER, Role.VALIDATOR, STAKE);
        vm.prank(USER);
        stakes.unbond(Role.VALIDATOR, STAKE - MINIMUM);
        // 2 of 3 stakes and a minimum: too little as long as the other's minimum counts.
        vm.warp(block.timestamp + 1);
        AssertionId next = _assertNext(assertion, keccak256("next"));
        attestations.record(next, _signed(next, 0, 2));
        vm.assertFalse(attestations.isAttested(next));
        attestations.record(next, _signed(next, 2, 3));
        vm.assertTrue(attestations.isAttested(next));
    }

    /// @dev Weights are those before the assertion was made: nobody stakes to attest what he has seen.
    function test_RevertWhen_StakedLater() public {
        uint256 late = _stakeValidators(1);
        Attestations.Attestation[] memory signed = _signed(assertion, late, late + 1);
        vm.expectRevert(abi.encodeWithSelector(Attestations.NotValidator.selector, validators[late]));
        attestations.record(assertion, signed);
    }

    function test_StakeThatHasLeftSinceCounts() public {
        vm.prank(validators[0]);
        stakes.unbond(Role.VALIDATOR, STAKE);
        attestations.record(assertion, _signed(assertion, 0, 2));
        vm.assertTrue(attestations.isAttested(assertion));
    }

    function test_RevertWhen_SignersDoNotAscend() public {
        Attestations.Attestation[] memory signed = _signed(assertion, 0, 2);
        (signed[0], signed[1]) = (signed[1], signed[0]);
        vm.expectRevert(abi.encodeWithSelector(Attestations.SignersNotAscending.selector, validators[1], validators[0]));
        attestations.record(assertion, signed);
        signed[0] = signed[1];
        vm.expectRevert(abi.encodeWithSelector(Attestations.SignersNotAscending.selector, validators[0], validators[0]));
        attestations.record(assertion, signed);
        vm.expectRevert(abi.encodeWithSelector(Attestations.NoAttestations.selector));
        attestations.record(assertion, new Attestations.Attestation[](0));
    }

    function test_RevertWhen_NotPending() public {
        AssertionId genesis = rollup.genesis();
        Attestations.Attestation[] memory signed = _signed(genesis, 0, 2);
        vm.expectRevert(
            abi.encodeWithSelector(
                Assertions.StatusMismatch.selector, genesis, Assertions.Status.PENDING, Assertions.Status.CONFIRMED
            )
        );
        attestations.record(genesis, signed);
    }

    function test_RevertWhen_AttestedIsNoMore() public {
        vm.expectRevert(abi.encodeWithSelector(Attestations.NotAttested.selector, assertion));
        attestations.attestedStateRoot(assertion);
        attestations.record(assertion, _signed(assertion, 0, 2));
        _reject(assertion);
        vm.expectRevert(
            abi.encodeWithSelector(
                Assertions.StatusMismatch.selector, assertion, Assertions.Status.PENDING, Assertions.Status.REJECTED
            )
        );
        attestations.attestedStateRoot(assertion);
    }

    function test_FeesGoToWhoHasAttestedByStake() public {
        uint256 big = _stakeValidator(2 * STAKE);
        vm.warp(block.timestamp + 1);
        AssertionId next = _assertNext(assertion, keccak256("next"));
        attestations.record(next, _signed(next, 0, 2));
        vm.prank(address(bridge));
        vm.expectRevert(abi.encodeWithSelector(Attestations.NotAttested.selector, next));
        attestations.fund(next, 1);
        attestations.record(next, _signed(next, big, big + 1));
        vm.expectRevert(abi.encodeWithSelector(Attestations.NotBridge.selector, owner));
        attestations.fund(next, 1);
        _fund(next, 100 ether);
        _collect(validators[0], next);
        vm.assertEq(stakes.rewardOf(validators[0]), 25 ether);
        _collect(validators[big], next);
        vm.assertEq(stakes.rewardOf(validators[big]), 50 ether);
        vm.assertEq(attestations.shareOf(validators[2], next), 0);
        AssertionId[] memory ids = new AssertionId[](1);
        ids[0] = next;
        vm.expectRevert(abi.encodeWithSelector(Attestations.NothingToCollect.selector, validators[0]));
        attestations.collect(validators[0], ids);
        vm.expectRevert(abi.encodeWithSelector(Attestations.NothingToCollect.selector, validators[2]));
        attestations.collect(validators[2], ids);
    }

    function test_AShareThatIsLostByAuditsIsWithheld() public {
        attestations.record(assertion, _signed(assertion, 0, 3));
        _fund(assertion, 99 ether);
        uint48 time = attestations.recordOf(assertion).time;
        bytes memory asked = abi.encodeCall(IAudits.losesShare, (validators[0], time));
        vm.mockCall(AUDITS, asked, abi.encode(true));
        vm.mockCall(AUDITS, abi.encodeCall(IAudits.withhold, (33 ether)), "");
        vm.assertTrue(attestations.isWithheld(validators[0], assertion));
        vm.assertEq(attestations.shareOf(validators[0], assertion), 0);
        vm.assertEq(attestations.shareOf(validators[1], assertion), 33 ether);
        vm.expectCall(AUDITS, abi.encodeCall(IAudits.withhold, (33 ether)));
        _collect(validators[0], assertion);
        vm.assertEq(token.allowance(address(attestations), AUDITS), 33 ether);
        vm.assertEq(stakes.rewardOf(validators[0]), 0);
        AssertionId[] memory ids = new AssertionId[](1);
        ids[0] = assertion;
        vm.expectRevert(abi.encodeWithSelector(Attestations.NothingToCollect.selector, validators[0]));
        attestations.collect(validators[0], ids);
        _collect(validators[1], assertion);
        vm.assertEq(stakes.rewardOf(validators[1]), 33 ether);
    }

    /// @dev A tenth is commission; 9 of 10 parts of the rest are the pool's.
    function test_DelegatorsHaveTheirPart() public {
        vm.prank(validators[0]);
        DelegationPool pool = DelegationPool(address(stakes.openPool(Role.VALIDATOR, 1000)));
        token.approve(address(pool), 9 * STAKE);
        pool.deposit(9 * STAKE, USER);
        vm.warp(block.timestamp + 1);
        AssertionId next = _assertNext(assertion, keccak256("next"));
        attestations.record(next, _signed(next, 0, 1));
        vm.assertTrue(attestations.isAttested(next));
        _fund(next, 100 ether);
        _collect(validators[0], next);
        vm.assertEq(stakes.rewardOf(validators[0]), 19 ether);
        vm.assertEq(pool.totalAssets(), 9 * STAKE + 81 ether);
    }

    function test_AFalseAttestationIsSlashedOnce() public {
        (AssertionId truth, StateLeaf memory post) = _rivalConfirmed();
        Attestations.Attestation memory attestation = _signed(assertion, 1, 2)[0];
        Attestations.ListedLeaf memory claimed = _lastLeaf(assertion, keccak256("state"));
        Attestations.ListedLeaf memory right = _lastLeaf(truth, post.stateRoot);
        vm.prank(WITNESS);
        uint256 slashed = attestations.proveFalse(assertion, attestation, post.step, claimed, truth, right);
        vm.assertEq(slashed, STAKE / 2);
        vm.assertEq(stakes.activeOf(validators[1], Role.VALIDATOR), STAKE / 2);
        vm.assertEq(stakes.rewardOf(WITNESS), STAKE / 4);
        vm.assertTrue(attestations.isSlashed(assertion, validators[1]));
        attestation = _sign(assertion, 1, keccak256("another commitment"));
        vm.expectRevert(abi.encodeWithSelector(Attestations.AlreadySlashed.selector, assertion, validators[1]));
        attestations.proveFalse(assertion, attestation, post.step, claimed, truth, right);
    }

    /// @dev Who leaves as soon as he has signed is slashed all the same when the truth is confirmed.
    function test_NobodyFleesBeforeTheProof() public {
        vm.prank(validators[1]);
        stakes.unbond(Role.VALIDATOR, STAKE);
        (AssertionId truth, StateLeaf memory post) = _rivalConfirmed();
        uint256 slashed = attestations.proveFalse(
            assertion,
            _signed(assertion, 1, 2)[0],
            post.step,
            _lastLeaf(assertion, keccak256("state")),
            truth,
            _lastLeaf(truth, post.stateRoot)
        );
        vm.assertEq(slashed, STAKE / 2);
    }

    /// @dev An asserter loses a game on purpose with a true claim: who has attested it loses nothing.
    function test_RevertWhen_TheRejectedClaimWasTrue() public {
        StateLeaf memory post = _leaf(keccak256("state"), inbox.batchCount());
        Rollup.Claim memory again = _claim(rollup.latestConfirmed(), post);
        again.attempt = 1;
        _reject(assertion);
        vm.prank(RIVAL);
        AssertionId truth = rollup.createAssertion(again);
        vm.warp(block.timestamp + WINDOW);
        rollup.confirm(truth);
        Attestations.Attestation memory attestation = _signed(assertion, 0, 1)[0];
        Attestations.ListedLeaf memory leaf = _lastLeaf(assertion, keccak256("state"));
        vm.expectRevert(abi.encodeWithSelector(Attestations.LeavesAgree.selector, post.step));
        attestations.proveFalse(assertion, attestation, post.step, leaf, truth, leaf);
    }

    function test_RevertWhen_TheProofIsNone() public {
        StateLeaf memory post = _leaf(keccak256("other"), inbox.batchCount());
        Rollup.Claim memory rival = _claim(rollup.latestConfirmed(), post);
        vm.warp(block.timestamp + LEADER_SECONDS);
        vm.prank(RIVAL);
        AssertionId truth = rollup.createAssertion(rival);
        Attestations.Attestation memory attestation = _signed(assertion, 0, 1)[0];
        Attestations.ListedLeaf memory claimed = _lastLeaf(assertion, keccak256("state"));
        Attestations.ListedLeaf memory right = _lastLeaf(truth, keccak256("other"));
        vm.expectRevert(
            abi.encodeWithSelector(
                Assertions.StatusMismatch.selector, truth, Assertions.Status.CONFIRMED, Assertions.Status.PENDING
            )
        );
        attestations.proveFalse(assertion, attestation, post.step, claimed, truth, right);
        _reject(assertion);
        vm.warp(block.timestamp + WINDOW);
        rollup.confirm(truth);
        claimed.leafHash = keccak256("no leaf of it");
        vm.expectPartialRevert(Attestations.StepListMismatch.selector);
        attestations.proveFalse(assertion, attestation, post.step, claimed, truth, right);
        claimed = _lastLeaf(assertion, keccak256("state"));
        attestation = _sign(assertion, 0, keccak256("x"));
        attestation.commitment = keccak256("y");
        vm.expectPartialRevert(Attestations.NotValidator.selector);
        attestations.proveFalse(assertion, attestation, post.step, claimed, truth, right);
    }

    /// @dev Its list begins with the leaf that the parent ends with.
    function test_RevertWhen_TheStepIsNotInTheList() public {
        AssertionId next = _assertNext(assertion, keccak256("next"));
        uint64 first = _leaf(keccak256("state"), rollup.assertionOf(assertion).batch).step;
        uint64 last = _leaf(keccak256("next"), rollup.assertionOf(next).batch).step;
        vm.assertTrue(0 < first && first < last);
        (AssertionId truth, StateLeaf memory post) = _rivalConfirmed();
        Attestations.Attestation memory attestation = _signed(next, 0, 1)[0];
        Attestations.ListedLeaf memory claimed = _lastLeaf(next, keccak256("next"));
        Attestations.ListedLeaf memory right = _lastLeaf(truth, post.stateRoot);
        uint64[4] memory steps = [0, first - 1, last + 1, type(uint64).max];
        for (uint256 i = 0; i < steps.length; ++i) {
            vm.expectRevert(abi.encodeWithSelector(Attestations.StepOutOfRange.selector, next, first, last, steps[i]));
            attestations.proveFalse(next, attestation, steps[i], claimed, truth, right);
        }
    }

    function test_RevertWhen_SettingsAreWrong() public {
        vm.expectRevert(abi.encodeWithSelector(Attestations.ShareOutOfRange.selector, 10_000, 0));
        new Attestations(stakes, rollup, address(bridge), address(0), IAudits(AUDITS), 0);
        vm.expectRevert(abi.encodeWithSelector(Attestations.ShareOutOfRange.selector, 10_000, 10_001));
        new Attestations(stakes, rollup, address(bridge), address(0), IAudits(AUDITS), 10_001);
        Timing memory short = _timing();
        short.unbonding -= 1;
        vm.mockCall(address(stakes), abi.encodeCall(stakes.timing, ()), abi.encode(short));
        vm.expectRevert(abi.encodeWithSelector(UnbondingTooShort.selector, LONGEST, LONGEST - 1));
        new Attestations(stakes, rollup, address(bridge), address(0), IAudits(AUDITS), 1);
    }

    /// @dev Whatever is recorded in whatever parts: the weight is that of the signers, and shares sum up to at most the fees.
    function testFuzz_SharesAreCovered(uint256[6] memory amounts, uint256 signers, uint256 fees) public {
        for (uint256 i = 0; i < amounts.length; ++i) {
            _stakeValidator(bound(amounts[i], MINIMUM, 10 * STAKE));
        }
        vm.warp(block.timestamp + 1);
        AssertionId next = _assertNext(assertion, keccak256("next"));
        uint256 weight = 0;
        for (uint256 i = 0; i < validators.length; ++i) {
            if ((signers >> i) & 1 == 0) continue;
            attestations.record(next, _signed(next, i, i + 1));
            weight += stakes.weightOf(validators[i], Role.VALIDATOR);
        }
        vm.assertEq(uint256(attestations.recordOf(next).weight), weight);
        uint256 total = stakes.totalWeightOf(Role.VALIDATOR);
        vm.assertTrue(attestations.isAttested(next) == (weight > 0 && 3 * weight >= 2 * total));
        if (!attestations.isAttested(next)) return;
        fees = bound(fees, 1, 1000 ether);
        _fund(next, fees);
        uint256 paid = 0;
        for (uint256 i = 0; i < validators.length; ++i) {
            uint256 share = attestations.shareOf(validators[i], next);
            if (share == 0) continue;
            paid += share;
            _collect(validators[i], next);
        }
        vm.assertGe(fees, paid);
        vm.assertGe(paid + validators.length, fees);
        vm.assertEq(token.balanceOf(address(attestations)), fees - paid);
    }

    function test_GasOfRecords() public {
        _stakeValidators(125);
        vm.warp(block.timestamp + 1);
        uint256[3] memory counts = [uint256(4), 32, 128];
        string[3] memory names = ["record, 4 validators", "record, 32 validators", "record, 128 validators"];
        AssertionId id = assertion;
        for (uint256 i = 0; i < 3; ++i) {
            // The first record of a validator costs a slot; from then on it is a bit of one.
            id = _assertNext(id, keccak256(abi.encode(i)));
            attestations.record(id, _signed(id, 0, counts[i]));
            id = _assertNext(id, keccak256(abi.encode(i, "again")));
            attestations.record(id, _signed(id, 0, counts[i]));
            vm.snapshotGasLastCall(GROUP, names[i]);
        }
        _fund(id, 100 ether);
        AssertionId[] memory ids = new AssertionId[](1);
        ids[0] = id;
        attestations.collect(validators[0], ids);
        vm.snapshotGasLastCall(GROUP, "collect, one assertion");
    }

    function test_GasOfAFalseAttestation() public {
        (AssertionId truth, StateLeaf memory post) = _rivalConfirmed();
        attestations.proveFalse(
            assertion,
            _signed(assertion, 1, 2)[0],
            post.step,
            _lastLeaf(assertion, keccak256("state")),
            truth,
            _lastLeaf(truth, post.stateRoot)
        );
        vm.snapshotGasLastCall(GROUP, "prove false");
    }

    /// @dev As the Bridge does it.
    function _fund(AssertionId id, uint256 amount) private {
        token.mint(address(bridge), amount);
        vm.prank(address(bridge));
        token.approve(address(attestations), amount);
        vm.prank(address(bridge));
        attestations.fund(id, amount);
    }

    function _collect(address attester, AssertionId id) private {
        AssertionId[] memory ids = new AssertionId[](1);
        ids[0] = id;
        attestations.collect(attester, ids);
    }

    /// @dev Another claim about the same batches that is confirmed, and what it ends with.
    function _rivalConfirmed() private returns (AssertionId truth, StateLeaf memory post) {
        post = _leaf(keccak256("other"), inbox.batchCount());
        Rollup.Claim memory rival = _claim(rollup.latestConfirmed(), post);
        vm.warp(block.timestamp + LEADER_SECONDS);
        vm.prank(RIVAL);
        truth = rollup.createAssertion(rival);
        _reject(assertion);
        vm.warp(block.timestamp + WINDOW);
        rollup.confirm(truth);
    }

    function _reject(AssertionId id) private {
        vm.prank(DISPUTE);
        rollup.reject(id, RIVAL, 0);
    }
}
