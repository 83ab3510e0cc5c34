// SPDX-License-Identifier: MIT
// docs/da.md#challenges: bonds are held or paid back, and nobody is slashed but for bytes that nobody has shown.
pragma solidity 0.8.37;

import {DAChallenges} from "../../src/DAChallenges.sol";
import {Role} from "../../src/lib/Types.sol";
import {FuzzTargets} from "../support/Fuzz.sol";
import {StoredObjects} from "../support/StoredObjects.sol";
import {Trees} from "../support/Trees.sol";
import {bound, vm} from "../support/Vm.sol";

contract DAChallengesHandler is StoredObjects {
    /// @dev Objects by length: that one is what its bytes are made of.
    uint256[3] private lengths = [uint256(5), 130, 4100];
    uint256[] private objectOf;
    /// @dev Members and objects that may be slashed: all of whose challenges were not published.
    uint256 public withheld;
    mapping(address => mapping(uint256 object => bool)) private counted;
    uint256 public published;

    constructor() {
        setUp();
    }

    function ask(uint256 object, uint256 piece, uint256 signers) external {
        object %= 3;
        bytes memory data = _bytes(lengths[object]);
        bytes32 root = Trees.objectRoot(data);
        uint64 expiry = uint64(block.timestamp) + RETENTION;
        uint64 bits = uint64(bound(signers, 1, 15));
        piece %= (data.length + 4095) / 4096;
        _challengeRoot(root, uint64(data.length), uint64(piece), _promise(root, uint64(data.length), expiry, bits));
        objectOf.push(object);
    }

    function show(uint256 id) external {
        if (objectOf.length == 0) return;
        id %= objectOf.length;
        bool answerable = challenges.isAnswerable(id);
        DAChallenges.Answer memory answer = _answer(id, _bytes(lengths[objectOf[id]]));
        vm.prank(PUBLISHER);
        try challenges.publish(id, answer.data, answer.path) {
            vm.assertTrue(answerable);
            published++;
        } catch {
            vm.assertFalse(answerable);
        }
    }

    function expire(uint256 id, uint256 signers) external {
        if (objectOf.length == 0) return;
        id %= objectOf.length;
        uint32 bits = uint32(bound(signers, 0, 15));
        DAChallenges.Challenge memory before = challenges.challengeOf(id);
        bool due = before.status == DAChallenges.ChallengeStatus.EXPIRED
            || (before.status == DAChallenges.ChallengeStatus.OPEN && block.timestamp >= before.deadline);
        try challenges.expire(id, bits) {
            vm.assertTrue(due);
        } catch {
            vm.assertFalse(due);
            return;
        }
        for (uint256 i = 0; i < 4; ++i) {
            bool isNamed = (before.signers & bits) >> i & 1 == 1;
            if (!isNamed || counted[_member(i)][objectOf[id]]) continue;
            counted[_member(i)][objectOf[id]] = true;
            withheld++;
        }
    }

    function wait(uint256 time) external {
        vm.warp(block.timestamp + bound(time, 0, ANSWER));
    }

    function take(bool publisher) external {
        address account = publisher ? PUBLISHER : CHALLENGER;
        if (challenges.balanceOf(account) == 0) return;
        vm.prank(account);
        challenges.withdraw();
    }

    function held() external view returns (uint256) {
        return token.balanceOf(address(challenges));
    }

    function owed() external view returns (uint256) {
        return challenges.openCount() * DA_BOND + challenges.balanceOf(PUBLISHER) + challenges.balanceOf(CHALLENGER);
    }

    function openByStatus() external view returns (uint256 open) {
        for (uint256 i = 0; i < objectOf.length; ++i) {
            if (challenges.challengeOf(i).status == DAChallenges.ChallengeStatus.OPEN) ++open;
        }
    }

    function openCount() external view returns (uint256) {
        return challenges.openCount();
    }

    function slashedOfAll() external view returns (uint256 slashed) {
        for (uint256 i = 0; i < 4; ++i) {
            slashed += STAKE - stakes.activeOf(_member(i), Role.DA_MEMBER);
        }
    }

    function expectedSlashes() external view returns (uint256) {
        return withheld * MINIMUM;
    }
}

contract DAChallengesInvariantTest is FuzzTargets {
    DAChallengesHandler private handler;

    function setUp() public {
        handler = new DAChallengesHandler();
        bytes4[] memory selectors = new bytes4[](5);
        selectors[0] = DAChallengesHandler.ask.selector;
        selectors[1] = DAChallengesHandler.show.selector;
        selectors[2] = DAChallengesHandler.expire.selector;
        selectors[3] = DAChallengesHandler.wait.selector;
        selectors[4] = DAChallengesHandler.take.selector;
        _target(address(handler), selectors);
    }

    /// forge-config: default.invariant.runs = 8
    function invariant_WhatIsHeldIsOwed() public view {
        vm.assertEq(handler.held(), handler.owed());
        vm.assertEq(handler.openCount(), handler.openByStatus());
    }

    /// Each member the minimum for each object of which a piece was not shown that it has signed for, and no more.
    /// forge-config: default.invariant.runs = 8
    function invariant_OnlyWithheldObjectsAreSlashedAndOnce() public view {
        vm.assertEq(handler.slashedOfAll(), handler.expectedSlashes());
    }
}
