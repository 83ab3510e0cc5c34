// SPDX-License-Identifier: MIT
// docs/disputes.md#bytes
pragma solidity 0.8.37;

import {Dispute} from "./Dispute.sol";
import {Rollup} from "./Rollup.sol";
import {AboutAssertions} from "./dispute/AboutAssertions.sol";
import {Ledger} from "./dispute/Ledger.sol";
import {Constants} from "./generated/Constants.sol";
import {Batch} from "./interfaces/IInbox.sol";
import {Tree} from "./lib/Tree.sol";
import {AssertionId, DataObject} from "./lib/Types.sol";
import {ERC20Burnable} from "@openzeppelin/contracts/token/ERC20/extensions/ERC20Burnable.sol";

/// @notice keccak256(assertion ‖ object root ‖ leaf index): a leaf is demanded once.
type DemandId is bytes32;

/// @title "Publish on L1 or lose": who asserts a range had its step list and its messages, so he can show any leaf of them.
contract Demands is Ledger, AboutAssertions {
    enum DemandStatus {
        NONE,
        OPEN,
        PUBLISHED,
        EXPIRED,
        REFUNDED
    }

    struct Demand {
        AssertionId assertion;
        bytes32 objectRoot;
        address demander;
        DemandStatus status;
        uint40 deadline;
        uint64 length;
        uint64 leafIndex;
        uint64 gas;
    }

    /// @notice In which demanded bytes must be published, and then a game about them opened.
    uint32 public immutable demandSeconds;

    mapping(DemandId => Demand) private _demands;

    event BytesDemanded(
        DemandId indexed id,
        AssertionId indexed assertion,
        address indexed demander,
        bytes32 objectRoot,
        uint64 leafIndex,
        uint256 deadline
    );
    event BytesPublished(DemandId indexed id, AssertionId indexed assertion, uint64 leafIndex, bytes leaf);
    event DemandExpired(DemandId indexed id, AssertionId indexed assertion);
    event DemandRefunded(DemandId indexed id);

    error DemandExists(DemandId id);
    error DemandStatusMismatch(DemandId id, DemandStatus expected, DemandStatus actual);
    error DemandTooLate(uint256 deadline, uint256 actual);
    error DemandDeadline(uint256 deadline, uint256 actual);
    error BatchNotInRange(uint64 first, uint64 end, uint64 actual);
    error LeafOutOfRange(uint256 leaves, uint256 actual);
    error ObjectMismatch(bytes32 expectedRoot, bytes32 actualRoot);
    error ClocksTooShort(uint256 minimum, uint256 actual);

    /// @dev Nothing can be published for an assertion that is decided; the demand's bond is refunded.
    constructor(ERC20Burnable token_, Rollup rollup_, Dispute dispute, Settings memory settings, uint32 demandSeconds_)
        Ledger(token_, settings)
        AboutAssertions(rollup_)
    {
        // Bytes may be demanded at the window's end, a game about them opened as much later; then both clocks run.
        uint256 longest = 2 * (uint256(dispute.clockSeconds()) + dispute.extensionSeconds() + demandSeconds_);
        uint256 clocks = rollup_.stakes().timing().clocks;
        require(clocks >= longest, ClocksTooShort(longest, clocks));
        demandSeconds = demandSeconds_;
    }

    /// @notice Demands a leaf of the assertion's step list.
    function demandStep(AssertionId assertion, uint64 leafIndex) external returns (DemandId) {
        (bytes32 stepRoot, uint64 stepCount) = rollup.stepListOf(assertion);
        uint64 length = (stepCount + 1) * uint64(Constants.LEAF_BYTES);
        return _demand(assertion, DataObject(stepRoot, length), leafIndex);
    }

    /// @notice Demands a leaf of the object of a batch that the assertion covers.
    function demandBatch(AssertionId assertion, uint64 batchIndex, uint64 leafIndex) external returns (DemandId) {
        uint64 first = rollup.assertionOf(rollup.parentOf(assertion)).batch;
        uint64 end = rollup.assertionOf(assertion).batch;
        require(batchIndex >= first && batchIndex < end, BatchNotInRange(first, end, batchIndex));
        Batch memory batch = inbox.batch(batchIndex);
        return _demand(assertion, DataObject(batch.objectRoot, batch.objectLength), leafIndex);
    }

    /// @notice Shows a demanded leaf. Anyone may, for the asserter: his costs are paid out of the demand's bond.
    function publish(DemandId id, bytes calldata leaf, bytes32[] calldata path) external {
        uint256 gasAtStart = gasleft();
        Demand storage demand = _openDemand(id);
        require(block.timestamp < demand.deadline, DemandDeadline(demand.deadline, block.timestamp));
        bytes32 root = Tree.objectRootFromPath(Tree.hashLeaf(leaf), demand.leafIndex, 0, demand.length, path);
        require(root == demand.objectRoot, ObjectMismatch(demand.objectRoot, root));
        demand.status = DemandStatus.PUBLISHED;
        // Bytes that come with the window's end would be of no use without time for a game.
        rollup.keepOpen(demand.assertion, uint64(block.timestamp + demandSeconds));
        rollup.closeGame(demand.assertion);
        emit BytesPublished(id, demand.assertion, demand.leafIndex, leaf);
        _forfeit(bond, rollup.asserterOf(demand.assertion), _gasSince(gasAtStart));
    }

    /// @notice Rejects an assertion whose demanded bytes were not shown in time.
    function expire(DemandId id) external {
        uint256 gasAtStart = gasleft();
        Demand storage demand = _openDemand(id);
        require(block.timestamp >= demand.deadline, DemandDeadline(demand.deadline, block.timestamp));
        demand.status = DemandStatus.EXPIRED;
        emit DemandExpired(id, demand.assertion);
        _credit(demand.demander, bond);
        rollup.reject(demand.assertion, demand.demander, costOf(demand.gas + _gasSince(gasAtStart)));
    }

    /// @notice Gives the bond of a demand back whose assertion was rejected for another reason.
    function refundDemand(DemandId id) external {
        Demand storage demand = _demands[id];
        require(demand.status == DemandStatus.OPEN, DemandStatusMismatch(id, DemandStatus.OPEN, demand.status));
        _requireStatus(demand.assertion, Rollup.Status.REJECTED);
        demand.status = DemandStatus.REFUNDED;
        _credit(demand.demander, bond);
        emit DemandRefunded(id);
    }

    function demandOf(DemandId id) external view returns (Demand memory) {
        return _demands[id];
    }

    function demandIdOf(AssertionId assertion, bytes32 objectRoot, uint64 leafIndex) public pure returns (DemandId) {
        return DemandId.wrap(keccak256(abi.encode(assertion, objectRoot, leafIndex)));
    }

    function _demand(AssertionId assertion, DataObject memory object, uint64 leafIndex) private returns (DemandId id) {
        uint256 gasAtStart = gasleft();
        id = demandIdOf(assertion, object.root, leafIndex);
        Demand storage demand = _demands[id];
        require(demand.status == DemandStatus.NONE, DemandExists(id));
        uint256 leaves = object.length == 0 ? 0 : Tree.leafCount(object.length);
        require(leafIndex < leaves, LeafOutOfRange(leaves, leafIndex));
        // Within the first window, also where a publication has prolonged it: else demands could follow each other for ever.
        uint256 last = uint256(rollup.assertionOf(assertion).createdAt) + rollup.window();
        require(block.timestamp < last, DemandTooLate(last, block.timestamp));
        rollup.openGame(assertion);
        (demand.assertion, demand.objectRoot) = (assertion, object.root);
        (demand.demander, demand.status) = (msg.sender, DemandStatus.OPEN);
        (demand.length, demand.leafIndex) = (object.length, leafIndex);
        demand.deadline = uint40(block.timestamp + demandSeconds);
        _lock(bond);
        emit BytesDemanded(id, assertion, msg.sender, object.root, leafIndex, demand.deadline);
        demand.gas = _gasSince(gasAtStart);
    }

    function _openDemand(DemandId id) private view returns (Demand storage demand) {
        demand = _demands[id];
        require(demand.status == DemandStatus.OPEN, DemandStatusMismatch(id, DemandStatus.OPEN, demand.status));
        _requireStatus(demand.assertion, Rollup.Status.PENDING);
    }
}
