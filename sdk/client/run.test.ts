import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { MizuError } from '../../protocol/errors.ts';
import { type Hex, hexToBytes } from '../../protocol/hex.ts';
import { decodeInputs, decodeMessage } from '../../protocol/messages.ts';
import { keccakHex, type ObjectRef, objectRef } from '../../protocol/tree.ts';
import type { Network } from './network.ts';
import { startRun } from './run.ts';
import { fromPrivateKey } from './signer.ts';
import { surveyInput } from './survey.ts';

let folder: string;
let previous: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'mizu-run-'));
  previous = process.cwd();
  process.chdir(folder);
  await writeFile('rows.jsonl', Array.from({ length: 2_500 }, (_, n) => `{"n":${n}}\n`).join(''));
});
afterEach(async () => {
  process.chdir(previous);
  await rm(folder, { recursive: true, force: true });
});

// A sequencer of a few lines: it executes what it takes at once.
function createFake() {
  const taken = new Map<Hex, Uint8Array>();
  const stored = new Set<Hex>();
  const fake = {
    isDown: false,
    status: 'running',
    nonce: 0,
    taken,
    stored,
    network: {
      chain: { chainId: 1, gasPriceWei: '1', contracts: { inbox: `0x${'aa'.repeat(20)}` } },
      signer: fromPrivateKey(`0x${'11'.repeat(32)}`),
      da: {
        put: async (objects: readonly Uint8Array[]) => {
          for (const bytes of objects) stored.add(objectRef(bytes).root);
        },
        certify: async (refs: readonly ObjectRef[]) => {
          expect(refs.every(({ root }) => stored.has(root))).toBe(true);
          return { epoch: 1n, expiry: 2n, signers: 0n, signatures: [] };
        },
      },
      rpc: async (method: string, params: readonly unknown[]) => {
        if (fake.isDown && method !== 'mizu_getAccount')
          throw new MizuError({ code: 'http/unreachable', message: 'down', retryable: true });
        switch (method) {
          case 'mizu_getAccount':
            return { nonce: fake.nonce, balance: String(10n ** 24n) };
          case 'mizu_sendMessage': {
            const bytes = hexToBytes(params[0] as Hex);
            const message = decodeMessage(bytes);
            if (!('sender' in message)) throw new Error('not a user message');
            if (!taken.has(keccakHex(bytes)) && Number(message.nonce) !== fake.nonce)
              throw new MizuError({ code: 'message/nonce', message: 'nonce' });
            if (!taken.has(keccakHex(bytes))) fake.nonce++;
            taken.set(keccakHex(bytes), bytes);
            return { hash: keccakHex(bytes), sequence: 0 };
          }
          case 'mizu_getReceipt':
            return taken.has(params[0] as Hex) ? { kind: 'Run', ok: true } : null;
          case 'mizu_getRun':
            return { status: fake.status };
          default:
            throw new Error(`unexpected ${method}`);
        }
      },
    } as unknown as Network,
  };
  return fake;
}

async function start(network: Network, isNew = false) {
  const survey = await surveyInput('rows.jsonl', 0);
  const workflowId = `0x${'01'.repeat(32)}` as Hex;
  return startRun(network, {
    workflowId,
    workflowFile: 'w.ts',
    stages: 1,
    survey,
    maxCostWei: 5n,
    taskGasLimit: 6n,
    deadlineSeconds: 60,
    isNew,
  });
}

test('the same command again is the same run', async () => {
  const fake = createFake();
  const first = await start(fake.network);
  expect(first.resumed).toBe(false);
  expect(fake.stored.size).toBe(3);
  const message = decodeMessage([...fake.taken.values()][0]!);
  if (message.kind !== 'Run') throw new Error('expected a Run message');
  expect(decodeInputs(message.inputs).inputs).toEqual((await surveyInput('rows.jsonl', 0)).refs);
  expect(await start(fake.network)).toEqual({ run: first.run, resumed: true });
  fake.status = 'done';
  expect(await start(fake.network)).toEqual({ run: first.run, resumed: true });
  expect(fake.taken.size).toBe(1);
  expect((await start(fake.network, true)).run).not.toBe(first.run);
});

test('a message that was signed and not sent is sent as it is', async () => {
  const fake = createFake();
  fake.isDown = true;
  await expect(start(fake.network)).rejects.toMatchObject({ code: 'http/unreachable' });
  // Still down: no second run may come of it.
  await expect(start(fake.network)).rejects.toMatchObject({ code: 'http/unreachable' });
  fake.isDown = false;
  expect((await start(fake.network)).resumed).toBe(true);
  expect(fake.taken.size).toBe(1);
});

test('after a failed run, or one whose nonce was used otherwise, another is started', async () => {
  const fake = createFake();
  const first = await start(fake.network);
  fake.status = 'failed';
  const second = await start(fake.network);
  expect(second.resumed).toBe(false);
  expect(second.run).not.toBe(first.run);
  fake.taken.clear();
  fake.nonce = 9;
  expect((await start(fake.network)).resumed).toBe(false);
});

test('another input is another run', async () => {
  const fake = createFake();
  const first = await start(fake.network);
  await writeFile('rows.jsonl', '{"n":1}\n');
  const second = await start(fake.network);
  expect([second.resumed, second.run === first.run]).toEqual([false, false]);
});
