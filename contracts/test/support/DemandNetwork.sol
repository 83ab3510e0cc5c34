// SPDX-License-Identifier: MIT
// docs/disputes.md#bytes: assertions with step lists of any length, of which leaves and nodes are demanded.
pragma solidity 0.8.37;

import {DemandId} from "../../src/Demands.sol";
import {Rollup} from "../../src/Rollup.sol";
import {StateLeaf} from "../../src/lib/StateLeaf.sol";
import {AssertionId, DataObject} from "../../src/lib/Types.sol";
import {GameNetwork} from "./GameNetwork.sol";
import {LongList, LongLists} from "./LongList.sol";
import {Trees} from "./Trees.sol";
import {vm} from "./Vm.sol";

abstract contract DemandNetwork is GameNetwork {
    uint256 private constant BATCH = 4096;

    AssertionId internal parent;
    /// @dev The post leaf of `parent`.
    bytes internal parentLeaf;
    AssertionId internal assertion;
    bytes internal lastLeaf;

    function setUp() public virtual override {
        super.setUp();
        parent = _assertSteps(_steps("claim"), EXECUTOR);
        parentLeaf = Trees.slice(stepList, 3 * 128, 128);
    }

    function _demandNodes(uint8 depth, uint64 index) internal returns (DemandId) {
        vm.prank(CHALLENGER);
        return demands.demandNodes(assertion, depth, index);
    }

    function _demandLeaf(uint64 index) internal returns (DemandId) {
        vm.prank(CHALLENGER);
        return demands.demandStep(assertion, index);
    }

    /// @dev Batches with so many messages after the parent's, and an assertion of them.
    function _assertLong(uint256 leaves) internal returns (LongList memory list) {
        for (uint256 left = leaves - 1; left > 0;) {
            uint256 count = left < BATCH ? left : BATCH;
            _postBatch(uint32(count));
            left -= count;
        }
        uint64 batch = inbox.batchCount();
        uint64 step = inbox.totalMessagesBefore(batch);
        Rollup.Claim memory claim;
        claim.parent = parent;
        claim.post = StateLeaf(keccak256("post"), keccak256("receipt"), batch, 0, step);
        list = LongLists.create(leaves, parentLeaf, _leafBytes(keccak256("post"), batch, 0, step));
        claim.firstPath = list.path(list.depth(), 0);
        claim.lastPath = list.path(list.depth(), leaves - 1);
        claim.objects = new DataObject[](1);
        claim.objects[0] = DataObject(keccak256("body"), 777);
        (bytes32 hash, uint64 length) = objects.hashList(DataObject(list.root(), uint64(leaves * 128)), claim.objects);
        claim.certificate = _certify(hash, length, 0xd);
        vm.prank(EXECUTOR);
        assertion = rollup.createAssertion(claim);
        lastLeaf = list.last;
    }
}
