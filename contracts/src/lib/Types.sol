// SPDX-License-Identifier: MIT
// docs/contracts.md#types
pragma solidity 0.8.37;

/// @notice What an account stakes for. Each role has its own provision: a fault in one never reaches another.
enum Role {
    EXECUTOR,
    VALIDATOR,
    SEQUENCER,
    DA_MEMBER,
    GATEWAY
}

/// @notice keccak256(content ‖ attempt) of an assertion, see docs/contracts.md#rollup.
type AssertionId is bytes32;

using {_sameAssertion as ==, _otherAssertion as !=} for AssertionId global;

function _sameAssertion(AssertionId a, AssertionId b) pure returns (bool) {
    return AssertionId.unwrap(a) == AssertionId.unwrap(b);
}

function _otherAssertion(AssertionId a, AssertionId b) pure returns (bool) {
    return AssertionId.unwrap(a) != AssertionId.unwrap(b);
}

/// @notice An object of the DA layer: its root (docs/vm.md#tree) and its length in bytes.
struct DataObject {
    bytes32 root;
    uint64 length;
}

/// @notice The DA committee's promise to keep objects until `expiry`, see docs/messages.md#certificate.
struct Certificate {
    uint64 epoch;
    uint64 expiry;
    uint64 signers;
    bytes signatures;
}
