// docs/court.md#samples: what is drawn from is what L1's order has before an item.
import { expect, test } from 'vitest';
import type { NetworkNode } from '../../node/node.ts';
import { encodeBatch } from '../../protocol/batch.ts';
import type { Hex } from '../../protocol/hex.ts';
import type { InferenceItem } from '../../protocol/inference.ts';
import { encodeMessage } from '../../protocol/messages.ts';
import { objectRef } from '../../protocol/tree.ts';
import { MODEL, resultMessage } from '../../test/kernel/world.fixture.ts';
import { createSignedItems } from './signed-items.ts';

const OTHER: Hex = `0x${'77'.repeat(32)}`;
const HASH: Hex = `0x${'ab'.repeat(32)}`;
const itemOf = (partition: number, model: Hex = MODEL): InferenceItem => ({
  ...{ run: OTHER, stage: 0, partition, attempt: 0, requestRoot: OTHER, resultRoot: OTHER, resultLength: 256 },
  ...{ model, inputTokens: 1n, outputTokens: 1n },
});

/** Batches of messages, each of which has these items. */
async function signedIn(batches: readonly (readonly (readonly InferenceItem[])[])[]) {
  let nonce = 0n;
  const objects = new Map<Hex, Uint8Array>();
  const records = await Promise.all(
    batches.map(async (given, index) => {
      const messages = await Promise.all(given.map((items) => resultMessage(++nonce, [...items])));
      const bytes = encodeBatch(messages.map(encodeMessage));
      const { root, length } = objectRef(bytes);
      objects.set(root, bytes);
      const place = { index: BigInt(index), objectRoot: root, objectLength: length, timestamp: 1n, block: 7n };
      return { ...place, delayedFrom: 4n, delayedUpTo: 4n, messageCount: messages.length, isVoid: false };
    }),
  );
  const asked: unknown[] = [];
  const node = {
    mirror: { batch: async (index: bigint) => records[Number(index)] },
    objects: { get: async (root: Hex) => objects.get(root) },
    l1: {
      client: {
        getBlock: async () => ({ hash: HASH }),
        readContract: async ({ args }: { readonly args: unknown }) => {
          asked.push(args);
          return { manifest: { root: OTHER, length: 99n } };
        },
      },
    },
  } as unknown as NetworkNode;
  return { signed: createSignedItems(node, { gatewayRegistry: OTHER.slice(0, 42) as Hex }), asked };
}

async function before(...args: Parameters<Awaited<ReturnType<typeof signedIn>>['signed']['before']>) {
  const { signed } = await signedIn([
    [[itemOf(0), itemOf(1, OTHER)], [itemOf(2)]],
    [[itemOf(3), itemOf(4), itemOf(5)]],
    [[itemOf(6)], [itemOf(7), itemOf(8), itemOf(9)], [itemOf(10)]],
  ]);
  const found: number[] = [];
  for await (const { partition } of signed.before(...args)) found.push(partition);
  return found;
}

test('the nearest come first, of this model alone, and nothing that stands behind', async () => {
  expect(await before(itemOf(8), { batch: 2n, message: 1 })).toEqual([7, 6, 5, 4, 3, 2, 0]);
  expect(await before(itemOf(0), { batch: 0n, message: 0 })).toEqual([]);
});

test('no more than 64 are told', async () => {
  const { signed } = await signedIn([
    ...Array.from({ length: 5 }, (_, batch) => [Array.from({ length: 20 }, (_, i) => itemOf(20 * batch + i))]),
    [[itemOf(999)]],
  ]);
  let count = 0;
  for await (const _ of signed.before(itemOf(999), { batch: 5n, message: 0 })) count++;
  expect(count).toBe(64);
});

test('the draw hangs on the block and on the item, and the manifest is that before the message', async () => {
  const { signed, asked } = await signedIn([[[itemOf(0), itemOf(1)]]]);
  const place = { batch: 0n, message: 0 };
  expect(await signed.seedOf(itemOf(0), place)).toEqual(await signed.seedOf(itemOf(0), place));
  expect(await signed.seedOf(itemOf(0), place)).not.toEqual(await signed.seedOf(itemOf(1), place));
  expect(await signed.manifestOf(MODEL, place)).toEqual({ root: OTHER, length: 99 });
  expect(asked).toEqual([[MODEL, 4n]]);
});
