// SPDX-License-Identifier: MIT
// docs/isa.md#memory (bulk)
pragma solidity 0.8.37;

// Casts keep the low bits on purpose, or of numbers that are known to fit.
// forge-lint: disable-start(unsafe-typecast)

import {Constants} from "../generated/Constants.sol";
import {Instructions} from "../generated/Instructions.sol";
import {Tree} from "../lib/Tree.sol";
import {Context, Contexts} from "./Context.sol";
import {Ending} from "./Ending.sol";
import {LeafProofs} from "./LeafProof.sol";
import {Step, Steps} from "./Step.sol";

/// @title Bulk instructions: a step stays in one leaf of the target, and in one of the source.
library BulkSteps {
    error DataRootMismatch(bytes32 expected, bytes32 actual);

    /// @notice memory_fill, memory_copy, memory_init, dot_i8.
    function execute(Step memory step) internal pure returns (bytes32) {
        if (step.op == Instructions.DOT_I8) return _dot(step);
        uint256 dst = step.load32(step.a);
        uint256 src = step.load32(step.a + 1);
        uint256 n = step.load32(step.a + 2);
        if (step.op == Instructions.MEMORY_INIT) return _init(step, dst, src, n);
        if (!step.inMemory(dst, n)) return Ending.fault(step);
        if (step.op == Instructions.MEMORY_FILL) return _fill(step, dst, src, n);
        return _copy(step, dst, src, n);
    }

    function _fill(Step memory step, uint256 dst, uint256 value, uint256 n) private pure returns (bytes32) {
        if (n == 0) return step.next();
        uint256 part = Steps.leafPart(dst, n);
        bytes memory data = new bytes(part);
        uint256 pattern = (value & 0xff) * (type(uint256).max / 0xff);
        for (uint256 i = 0; i < part; i += 32) {
            assembly ("memory-safe") {
                mstore(add(add(data, 32), i), pattern)
            }
        }
        step.writeMemory(dst, data);
        return _advance(step, dst + part, value, n - part);
    }

    function _copy(Step memory step, uint256 dst, uint256 src, uint256 n) private pure returns (bytes32) {
        if (!step.inMemory(src, n)) return Ending.fault(step);
        if (n == 0) return step.next();
        if (dst <= src) {
            uint256 part = Steps.copyPart(dst, src, n);
            step.writeMemory(dst, step.readMemory(src, part));
            return _advance(step, dst + part, src + part, n - part);
        }
        // Backwards, so that an overlapping source is read before it is written.
        uint256 rest = n - _lastPart(src + n, _lastPart(dst + n, n));
        step.writeMemory(dst + rest, step.readMemory(src + rest, n - rest));
        return _advance(step, dst, src, rest);
    }

    /// @dev Bytes from the beginning of the leaf that the last byte before `end` lies in, at most n.
    function _lastPart(uint256 end, uint256 n) private pure returns (uint256) {
        uint256 part = (end - 1) % Constants.LEAF_BYTES + 1;
        return part < n ? part : n;
    }

    function _init(Step memory step, uint256 dst, uint256 src, uint256 n) private pure returns (bytes32) {
        uint256 segmentLength = step.slots.load(step.witness, step.imm >> 32);
        if (!step.inMemory(dst, n) || src + n > segmentLength) return Ending.fault(step);
        Context memory context = Contexts.read(step);
        bytes32 treeRoot = step.witness.takeWord();
        uint256 length = step.witness.takeNumber(8);
        bytes32 dataRoot = Tree.hashObject(treeRoot, uint64(length));
        require(dataRoot == context.dataRoot, DataRootMismatch(context.dataRoot, dataRoot));
        uint256 from = (step.imm & type(uint32).max) + src;
        if (from + n > length) return Ending.fault(step);
        if (n == 0) return step.next();
        uint256 part = Steps.copyPart(dst, from, n);
        uint256 depth = LeafProofs.depthOf(length);
        step.writeMemory(dst, LeafProofs.readSpan(step.witness, treeRoot, depth, from, part));
        return _advance(step, dst + part, src + part, n - part);
    }

    function _dot(Step memory step) private pure returns (bytes32) {
        uint256 sum = step.load32(step.a);
        uint256 left = step.load32(step.a + 1);
        uint256 right = step.load32(step.a + 2);
        uint256 n = step.load32(step.a + 3);
        if (!step.inMemory(left, n) || !step.inMemory(right, n)) return Ending.fault(step);
        step.machine.debt = Instructions.GAS_DOT_I8 - 1;
        uint256 part = Steps.copyPart(left, right, n);
        if (part != 0) {
            bytes memory data = step.readMemory(left, part);
            unchecked {
                sum += _sumOfProducts(data, step.readMemory(right, part));
            }
        }
        step.store(step.a, uint32(sum));
        if (part == n) return step.next();
        step.store(step.a + 1, left + part);
        step.store(step.a + 2, right + part);
        step.store(step.a + 3, n - part);
        return step.again();
    }

    /// @dev Of signed bytes, modulo 2^256.
    function _sumOfProducts(bytes memory left, bytes memory right) private pure returns (uint256 sum) {
        assembly ("memory-safe") {
            // The word that begins at i + 1 of an object ends with byte i of its data.
            let end := add(add(left, 1), mload(left))
            let distance := sub(right, left)
            for { let at := add(left, 1) } lt(at, end) { at := add(at, 1) } {
                let product := mul(signextend(0, mload(at)), signextend(0, mload(add(at, distance))))
                sum := add(sum, product)
            }
        }
    }

    function _advance(Step memory step, uint256 dst, uint256 src, uint256 left) private pure returns (bytes32) {
        if (left == 0) return step.next();
        step.store(step.a, dst);
        step.store(step.a + 1, src);
        step.store(step.a + 2, left);
        return step.again();
    }
}
