// docs/disputes.md#numbers: the check names the step that the game is about, whether the step list is given or was published leaf by leaf.
import { expect, test } from 'vitest';
import { findWrongStep } from '../dispute/wrong-step.ts';
import type { AssertionRecord } from '../node/l1/mirror.ts';
import { bytesToHex, type Hex, hexToBytes } from '../protocol/hex.ts';
import { encodeStateLeaf } from '../protocol/state.ts';
import { leafAfter, leafAt, leafBefore, sinceGenesis } from '../protocol/step-numbers.ts';
import { depthOf, objectRef, treeProof, verifyLeaf } from '../protocol/tree.ts';
import { describeFault } from './check.ts';
import { proveFromList, proveFromTree } from './claimed-step.ts';
import { createClaimedTree } from './claimed-tree.ts';

const ID: Hex = `0x${'0a'.repeat(32)}`;
const hash = (digit: string): Hex => `0x${digit.repeat(64)}`;
const listOf = (roots: string) =>
  Buffer.concat(
    [...roots].map((digit, i) =>
      encodeStateLeaf({
        stateRoot: hash(digit),
        receiptHash: hash('0'),
        batch: 1n,
        message: BigInt(i),
        step: 8n + BigInt(i),
      }),
    ),
  );
const own = listOf('aaaa');

test.each([
  ['abbb', 0],
  ['aabb', 1],
  ['aaab', 2],
])('of the states %s the step %i is wrong, for each who looks', (roots, step) => {
  const claimed = listOf(roots);
  const found = findWrongStep(claimed, own);
  if (found.kind !== 'step') throw new Error(found.kind);
  expect(found.wrong.step).toBe(step);
  const fromList = proveFromList(ID, claimed, own);
  expect(fromList).toMatchObject({ step, isMalformed: false, claimed: { index: BigInt(step) } });
  const depth = depthOf(claimed.length);
  const { root: objectRoot } = objectRef(claimed);
  const publications = [0, 1, 2, 3].map((index) => ({
    objectRoot,
    depth,
    index,
    leaf: bytesToHex(claimed.subarray(index * 128, (index + 1) * 128)),
  }));
  const nodes = createClaimedTree(own, [
    { objectRoot, depth: 0, index: 0, nodes: leafHashes(claimed) },
    ...publications,
  ]);
  const search = nodes.search();
  if (search.kind !== 'found') throw new Error(search.kind);
  expect(proveFromTree(ID, nodes, own, search)).toEqual(fromList);
  const { pre, prePath, post, postPath } = fromList.claimed;
  const [before, after] = [leafBefore(fromList.step), leafAfter(fromList.step)];
  expect(verifyLeaf(hexToBytes(pre), before, prePath, objectRef(claimed))).toBe(true);
  expect(verifyLeaf(hexToBytes(post), after, postPath, objectRef(claimed))).toBe(true);
  expect(pre).toBe(bytesToHex(leafAt(own, before)));
  const place = { kind: 'step', ...found.wrong, sinceGenesis: sinceGenesis(found.wrong.step, 8n) } as const;
  const assertion = { id: ID, asserter: '0xaa' } as unknown as AssertionRecord;
  const told = { assertion, number: 3n, place: { ...place, batch: 2n, message: 1, messageKind: 'Advance' } };
  expect(describeFault(told)).toBe(
    `step ${step} of assertion 3 (step ${9 + step} since genesis, message 1 of batch 2, Advance) by 0xaa is wrong: stateRoot claimed ${hash('b')}, own ${hash('a')}`,
  );
});

test('what stands on a wrong end has no wrong step of its own', () => {
  const claimed = listOf('bbbb');
  const found = findWrongStep(claimed, own);
  if (found.kind !== 'start') throw new Error(found.kind);
  const assertion = { id: ID, asserter: '0xaa' } as unknown as AssertionRecord;
  expect(describeFault({ assertion, number: 4n, place: { kind: 'start', ...found.difference } })).toBe(
    `assertion 4 by 0xaa begins with a wrong state, its parent's last one: stateRoot claimed ${hash('b')}, own ${hash('a')}`,
  );
  expect(() => proveFromList(ID, claimed, own)).toThrow('differs in no step');
});

function leafHashes(list: Uint8Array): Hex[] {
  // The sibling of a leaf is the first hash of its path.
  return [1, 0, 3, 2].map((sibling) => treeProof(list, sibling)[0] as Hex);
}
