// SPDX-License-Identifier: MIT
// docs/contracts.md#siblings
pragma solidity 0.8.37;

import {LiveChildren} from "../src/LiveChildren.sol";
import {AssertionId} from "../src/lib/Types.sol";
import {vm} from "./support/Vm.sol";

contract LiveChildrenHarness is LiveChildren {
    function add(AssertionId parent, AssertionId id) external {
        _addChild(parent, id);
    }

    function remove(AssertionId parent, AssertionId id) external {
        _removeChild(parent, id);
    }

    function hasChild(AssertionId parent) external view returns (bool) {
        return _hasChild(parent);
    }

    function hasEarlierSibling(AssertionId id) external view returns (bool) {
        return _hasEarlierSibling(id);
    }
}

contract LiveChildrenTest {
    AssertionId private constant PARENT = AssertionId.wrap(keccak256("parent"));
    AssertionId private constant OTHER = AssertionId.wrap(keccak256("other"));

    LiveChildrenHarness private harness;
    /// @dev What the harness should hold, in order.
    AssertionId[] private expected;

    function setUp() public {
        harness = new LiveChildrenHarness();
    }

    function test_AnOnlyChildHasNoSibling() public {
        _check();
        _add(1);
        vm.assertTrue(harness.hasChild(PARENT));
        vm.assertFalse(harness.hasChild(OTHER));
        _check();
        _remove(0);
        vm.assertFalse(harness.hasChild(PARENT));
        _check();
    }

    function test_TheFirstTheLastAndAnyBetweenAreRemoved() public {
        for (uint256 i = 1; i <= 5; ++i) {
            _add(i);
        }
        _check();
        _remove(2);
        _check();
        _remove(0);
        _check();
        _remove(2);
        _check();
        _add(6);
        _check();
        vm.assertTrue(harness.earlierSiblingOf(_id(6)) == _id(4));
    }

    /// @dev Whatever comes and goes in whatever order, the list is that of those that are left; another parent's stays.
    function testFuzz_TheOrderIsThatOfThoseLeft(uint256 seed) public {
        harness.add(OTHER, _id(1000));
        harness.add(OTHER, _id(1001));
        for (uint256 i = 1; i <= 40; ++i) {
            seed = uint256(keccak256(abi.encode(seed)));
            if (seed % 3 == 0 && expected.length > 0) _remove((seed >> 8) % expected.length);
            else _add(i);
            _check();
        }
        vm.assertTrue(harness.lastChildOf(OTHER) == _id(1001));
        vm.assertTrue(harness.earlierSiblingOf(_id(1001)) == _id(1000));
    }

    function _check() private view {
        AssertionId id = harness.lastChildOf(PARENT);
        for (uint256 left = expected.length; left > 0; --left) {
            vm.assertTrue(id == expected[left - 1]);
            vm.assertTrue(harness.hasEarlierSibling(id) == (left > 1));
            id = harness.earlierSiblingOf(id);
        }
        vm.assertTrue(id == AssertionId.wrap(0));
    }

    function _add(uint256 number) private {
        harness.add(PARENT, _id(number));
        expected.push(_id(number));
    }

    function _remove(uint256 place) private {
        harness.remove(PARENT, expected[place]);
        for (uint256 i = place; i + 1 < expected.length; ++i) {
            expected[i] = expected[i + 1];
        }
        expected.pop();
    }

    function _id(uint256 number) private pure returns (AssertionId) {
        return AssertionId.wrap(bytes32(number));
    }
}
