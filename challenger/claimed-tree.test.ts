import { expect, test } from 'vitest';
import type { Publication } from '../node/l1/demand-record.ts';
import { bytesToHex } from '../protocol/hex.ts';
import { leafAfter, leafAt, leafBefore, stepTo, toLeafIndex } from '../protocol/step-numbers.ts';
import { depthOf, objectRef, treeNode, verifyLeaf } from '../protocol/tree.ts';
import { createClaimedTree, type Search } from './claimed-tree.ts';

/** Leaves of a list, of which those from `wrongFrom` on are somebody else's. */
function listOf(leaves: number, wrongFrom = leaves): Uint8Array {
  const bytes = new Uint8Array(leaves * 128);
  const view = new DataView(bytes.buffer);
  for (let leaf = 0; leaf < leaves; leaf++) {
    view.setUint32(leaf * 128, leaf + 1);
    if (leaf >= wrongFrom) bytes[leaf * 128 + 100] = 1;
  }
  return bytes;
}

/** What the asserter publishes when it is asked for this. */
function publish(claimed: Uint8Array, asked: Exclude<Search, { kind: 'found' }>): Publication[] {
  const { root: objectRoot } = objectRef(claimed);
  const depth = depthOf(claimed.length);
  if (asked.kind === 'leaves')
    return asked.indices.map((index) => ({
      objectRoot,
      depth,
      index,
      leaf: bytesToHex(leafAt(claimed, toLeafIndex(index))),
    }));
  const levels = Math.min(8, depth - asked.depth);
  const nodes = Array.from({ length: 2 ** levels }, (_, i) =>
    treeNode(claimed, asked.depth + levels, asked.index * 2 ** levels + i),
  );
  return [{ objectRoot, depth: asked.depth, index: asked.index, nodes }];
}

function searchAll(own: Uint8Array, claimed: Uint8Array) {
  const publications: Publication[] = [];
  const asked: Search[] = [];
  for (;;) {
    const tree = createClaimedTree(own, publications);
    const found = tree.search();
    if (found.kind === 'found') return { tree, found, asked, publications };
    asked.push(found);
    if (asked.length > 3) throw new Error('the search does not end');
    // In any order: events of one block may have come from several demanders.
    publications.unshift(...publish(claimed, found));
  }
}

const LENGTHS = [2, 3, 4, 200, 256, 257, 258, 511, 512, 513, 1000, 65_536, 65_537];

test.each(LENGTHS)('the first wrong leaf of %i is found, and its paths lead to the claimed root', (leaves) => {
  const own = listOf(leaves);
  const firsts = new Set(leaves > 1000 ? [40_001, leaves - 1] : [1, 2, 3, leaves >> 1, 255, 256, 257, leaves - 1]);
  for (const first of [...firsts].filter((leaf) => leaf > 0 && leaf < leaves)) {
    const claimed = listOf(leaves, first);
    const { tree, found, asked } = searchAll(own, claimed);
    expect(found.index).toBe(first);
    expect(Buffer.compare(found.leaf, leafAt(claimed, found.index))).toBe(0);
    const object = objectRef(claimed);
    const step = stepTo(found.index);
    const [before, after] = [leafBefore(step), leafAfter(step)];
    expect(verifyLeaf(leafAt(own, before), before, tree.pathOf(before, after), object)).toBe(true);
    expect(verifyLeaf(found.leaf, after, tree.pathOf(after, after), object)).toBe(true);
    const nodes = asked.filter(({ kind }) => kind === 'nodes').length;
    expect(nodes).toBe(leaves <= 2 ? 0 : leaves <= 512 ? 1 : 2);
    expect(asked.length).toBe(nodes + 1);
  }
});

test('a single wrong leaf between right ones is found', () => {
  const claimed = listOf(700);
  claimed[513 * 128 + 7] = 0xff;
  expect(searchAll(listOf(700), claimed).found.index).toBe(513);
});

test('where two leaves are left and neither is known, both are asked for', () => {
  const { asked } = searchAll(listOf(65_537), listOf(65_537, 1001));
  expect(asked).toEqual([
    { kind: 'nodes', depth: 0, index: 0 },
    { kind: 'nodes', depth: 8, index: 1 },
    { kind: 'leaves', indices: [1000, 1001] },
  ]);
  expect(searchAll(listOf(300), listOf(300, 299)).asked.at(-1)).toEqual({ kind: 'leaves', indices: [298, 299] });
  expect(searchAll(listOf(257), listOf(257, 256)).asked.at(-1)).toEqual({ kind: 'leaves', indices: [256] });
});

test('what others have had published is used', () => {
  const [own, claimed] = [listOf(1000), listOf(1000, 600)];
  const all = publish(claimed, { kind: 'nodes', depth: 0, index: 0 });
  all.push(...publish(claimed, { kind: 'leaves', indices: [4, 600] }));
  expect(createClaimedTree(own, all).search()).toEqual({ kind: 'nodes', depth: 8, index: 150 });
  all.push(...publish(claimed, { kind: 'nodes', depth: 8, index: 150 }));
  expect(createClaimedTree(own, all).search()).toMatchObject({ kind: 'found', index: 600 });
});
