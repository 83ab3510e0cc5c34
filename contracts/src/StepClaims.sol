// SPDX-License-Identifier: MIT
// docs/contracts.md#rollup
pragma solidity 0.8.37;

import {PromisedBatches} from "./PromisedBatches.sol";
import {Constants} from "./generated/Constants.sol";
import {IDACommittee} from "./interfaces/IDACommittee.sol";
import {Objects} from "./lib/Objects.sol";
import {StateLeaf} from "./lib/StateLeaf.sol";
import {Tree} from "./lib/Tree.sol";
import {AssertionId, Certificate, DataObject} from "./lib/Types.sol";

/// @title What L1 checks of a claim itself: its range, both ends of its step list, and the promise to keep its bytes.
abstract contract StepClaims is PromisedBatches {
    /// @param parent the assertion this one builds on
    /// @param attempt 0, or one more than the attempt of the same content that was rejected, orphaned or challenged
    /// @param post the state leaf after the last step
    /// @param firstPath from the parent's post leaf, which is leaf 0 of the step list, to its tree root
    /// @param lastPath the same for the post leaf, the last of the list
    /// @param objects what the certificate covers after the step list: the index of the body first, then datasets
    struct Claim {
        AssertionId parent;
        uint32 attempt;
        StateLeaf post;
        bytes32[] firstPath;
        bytes32[] lastPath;
        DataObject[] objects;
        Certificate certificate;
    }

    uint256 public constant MAX_STEPS = 1 << 16;
    uint256 public constant MAX_OBJECTS = 256;

    IDACommittee public immutable committee;

    error CursorMismatch(uint64 expectedMessage, uint64 expectedStep, uint64 message, uint64 step);
    error StepCountTooLarge(uint256 maximum, uint256 actual);
    error ObjectCountOutOfRange(uint256 maximum, uint256 actual);
    error FirstLeafMismatch(bytes32 expected, bytes32 actual);

    constructor(IDACommittee committee_) {
        committee = committee_;
    }

    /// @return stepCount number of messages of the batches from `firstBatch` to before that of `post`
    function _requireCursor(uint64 firstBatch, StateLeaf calldata post) internal view returns (uint64 stepCount) {
        _requireRange(firstBatch, post.batch);
        uint64 step = _inbox().totalMessagesBefore(post.batch);
        require(post.message == 0 && post.step == step, CursorMismatch(0, step, post.message, post.step));
        stepCount = step - _inbox().totalMessagesBefore(firstBatch);
        require(stepCount <= MAX_STEPS, StepCountTooLarge(MAX_STEPS, stepCount));
    }

    /// @return stepRoot of the list that has the parent's post leaf first and the claimed one last
    function _stepRootOf(Claim calldata claim, bytes32 parentLeaf, bytes32 leafHash, uint64 stepCount)
        internal
        pure
        returns (bytes32 stepRoot)
    {
        stepRoot = Tree.listRootFromLastPath(leafHash, uint256(stepCount) + 1, claim.lastPath);
        bytes32 firstRoot = Tree.listRootFromPath(parentLeaf, 0, uint256(stepCount) + 1, claim.firstPath);
        require(firstRoot == stepRoot, FirstLeafMismatch(stepRoot, firstRoot));
    }

    function _verifyCertificate(
        bytes32 stepRoot,
        uint64 stepCount,
        DataObject[] calldata objects,
        Certificate calldata certificate
    ) internal view {
        uint256 count = objects.length;
        require(count > 0 && count <= MAX_OBJECTS, ObjectCountOutOfRange(MAX_OBJECTS, count));
        DataObject memory steps = DataObject(stepRoot, (stepCount + 1) * uint64(Constants.LEAF_BYTES));
        (bytes32 objectsHash, uint64 totalLength) = Objects.hashList(steps, objects);
        committee.verify(objectsHash, totalLength, certificate);
    }
}
