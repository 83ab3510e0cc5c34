// SPDX-License-Identifier: MIT
// docs/contracts.md#siblings
pragma solidity 0.8.37;

import {AssertionId} from "./lib/Types.sol";

/// @title The children of each assertion that are not rejected, in the order in which they were made.
abstract contract LiveChildren {
    AssertionId private constant NONE = AssertionId.wrap(0);

    /// @dev An only child has no siblings to write.
    struct Links {
        AssertionId lastChild;
        AssertionId earlierSibling;
        AssertionId laterSibling;
    }

    mapping(AssertionId => Links) private _links;

    /// @notice The child that was made last of those that are not rejected; zero: there is none.
    function lastChildOf(AssertionId parent) public view returns (AssertionId) {
        return _links[parent].lastChild;
    }

    /// @notice The nearest sibling made before this assertion that is not rejected; zero: there is none.
    function earlierSiblingOf(AssertionId id) public view returns (AssertionId) {
        return _links[id].earlierSibling;
    }

    function _hasChild(AssertionId parent) internal view returns (bool) {
        return _links[parent].lastChild != NONE;
    }

    function _hasEarlierSibling(AssertionId id) internal view returns (bool) {
        return _links[id].earlierSibling != NONE;
    }

    function _addChild(AssertionId parent, AssertionId id) internal {
        AssertionId earlier = _links[parent].lastChild;
        _links[parent].lastChild = id;
        if (earlier == NONE) return;
        _links[id].earlierSibling = earlier;
        _links[earlier].laterSibling = id;
    }

    function _removeChild(AssertionId parent, AssertionId id) internal {
        (AssertionId earlier, AssertionId later) = (_links[id].earlierSibling, _links[id].laterSibling);
        if (later == NONE) _links[parent].lastChild = earlier;
        else _links[later].earlierSibling = earlier;
        if (earlier != NONE) _links[earlier].laterSibling = later;
        (_links[id].earlierSibling, _links[id].laterSibling) = (NONE, NONE);
    }
}
