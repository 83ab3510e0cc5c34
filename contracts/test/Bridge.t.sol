// SPDX-License-Identifier: MIT
// docs/contracts.md#bridge
pragma solidity 0.8.37;

import {Assertions} from "../src/Assertions.sol";
import {Bridge} from "../src/Bridge.sol";
import {Yield} from "../src/Yield.sol";
import {StateTrie} from "../src/lib/StateTrie.sol";
import {AssertionId, Role} from "../src/lib/Types.sol";
import {Network} from "./support/Network.sol";
import {bound, vector, vm} from "./support/Vm.sol";

contract BridgeTest is Network {
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

    function test_ThePoolIsSharedOutAmongTheStakedValidators() public {
        _claimFees();
        uint256 pool = bridge.validatorPool();
        vm.expectRevert(abi.encodeWithSelector(Yield.NobodyStaked.selector, Role.VALIDATOR));
        bridge.payValidators();
        stakes.stake(USER, Role.VALIDATOR, STAKE);
        bridge.payValidators();
        stakes.settle(USER, Role.VALIDATOR);
        // Rounding leaves at most a wei.
        vm.assertGe(stakes.rewardOf(USER) + 1, pool);
        vm.assertGe(pool, stakes.rewardOf(USER));
        vm.expectRevert(abi.encodeWithSelector(Bridge.NothingToPay.selector, address(stakes)));
        bridge.payValidators();
    }

    function test_RevertWhen_ShareIsAboveOne() public {
        vm.expectRevert(abi.encodeWithSelector(Bridge.ShareTooLarge.selector, 10_000, 10_001));
        new Bridge(token, rollup, stakes, 10_001, address(escape));
    }

    function testFuzz_RevertWhen_AmountOrRecipientDiffers(uint256 i, uint256 amount, address to) public {
        i = bound(i, 0, indexes.length - 1);
        vm.assume(amount != amounts[i] || to != recipient);
        bytes[] memory proof = _proof(i);
        vm.expectRevert();
        bridge.withdraw(second, uint64(indexes[i]), to, amount, proof);
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
