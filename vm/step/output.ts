// docs/machine.md#running: the output, and the tree over it, which grows only on its right.
import type { Hex } from '../../protocol/hex.ts';
import { depthOf, hashLeaf, hashNode, LEAF_BYTES, treeRoot, zeroTreeRoot } from '../../protocol/tree.ts';

/** Depth of the subtrees that are hashed at once where the tree allows it. */
const CHUNK_DEPTH = 10;
const CHUNK_LEAVES = 2 ** CHUNK_DEPTH;

export type OutputMark = { readonly length: number; readonly folded: number; readonly frontier: readonly Hex[] };

export type MachineOutput = {
  length(): number;
  append(bytes: Uint8Array): void;
  bytes(): Uint8Array;
  /** Root at the natural depth. */
  root(): Hex;
  /** The last leaf, padded with zeros. */
  lastLeaf(): Uint8Array;
  /**
   * Siblings of the leaf that is written next, in the tree as it is; there are none if that leaf makes the tree one
   * level deeper.
   */
  siblings(): Hex[];
  /** A point to go back to. Bytes behind it stay, because a run writes the same bytes again. */
  mark(): OutputMark;
  reset(mark: OutputMark): void;
};

export function createMachineOutput(): MachineOutput {
  let buffer = new Uint8Array(1024);
  let length = 0;
  // Number of whole leaves in `frontier`; if bit d of it is set, frontier[d] is the root of the complete tree of depth
  // d for that bit.
  let folded = 0;
  let frontier: Hex[] = [];
  const fold = (): number => {
    const whole = Math.floor(length / LEAF_BYTES);
    while (folded < whole) {
      const depth = folded % CHUNK_LEAVES === 0 && whole - folded >= CHUNK_LEAVES ? CHUNK_DEPTH : 0;
      let node = treeRoot(buffer.subarray(folded * LEAF_BYTES, (folded + 2 ** depth) * LEAF_BYTES));
      let level = depth;
      for (; Math.floor(folded / 2 ** level) % 2 === 1; level++) node = hashNode(frontier[level]!, node);
      frontier[level] = node;
      folded += 2 ** depth;
    }
    return whole;
  };
  const lastLeaf = (): Uint8Array => {
    const leaf = new Uint8Array(LEAF_BYTES);
    leaf.set(buffer.subarray(length - (length % LEAF_BYTES), length));
    return leaf;
  };
  const siblings = (): Hex[] => {
    const whole = fold();
    const depth = depthOf(length);
    if (length === 2 ** depth * LEAF_BYTES) return [];
    return Array.from({ length: depth }, (_, d) =>
      Math.floor(whole / 2 ** d) % 2 === 1 ? frontier[d]! : zeroTreeRoot(d),
    );
  };
  return {
    length: () => length,
    append(bytes) {
      if (length + bytes.length > buffer.length) {
        const larger = new Uint8Array(Math.max(buffer.length * 2, length + bytes.length));
        larger.set(buffer.subarray(0, length));
        buffer = larger;
      }
      buffer.set(bytes, length);
      length += bytes.length;
    },
    bytes: () => buffer.slice(0, length),
    root() {
      const whole = fold();
      const depth = depthOf(length);
      if (length === 2 ** depth * LEAF_BYTES) return frontier[depth]!;
      return siblings().reduce(
        (node, sibling, d) =>
          Math.floor(whole / 2 ** d) % 2 === 1 ? hashNode(sibling, node) : hashNode(node, sibling),
        hashLeaf(lastLeaf()),
      );
    },
    lastLeaf,
    siblings,
    mark() {
      fold();
      return { length, folded, frontier: [...frontier] };
    },
    reset(mark) {
      length = mark.length;
      folded = mark.folded;
      frontier = [...mark.frontier];
    },
  };
}
