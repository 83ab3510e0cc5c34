// SPDX-License-Identifier: MIT
// docs/court.md#open, docs/messages.md#protocol-messages
pragma solidity 0.8.37;

import {GatewayRegistry} from "../GatewayRegistry.sol";
import {Cursor} from "../dispute/ClaimedStep.sol";
import {MessageProof, Messages} from "../dispute/Message.sol";
import {Constants} from "../generated/Constants.sol";
import {IInbox} from "../interfaces/IInbox.sol";
import {Tree} from "../lib/Tree.sol";
import {DataObject} from "../lib/Types.sol";
import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";

/// @notice Shows that a message InferenceResult stands in a batch, and an item that its gateway has signed with it.
/// @param message in the batch, counted from its first delayed one
/// @param proof of a sequenced message; all of it empty for a delayed one
/// @param head leaf 0 of the message: kind, signature, gateway, nonce, count, and the beginning of the first item
/// @param index of the item
/// @param item 256 bytes
/// @param itemPath siblings of the item's node in the tree over all items, lowest first
struct ShownItem {
    uint64 batch;
    uint64 message;
    MessageProof proof;
    bytes head;
    bytes32[] headPath;
    uint256 index;
    bytes item;
    bytes32[] itemPath;
}

/// @notice What is read of a ShownItem.
/// @param postedAt when L1 took its batch, unix seconds
/// @param exact whether the model's class was A at the message's place
/// @param tokenCost wei that its tokens cost at the model's prices there; the greatest number if it is more
struct SignedItem {
    address gateway;
    uint64 nonce;
    uint64 resultLength;
    uint48 postedAt;
    bool exact;
    uint256 tokenCost;
}

/// @title Items of gateways, as their signatures and the Inbox's batches show them.
/// @notice A contract of its own, because the court has no room for it.
contract SignedItems {
    uint256 private constant SIGNATURE_OFFSET = 1;
    uint256 private constant GATEWAY_OFFSET = 66;
    uint256 private constant NONCE_OFFSET = 86;
    uint256 private constant COUNT_OFFSET = 94;
    uint256 private constant RESULT_LENGTH_OFFSET = 104;
    uint256 private constant MODEL_OFFSET = 112;
    uint256 private constant INPUT_TOKENS_OFFSET = 144;
    uint256 private constant OUTPUT_TOKENS_OFFSET = 152;
    /// @dev An item has two leaves.
    uint256 private constant ITEM_HEIGHT = 1;

    IInbox public immutable inbox;
    GatewayRegistry public immutable registry;

    error NotGateway(address account);
    error ModelNotJudged(bytes32 model);
    error NoInferenceResult(bytes1 kind);
    error MessageMismatch(bytes32 expectedRoot, bytes32 actualRoot);
    error ItemCountOutOfRange(uint256 minimum, uint256 maximum, uint256 actual);
    error ItemLengthMismatch(uint256 expected, uint256 actual);
    error SignerMismatch(address expected, address actual);

    constructor(IInbox inbox_, GatewayRegistry registry_) {
        inbox = inbox_;
        registry = registry_;
    }

    /// @notice Reverts unless the item can be judged: an account that was a gateway has signed it with a message that stands
    /// in a batch, for a model that was of class A or B there.
    /// @dev The message's own items are not looked at. If they are others than those that were signed, the kernel refuses
    /// the message, and voters let an item stand that the kernel has not taken.
    function read(ShownItem calldata shown) external view returns (SignedItem memory signed) {
        uint64 delayed = _requireMessage(shown);
        bytes calldata head = shown.head;
        bytes1 kind = head[0];
        require(kind == Constants.INFERENCE_RESULT, NoInferenceResult(kind));
        signed.gateway = address(bytes20(head[GATEWAY_OFFSET:]));
        signed.nonce = uint64(bytes8(head[NONCE_OFFSET:]));
        _requireSigned(shown, signed);
        require(registry.wasGateway(signed.gateway), NotGateway(signed.gateway));
        bytes32 id = bytes32(shown.item[MODEL_OFFSET:]);
        GatewayRegistry.Model memory model = registry.modelAfter(id, delayed);
        bool judged = model.manifest.root != 0 && model.class <= Constants.LAST_SLASHABLE_CLASS;
        require(judged, ModelNotJudged(id));
        signed.exact = model.class == 0;
        signed.postedAt = inbox.postedAtOf(shown.batch);
        signed.resultLength = uint64(bytes8(shown.item[RESULT_LENGTH_OFFSET:]));
        signed.tokenCost = Math.saturatingAdd(
            Math.saturatingMul(uint64(bytes8(shown.item[INPUT_TOKENS_OFFSET:])), model.inputPrice),
            Math.saturatingMul(uint64(bytes8(shown.item[OUTPUT_TOKENS_OFFSET:])), model.outputPrice)
        );
    }

    /// @dev The sequenced messages of a void batch are empty: none of them is such a message.
    /// @return delayed number of delayed messages before this one: it tells what was registered then
    function _requireMessage(ShownItem calldata shown) private view returns (uint64 delayed) {
        (DataObject memory message,,) = Messages.read(inbox, Cursor(shown.batch, shown.message, 0), shown.proof);
        bytes32 root = Tree.objectRootFromPath(Tree.hashLeaf(shown.head), 0, 0, message.length, shown.headPath);
        require(root == message.root, MessageMismatch(message.root, root));
        uint64 delayedFrom = shown.batch == 0 ? 0 : inbox.batch(shown.batch - 1).delayedUpTo;
        uint64 delayedUpTo = inbox.batch(shown.batch).delayedUpTo;
        delayed = shown.message < delayedUpTo - delayedFrom ? delayedFrom + shown.message : delayedUpTo;
    }

    function _requireSigned(ShownItem calldata shown, SignedItem memory signed) private view {
        bytes32 itemsRoot = _itemsRoot(shown, uint16(bytes2(shown.head[COUNT_OFFSET:])));
        bytes32 digest = registry.digestOf(signed.gateway, signed.nonce, itemsRoot);
        address signer = ECDSA.recoverCalldata(digest, shown.head[SIGNATURE_OFFSET:GATEWAY_OFFSET]);
        require(signer == signed.gateway, SignerMismatch(signed.gateway, signer));
    }

    /// @dev Object root of the items, as the gateway has signed it.
    function _itemsRoot(ShownItem calldata shown, uint256 count) private pure returns (bytes32) {
        require(
            count > 0 && count <= Constants.MAX_INFERENCE_ITEMS,
            ItemCountOutOfRange(1, Constants.MAX_INFERENCE_ITEMS, count)
        );
        require(shown.index < count, Tree.IndexOutOfRange(count, shown.index));
        bytes calldata item = shown.item;
        uint256 length = Constants.INFERENCE_ITEM_BYTES;
        require(item.length == length, ItemLengthMismatch(length, item.length));
        bytes32 node =
            Tree.hashNode(Tree.hashLeaf(item[:Constants.LEAF_BYTES]), Tree.hashLeaf(item[Constants.LEAF_BYTES:]));
        // At most 32 items of 256 bytes.
        // forge-lint: disable-next-line(unsafe-typecast)
        return Tree.objectRootFromPath(node, shown.index, ITEM_HEIGHT, uint64(count * length), shown.itemPath);
    }
}
