// SPDX-License-Identifier: MIT
// docs/disputes.md
pragma solidity 0.8.37;

import {Rollup} from "../Rollup.sol";
import {IInbox} from "../interfaces/IInbox.sol";
import {AssertionId} from "../lib/Types.sol";

/// @title What decides about assertions, and only while they are pending.
abstract contract AboutAssertions {
    Rollup public immutable rollup;
    IInbox public immutable inbox;

    error AssertionStatusMismatch(AssertionId id, Rollup.Status expected, Rollup.Status actual);

    constructor(Rollup rollup_) {
        rollup = rollup_;
        inbox = rollup_.inbox();
    }

    function _requireStatus(AssertionId assertion, Rollup.Status expected) internal view {
        Rollup.Status actual = rollup.statusOf(assertion);
        require(actual == expected, AssertionStatusMismatch(assertion, expected, actual));
    }

    /// @dev The players would hold the batches as they are against what the assertion tells of them.
    function _requireNotMoot(AssertionId assertion) internal view {
        require(!rollup.isMoot(assertion), Rollup.AssertionIsMoot(assertion));
    }
}
