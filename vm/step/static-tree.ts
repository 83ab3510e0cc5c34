// docs/vm.md#tree: proofs of leaves of an object that does not change: code, data segments, inputs.
import type { Hex } from '../../protocol/hex.ts';
import { depthOf, hashNode, LEAF_BYTES, leafCount, treeProof, treeRoot, zeroTreeRoot } from '../../protocol/tree.ts';

export type StaticTree = {
  readonly root: Hex;
  readonly length: number;
  /** The leaf at this index; zeros behind the end. */
  leaf(index: number): Uint8Array;
  siblings(index: number): Hex[];
};

/** Depth of the parts that are hashed anew for each proof: 128 KiB, which takes a millisecond. */
const PART_DEPTH = 10;
const PART_LEAVES = 2 ** PART_DEPTH;

const trees = new WeakMap<Uint8Array, StaticTree>();

/** The tree over the bytes; it is kept as long as they are. */
export function staticTree(bytes: Uint8Array): StaticTree {
  let tree = trees.get(bytes);
  if (tree === undefined) {
    tree = createTree(bytes);
    trees.set(bytes, tree);
  }
  return tree;
}

function createTree(bytes: Uint8Array): StaticTree {
  const depth = depthOf(bytes.length);
  const partDepth = Math.min(depth, PART_DEPTH);
  const partBytes = LEAF_BYTES * 2 ** partDepth;
  const part = (index: number): Uint8Array => bytes.subarray(index * partBytes, (index + 1) * partBytes);
  const parts = Math.ceil(leafCount(bytes.length) / PART_LEAVES);
  let level = Array.from({ length: parts }, (_, index) => treeRoot(part(index), partDepth));
  const levels = [level];
  for (let d = partDepth; d < depth; d++) {
    const below = level;
    level = Array.from({ length: Math.ceil(below.length / 2) }, (_, i) =>
      hashNode(below[2 * i]!, below[2 * i + 1] ?? zeroTreeRoot(d)),
    );
    levels.push(level);
  }
  return {
    root: level[0]!,
    length: bytes.length,
    leaf(index) {
      const leaf = new Uint8Array(LEAF_BYTES);
      leaf.set(bytes.subarray(index * LEAF_BYTES, (index + 1) * LEAF_BYTES));
      return leaf;
    },
    siblings(index) {
      const own = Math.floor(index / 2 ** partDepth);
      const padded = new Uint8Array(partBytes);
      padded.set(part(own));
      const low = treeProof(padded, index % 2 ** partDepth);
      const high = levels
        .slice(0, -1)
        .map((nodes, d) => nodes[Math.floor(own / 2 ** d) ^ 1] ?? zeroTreeRoot(partDepth + d));
      return [...low, ...high];
    },
  };
}
