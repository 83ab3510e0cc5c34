// SPDX-License-Identifier: MIT
// docs/disputes.md#bytes
pragma solidity 0.8.37;

import {Assertions} from "./Assertions.sol";
import {Dispute} from "./Dispute.sol";
import {MizuToken} from "./MizuToken.sol";
import {Rollup} from "./Rollup.sol";
import {AboutAssertions} from "./dispute/AboutAssertions.sol";
import {CallLength} from "./dispute/CallLength.sol";
import {Ledger} from "./dispute/Ledger.sol";
import {Constants} from "./generated/Constants.sol";
import {Batch} from "./interfaces/IInbox.sol";
import {Tree} from "./lib/Tree.sol";
import {AssertionId, DataObject} from "./lib/Types.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";

/// @notice keccak256(assertion ‖ object root ‖ depth ‖ index): a node of a tree is demanded once.
type DemandId is bytes32;

/// @title "Publish on L1 or lose": who asserts a range had its step list and its messages, so he can show any part of them.
contract Demands is Ledger, AboutAssertions {
    enum DemandStatus {
        NONE,
        OPEN,
        PUBLISHED,
        EXPIRED,
        SETTLED
    }

    /// @param depth of the demanded node below the tree's root: a leaf is shown itself, another node by those below it
    /// @param index among the nodes of that depth
    /// @param left of what was paid: while the demand is open all of it, then of the base bond
    struct Demand {
        AssertionId assertion;
        bytes32 objectRoot;
        address demander;
        DemandStatus status;
        uint40 deadline;
        uint8 depth;
        uint64 length;
        uint64 index;
        uint32 gas;
        uint96 left;
    }

    /// @param nodes as of publishNodes; empty: `leaf` is shown, as of publish
    struct Answer {
        DemandId id;
        bytes leaf;
        bytes32[] nodes;
        bytes32[] path;
    }

    /// @notice What is known of an assertion's demands.
    /// @param nodes unix seconds until which nodes may be demanded because of what was published
    /// @param leaves the same for leaves
    /// @param open demands that count for the asserter
    struct Standing {
        uint40 nodes;
        uint40 leaves;
        uint32 open;
    }

    /// @notice Levels below a demanded node at which the nodes are shown.
    uint256 public constant LEVELS = 8;
    /// @notice Root, node at depth 8, leaf: publications that can follow one another. A step list has at most 17 levels.
    uint256 public constant MAX_CHAIN = 3;
    /// @notice That an asserter is taken to be able to give within `demandSeconds`: one publishAll of the executor.
    uint256 public constant ANSWERS = 12;
    /// @notice By which the time for an answer grows at most, with the demands that are open.
    uint256 public constant STRETCH = 4;

    /// @dev Of what a publication does after its gas is counted: the asserter's balance, a new slot the first time, and
    /// what is left of the bond.
    uint256 private constant CLOSING_GAS = 27_100;

    /// @notice In which bytes must be published that are demanded alone, and in which what follows from any be done.
    uint32 public immutable demandSeconds;

    mapping(DemandId => Demand) private _demands;
    mapping(AssertionId => Standing) private _standings;
    /// @notice Open demands of all pending assertions of an asserter.
    mapping(address asserter => uint256) public openOf;

    event BytesDemanded(
        DemandId indexed id,
        AssertionId indexed assertion,
        address indexed demander,
        bytes32 objectRoot,
        uint8 depth,
        uint64 index,
        uint256 bond,
        uint256 deadline
    );
    event BytesPublished(DemandId indexed id, AssertionId indexed assertion, uint64 leafIndex, bytes leaf);
    event NodesPublished(
        DemandId indexed id, AssertionId indexed assertion, uint8 depth, uint64 index, bytes32[] nodes
    );
    event SurchargeBurned(DemandId indexed id, address indexed demander, uint256 amount);
    event DemandExpired(DemandId indexed id, AssertionId indexed assertion, address indexed demander);
    event DemandSettled(
        DemandId indexed id, AssertionId indexed assertion, address indexed demander, uint256 refunded, uint256 burned
    );

    error DemandSecondsIsZero();
    error ClocksTooShort(uint256 minimum, uint256 actual);
    error DemandExists(DemandId id);
    error DemandStatusMismatch(DemandId id, DemandStatus expected, DemandStatus actual);
    error DemandTooLate(uint256 deadline, uint256 actual);
    error DemandDeadline(uint256 deadline, uint256 actual);
    error BatchNotInRange(uint64 first, uint64 end, uint64 actual);
    error NodeOutOfRange(uint256 nodes, uint256 actual);
    error NoNodesBelow(uint256 treeDepth, uint256 actual);
    error LeafDemanded(DemandId id);
    error NodesDemanded(DemandId id);
    error NodeCountMismatch(uint256 expected, uint256 actual);
    error ObjectMismatch(bytes32 expectedRoot, bytes32 actualRoot);

    /// @dev Nothing can be published for an assertion that is decided; what is left of the bonds is settled.
    constructor(MizuToken token_, Rollup rollup_, Dispute dispute, Settings memory settings, uint32 demandSeconds_)
        Ledger(token_, settings)
        AboutAssertions(rollup_)
    {
        require(demandSeconds_ > 0, DemandSecondsIsZero());
        // The first demand may come at the window's end. Each publication takes up to STRETCH times `demandSeconds`, and what
        // follows from it `demandSeconds`; after the last follows a game, with both clocks.
        uint256 longest = 2 * (uint256(dispute.clockSeconds()) + dispute.extensionSeconds()) + MAX_CHAIN * (STRETCH + 1)
            * uint256(demandSeconds_);
        uint256 clocks = rollup_.stakes().timing().clocks;
        require(clocks >= longest, ClocksTooShort(longest, clocks));
        demandSeconds = demandSeconds_;
    }

    /// @notice Demands the nodes up to 8 levels below a node of the assertion's step list.
    /// @param depth 0 or 8
    function demandNodes(AssertionId assertion, uint8 depth, uint64 index) external returns (DemandId id) {
        uint256 gasAtStart = gasleft();
        DataObject memory steps = _stepList(assertion);
        uint256 treeDepth = Tree.depthOf(Tree.leafCount(steps.length));
        require((depth == 0 || depth == LEVELS) && depth < treeDepth, NoNodesBelow(treeDepth, depth));
        uint40 until = depth == 0 ? 0 : _standings[assertion].nodes;
        id = _demand(assertion, steps, depth, index, until);
        _pay(id, gasAtStart, 3);
    }

    /// @notice Demands a leaf of the assertion's step list.
    function demandStep(AssertionId assertion, uint64 leafIndex) external returns (DemandId id) {
        uint256 gasAtStart = gasleft();
        DataObject memory steps = _stepList(assertion);
        uint256 depth = Tree.depthOf(Tree.leafCount(steps.length));
        id = _demand(assertion, steps, depth, leafIndex, _standings[assertion].leaves);
        _pay(id, gasAtStart, 2);
    }

    /// @notice Demands a leaf of the object of a batch that the assertion covers.
    function demandBatch(AssertionId assertion, uint64 batchIndex, uint64 leafIndex) external returns (DemandId id) {
        uint256 gasAtStart = gasleft();
        uint64 first = rollup.assertionOf(rollup.parentOf(assertion)).batch;
        uint64 end = rollup.assertionOf(assertion).batch;
        require(batchIndex >= first && batchIndex < end, BatchNotInRange(first, end, batchIndex));
        Batch memory batch = inbox.batch(batchIndex);
        DataObject memory object = DataObject(batch.objectRoot, batch.objectLength);
        id = _demand(assertion, object, Tree.depthOf(Tree.leafCount(object.length)), leafIndex, 0);
        _pay(id, gasAtStart, 3);
    }

    /// @notice Shows a demanded leaf. Anyone may, for the asserter: his costs are paid out of the demand's bond.
    function publish(DemandId id, bytes calldata leaf, bytes32[] calldata path) external {
        uint256 gasAtStart = gasleft();
        _publish(id, leaf, path, _requireAnswerable(id), gasAtStart);
    }

    /// @notice Shows the nodes below a demanded node, leftmost first, those of padding included.
    /// @param path of the demanded node, the siblings lowest first
    function publishNodes(DemandId id, bytes32[] calldata nodes, bytes32[] calldata path) external {
        uint256 gasAtStart = gasleft();
        _publishNodes(id, nodes, path, _requireAnswerable(id), gasAtStart);
    }

    /// @notice Answers many demands in one transaction.
    /// @dev What needs no answer any more is passed over: else whoever answers one of them could hold up all. Each uses the
    /// memory of the one before, of which nothing is read any more: memory that has grown with all of them would make the
    /// later ones dearer than they are alone, at the demanders' expense.
    function publishAll(Answer[] calldata answers) external {
        uint256 free;
        assembly ("memory-safe") {
            free := mload(0x40)
        }
        for (uint256 i = 0; i < answers.length; ++i) {
            uint256 gasAtStart = gasleft();
            assembly ("memory-safe") {
                mstore(0x40, free)
            }
            Answer calldata answer = answers[i];
            (bool answerable, address asserter) = _answerable(answer.id);
            if (!answerable) continue;
            if (answer.nodes.length > 0) _publishNodes(answer.id, answer.nodes, answer.path, asserter, gasAtStart);
            else _publish(answer.id, answer.leaf, answer.path, asserter, gasAtStart);
        }
    }

    /// @notice Rejects an assertion whose demanded bytes were not shown in time.
    function expire(DemandId id) external {
        uint256 gasAtStart = gasleft();
        (Demand storage demand,) = _openDemand(id);
        require(block.timestamp >= demand.deadline, DemandDeadline(demand.deadline, block.timestamp));
        demand.status = DemandStatus.EXPIRED;
        emit DemandExpired(id, demand.assertion, demand.demander);
        _release(demand.assertion);
        _credit(demand.demander, demand.left);
        uint256 gas = demand.gas + _gasSince(gasAtStart, CallLength.ofWords(1));
        rollup.reject(demand.assertion, demand.demander, costOf(gas));
    }

    /// @notice What is left of a bond when the assertion is decided: it is the demander's if he was right to doubt or nobody
    /// will know, because it is moot, and else burned. The first one about what is rejected or moot frees the asserter of all
    /// that are open about it.
    function settle(DemandId id) external {
        Demand storage demand = _demands[id];
        DemandStatus status = demand.status;
        AssertionId assertion = demand.assertion;
        (Assertions.Status standing, bool moot,) = rollup.standingOf(assertion);
        bool refunded = moot || standing == Assertions.Status.REJECTED;
        bool open = status == DemandStatus.OPEN;
        bool settleable = status == DemandStatus.PUBLISHED || (open && refunded);
        require(settleable, DemandStatusMismatch(id, DemandStatus.PUBLISHED, status));
        bool ended = standing == Assertions.Status.CONFIRMED || standing == Assertions.Status.ORPHANED;
        require(refunded || ended, AssertionStatusMismatch(assertion, Assertions.Status.CONFIRMED, standing));
        if (refunded) _release(assertion);
        demand.status = DemandStatus.SETTLED;
        if (moot && open) rollup.closeGame(assertion);
        uint256 left = demand.left;
        if (refunded) _credit(demand.demander, left);
        else if (left > 0) token.burn(left);
        emit DemandSettled(id, assertion, demand.demander, refunded ? left : 0, refunded ? 0 : left);
    }

    function demandOf(DemandId id) external view returns (Demand memory) {
        return _demands[id];
    }

    function standingOf(AssertionId assertion) external view returns (Standing memory) {
        return _standings[assertion];
    }

    /// @notice What the next demand about the assertion costs.
    function bondFor(AssertionId assertion) external view returns (uint256) {
        return _bondAt(openOf[rollup.asserterOf(assertion)]);
    }

    /// @notice In how many seconds the next demand about the assertion must be answered.
    function secondsFor(AssertionId assertion) external view returns (uint256) {
        return _secondsAt(openOf[rollup.asserterOf(assertion)]);
    }

    function demandIdOf(AssertionId assertion, bytes32 objectRoot, uint256 depth, uint64 index)
        public
        pure
        returns (DemandId)
    {
        return DemandId.wrap(keccak256(abi.encode(assertion, objectRoot, depth, index)));
    }

    function _stepList(AssertionId assertion) private view returns (DataObject memory) {
        (bytes32 stepRoot, uint64 stepCount) = rollup.stepListOf(assertion);
        return DataObject(stepRoot, (stepCount + 1) * uint64(Constants.LEAF_BYTES));
    }

    /// @param followUp until which the demand may come after the window, because it follows from a publication
    function _demand(AssertionId assertion, DataObject memory object, uint256 depth, uint64 index, uint256 followUp)
        private
        returns (DemandId id)
    {
        id = demandIdOf(assertion, object.root, depth, index);
        Demand storage demand = _demands[id];
        require(demand.status == DemandStatus.NONE, DemandExists(id));
        _requireInRange(object.length, depth, index);
        // Within the first window, which a pause may prolong, but no publication: else demands could follow each other for
        // ever.
        uint256 last = rollup.windowEndOf(assertion);
        if (last < followUp) last = followUp;
        require(block.timestamp < last, DemandTooLate(last, block.timestamp));
        rollup.openGame(assertion);
        uint256 open = _count(assertion);
        uint256 paid = _bondAt(open);
        (demand.assertion, demand.objectRoot) = (assertion, object.root);
        // A depth is at most that of a tree of 2^64 bytes: _requireInRange.
        // forge-lint: disable-next-line(unsafe-typecast)
        (demand.demander, demand.status, demand.depth) = (msg.sender, DemandStatus.OPEN, uint8(depth));
        (demand.length, demand.index, demand.left) = (object.length, index, SafeCast.toUint96(paid));
        demand.deadline = uint40(block.timestamp + _secondsAt(open));
        // forge-lint: disable-next-line(unsafe-typecast)
        emit BytesDemanded(id, assertion, msg.sender, object.root, uint8(depth), index, paid, demand.deadline);
    }

    /// @dev The end of a call with so many words of arguments. Nothing is written after the token is called.
    function _pay(DemandId id, uint256 gasAtStart, uint256 words) private {
        Demand storage demand = _demands[id];
        // A block has less gas than 2^32.
        // forge-lint: disable-next-line(unsafe-typecast)
        demand.gas = uint32(_gasSince(gasAtStart, CallLength.ofWords(words)) + LOCKING_GAS);
        _lock(demand.left);
    }

    /// @dev Counts one more for the asserter.
    /// @return open demands before it
    function _count(AssertionId assertion) private returns (uint256 open) {
        address asserter = rollup.asserterOf(assertion);
        open = openOf[asserter];
        openOf[asserter] = open + 1;
        _standings[assertion].open += 1;
    }

    /// @dev None of a rejected or moot assertion is answered any more: they no longer make others dearer.
    function _release(AssertionId assertion) private {
        uint32 open = _standings[assertion].open;
        if (open == 0) return;
        _standings[assertion].open = 0;
        openOf[rollup.asserterOf(assertion)] -= open;
    }

    /// @dev Many at once cost their sum, which grows with the square of their number: whoever wants to make an asserter late
    /// must lose more than the asserter could.
    function _bondAt(uint256 open) private view returns (uint256) {
        return bond * (open + 1);
    }

    function _secondsAt(uint256 open) private view returns (uint256) {
        return Math.min(demandSeconds + demandSeconds * open / ANSWERS, STRETCH * demandSeconds);
    }

    /// @dev Nodes that hold nothing but padding are not demanded: createAssertion has seen that it is zero.
    function _requireInRange(uint64 length, uint256 depth, uint64 index) private pure {
        uint256 leaves = length == 0 ? 0 : Tree.leafCount(length);
        uint256 height = Tree.depthOf(leaves) - depth;
        // forge-lint: disable-next-line(incorrect-shift)
        uint256 nodes = (leaves + (1 << height) - 1) >> height;
        require(index < nodes, NodeOutOfRange(nodes, index));
    }

    function _requireRoot(Demand storage demand, bytes32 node, bytes32[] calldata path, uint256 height) private view {
        bytes32 root = Tree.objectRootFromPath(node, demand.index, height, demand.length, path);
        require(root == demand.objectRoot, ObjectMismatch(demand.objectRoot, root));
    }

    /// @param asserter of the assertion: the demand is answerable
    function _publish(DemandId id, bytes calldata leaf, bytes32[] calldata path, address asserter, uint256 gasAtStart)
        private
    {
        Demand storage demand = _demands[id];
        _requireRoot(demand, Tree.hashLeaf(leaf), path, 0);
        // Else a leaf could be shown where nodes above it are demanded: its path has the same root.
        require(demand.depth == path.length, NodesDemanded(id));
        emit BytesPublished(id, demand.assertion, demand.index, leaf);
        _close(id, asserter, gasAtStart, CallLength.ofPublish(leaf, path));
    }

    function _publishNodes(
        DemandId id,
        bytes32[] calldata nodes,
        bytes32[] calldata path,
        address asserter,
        uint256 gasAtStart
    ) private {
        Demand storage demand = _demands[id];
        uint256 height = Tree.depthOf(Tree.leafCount(demand.length)) - demand.depth;
        // forge-lint: disable-next-line(incorrect-shift)
        uint256 count = 1 << (height < LEVELS ? height : LEVELS);
        require(height > 0, LeafDemanded(id));
        require(nodes.length == count, NodeCountMismatch(count, nodes.length));
        _requireRoot(demand, Tree.rootOfNodes(nodes), path, height);
        uint40 until = uint40(block.timestamp + demandSeconds);
        Standing storage standing = _standings[demand.assertion];
        standing.leaves = until;
        if (demand.depth == 0) standing.nodes = until;
        emit NodesPublished(id, demand.assertion, demand.depth, demand.index, nodes);
        _close(id, asserter, gasAtStart, CallLength.ofPublishNodes(nodes, path));
    }

    /// @dev Bytes that come with the window's end would be of no use without time for what follows from them. What the
    /// demand has cost above the base bond is lost, whatever becomes of the assertion: else a flood would be free for who
    /// brings the asserter down with it.
    function _close(DemandId id, address asserter, uint256 gasAtStart, uint256 callBytes) private {
        Demand storage demand = _demands[id];
        AssertionId assertion = demand.assertion;
        demand.status = DemandStatus.PUBLISHED;
        _standings[assertion].open -= 1;
        openOf[asserter] -= 1;
        rollup.keepOpen(assertion, uint64(block.timestamp + demandSeconds));
        rollup.closeGame(assertion);
        uint256 surcharge = demand.left - bond;
        if (surcharge > 0) {
            token.burn(surcharge);
            emit SurchargeBurned(id, demand.demander, surcharge);
        }
        uint256 award = _award(bond, asserter, _gasSince(gasAtStart, callBytes) + CLOSING_GAS);
        // A bond is at most the cap of the token, below 2^96: Settings.
        // forge-lint: disable-next-line(unsafe-typecast)
        demand.left = uint96(bond - award);
    }

    function _answerable(DemandId id) private view returns (bool answerable, address asserter) {
        Demand storage demand = _demands[id];
        if (demand.status != DemandStatus.OPEN || block.timestamp >= demand.deadline) return (false, asserter);
        Assertions.Status status;
        bool moot;
        (status, moot, asserter) = rollup.standingOf(demand.assertion);
        answerable = status == Assertions.Status.PENDING && !moot;
    }

    function _requireAnswerable(DemandId id) private view returns (address asserter) {
        Demand storage demand;
        (demand, asserter) = _openDemand(id);
        require(block.timestamp < demand.deadline, DemandDeadline(demand.deadline, block.timestamp));
    }

    function _openDemand(DemandId id) private view returns (Demand storage demand, address asserter) {
        demand = _demands[id];
        require(demand.status == DemandStatus.OPEN, DemandStatusMismatch(id, DemandStatus.OPEN, demand.status));
        asserter = _requireJudged(demand.assertion);
    }
}
