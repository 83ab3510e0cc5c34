// docs/disputes.md#bytes: what L1 has been shown of a step list that nobody gives, and what must be asked for next.
import type { Publication } from '../node/l1/demand-record.ts';
import { type Hex, hexToBytes } from '../protocol/hex.ts';
import { type LeafIndex, toLeafIndex } from '../protocol/step-numbers.ts';
import { depthOfLeaves, hashLeaf, hashNode, leafCount, treeNode, zeroTreeRoot } from '../protocol/tree.ts';

/** The first leaf that differs, or the nodes or leaves that must be published next to find it. */
export type Search =
  | { readonly kind: 'found'; readonly index: LeafIndex; readonly leaf: Uint8Array }
  | { readonly kind: 'nodes'; readonly depth: number; readonly index: number }
  | { readonly kind: 'leaves'; readonly indices: readonly number[] };

export type ClaimedTree = {
  /** Goes down from the root, each time to the left one of two nodes that is not our own. */
  search(): Search;
  /**
   * The siblings on the path from leaf `index` to the root, lowest first. `first` is the first leaf that differs: left
   * of it the claimed tree is our own, so nothing of that has to have been shown.
   */
  pathOf(index: LeafIndex, first: LeafIndex): Hex[];
};

/** `own`: our own step list, of as many leaves as the claimed one. `publications`: of the claimed one, in any order. */
export function createClaimedTree(own: Uint8Array, publications: readonly Publication[]): ClaimedTree {
  const leaves = leafCount(own.length);
  const depth = depthOfLeaves(leaves);
  const { nodes, leafBytes } = collect(publications);
  // The contract has checked in createAssertion that the padding is zero.
  const shown = (level: number, index: number): Hex | undefined =>
    index * 2 ** (depth - level) >= leaves ? zeroTreeRoot(depth - level) : nodes.get(key(level, index));

  return {
    search() {
      let index = 0;
      for (let level = 0; level < depth; level++) {
        const [left, right] = [shown(level + 1, 2 * index), shown(level + 1, 2 * index + 1)];
        if (left === undefined || right === undefined) {
          if (level + 1 < depth) return { kind: 'nodes', depth: level, index };
          return { kind: 'leaves', indices: [2 * index, 2 * index + 1].filter((leaf) => leaf < leaves) };
        }
        index = left === treeNode(own, level + 1, 2 * index) ? 2 * index + 1 : 2 * index;
      }
      const leaf = leafBytes.get(index);
      return leaf === undefined
        ? { kind: 'leaves', indices: [index] }
        : { kind: 'found', index: toLeafIndex(index), leaf };
    },
    pathOf(index, first) {
      return Array.from({ length: depth }, (_, height) => {
        const [level, sibling] = [depth - height, Math.floor(index / 2 ** height) ^ 1];
        if ((sibling + 1) * 2 ** height <= first) return treeNode(own, level, sibling);
        const node = shown(level, sibling);
        if (node === undefined) throw new Error(`node ${sibling} at depth ${level} was not shown`);
        return node;
      });
    },
  };

  function collect(all: readonly Publication[]) {
    const nodes = new Map<string, Hex>();
    const leafBytes = new Map<number, Uint8Array>();
    for (const { depth: level, index, leaf, nodes: below } of all) {
      if (leaf !== undefined) {
        const bytes = hexToBytes(leaf);
        leafBytes.set(index, bytes);
        nodes.set(key(level, index), hashLeaf(bytes));
      }
      if (below !== undefined) addSubtree(nodes, level, index, below);
    }
    return { nodes, leafBytes };
  }
}

// Adds the nodes that were shown below a node, and all nodes between, up to that node, which follow from them.
function addSubtree(nodes: Map<string, Hex>, depth: number, index: number, below: readonly Hex[]): void {
  let row = below;
  let level = depth + depthOfLeaves(below.length);
  for (let first = index * below.length; ; first /= 2) {
    for (const [i, node] of row.entries()) nodes.set(key(level, first + i), node);
    if (level === depth) return;
    const pairs = row;
    row = Array.from({ length: pairs.length / 2 }, (_, i) => hashNode(pairs[2 * i] as Hex, pairs[2 * i + 1] as Hex));
    level--;
  }
}

const key = (level: number, index: number): string => `${level}:${index}`;
