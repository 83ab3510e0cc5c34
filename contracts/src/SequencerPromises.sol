// SPDX-License-Identifier: MIT
// docs/contracts.md#promises
pragma solidity 0.8.37;

import {MessageProof, Messages} from "./dispute/Message.sol";
import {Constants} from "./generated/Constants.sol";
import {Batch} from "./interfaces/IInbox.sol";
import {IStakeSource} from "./interfaces/IStakeSource.sol";
import {DataObject, Role} from "./lib/Types.sol";
import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";

/// @title What a sequencer has signed about the place of a message, and what it costs to break it.
abstract contract SequencerPromises is EIP712 {
    /// @notice If the signer posts batch `batch`, its sequenced message `message` is the one with this hash.
    /// @param message counted among the sequenced messages of the batch
    /// @param messageHash object root of the message's bytes
    struct Promise {
        uint64 batch;
        uint32 message;
        bytes32 messageHash;
    }

    /// @notice Digests of promises that a sequencer has been slashed for, by signer.
    mapping(address sequencer => mapping(bytes32 digest => bool)) public isSettled;

    event PromiseBroken(
        address indexed sequencer, uint64 indexed batch, uint32 message, bytes32 messageHash, address indexed prover
    );

    error PromiseSettled(address sequencer, bytes32 digest);
    error PromiseKept(bytes32 messageHash);
    error PosterMismatch(address expected, address actual);
    error BatchIsVoid(uint64 batch);
    error PromisesDoNotContradict();

    /// @notice Slashes the signer of a promise about a batch that it has posted otherwise; the sender gets the reward.
    /// @param proof of what the message is, docs/disputes.md#message; all of it empty if the batch has no such message
    function proveBroken(Promise calldata promised, bytes calldata signature, MessageProof calldata proof) external {
        (address signer, bytes32 digest) = _signerOf(promised, signature);
        (address poster, Batch memory batch, uint256 sequenced) = _postedBatch(promised.batch);
        require(poster == signer, PosterMismatch(signer, poster));
        if (promised.message < sequenced) {
            // The bytes of a void batch were lost by the committee: that tells nothing of the sequencer.
            require(batch.objectLength > 0, BatchIsVoid(promised.batch));
            (DataObject memory message,) = Messages.sequenced(batch, promised.message, sequenced, proof);
            require(message.root != promised.messageHash, PromiseKept(promised.messageHash));
        }
        _settle(signer, digest);
        _punish(signer, promised);
    }

    /// @notice Slashes a sequencer that has promised the same place to two messages, whoever has posted that batch.
    function proveContradiction(
        Promise calldata first,
        bytes calldata firstSignature,
        Promise calldata second,
        bytes calldata secondSignature
    ) external {
        (address signer, bytes32 firstDigest) = _signerOf(first, firstSignature);
        (address other, bytes32 secondDigest) = _signerOf(second, secondSignature);
        require(
            signer == other && first.batch == second.batch && first.message == second.message
                && first.messageHash != second.messageHash,
            PromisesDoNotContradict()
        );
        _settle(signer, firstDigest);
        _settle(signer, secondDigest);
        _punish(signer, first);
    }

    /// @notice What a sequencer signs.
    function digestOf(Promise calldata promised) public view returns (bytes32) {
        return _hashTypedDataV4(
            keccak256(abi.encode(Constants.PROMISE_TYPEHASH, promised.batch, promised.message, promised.messageHash))
        );
    }

    function _stakes() internal view virtual returns (IStakeSource);

    /// @dev A batch, who has posted it, and the number of messages in its object.
    function _postedBatch(uint64 index)
        internal
        view
        virtual
        returns (address poster, Batch memory batch, uint256 sequenced);

    function _signerOf(Promise calldata promised, bytes calldata signature)
        private
        view
        returns (address signer, bytes32 digest)
    {
        digest = digestOf(promised);
        signer = ECDSA.recoverCalldata(digest, signature);
    }

    /// @dev Once per promise: its signature can be shown for ever, but costs one stake.
    function _settle(address signer, bytes32 digest) private {
        require(!isSettled[signer][digest], PromiseSettled(signer, digest));
        isSettled[signer][digest] = true;
    }

    function _punish(address signer, Promise calldata promised) private {
        IStakeSource stakes_ = _stakes();
        emit PromiseBroken(signer, promised.batch, promised.message, promised.messageHash, msg.sender);
        uint256 amount = stakes_.minimumOf(Role.SEQUENCER);
        stakes_.slash(signer, Role.SEQUENCER, amount, msg.sender, amount);
    }
}
