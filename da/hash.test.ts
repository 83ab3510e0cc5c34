// docs/da.md#node: the root of a long object, without holding up what else the process does.
import { setImmediate as next } from 'node:timers/promises';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { depthOf, LEAF_BYTES, leafCount, objectRoot, treeProof } from '../protocol/tree.ts';
import { hashInPieces, proveInPieces } from './hash.ts';

const PIECE = 256 * 1024;

test('is the same as in one piece', async () => {
  const lengths = fc.oneof(
    fc.nat(3 * PIECE),
    fc.constantFrom(0, 1, PIECE - 1, PIECE, PIECE + 1, 2 * PIECE, 3 * PIECE, 4 * PIECE + 1),
  );
  await fc.assert(
    fc.asyncProperty(lengths, fc.nat(255), async (length, seed) => {
      const bytes = Uint8Array.from({ length }, (_, i) => (i * 31 + seed) & 255);
      expect(await hashInPieces(bytes)).toBe(objectRoot(bytes));
    }),
    { numRuns: 20 },
  );
});

test('a proof is the same as in one piece, of leaves and of what is above them', async () => {
  const lengths = fc.oneof(
    fc.nat(3 * PIECE),
    fc.constantFrom(1, 5 * LEAF_BYTES, PIECE, PIECE + 1, 2 * PIECE + 7 * LEAF_BYTES, 3 * PIECE - 1),
  );
  await fc.assert(
    fc.asyncProperty(lengths, fc.nat(), fc.nat(8), async (length, leaf, above) => {
      const bytes = Uint8Array.from({ length }, (_, i) => (i * 31) & 255);
      const height = Math.min(above, depthOf(length));
      const index = leaf % leafCount(length);
      const proven = { root: objectRoot(bytes), path: treeProof(bytes, index, height) };
      expect(await proveInPieces(bytes, index, height)).toEqual(proven);
    }),
    { numRuns: 25 },
  );
});

test('others have their turn between two pieces, and of two objects neither waits for the whole other', async () => {
  const long = hashInPieces(new Uint8Array(32 * PIECE).fill(1)).then(() => 'long');
  const short = hashInPieces(new Uint8Array(2 * PIECE).fill(2)).then(() => 'short');
  let turns = 0;
  let isDone = false;
  const first = Promise.race([long, short]);
  void long.then(() => {
    isDone = true;
  });
  for (; !isDone; turns++) await next();
  expect(await first).toBe('short');
  expect(turns).toBeGreaterThanOrEqual(32);
});
