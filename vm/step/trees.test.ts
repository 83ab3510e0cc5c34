// docs/vm.md#tree: the trees that the step machine keeps, against the plain one.
import { describe, expect, it } from 'vitest';
import { depthOf, hashLeaf, rootFromProof, treeProof, treeRoot } from '../../protocol/tree.ts';
import { createMachineOutput } from './output.ts';
import { staticTree } from './static-tree.ts';

const LEAF = 128;

function pattern(length: number): Uint8Array {
  return Uint8Array.from({ length }, (_, i) => (i * 7 + (i >> 8)) & 0xff);
}

describe('the output', () => {
  it('has the root of its bytes at every length', () => {
    const bytes = pattern(LEAF * 21);
    const output = createMachineOutput();
    for (let length = 0; length < bytes.length; ) {
      expect(output.root()).toBe(treeRoot(bytes.subarray(0, length)));
      const k = Math.min(1 + (length % 61), LEAF - (length % LEAF));
      output.append(bytes.subarray(length, length + k));
      length += k;
    }
    expect(output.bytes()).toEqual(bytes);
  });

  it('folds long outputs at once', () => {
    const bytes = pattern(LEAF * (1024 * 3 + 5) + 9);
    const output = createMachineOutput();
    output.append(bytes.subarray(0, 1000));
    expect(output.root()).toBe(treeRoot(bytes.subarray(0, 1000)));
    output.append(bytes.subarray(1000));
    expect(output.root()).toBe(treeRoot(bytes));
  });

  it('gives the siblings of the leaf that is written next', () => {
    for (const length of [1, 127, 129, 3 * LEAF, 3 * LEAF + 1, 5 * LEAF, 6 * LEAF, 7 * LEAF + 100]) {
      const output = createMachineOutput();
      output.append(pattern(length));
      const index = Math.floor(length / LEAF);
      expect(output.siblings()).toEqual(treeProof(pattern(length), index));
      expect(rootFromProof(hashLeaf(output.lastLeaf()), index, output.siblings())).toBe(output.root());
    }
    // A full tree grows by a level: its root is all that is needed.
    for (const leaves of [1, 2, 4, 8]) {
      const output = createMachineOutput();
      output.append(pattern(leaves * LEAF));
      expect(output.siblings()).toEqual([]);
    }
  });

  it('goes back to a mark', () => {
    const output = createMachineOutput();
    output.append(pattern(5 * LEAF + 3));
    const mark = output.mark();
    const root = output.root();
    output.append(pattern(4000));
    output.root();
    output.reset(mark);
    expect([output.length(), output.root()]).toEqual([5 * LEAF + 3, root]);
  });
});

describe('an object that does not change', () => {
  it.each([0, 1, LEAF, LEAF + 1, LEAF * 1024, LEAF * 1024 + 1, LEAF * 1024 * 3 + 70])('of %i bytes', (length) => {
    const bytes = pattern(length);
    const tree = staticTree(bytes);
    expect(tree.root).toBe(treeRoot(bytes));
    const last = 2 ** depthOf(length) - 1;
    for (const index of [0, last >> 1, Math.max(0, Math.ceil(length / LEAF) - 1), last]) {
      expect(tree.siblings(index)).toEqual(treeProof(bytes, index));
      expect(rootFromProof(hashLeaf(tree.leaf(index)), index, tree.siblings(index))).toBe(tree.root);
    }
  });
});
