// SPDX-License-Identifier: MIT
// docs/contracts.md#bridge
pragma solidity 0.8.37;

import {Assertions} from "../src/Assertions.sol";
import {Attestations} from "../src/Attestations.sol";
import {Bridge} from "../src/Bridge.sol";
import {StateTrie} from "../src/lib/StateTrie.sol";
import {AssertionId} from "../src/lib/Types.sol";
import {AttestedNetwork} from "./support/AttestedNetwork.sol";
import {bound, vector, vm} from "./support/Vm.sol";

contract BridgeTest is AttestedNetwork {
    address private constant BUYER = address(0xb0b);

    string private json;
    address private recipient;
    uint256[] private indexes;
    uint256[] private amounts;
    AssertionId private first;
    AssertionId private second;

    /// @dev Two confirmed assertions, whose states are those of the vectors.
    function setUp() public override {
        super.setUp();
        json = vector("state");
        recipient = vm.parseJsonAddress(json, ".recipient");
        indexes = vm.parseJsonUintArray(json, ".indexes");
        amounts = vm.parseJsonUintArray(json, ".amounts");
        token.approve(address(inbox), 100 ether);
        inbox.deposit(recipient, 100 ether);
        first = _confirmNext(vm.parseJsonBytes32(json, ".before.root"));
        second = _confirmNext(vm.parseJsonBytes32(json, ".after.root"));
    }

    function test_ProvenWithdrawalsArePaidOnce() public {
        uint256 sum = 0;
        for (uint256 i = 0; i < indexes.length; ++i) {
            _withdraw(second, i);
            sum += amounts[i];
            vm.assertTrue(bridge.isWithdrawn(uint64(indexes[i])));
            vm.assertEq(token.balanceOf(recipient), sum);
        }
        vm.expectRevert(abi.encodeWithSelector(Bridge.AlreadyWithdrawn.selector, 1));
        bridge.withdraw(second, 1, recipient, amounts[1], new bytes[](0));
    }

    function test_AnOlderStateProvesWhatItHolds() public {
        _confirmNext(keccak256("later"));
        _withdraw(second, 0);
    }

    function test_RevertWhen_AssertionIsNotConfirmed() public {
        AssertionId pending = _assertNext(second, vm.parseJsonBytes32(json, ".after.root"));
        bytes[] memory proof = _proof(0);
        vm.expectRevert(
            abi.encodeWithSelector(
                Assertions.StatusMismatch.selector, pending, Assertions.Status.CONFIRMED, Assertions.Status.PENDING
            )
        );
        bridge.withdraw(pending, 0, recipient, amounts[0], proof);
    }

    function test_RevertWhen_StateDoesNotHoldTheWithdrawal() public {
        bytes[] memory proof = _proof(0);
        bytes memory refusal = abi.encodeWithSelector(
            StateTrie.ProofMismatch.selector,
            vm.parseJsonBytes32(json, ".before.root"),
            keccak256(abi.encodePacked("O", uint64(0)))
        );
        vm.expectRevert(refusal);
        bridge.withdraw(first, 0, recipient, amounts[0], proof);
    }

    function test_FeesAreSharedOnce() public {
        _claimFees();
        uint256 fees = vm.parseJsonUint(json, ".after.fees");
        uint256 toValidators = fees * 2000 / 10_000;
        vm.assertEq(bridge.validatorPool(), toValidators);
        vm.assertEq(bridge.earningsOf(EXECUTOR), fees - toValidators);
        bridge.payEarnings(EXECUTOR);
        vm.assertEq(token.balanceOf(EXECUTOR), fees - toValidators);
        vm.expectRevert(abi.encodeWithSelector(Bridge.NothingToPay.selector, EXECUTOR));
        bridge.payEarnings(EXECUTOR);
        bytes[] memory none = new bytes[](0);
        vm.expectRevert(abi.encodeWithSelector(Bridge.FeesAlreadyClaimed.selector, second));
        bridge.claimFees(second, 0, none, fees, none);
    }

    function test_RevertWhen_FeesAreNotTheStates() public {
        uint256 fees = vm.parseJsonUint(json, ".after.fees");
        bytes[] memory beforeProof = vm.parseJsonBytesArray(json, ".before.proof");
        bytes[] memory proof = vm.parseJsonBytesArray(json, ".after.proof");
        vm.expectRevert();
        bridge.claimFees(second, 0, beforeProof, fees + 1, proof);
        vm.expectRevert();
        bridge.claimFees(second, 1, beforeProof, fees, proof);
        AssertionId genesis = rollup.genesis();
        vm.expectRevert(abi.encodeWithSelector(Bridge.GenesisHasNoFees.selector, genesis));
        bridge.claimFees(genesis, 0, beforeProof, 0, beforeProof);
    }

    function test_RevertWhen_FeesDecrease() public {
        AssertionId third = _confirmNext(vm.parseJsonBytes32(json, ".before.root"));
        uint256 fees = vm.parseJsonUint(json, ".after.fees");
        bytes[] memory beforeProof = vm.parseJsonBytesArray(json, ".after.proof");
        bytes[] memory proof = vm.parseJsonBytesArray(json, ".before.proof");
        vm.expectRevert(abi.encodeWithSelector(Bridge.FeesDecrease.selector, fees, 0));
        bridge.claimFees(third, fees, beforeProof, 0, proof);
    }

    function test_TheValidatorsPartGoesToWhoHasAttested() public {
        AssertionId pending = _attestedNext();
        uint256 fees = vm.parseJsonUint(json, ".after.fees");
        // Nobody has attested the one before: its part goes to who attests next.
        _claimFees();
        uint256 kept = bridge.validatorPool();
        vm.assertEq(token.balanceOf(address(attestations)), 0);
        vm.warp(block.timestamp + WINDOW);
        rollup.confirm(pending);
        bytes[] memory proof = vm.parseJsonBytesArray(json, ".after.proof");
        bridge.claimFees(pending, fees, proof, fees, proof);
        vm.assertEq(bridge.validatorPool(), 0);
        vm.assertEq(token.balanceOf(address(attestations)), kept);
        vm.assertEq(uint256(attestations.recordOf(pending).fees), kept);
        AssertionId[] memory ids = new AssertionId[](1);
        ids[0] = pending;
        attestations.collect(validators[0], ids);
        vm.assertEq(stakes.rewardOf(validators[0]), kept / 3);
    }

    function test_AWithdrawalIsSoldBeforeItIsConfirmed() public {
        AssertionId pending = _attestedNext();
        uint64 index = uint64(indexes[0]);
        uint256 price = amounts[0] - amounts[0] / 100;
        vm.prank(recipient);
        bridge.offer(index, recipient, amounts[0], price, uint64(block.timestamp + 1 hours));
        _buy(pending, price);
        vm.assertEq(token.balanceOf(recipient), price);
        vm.assertEq(bridge.ownerOf(index, recipient, amounts[0]), BUYER);
        uint256 before = token.balanceOf(BUYER);
        _withdraw(second, 0);
        vm.assertEq(token.balanceOf(BUYER), before + amounts[0]);
        vm.assertEq(token.balanceOf(recipient), price);
        bytes[] memory proof = _proof(0);
        vm.expectRevert(abi.encodeWithSelector(Bridge.AlreadyWithdrawn.selector, index));
        bridge.buy(pending, index, recipient, amounts[0], price, proof);
    }

    function test_ABuyerMaySellOn() public {
        AssertionId pending = _attestedNext();
        uint64 deadline = uint64(block.timestamp + 1 hours);
        vm.prank(recipient);
        bridge.offer(uint64(indexes[0]), recipient, amounts[0], 1, deadline);
        _buy(pending, 1);
        vm.prank(BUYER);
        bridge.offer(uint64(indexes[0]), recipient, amounts[0], 2, deadline);
        bytes[] memory proof = _proof(0);
        token.approve(address(bridge), 2);
        bridge.buy(pending, uint64(indexes[0]), recipient, amounts[0], 2, proof);
        vm.assertEq(bridge.ownerOf(uint64(indexes[0]), recipient, amounts[0]), owner);
    }

    function test_RevertWhen_TheOfferIsNone() public {
        AssertionId pending = _attestedNext();
        (uint64 index, uint256 amount, bytes[] memory proof) = (uint64(indexes[0]), amounts[0], _proof(0));
        vm.expectRevert(abi.encodeWithSelector(Bridge.NotOffered.selector, index));
        bridge.buy(pending, index, recipient, amount, amount, proof);
        vm.expectRevert(abi.encodeWithSelector(Bridge.NotOwner.selector, recipient, owner));
        bridge.offer(index, recipient, amount, 1, type(uint64).max);
        vm.prank(recipient);
        vm.expectRevert(abi.encodeWithSelector(Bridge.PriceAboveAmount.selector, amount, amount + 1));
        bridge.offer(index, recipient, amount, amount + 1, type(uint64).max);
        vm.prank(recipient);
        bridge.offer(index, recipient, amount, 10, uint64(block.timestamp));
        vm.expectRevert(abi.encodeWithSelector(Bridge.PriceTooHigh.selector, 9, 10));
        bridge.buy(pending, index, recipient, amount, 9, proof);
        vm.warp(block.timestamp + 1);
        vm.expectRevert(abi.encodeWithSelector(Bridge.OfferOver.selector, block.timestamp - 1, block.timestamp));
        bridge.buy(pending, index, recipient, amount, 10, proof);
    }

    /// @dev Neither one that nobody has attested, nor another withdrawal of the same index.
    function test_RevertWhen_TheStateIsNotAttestedOrHoldsItNot() public {
        AssertionId pending = _attestedNext();
        (uint64 index, uint256 amount, bytes[] memory proof) = (uint64(indexes[0]), amounts[0], _proof(0));
        vm.prank(recipient);
        bridge.offer(index, recipient, amount - 1, 1, type(uint64).max);
        vm.expectPartialRevert(StateTrie.ProofMismatch.selector);
        bridge.buy(pending, index, recipient, amount - 1, 1, proof);
        vm.prank(recipient);
        bridge.offer(index, recipient, amount, 1, type(uint64).max);
        vm.expectRevert(abi.encodeWithSelector(Attestations.NotAttested.selector, second));
        bridge.buy(second, index, recipient, amount, 1, proof);
    }

    function test_RevertWhen_ShareIsAboveOne() public {
        vm.expectRevert(abi.encodeWithSelector(Bridge.ShareTooLarge.selector, 10_000, 10_001));
        new Bridge(token, rollup, attestations, 10_001, address(escape));
    }

    function testFuzz_RevertWhen_AmountOrRecipientDiffers(uint256 i, uint256 amount, address to) public {
        i = bound(i, 0, indexes.length - 1);
        vm.assume(amount != amounts[i] || to != recipient);
        bytes[] memory proof = _proof(i);
        vm.expectRevert();
        bridge.withdraw(second, uint64(indexes[i]), to, amount, proof);
    }

    /// @dev A pending assertion with the state of the second, which three validators attest.
    function _attestedNext() private returns (AssertionId pending) {
        _stakeValidators(3);
        vm.warp(block.timestamp + 1);
        pending = _assertNext(second, vm.parseJsonBytes32(json, ".after.root"));
        attestations.record(pending, _signed(pending, 0, 3));
    }

    function _buy(AssertionId id, uint256 price) private {
        token.mint(BUYER, price);
        vm.prank(BUYER);
        token.approve(address(bridge), price);
        bytes[] memory proof = _proof(0);
        vm.prank(BUYER);
        bridge.buy(id, uint64(indexes[0]), recipient, amounts[0], price, proof);
    }

    function _withdraw(AssertionId id, uint256 i) private {
        bridge.withdraw(id, uint64(indexes[i]), recipient, amounts[i], _proof(i));
    }

    function _claimFees() private {
        bridge.claimFees(
            second,
            0,
            vm.parseJsonBytesArray(json, ".before.proof"),
            vm.parseJsonUint(json, ".after.fees"),
            vm.parseJsonBytesArray(json, ".after.proof")
        );
    }

    function _proof(uint256 i) private view returns (bytes[] memory) {
        return vm.parseJsonBytesArray(json, string.concat(".proofs[", vm.toString(i), "]"));
    }
}
