// SPDX-License-Identifier: MIT
// docs/disputes.md
pragma solidity 0.8.37;

import {Assertions} from "../Assertions.sol";
import {Rollup} from "../Rollup.sol";
import {IInbox} from "../interfaces/IInbox.sol";
import {AssertionId} from "../lib/Types.sol";

/// @title What decides about assertions, and only while they are pending.
abstract contract AboutAssertions {
    Rollup public immutable rollup;
    IInbox public immutable inbox;

    error AssertionStatusMismatch(AssertionId id, Assertions.Status expected, Assertions.Status actual);

    constructor(Rollup rollup_) {
        rollup = rollup_;
        inbox = rollup_.inbox();
    }

    function _requireStatus(AssertionId assertion, Assertions.Status expected) internal view {
        _requireStatus(assertion, expected, rollup.statusOf(assertion));
    }

    function _requireStatus(AssertionId assertion, Assertions.Status expected, Assertions.Status actual) internal pure {
        require(actual == expected, AssertionStatusMismatch(assertion, expected, actual));
    }

    /// @dev Of a moot one the players would hold the batches as they are against what the assertion tells of them.
    /// @return asserter of an assertion about which something may be decided
    function _requireJudged(AssertionId assertion) internal view returns (address asserter) {
        Assertions.Status status;
        bool moot;
        (status, moot, asserter) = rollup.standingOf(assertion);
        _requireStatus(assertion, Assertions.Status.PENDING, status);
        require(!moot, Rollup.AssertionIsMoot(assertion));
    }
}
