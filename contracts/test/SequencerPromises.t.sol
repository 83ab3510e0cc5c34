// SPDX-License-Identifier: MIT
// docs/contracts.md#promises
pragma solidity 0.8.37;

import {SequencerPromises} from "../src/SequencerPromises.sol";
import {MessageProof, Messages, Part} from "../src/dispute/Message.sol";
import {Tree} from "../src/lib/Tree.sol";
import {Certificate, Role} from "../src/lib/Types.sol";
import {GameNetwork} from "./support/GameNetwork.sol";
import {Trees} from "./support/Trees.sol";
import {vm} from "./support/Vm.sol";
import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";

contract SequencerPromisesTest is GameNetwork {
    uint256 private constant KEY = 500;
    /// @dev The first batch of the one who promises.
    uint64 private constant BATCH = 1;

    address private signer;
    bytes32 private first;
    bytes32 private second;

    function setUp() public override {
        super.setUp();
        signer = vm.addr(KEY);
        vm.prank(COURT);
        stakes.slash(SEQUENCER, Role.SEQUENCER, STAKE, address(0), 0);
        stakes.stake(signer, Role.SEQUENCER, MINIMUM);
        vm.prank(signer);
        inbox.join();
        (first, second) = (Tree.objectRoot(hex"0102030405"), Tree.objectRoot(_pattern(300)));
        _postAs(batchObject, 2);
    }

    function test_AKeptPromiseCostsNothing() public {
        _expectKept(0, first);
        _expectKept(1, second);
    }

    function test_WhoPostsAnotherMessageInThePlaceIsSlashed() public {
        (SequencerPromises.Promise memory promised, bytes memory signature) = _promise(BATCH, 0, second);
        uint256 supply = token.totalSupply();
        vm.expectEmit();
        emit SequencerPromises.PromiseBroken(signer, BATCH, 0, second, USER);
        MessageProof memory proof = _messageProof(0);
        vm.prank(USER);
        inbox.proveBroken(promised, signature, proof);
        vm.assertEq(stakes.activeOf(signer, Role.SEQUENCER), 0);
        vm.assertEq(stakes.rewardOf(USER), MINIMUM / 2);
        vm.assertEq(supply - token.totalSupply(), MINIMUM / 2);
        vm.assertFalse(inbox.mayPost(signer, block.timestamp));
    }

    function test_APromiseIsPunishedOnce() public {
        (SequencerPromises.Promise memory promised, bytes memory signature) = _promise(BATCH, 0, second);
        MessageProof memory proof = _messageProof(0);
        inbox.proveBroken(promised, signature, proof);
        stakes.stake(signer, Role.SEQUENCER, MINIMUM);
        bytes32 digest = inbox.digestOf(promised);
        vm.expectRevert(abi.encodeWithSelector(SequencerPromises.PromiseSettled.selector, signer, digest));
        inbox.proveBroken(promised, signature, proof);
        vm.assertEq(stakes.activeOf(signer, Role.SEQUENCER), MINIMUM);
    }

    function test_ABatchThatEndsBeforeThePlaceBreaksThePromise() public {
        (SequencerPromises.Promise memory promised, bytes memory signature) = _promise(BATCH, 2, first);
        MessageProof memory none;
        inbox.proveBroken(promised, signature, none);
        vm.assertEq(stakes.activeOf(signer, Role.SEQUENCER), 0);
    }

    /// A batch object that is none has only empty messages: whoever posts it breaks what he has promised about it.
    function test_ABatchWithoutItsMagicBreaksThePromise() public {
        bytes memory object = batchObject;
        object[0] = "X";
        _postAs(object, 2);
        (SequencerPromises.Promise memory promised, bytes memory signature) = _promise(BATCH + 1, 0, first);
        MessageProof memory whole = _messageProof(0);
        // The head decides: what comes after it is not taken.
        vm.expectRevert(abi.encodeWithSelector(Messages.ProofTooLong.selector, Part.HEAD));
        inbox.proveBroken(promised, signature, whole);
        MessageProof memory proof;
        (proof.head, proof.headPath) = (whole.head, whole.headPath);
        inbox.proveBroken(promised, signature, proof);
        vm.assertEq(stakes.activeOf(signer, Role.SEQUENCER), 0);
    }

    function test_BytesBehindThePromisedMessageBreakThePromise() public {
        bytes memory object = batchObject;
        object[512 + 400] = 0x01;
        _postAs(object, 2);
        (SequencerPromises.Promise memory promised, bytes memory signature) = _promise(BATCH + 1, 1, second);
        MessageProof memory proof = _messageProof(1);
        inbox.proveBroken(promised, signature, proof);
        vm.assertEq(stakes.activeOf(signer, Role.SEQUENCER), 0);
    }

    function test_RevertWhen_SomebodyElseHasPostedTheBatch() public {
        (SequencerPromises.Promise memory promised, bytes memory signature) = _promise(0, 0, second);
        MessageProof memory proof = _messageProof(0);
        vm.expectRevert(abi.encodeWithSelector(SequencerPromises.PosterMismatch.selector, signer, SEQUENCER));
        inbox.proveBroken(promised, signature, proof);
    }

    function test_RevertWhen_TheBatchWasForcedIn() public {
        inbox.forceMessage(hex"05");
        vm.warp(block.timestamp + DELAY + SLOT / 2);
        inbox.forceInclude(BATCH + 1, 1);
        (SequencerPromises.Promise memory promised, bytes memory signature) = _promise(BATCH + 1, 0, second);
        MessageProof memory none;
        vm.expectRevert(abi.encodeWithSelector(SequencerPromises.PosterMismatch.selector, signer, address(0)));
        inbox.proveBroken(promised, signature, none);
    }

    function test_RevertWhen_TheBytesOfTheBatchWereLost() public {
        vm.prank(address(rollup));
        inbox.voidBatch(BATCH);
        (SequencerPromises.Promise memory promised, bytes memory signature) = _promise(BATCH, 0, first);
        MessageProof memory proof = _messageProof(0);
        vm.expectRevert(abi.encodeWithSelector(SequencerPromises.BatchIsVoid.selector, BATCH));
        inbox.proveBroken(promised, signature, proof);
    }

    function test_RevertWhen_TheProofIsOfAnotherPlaceOrObject() public {
        (SequencerPromises.Promise memory promised, bytes memory signature) = _promise(BATCH, 0, first);
        MessageProof memory proof = _messageProof(1);
        vm.expectRevert();
        inbox.proveBroken(promised, signature, proof);
        proof = _messageProof(0);
        proof.subtree = keccak256("other");
        vm.expectPartialRevert(Messages.BatchObjectMismatch.selector);
        inbox.proveBroken(promised, signature, proof);
    }

    function test_TwoPromisesOfOnePlaceAreSlashedWhoeverPosts() public {
        (SequencerPromises.Promise memory a, bytes memory aSignature) = _promise(9, 4, first);
        (SequencerPromises.Promise memory b, bytes memory bSignature) = _promise(9, 4, second);
        vm.prank(USER);
        inbox.proveContradiction(a, aSignature, b, bSignature);
        vm.assertEq(stakes.activeOf(signer, Role.SEQUENCER), 0);
        vm.assertEq(stakes.rewardOf(USER), MINIMUM / 2);
        stakes.stake(signer, Role.SEQUENCER, MINIMUM);
        vm.expectPartialRevert(SequencerPromises.PromiseSettled.selector);
        inbox.proveContradiction(b, bSignature, a, aSignature);
    }

    function test_RevertWhen_PromisesDoNotContradict() public {
        (SequencerPromises.Promise memory a, bytes memory aSignature) = _promise(9, 4, first);
        bytes memory refusal = abi.encodeWithSelector(SequencerPromises.PromisesDoNotContradict.selector);
        vm.expectRevert(refusal);
        inbox.proveContradiction(a, aSignature, a, aSignature);
        (SequencerPromises.Promise memory b, bytes memory bSignature) = _promise(9, 5, second);
        vm.expectRevert(refusal);
        inbox.proveContradiction(a, aSignature, b, bSignature);
        (b, bSignature) = _promise(8, 4, second);
        vm.expectRevert(refusal);
        inbox.proveContradiction(a, aSignature, b, bSignature);
        b = SequencerPromises.Promise(9, 4, second);
        bSignature = _sign(b, KEY + 1);
        vm.expectRevert(refusal);
        inbox.proveContradiction(a, aSignature, b, bSignature);
    }

    /// One rule for signatures everywhere: 65 bytes, low s.
    function test_RevertWhen_ASignatureIsNotInTheOneForm() public {
        (SequencerPromises.Promise memory promised, bytes memory signature) = _promise(BATCH, 0, second);
        MessageProof memory proof = _messageProof(0);
        vm.expectRevert(abi.encodeWithSelector(ECDSA.ECDSAInvalidSignatureLength.selector, 66));
        inbox.proveBroken(promised, bytes.concat(signature, hex"00"), proof);
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(KEY, inbox.digestOf(promised));
        uint256 order = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141;
        signature = bytes.concat(r, bytes32(order - uint256(s)), bytes1(v == 27 ? 28 : 27));
        vm.expectPartialRevert(ECDSA.ECDSAInvalidSignatureS.selector);
        inbox.proveBroken(promised, signature, proof);
    }

    function testFuzz_OnlyADifferentMessageIsABrokenPromise(uint256 place, bytes32 hash) public {
        place &= 1;
        bytes32 actual = place == 0 ? first : second;
        _expectKept(uint32(place), actual);
        if (hash == actual) return;
        (SequencerPromises.Promise memory promised, bytes memory signature) = _promise(BATCH, uint32(place), hash);
        MessageProof memory proof = _messageProof(place);
        inbox.proveBroken(promised, signature, proof);
        vm.assertEq(stakes.activeOf(signer, Role.SEQUENCER), 0);
    }

    function _expectKept(uint32 place, bytes32 hash) private {
        (SequencerPromises.Promise memory promised, bytes memory signature) = _promise(BATCH, place, hash);
        MessageProof memory proof = _messageProof(place);
        vm.expectRevert(abi.encodeWithSelector(SequencerPromises.PromiseKept.selector, hash));
        inbox.proveBroken(promised, signature, proof);
    }

    function _promise(uint64 batch, uint32 message, bytes32 hash)
        private
        view
        returns (SequencerPromises.Promise memory promised, bytes memory signature)
    {
        promised = SequencerPromises.Promise(batch, message, hash);
        signature = _sign(promised, KEY);
    }

    function _sign(SequencerPromises.Promise memory promised, uint256 key) private view returns (bytes memory) {
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(key, inbox.digestOf(promised));
        return bytes.concat(r, s, bytes1(v));
    }

    function _postAs(bytes memory object, uint32 count) private {
        batchObject = object;
        bytes32 root = Trees.objectRoot(object);
        uint32 length = uint32(object.length);
        Certificate memory certificate = _certify(keccak256(abi.encodePacked(root, uint64(length))), length, 0xd);
        (uint64 index, uint64 delayed) = (inbox.batchCount(), inbox.delayedCount());
        vm.prank(signer);
        inbox.postBatch(index, root, length, count, uint64(block.timestamp), delayed, certificate);
    }
}
