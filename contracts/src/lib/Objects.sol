// SPDX-License-Identifier: MIT
// docs/messages.md#certificate
pragma solidity 0.8.37;

import {DataObject} from "./Types.sol";

/// @title The list of objects that a certificate covers.
library Objects {
    uint256 private constant ENTRY_BYTES = 40;

    /// @notice keccak256 of (objectRoot ‖ length u64) of `first` and then of `rest`, and the sum of the lengths.
    function hashList(DataObject memory first, DataObject[] calldata rest)
        internal
        pure
        returns (bytes32 objectsHash, uint64 totalLength)
    {
        bytes memory list = new bytes((rest.length + 1) * ENTRY_BYTES);
        _write(list, 0, first.root, first.length);
        totalLength = first.length;
        for (uint256 i = 0; i < rest.length; ++i) {
            _write(list, (i + 1) * ENTRY_BYTES, rest[i].root, rest[i].length);
            totalLength += rest[i].length;
        }
        objectsHash = keccak256(list);
    }

    function _write(bytes memory list, uint256 offset, bytes32 root, uint64 length) private pure {
        assembly ("memory-safe") {
            let entry := add(add(list, 32), offset)
            mstore(entry, root)
            // Only the 8 bytes of the length: a whole word would reach past the last entry.
            mstore(add(entry, 8), or(and(mload(add(entry, 8)), not(0xffffffffffffffff)), length))
        }
    }
}
