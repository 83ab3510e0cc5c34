// SPDX-License-Identifier: MIT
// docs/contracts.md#rollup
pragma solidity 0.8.37;

import {Assertions} from "../src/Assertions.sol";
import {DACommittee} from "../src/DACommittee.sol";
import {Exposure} from "../src/Exposure.sol";
import {PromisedBatches} from "../src/PromisedBatches.sol";
import {Rollup} from "../src/Rollup.sol";
import {StepClaims} from "../src/StepClaims.sol";
import {Constants} from "../src/generated/Constants.sol";
import {StateLeaf} from "../src/lib/StateLeaf.sol";
import {Tree} from "../src/lib/Tree.sol";
import {AssertionId, DataObject, Role} from "../src/lib/Types.sol";
import {Network} from "./support/Network.sol";
import {vector, vm} from "./support/Vm.sol";

contract RollupTest is Network {
    bytes32 private constant STATE = keccak256("state");
    AssertionId private genesis;

    function setUp() public override {
        super.setUp();
        genesis = rollup.genesis();
    }

    function test_GenesisIsConfirmed() public view {
        _assertId(rollup.latestConfirmed(), genesis);
        vm.assertEq(rollup.confirmedStateRoot(genesis), GENESIS_STATE);
        vm.assertEq(rollup.assertionOf(genesis).leafHash, StateLeaf(GENESIS_STATE, 0, 0, 0, 0).hash());
    }

    function test_AssertionIsPendingAndItsBondLocked() public {
        AssertionId id = _assertNext(genesis, STATE);
        Rollup.Assertion memory assertion = rollup.assertionOf(id);
        _assertStatus(id, Assertions.Status.PENDING);
        _assertId(assertion.parent, genesis);
        vm.assertEq(assertion.stateRoot, STATE);
        vm.assertEq(assertion.batch, 1);
        vm.assertEq(assertion.deadline, block.timestamp + WINDOW);
        vm.assertEq(rollup.asserterOf(id), EXECUTOR);
        vm.assertEq(stakes.lockedOf(EXECUTOR, Role.EXECUTOR), BOND);
    }

    function test_IdIsThatOfTheProtocol() public view {
        string memory json = vector("tree");
        bytes32 id = AssertionId.unwrap(
            rollup.idOf(
                AssertionId.wrap(vm.parseJsonBytes32(json, ".steps.parent")),
                vm.parseJsonBytes32(json, ".steps.root"),
                vm.parseJsonBytes32(json, ".steps.post.hash"),
                3
            )
        );
        vm.assertEq(id, vm.parseJsonBytes32(json, ".steps.assertion"));
    }

    function test_AnAssertionMayCoverManyBatches() public {
        for (uint256 i = 0; i < 4; ++i) {
            _postBatch(5);
        }
        AssertionId id = _create(EXECUTOR, _claim(genesis, _leaf(STATE, 3)));
        vm.assertEq(rollup.assertionOf(id).batch, 3);
        // The first batch also took in the delayed message of the committee's appointment.
        vm.assertEq(rollup.stepCountOf(id), 16);
        id = _create(EXECUTOR, _claim(id, _leaf(STATE, 4)));
        vm.assertEq(rollup.assertionOf(id).batch, 4);
        vm.assertEq(rollup.stepCountOf(id), 5);
    }

    function test_ConfirmationFollowsTheWindow() public {
        AssertionId id = _assertNext(genesis, STATE);
        uint256 deadline = block.timestamp + WINDOW;
        vm.warp(deadline - 1);
        vm.expectRevert(abi.encodeWithSelector(Assertions.WindowOpen.selector, deadline, deadline - 1));
        rollup.confirm(id);
        vm.warp(deadline);
        rollup.confirm(id);
        _assertId(rollup.latestConfirmed(), id);
        vm.assertEq(rollup.confirmedStateRoot(id), STATE);
        vm.assertEq(stakes.lockedOf(EXECUTOR, Role.EXECUTOR), 0);
        vm.expectRevert(
            abi.encodeWithSelector(
                Assertions.StatusMismatch.selector, id, Assertions.Status.PENDING, Assertions.Status.CONFIRMED
            )
        );
        rollup.confirm(id);
    }

    function test_RevertWhen_ParentIsNotConfirmedYet() public {
        AssertionId first = _assertNext(genesis, STATE);
        AssertionId second = _assertNext(first, keccak256("next"));
        vm.warp(block.timestamp + WINDOW);
        vm.expectRevert(abi.encodeWithSelector(Rollup.ParentNotConfirmed.selector, genesis, first));
        rollup.confirm(second);
        rollup.confirm(first);
        rollup.confirm(second);
    }

    function test_RevertWhen_SenderIsNotStaked() public {
        _postBatch(3);
        _expectRefusal(
            USER, _claim(genesis, _leaf(STATE, 1)), abi.encodeWithSelector(Rollup.NotExecutor.selector, USER)
        );
    }

    function test_RevertWhen_RangeIsEmptyOrBeyondTheInbox() public {
        _postBatch(3);
        Rollup.Claim memory claim = _claim(genesis, _leaf(STATE, 1));
        claim.post.batch = 0;
        _expectRefusal(EXECUTOR, claim, abi.encodeWithSelector(PromisedBatches.BatchOutOfRange.selector, 1, 1, 0));
        claim.post.batch = 2;
        _expectRefusal(EXECUTOR, claim, abi.encodeWithSelector(PromisedBatches.BatchOutOfRange.selector, 1, 1, 2));
    }

    function test_RevertWhen_CursorIsNotThatOfTheInbox() public {
        _postBatch(3);
        Rollup.Claim memory claim = _claim(genesis, _leaf(STATE, 1));
        uint64 step = claim.post.step;
        claim.post.step += 1;
        _expectRefusal(
            EXECUTOR, claim, abi.encodeWithSelector(StepClaims.CursorMismatch.selector, 0, step, 0, step + 1)
        );
        claim.post.step = step;
        claim.post.message = 1;
        _expectRefusal(EXECUTOR, claim, abi.encodeWithSelector(StepClaims.CursorMismatch.selector, 0, step, 1, step));
    }

    function test_RevertWhen_FirstLeafIsNotTheParents() public {
        _postBatch(3);
        Rollup.Claim memory claim = _claim(genesis, _leaf(STATE, 1));
        claim.firstPath[1] = keccak256("other");
        vm.prank(EXECUTOR);
        vm.expectRevert();
        rollup.createAssertion(claim);
    }

    function test_RevertWhen_ThePaddingIsNotZero() public {
        // Five leaves and three of padding: right of the last leaf are one and then two of them.
        _postBatch(3);
        Rollup.Claim memory claim = _claim(genesis, _leaf(STATE, 1));
        vm.assertEq(claim.lastPath.length, 3);
        bytes32 padding = claim.lastPath[1];
        for (uint256 height = 0; height < 2; ++height) {
            claim.lastPath[height] = keccak256("other");
            _expectRefusal(EXECUTOR, claim, abi.encodeWithSelector(Tree.PaddingNotZero.selector, height));
            claim.lastPath[height] = height == 0 ? Constants.ZERO_LEAF_HASH : padding;
        }
        _create(EXECUTOR, claim);
    }

    function test_RevertWhen_PathsHaveAnotherDepth() public {
        _postBatch(3);
        Rollup.Claim memory claim = _claim(genesis, _leaf(STATE, 1));
        uint256 depth = claim.lastPath.length;
        claim.lastPath = new bytes32[](depth + 1);
        _expectRefusal(EXECUTOR, claim, abi.encodeWithSelector(Tree.PathLengthMismatch.selector, depth, depth + 1));
    }

    function test_RevertWhen_LastLeafIsNotTheClaimed() public {
        _postBatch(3);
        Rollup.Claim memory claim = _claim(genesis, _leaf(STATE, 1));
        claim.post.stateRoot = keccak256("other");
        vm.prank(EXECUTOR);
        vm.expectRevert();
        rollup.createAssertion(claim);
    }

    function test_RevertWhen_DataIsNotCertified() public {
        _postBatch(3);
        Rollup.Claim memory claim = _claim(genesis, _leaf(STATE, 1));
        claim.certificate.signers = 1;
        claim.certificate.signatures = "";
        _expectRefusal(EXECUTOR, claim, abi.encodeWithSelector(DACommittee.SignatureLengthMismatch.selector, 65, 0));
        claim = _claim(genesis, _leaf(STATE, 1));
        claim.objects[0].length += 1;
        vm.prank(EXECUTOR);
        vm.expectRevert();
        rollup.createAssertion(claim);
        claim.objects = new DataObject[](0);
        _expectRefusal(EXECUTOR, claim, abi.encodeWithSelector(StepClaims.ObjectCountOutOfRange.selector, 256, 0));
        claim.objects = new DataObject[](257);
        _expectRefusal(EXECUTOR, claim, abi.encodeWithSelector(StepClaims.ObjectCountOutOfRange.selector, 256, 257));
    }

    function test_RevertWhen_BondIsNotCovered() public {
        vm.prank(EXECUTOR);
        stakes.unbond(Role.EXECUTOR, STAKE - MINIMUM);
        vm.prank(DISPUTE);
        stakes.lock(EXECUTOR, Role.EXECUTOR, MINIMUM - BOND + 1);
        _postBatch(3);
        _expectRefusal(
            EXECUTOR,
            _claim(genesis, _leaf(STATE, 1)),
            abi.encodeWithSelector(Exposure.NotEnoughFreeStake.selector, BOND - 1, BOND)
        );
    }

    function test_RevertWhen_AssertedTwice() public {
        AssertionId id = _assertNext(genesis, STATE);
        Rollup.Claim memory claim = _claim(genesis, _leaf(STATE, 1));
        _expectRefusal(RIVAL, claim, abi.encodeWithSelector(Rollup.AlreadyAsserted.selector, id));
        claim.attempt = 1;
        _expectRefusal(
            RIVAL, claim, abi.encodeWithSelector(Rollup.EarlierAttemptLives.selector, id, Assertions.Status.PENDING)
        );
        claim.attempt = 2;
        vm.prank(RIVAL);
        vm.expectRevert();
        rollup.createAssertion(claim);
    }

    function test_RivalsBelongIntoTheFirstOnesWindow() public {
        _assertNext(genesis, STATE);
        uint256 deadline = block.timestamp + WINDOW;
        vm.warp(deadline - 1);
        _create(RIVAL, _claim(genesis, _leaf(keccak256("rival"), 1)));
        vm.warp(deadline);
        _expectRefusal(
            RIVAL,
            _claim(genesis, _leaf(keccak256("late"), 1)),
            abi.encodeWithSelector(Rollup.SiblingsClosed.selector, deadline)
        );
    }

    function test_AfterARejectionTheSameContentMayBeAssertedAgain() public {
        AssertionId first = _assertNext(genesis, STATE);
        vm.prank(DISPUTE);
        rollup.openGame(first);
        vm.warp(block.timestamp + WINDOW + 2 days);
        vm.prank(DISPUTE);
        rollup.reject(first, USER, 10 ether);
        Rollup.Claim memory claim = _claim(genesis, _leaf(STATE, 1));
        _expectRefusal(EXECUTOR, claim, abi.encodeWithSelector(Rollup.AlreadyAsserted.selector, first));
        claim.attempt = 1;
        AssertionId second = _create(RIVAL, claim);
        vm.warp(block.timestamp + WINDOW);
        rollup.confirm(second);
    }

    function test_AfterTheOnlyChildIsRejectedAnotherContentIsTheFirst() public {
        AssertionId wrong = _assertNext(genesis, keccak256("wrong"));
        vm.prank(DISPUTE);
        rollup.openGame(wrong);
        vm.warp(block.timestamp + WINDOW + 1);
        Rollup.Claim memory claim = _claim(genesis, _leaf(STATE, 1));
        _expectRefusal(RIVAL, claim, abi.encodeWithSelector(Rollup.SiblingsClosed.selector, block.timestamp - 1));
        vm.prank(DISPUTE);
        rollup.reject(wrong, USER, BOND);
        claim = _claim(genesis, _leaf(STATE, 1));
        AssertionId right = _create(RIVAL, claim);
        vm.assertEq(rollup.assertionOf(genesis).siblingDeadline, rollup.assertionOf(right).deadline);
        vm.warp(block.timestamp + WINDOW);
        rollup.confirm(right);
    }

    function test_AChallengedContentMayBeAssertedBesideTheFirst() public {
        AssertionId first = _assertNext(genesis, STATE);
        vm.prank(DISPUTE);
        rollup.openGame(first);
        vm.warp(block.timestamp + WINDOW + 1);
        Rollup.Claim memory claim = _claim(genesis, _leaf(STATE, 1));
        claim.attempt = 1;
        AssertionId second = _create(RIVAL, claim);
        vm.warp(block.timestamp + WINDOW);
        vm.expectRevert(abi.encodeWithSelector(Rollup.EarlierSibling.selector, second, first));
        rollup.confirm(second);
        vm.prank(DISPUTE);
        rollup.reject(first, USER, BOND);
        rollup.confirm(second);
        vm.assertEq(stakes.activeOf(EXECUTOR, Role.EXECUTOR), STAKE - BOND);
        vm.assertEq(stakes.lockedOf(RIVAL, Role.EXECUTOR), 0);
    }

    function test_RejectionSlashesTheBondAndKillsDescendants() public {
        AssertionId first = _assertNext(genesis, STATE);
        AssertionId child = _assertNext(first, keccak256("child"));
        vm.startPrank(DISPUTE);
        rollup.openGame(first);
        vm.assertEq(rollup.reject(first, USER, 30 ether), 30 ether);
        rollup.closeGame(first);
        vm.stopPrank();
        _assertStatus(first, Assertions.Status.REJECTED);
        vm.assertEq(stakes.activeOf(EXECUTOR, Role.EXECUTOR), STAKE - BOND);
        vm.assertEq(stakes.rewardOf(USER), 30 ether);
        vm.warp(block.timestamp + WINDOW);
        vm.expectRevert(abi.encodeWithSelector(Rollup.ParentNotConfirmed.selector, genesis, first));
        rollup.confirm(child);
        rollup.orphan(child);
        _assertStatus(child, Assertions.Status.ORPHANED);
        vm.assertEq(stakes.lockedOf(EXECUTOR, Role.EXECUTOR), 0);
        vm.assertEq(stakes.activeOf(EXECUTOR, Role.EXECUTOR), STAKE - BOND);
        _postBatch(3);
        Rollup.Claim memory claim = _claim(genesis, _leaf(STATE, 3));
        claim.parent = first;
        _expectRefusal(
            EXECUTOR, claim, abi.encodeWithSelector(Rollup.ParentNotLive.selector, first, Assertions.Status.REJECTED)
        );
    }

    function test_AnOpenGameHoldsConfirmationBack() public {
        AssertionId id = _assertNext(genesis, STATE);
        vm.prank(DISPUTE);
        rollup.openGame(id);
        vm.warp(block.timestamp + WINDOW);
        vm.expectRevert(abi.encodeWithSelector(Assertions.GamesOpen.selector, 1));
        rollup.confirm(id);
        vm.prank(DISPUTE);
        rollup.closeGame(id);
        rollup.confirm(id);
    }

    function test_RevertWhen_AGameOpensAfterTheWindow() public {
        AssertionId id = _assertNext(genesis, STATE);
        vm.warp(block.timestamp + WINDOW);
        vm.prank(DISPUTE);
        vm.expectRevert(abi.encodeWithSelector(Rollup.WindowClosed.selector, block.timestamp, block.timestamp));
        rollup.openGame(id);
    }

    function test_RevertWhen_AStrangerJudges() public {
        AssertionId id = _assertNext(genesis, STATE);
        bytes memory refusal = abi.encodeWithSelector(Rollup.NotJudge.selector, address(this));
        vm.expectRevert(refusal);
        rollup.openGame(id);
        vm.expectRevert(refusal);
        rollup.closeGame(id);
        vm.expectRevert(refusal);
        rollup.reject(id, USER, 1);
    }

    function test_TheLosingSiblingGetsItsBondBack() public {
        AssertionId first = _assertNext(genesis, STATE);
        AssertionId rival = _create(RIVAL, _claim(genesis, _leaf(keccak256("rival"), 1)));
        vm.warp(block.timestamp + WINDOW);
        vm.expectRevert(abi.encodeWithSelector(Rollup.StillViable.selector, rival));
        rollup.orphan(rival);
        rollup.confirm(first);
        vm.expectRevert(abi.encodeWithSelector(Rollup.ParentNotConfirmed.selector, first, genesis));
        rollup.confirm(rival);
        rollup.orphan(rival);
        vm.assertEq(stakes.lockedOf(RIVAL, Role.EXECUTOR), 0);
        vm.expectRevert(
            abi.encodeWithSelector(
                Assertions.StatusMismatch.selector, rival, Assertions.Status.CONFIRMED, Assertions.Status.ORPHANED
            )
        );
        rollup.confirmedStateRoot(rival);
    }

    /// @dev A game about the first true child holds up all: it cannot choose which of them is confirmed, and earns the fees.
    function test_AGameDoesNotTurnTheOrderOfSiblings() public {
        _postBatch(3);
        AssertionId first = _assertNext(genesis, STATE);
        AssertionId rival = _create(RIVAL, _claim(genesis, _leaf(STATE, 1)));
        vm.prank(DISPUTE);
        rollup.openGame(first);
        vm.warp(block.timestamp + WINDOW + 1 days);
        vm.expectRevert(abi.encodeWithSelector(Assertions.GamesOpen.selector, 1));
        rollup.confirm(first);
        vm.expectRevert(abi.encodeWithSelector(Rollup.EarlierSibling.selector, rival, first));
        rollup.confirm(rival);
        vm.prank(DISPUTE);
        rollup.closeGame(first);
        vm.expectRevert(abi.encodeWithSelector(Rollup.EarlierSibling.selector, rival, first));
        rollup.confirm(rival);
        rollup.confirm(first);
        rollup.orphan(rival);
        _assertId(rollup.latestConfirmed(), first);
    }

    function test_RevertWhen_ParentIsConfirmedButNotTheLatest() public {
        _confirmNext(STATE);
        _postBatch(3);
        _expectRefusal(
            EXECUTOR,
            _claim(genesis, _leaf(STATE, 2)),
            abi.encodeWithSelector(Rollup.ParentNotLive.selector, genesis, Assertions.Status.CONFIRMED)
        );
    }

    function test_TheLeaderGoesFirst() public {
        vm.prank(RIVAL);
        rollup.join();
        vm.warp(block.timestamp + 2 * rollup.ROUND_LEADS() * LEADER_SECONDS);
        _postBatch(3);
        Rollup.Claim memory claim = _claim(genesis, _leaf(STATE, 1));
        uint256 open = block.timestamp + LEADER_SECONDS;
        vm.assertEq(rollup.openFrom(genesis), open);
        vm.warp(open - 1);
        _expectRefusal(EXECUTOR, claim, abi.encodeWithSelector(Rollup.NotLeader.selector, RIVAL, open));
        vm.warp(open);
        _create(EXECUTOR, claim);
    }

    function _create(address executor, Rollup.Claim memory claim) private returns (AssertionId) {
        vm.prank(executor);
        return rollup.createAssertion(claim);
    }

    function _expectRefusal(address executor, Rollup.Claim memory claim, bytes memory refusal) private {
        vm.prank(executor);
        vm.expectRevert(refusal);
        rollup.createAssertion(claim);
    }

    function _assertId(AssertionId actual, AssertionId expected) private pure {
        vm.assertEq(AssertionId.unwrap(actual), AssertionId.unwrap(expected));
    }

    function _assertStatus(AssertionId id, Assertions.Status expected) private view {
        vm.assertEq(uint256(rollup.assertionOf(id).status), uint256(expected));
    }
}
