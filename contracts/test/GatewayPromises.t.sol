// SPDX-License-Identifier: MIT
// docs/contracts.md#double-nonce
pragma solidity 0.8.37;

import {GatewayPromises} from "../src/GatewayPromises.sol";
import {Role} from "../src/lib/Types.sol";
import {Network} from "./support/Network.sol";
import {bound, vm} from "./support/Vm.sol";
import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";

contract GatewayPromisesTest is Network {
    uint256 private constant KEY = 600;
    uint64 private constant NONCE = 7;
    bytes32 private constant FIRST = keccak256("first items");
    bytes32 private constant SECOND = keccak256("second items");

    address private gateway;

    function setUp() public override {
        super.setUp();
        gateway = vm.addr(KEY);
        stakes.stake(gateway, Role.GATEWAY, MINIMUM);
        vm.prank(gateway);
        registry.join();
    }

    /// The registry's own lock binds all of the stake: it keeps nobody from taking it.
    function test_TwoBatchesWithOneNonceCostTheMinimumAndTakeTheGatewayOut() public {
        uint256 supply = token.totalSupply();
        uint64 delayed = inbox.delayedCount();
        vm.assertEq(stakes.lockedOf(gateway, Role.GATEWAY), MINIMUM);
        vm.expectEmit();
        emit GatewayPromises.DoubleNonce(gateway, NONCE, FIRST, SECOND, USER);
        _prove(NONCE);
        vm.snapshotGasLastCall("promises", "proveDoubleNonce");
        vm.assertEq(stakes.activeOf(gateway, Role.GATEWAY), 0);
        vm.assertEq(stakes.rewardOf(USER), MINIMUM / 2);
        vm.assertEq(supply - token.totalSupply(), MINIMUM / 2);
        // The network learns of it by a delayed message.
        vm.assertFalse(registry.isGateway(gateway));
        vm.assertEq(inbox.delayedCount(), delayed + 1);
    }

    function test_ANonceIsPunishedOnceInWhateverOrderTheBatchesAre() public {
        _prove(NONCE);
        stakes.stake(gateway, Role.GATEWAY, MINIMUM);
        bytes memory refusal = abi.encodeWithSelector(GatewayPromises.NonceSettled.selector, gateway, NONCE);
        (bytes memory first, bytes memory second) = (_sign(NONCE, FIRST), _sign(NONCE, SECOND));
        bytes memory third = _sign(NONCE, keccak256("third"));
        vm.expectRevert(refusal);
        registry.proveDoubleNonce(gateway, NONCE, SECOND, second, FIRST, first);
        vm.expectRevert(refusal);
        registry.proveDoubleNonce(gateway, NONCE, FIRST, first, keccak256("third"), third);
        vm.assertEq(stakes.activeOf(gateway, Role.GATEWAY), MINIMUM);
        _prove(NONCE + 1);
        vm.assertEq(stakes.activeOf(gateway, Role.GATEWAY), 0);
    }

    function test_AGatewayThatHasRetiredIsSlashedToo() public {
        vm.prank(gateway);
        registry.retire();
        uint64 delayed = inbox.delayedCount();
        _prove(NONCE);
        vm.assertEq(stakes.activeOf(gateway, Role.GATEWAY), 0);
        // It is out already: nothing is said twice.
        vm.assertEq(inbox.delayedCount(), delayed);
        // What is locked of it is released in its time, whatever was slashed.
        vm.warp(registry.lockedUntil(gateway));
        registry.unlock(gateway);
        vm.assertEq(stakes.lockedOf(gateway, Role.GATEWAY), 0);
    }

    function test_AStakeOnItsWayOutIsSlashedToo() public {
        vm.prank(gateway);
        registry.retire();
        vm.warp(registry.lockedUntil(gateway));
        registry.unlock(gateway);
        vm.prank(gateway);
        stakes.unbond(Role.GATEWAY, MINIMUM);
        _prove(NONCE);
        vm.assertEq(stakes.rewardOf(USER), MINIMUM / 2);
        vm.assertEq(stakes.unbondingsOf(gateway, Role.GATEWAY).length, 0);
    }

    function test_WhoHasMoreThanTheMinimumLosesTheMinimumANonceAndGoesOn() public {
        stakes.stake(gateway, Role.GATEWAY, MINIMUM);
        _prove(NONCE);
        vm.assertEq(stakes.activeOf(gateway, Role.GATEWAY), MINIMUM);
        vm.assertTrue(registry.isGateway(gateway));
        _prove(NONCE + 1);
        vm.assertFalse(registry.isGateway(gateway));
    }

    /// Who was slashed joins again behind a new stake, which the lock of before binds.
    function test_WhoJoinsAgainHasTheMinimumLockedOnce() public {
        _prove(NONCE);
        stakes.stake(gateway, Role.GATEWAY, MINIMUM);
        vm.prank(gateway);
        registry.join();
        vm.assertEq(stakes.lockedOf(gateway, Role.GATEWAY), MINIMUM);
        vm.assertEq(stakes.freeOf(gateway, Role.GATEWAY), 0);
    }

    /// Else a gateway could settle nonces before it has a stake, and use each twice afterwards.
    function test_RevertWhen_NothingIsAtStake() public {
        _prove(NONCE);
        (bytes memory first, bytes memory second) = (_sign(NONCE + 1, FIRST), _sign(NONCE + 1, SECOND));
        vm.expectRevert(abi.encodeWithSelector(GatewayPromises.NothingAtStake.selector, gateway));
        registry.proveDoubleNonce(gateway, NONCE + 1, FIRST, first, SECOND, second);
        vm.assertFalse(registry.isSettled(gateway, NONCE + 1));
        stakes.stake(gateway, Role.GATEWAY, MINIMUM);
        registry.proveDoubleNonce(gateway, NONCE + 1, FIRST, first, SECOND, second);
        vm.assertEq(stakes.activeOf(gateway, Role.GATEWAY), 0);
    }

    /// The same batch may have been signed twice: a signature need not be the same each time.
    function test_RevertWhen_TheItemsAreTheSame() public {
        bytes memory first = _sign(NONCE, FIRST);
        vm.expectRevert(abi.encodeWithSelector(GatewayPromises.ItemsAreEqual.selector, FIRST));
        registry.proveDoubleNonce(gateway, NONCE, FIRST, first, FIRST, first);
    }

    function test_RevertWhen_NoncesOrSignersDiffer() public {
        (bytes memory first, bytes memory other) = (_sign(NONCE, FIRST), _sign(NONCE + 1, SECOND));
        vm.expectPartialRevert(GatewayPromises.WrongSigner.selector);
        registry.proveDoubleNonce(gateway, NONCE, FIRST, first, SECOND, other);
        vm.expectPartialRevert(GatewayPromises.WrongSigner.selector);
        registry.proveDoubleNonce(gateway, NONCE + 1, FIRST, first, SECOND, other);
        other = _signAs(KEY + 1, gateway, NONCE, SECOND);
        address stranger = vm.addr(KEY + 1);
        vm.expectRevert(abi.encodeWithSelector(GatewayPromises.WrongSigner.selector, gateway, stranger));
        registry.proveDoubleNonce(gateway, NONCE, FIRST, first, SECOND, other);
        vm.expectRevert(abi.encodeWithSelector(GatewayPromises.WrongSigner.selector, gateway, stranger));
        registry.proveDoubleNonce(gateway, NONCE, SECOND, other, FIRST, first);
    }

    /// One rule for signatures everywhere: 65 bytes, low s.
    function test_RevertWhen_ASignatureIsNotInTheOneForm() public {
        (bytes memory first, bytes memory second) = (_sign(NONCE, FIRST), _sign(NONCE, SECOND));
        vm.expectRevert(abi.encodeWithSelector(ECDSA.ECDSAInvalidSignatureLength.selector, 66));
        registry.proveDoubleNonce(gateway, NONCE, FIRST, first, SECOND, bytes.concat(second, hex"00"));
    }

    /// With any amount of gas the proof is undone as a whole, or the gateway is slashed and out.
    function testFuzz_NoAmountOfGasKeepsTheGatewayIn(uint256 gasLimit) public {
        gasLimit = bound(gasLimit, 50_000, 1_800_000);
        bytes memory call = abi.encodeCall(
            registry.proveDoubleNonce, (gateway, NONCE, FIRST, _sign(NONCE, FIRST), SECOND, _sign(NONCE, SECOND))
        );
        (bool done,) = address(registry).call{gas: gasLimit}(call);
        vm.assertEq(stakes.activeOf(gateway, Role.GATEWAY), done ? 0 : MINIMUM);
        vm.assertTrue(registry.isGateway(gateway) != done);
        vm.assertTrue(registry.isSettled(gateway, NONCE) == done);
    }

    /// Of any two batches exactly those are punished that have one signer, one nonce and other items.
    function testFuzz_OnlyTwoBatchesOfOneNonceAreADoubleNonce(
        uint64 nonce,
        uint64 otherNonce,
        bytes32 root,
        bytes32 otherRoot,
        uint8 same
    ) public {
        if (same & 1 != 0) otherNonce = nonce;
        if (same & 2 != 0) otherRoot = root;
        uint256 otherKey = same & 4 != 0 ? KEY + 1 : KEY;
        bytes memory first = _sign(nonce, root);
        bytes memory second = _signAs(otherKey, gateway, otherNonce, otherRoot);
        bool isDouble = nonce == otherNonce && root != otherRoot && otherKey == KEY;
        try registry.proveDoubleNonce(gateway, nonce, root, first, otherRoot, second) {
            vm.assertTrue(isDouble);
            vm.assertEq(stakes.activeOf(gateway, Role.GATEWAY), 0);
        } catch {
            vm.assertFalse(isDouble);
            vm.assertEq(stakes.activeOf(gateway, Role.GATEWAY), MINIMUM);
        }
    }

    function _prove(uint64 nonce) private {
        (bytes memory first, bytes memory second) = (_sign(nonce, FIRST), _sign(nonce, SECOND));
        vm.prank(USER);
        registry.proveDoubleNonce(gateway, nonce, FIRST, first, SECOND, second);
    }

    function _sign(uint64 nonce, bytes32 root) private view returns (bytes memory) {
        return _signAs(KEY, gateway, nonce, root);
    }

    function _signAs(uint256 key, address named, uint64 nonce, bytes32 root) private view returns (bytes memory) {
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(key, registry.digestOf(named, nonce, root));
        return bytes.concat(r, s, bytes1(v));
    }
}
