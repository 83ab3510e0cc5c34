// SPDX-License-Identifier: MIT
// docs/machine.md#proof (slots)
pragma solidity 0.8.37;

import {Constants} from "../generated/Constants.sol";
import {LeafProof, LeafProofs} from "./LeafProof.sol";
import {Witness} from "./Witness.sol";

/// @notice The slot leaves that an instruction touches, in the order in which it touches them.
/// @param root slotsRoot before the instruction
/// @param leaves no instruction touches more than four
/// @param written one more than the place in `leaves` of the first and of the second leaf that was written, or 0
struct Slots {
    bytes32 root;
    uint256 count;
    LeafProof[4] leaves;
    uint256 written;
    uint256 writtenNext;
}

using SlotRegion for Slots global;

/// @title The slot region: 65,536 slots of 64 bits, 16 to a leaf.
library SlotRegion {
    uint256 private constant PER_LEAF = 16;
    uint256 private constant SLOT_BYTES = 8;

    /// @notice Proves the slot's leaf, if that has not been done, and returns its value.
    function load(Slots memory slots, Witness memory witness, uint256 slot) internal pure returns (uint256) {
        slot %= Constants.SLOT_COUNT;
        return slots.leaves[_find(slots, witness, slot / PER_LEAF)].numberAt(slot % PER_LEAF * SLOT_BYTES, SLOT_BYTES);
    }

    /// @notice Sets a slot whose leaf is proven.
    function store(Slots memory slots, Witness memory witness, uint256 slot, uint256 value) internal pure {
        slot %= Constants.SLOT_COUNT;
        uint256 place = _find(slots, witness, slot / PER_LEAF);
        slots.leaves[place].setUint64(slot % PER_LEAF * SLOT_BYTES, value);
        if (slots.written == 0) slots.written = place + 1;
        else if (slots.written != place + 1) slots.writtenNext = place + 1;
    }

    /// @notice slotsRoot after all writes.
    function rootAfter(Slots memory slots) internal pure returns (bytes32) {
        if (slots.written == 0) return slots.root;
        LeafProof memory first = slots.leaves[slots.written - 1];
        if (slots.writtenNext == 0) return first.rootAfter();
        return first.rootAfterBoth(slots.leaves[slots.writtenNext - 1]);
    }

    function _find(Slots memory slots, Witness memory witness, uint256 index) private pure returns (uint256 place) {
        uint256 count = slots.count;
        for (; place < count; ++place) {
            if (slots.leaves[place].index == index) return place;
        }
        slots.leaves[count] = LeafProofs.read(witness, slots.root, index, Constants.SLOT_TREE_DEPTH);
        slots.count = count + 1;
    }
}
