import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { MizuError } from '../../protocol/errors.ts';
import type { Address, Hex } from '../../protocol/hex.ts';
import { decodeMessage } from '../../protocol/messages.ts';
import { objectRef } from '../../protocol/tree.ts';
import { createDomain } from '../../protocol/typed-data.ts';
import { createLogger } from '../../service/process/log.ts';
import { openStore, type Store } from '../../service/storage/store.ts';
import { createSigner } from '../signing.ts';
import { type OutboxOptions, openOutbox, type PutObjects } from './outbox.ts';
import type { BatchReceipt } from './sequencer.ts';
import type { FinishedTask } from './task.ts';

const HASH: Hex = `0x${'22'.repeat(32)}`;
const OK: BatchReceipt = { ok: true, step: 1, error: undefined, failedItems: [], paidWei: [] };

let folder: string;
let store: Store;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'mizu-outbox-'));
  store = await openStore(folder);
});
afterEach(async () => {
  await store.close();
  rmSync(folder, { recursive: true, force: true });
});

const OWNER: Address = `0x${'0a'.repeat(20)}`;
const OFFER = { maxCost: '100', inputPrice: '5', outputPrice: '7', bytePrice: '1' };
const LEFT = { escrowLeft: '100000', inferenceLeft: '100000', itemFee: '1', step: 0 };

const finished = (key: string): FinishedTask => ({
  key,
  info: {
    run: HASH,
    owner: OWNER,
    stage: 1,
    partition: 0,
    attempt: 0,
    model: HASH,
    requestRoot: HASH,
    requestLength: 1,
    ...OFFER,
    ...LEFT,
  },
  result: new TextEncoder().encode(key),
  inputTokens: 3,
  outputTokens: 2,
  workers: [],
});

const putObjects: PutObjects = async (objects, { expiry }) => ({
  refs: objects.map(objectRef),
  certificate: { epoch: 0n, expiry, signers: 0n, signatures: [] },
});

type Fake = { sent: { nonce: bigint; items: number; hex: string }[]; settled: string[] };

/** Runs an outbox until `count` tasks are settled or `stop` is called by the fake sequencer. */
async function run(
  tasks: readonly FinishedTask[],
  sequencer: (fake: Fake, stop: () => void) => Partial<OutboxOptions['sequencer']>,
): Promise<Fake> {
  const fake: Fake = { sent: [], settled: [] };
  const stop = new AbortController();
  const { send, getReceipt } = sequencer(fake, () => stop.abort());
  const outbox = await openOutbox({
    store,
    sequencer: {
      send: async (bytes) => {
        const message = decodeMessage(bytes);
        if (message.kind !== 'InferenceResult') throw new Error(message.kind);
        fake.sent.push({ nonce: message.nonce, items: message.items.length, hex: Buffer.from(bytes).toString('hex') });
        await send?.(bytes);
      },
      getReceipt: getReceipt ?? (async () => OK),
    },
    putObjects,
    signer: createSigner(`0x${'01'.repeat(32)}`),
    domain: createDomain(1, '0x00000000000000000000000000000000000000aa'),
    retentionSeconds: 1000,
    accounts: { pay: (_items, write) => write([]) },
    log: createLogger('test', 'silent'),
    onSettled: async (keys) => {
      fake.settled.push(...keys);
      if (fake.settled.length >= tasks.length) stop.abort();
    },
  });
  for (const task of tasks) outbox.add(task);
  await outbox.run(stop.signal);
  return fake;
}

const keys = (count: number) => Array.from({ length: count }, (_, i) => finished(`t${i}`));

describe('outbox', () => {
  test('at most 32 items a batch, each with a higher nonce', async () => {
    const { sent, settled } = await run(keys(70), () => ({}));
    expect(sent.map((batch) => batch.items)).toEqual([32, 32, 6]);
    expect(sent[1]!.nonce > sent[0]!.nonce && sent[2]!.nonce > sent[1]!.nonce).toBe(true);
    expect(settled.length).toBe(70);
  });

  test('the bytes of a result are paid first; tokens are billed as far as the run pays for them too', async () => {
    const billed = async (maxCost: string) => {
      const task = finished('t0');
      const { sent } = await run([{ ...task, info: { ...task.info, maxCost } }], () => ({}));
      const message = decodeMessage(Buffer.from(sent[0]!.hex, 'hex'));
      if (message.kind !== 'InferenceResult') throw new Error(message.kind);
      const { resultLength, inputTokens, outputTokens } = message.items[0]!;
      return [resultLength, inputTokens, outputTokens];
    };
    // Two bytes at 1, three tokens at 5, two at 7.
    expect(await billed('31')).toEqual([2, 3n, 2n]);
    expect(await billed('30')).toEqual([2, 3n, 1n]);
    expect(await billed('16')).toEqual([2, 2n, 0n]);
    expect(await billed('2')).toEqual([2, 0n, 0n]);
  });

  test('what was signed before a crash is sent again, byte for byte, under its own nonce', async () => {
    const before = await run(keys(2), (_fake, stop) => ({
      send: async () => stop(),
      getReceipt: async () => undefined,
    }));
    const after = await run(keys(2), () => ({}));
    expect(after.sent).toEqual(before.sent);
    expect(after.settled).toEqual(['t0', 't1']);
  });

  test('a nonce is never used for two batches, even if the first was never sent', async () => {
    const down = async () => {
      throw new MizuError({ code: 'http/unreachable', message: 'down', retryable: true });
    };
    const first = await run(keys(1), (_fake, stop) => ({
      send: async () => {
        stop();
        await down();
      },
    }));
    const second = await run([finished('t0'), finished('t1')], () => ({}));
    expect(second.sent[0]).toEqual(first.sent[0]);
    expect(new Set(second.sent.map((batch) => batch.nonce)).size).toBe(2);
  });

  test('a batch that the kernel refuses is signed anew with another nonce', async () => {
    let receipts = 0;
    const { sent, settled } = await run(keys(1), () => ({
      getReceipt: async () =>
        receipts++ === 0 ? { ok: false, step: 1, error: 'certificate', failedItems: [], paidWei: [] } : OK,
    }));
    expect(sent.length).toBe(2);
    expect(sent[1]!.nonce > sent[0]!.nonce).toBe(true);
    expect(settled).toEqual(['t0']);
  });

  test('a batch that was taken and refused later is signed anew', async () => {
    const refused = new MizuError({ code: 'message/nonce-used', message: 'nonce' });
    const { sent, settled } = await run(keys(1), (fake) => ({
      getReceipt: async () => {
        if (fake.sent.length === 1) throw refused;
        return OK;
      },
    }));
    expect(sent.length).toBe(2);
    expect(settled).toEqual(['t0']);
  });

  test('a refusal by the sequencer is answered with a new batch, unless there is a receipt', async () => {
    const refused = new MizuError({ code: 'message/bad-certificate', message: 'no' });
    const { sent } = await run(keys(1), (fake) => ({
      send: async () => {
        if (fake.sent.length === 1) throw refused;
      },
      getReceipt: async () => (fake.sent.length === 1 ? undefined : OK),
    }));
    expect(sent.length).toBe(2);
  });
});
