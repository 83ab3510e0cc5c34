// SPDX-License-Identifier: MIT
// docs/contracts.md#escape
pragma solidity 0.8.37;

import {Bridge} from "./Bridge.sol";
import {Rollup} from "./Rollup.sol";
import {Constants} from "./generated/Constants.sol";
import {IInbox} from "./interfaces/IInbox.sol";
import {StateTrie} from "./lib/StateTrie.sol";
import {Tree} from "./lib/Tree.sol";
import {BitMaps} from "@openzeppelin/contracts/utils/structs/BitMaps.sol";

/// @title The way out of a network that has ended: from the last confirmed state, by proof alone, with nobody's help.
/// @notice Every payment goes to whom the record belongs, so anyone may call for anyone.
contract Escape {
    using BitMaps for BitMaps.BitMap;

    Rollup public immutable rollup;
    IInbox public immutable inbox;
    Bridge public immutable bridge;

    mapping(address account => bool) public accountLeft;
    mapping(bytes32 run => bool) public runLeft;
    BitMaps.BitMap private _depositsLeft;

    event AccountLeft(address indexed account, uint256 amount);
    event RunLeft(bytes32 indexed run, address indexed owner, uint256 amount);
    event DepositLeft(uint64 indexed index, address indexed account, uint256 amount);
    event RefundLeft(uint64 indexed index, bytes32 indexed run, address indexed owner, uint256 amount);

    error NetworkHasNotEnded(uint256 endableFrom);
    error AccountHasLeft(address account);
    error RunHasLeft(bytes32 run);
    error DepositHasLeft(uint64 index);
    error DepositIsInState(uint64 first, uint64 index);
    error DepositMismatch(bytes32 expectedRoot, bytes32 actualRoot);
    error NothingToLeaveWith();

    constructor(Rollup rollup_, Bridge bridge_) {
        rollup = rollup_;
        inbox = rollup_.inbox();
        bridge = bridge_;
    }

    /// @notice Pays an account its balance in the last confirmed state, once.
    /// @param proof nodes of the state trie from the root to the record in table `A`
    function leaveAccount(address account, uint64 nonce, uint256 balance, bytes[] calldata proof) external {
        require(!accountLeft[account], AccountHasLeft(account));
        StateTrie.requireAccount(stateRoot(), account, nonce, balance, proof);
        accountLeft[account] = true;
        _pay(account, balance);
        emit AccountLeft(account, balance);
    }

    /// @notice Pays the owner of a run that is running in the last confirmed state what it has not spent, once.
    /// @param proof nodes of the state trie from the root to the record in table `R`
    function leaveRun(bytes32 run, StateTrie.RunRecord calldata record, bytes[] calldata proof) external {
        require(!runLeft[run], RunHasLeft(run));
        StateTrie.requireRun(stateRoot(), run, StateTrie.RUNNING, record, proof);
        runLeft[run] = true;
        uint256 rest = record.escrow - record.spent;
        _pay(record.owner, rest);
        emit RunLeft(run, record.owner, rest);
    }

    /// @notice Pays a deposit that has not reached the last confirmed state, once.
    /// @param index in the delayed queue
    function leaveDeposit(uint64 index, address account, uint256 amount) external {
        _leaveMessage(index, abi.encodePacked(Constants.DEPOSIT, account, amount));
        _pay(account, amount);
        emit DepositLeft(index, account, amount);
    }

    /// @notice Pays the owner of a run the refund of a voided item that has not reached the last confirmed state, once.
    /// @param index in the delayed queue
    /// @param message the queued message but for its kind and refund: run, stage, partition, attempt and resultRoot
    /// @param status of the run in the last confirmed state
    /// @param proof nodes of the state trie from the root to the record in table `R`
    function leaveRefund(
        uint64 index,
        bytes calldata message,
        uint256 refund,
        uint256 status,
        StateTrie.RunRecord calldata record,
        bytes[] calldata proof
    ) external {
        _leaveMessage(index, abi.encodePacked(Constants.ITEM_VOIDED, message, refund));
        bytes32 run = bytes32(message[:32]);
        StateTrie.requireRun(stateRoot(), run, status, record, proof);
        _pay(record.owner, refund);
        emit RefundLeft(index, run, record.owner, refund);
    }

    /// @notice Whether the deposit or the refund at this place of the delayed queue was paid.
    function depositLeft(uint64 index) external view returns (bool) {
        return _depositsLeft.get(index);
    }

    /// @notice Root of the state from which all leave; reverts before the end.
    function stateRoot() public view returns (bytes32) {
        _requireEnded();
        return rollup.confirmedStateRoot(rollup.latestConfirmed());
    }

    /// @notice First message of the delayed queue that is not in that state; reverts before the end.
    function delayedFrom() public view returns (uint64) {
        _requireEnded();
        uint64 batch = rollup.assertionOf(rollup.latestConfirmed()).batch;
        return batch == 0 ? 0 : inbox.batch(batch - 1).delayedUpTo;
    }

    function _leaveMessage(uint64 index, bytes memory message) private {
        require(!_depositsLeft.get(index), DepositHasLeft(index));
        uint64 first = delayedFrom();
        require(index >= first, DepositIsInState(first, index));
        bytes32 root = Tree.objectRoot(message);
        bytes32 queued = inbox.delayedMessage(index).objectRoot;
        require(root == queued, DepositMismatch(queued, root));
        _depositsLeft.set(index);
    }

    function _requireEnded() private view {
        require(rollup.endedAt() != 0, NetworkHasNotEnded(rollup.endableFrom()));
    }

    function _pay(address to, uint256 amount) private {
        require(amount > 0, NothingToLeaveWith());
        bridge.payEscape(to, amount);
    }
}
