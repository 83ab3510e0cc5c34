import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { privateKeyToAccount } from 'viem/accounts';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { MizuError } from '../../protocol/errors.ts';
import { type Hex, hexToBytes } from '../../protocol/hex.ts';
import { decodeInputs, decodeMessage } from '../../protocol/messages.ts';
import { keccakHex, type ObjectRef, objectRef, objectRoot } from '../../protocol/tree.ts';
import { createDomain, TYPES } from '../../protocol/typed-data.ts';
import type { Network } from './network.ts';
import { startRun } from './run.ts';
import { fromPrivateKey } from './signer.ts';
import { findRecord } from './state-file.ts';
import { type Survey, surveyInput } from './survey.ts';
import type { PromiseView } from './views.ts';
import { readRun } from './watch.ts';

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
    /** Of the message with these bytes. */
    promise: (_bytes: Uint8Array): Promise<PromiseView | null> => Promise.resolve(null),
    taken,
    stored,
    /** Hashes of messages whose batch has become void. */
    lost: new Set<Hex>(),
    network: {
      chain: { chainId: 1, minGasPrice: '1', contracts: { inbox: `0x${'aa'.repeat(20)}` } },
      signer: fromPrivateKey(`0x${'11'.repeat(32)}`),
      assertTrusted: async () => undefined,
      da: {
        put: async (objects: readonly Uint8Array[]) => {
          const refs = objects.map(objectRef);
          for (const { root } of refs) stored.add(root);
          return { refs };
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
            if (fake.lost.has(keccakHex(bytes))) taken.delete(keccakHex(bytes));
            if (!taken.has(keccakHex(bytes)) && Number(message.nonce) !== fake.nonce)
              throw new MizuError({ code: 'message/nonce-used', message: 'nonce' });
            if (!taken.has(keccakHex(bytes))) fake.nonce++;
            taken.set(keccakHex(bytes), bytes);
            fake.lost.delete(keccakHex(bytes));
            return { hash: keccakHex(bytes), sequence: 0 };
          }
          case 'mizu_getReceipt':
            if (fake.lost.has(params[0] as Hex))
              throw new MizuError({ code: 'message/void', message: 'lost', actual: 'nobody asserted batch 3' });
            return taken.has(params[0] as Hex) ? { kind: 'Run', ok: true } : null;
          case 'mizu_getPromise':
            return fake.promise(taken.get(params[0] as Hex) as Uint8Array);
          case 'mizu_getRun':
            return fake.lost.size > 0 ? null : { status: fake.status };
          default:
            throw new Error(`unexpected ${method}`);
        }
      },
    } as unknown as Network,
  };
  return fake;
}

async function start(network: Network, isNew = false, known?: Survey, gasPrice?: bigint) {
  const survey = known ?? (await surveyInput('rows.jsonl', 0));
  const workflowId = `0x${'01'.repeat(32)}` as Hex;
  return startRun(network, {
    workflowId,
    workflowFile: 'w.ts',
    stages: 1,
    maxItemWei: 1n,
    maxInferenceWei: 1n,
    survey,
    maxCostWei: 5n,
    taskGasLimit: 6n,
    deadlineSeconds: 60,
    isNew,
    gasPrice,
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

test('a file that is another one by the time it is sent starts no run', async () => {
  const fake = createFake();
  const survey = await surveyInput('rows.jsonl', 0);
  const rows = await readFile('rows.jsonl', 'utf8');
  for (const changed of [rows.replace('"n":7}', '"n":8}'), rows.slice(0, 9_000), `${rows}${rows}`]) {
    await writeFile('rows.jsonl', changed);
    await expect(start(fake.network, false, survey)).rejects.toMatchObject({ code: 'sdk/input-changed' });
  }
  expect(fake.taken.size).toBe(0);
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

test('the inputs of a run are those of all its files, in the order of the workflow, and each must stay as it was', async () => {
  const fake = createFake();
  await writeFile('prices.csv', 'sku,price\na,1\nb,2\n');
  const prices = { name: 'prices', file: 'prices.csv', options: {} };
  const survey = await surveyInput('rows.jsonl', 0, {}, [prices]);
  expect([survey.refs.length, survey.allRefs.length, survey.others[0]!.rows]).toEqual([3, 4, 2]);
  expect(survey.inputsHash).not.toBe((await surveyInput('rows.jsonl', 0)).inputsHash);
  const { run } = await start(fake.network, false, survey);
  const message = decodeMessage([...fake.taken.values()][0]!);
  if (message.kind !== 'Run') throw new Error('expected a Run message');
  expect(decodeInputs(message.inputs).inputs).toEqual(survey.allRefs);
  expect((await findRecord(run))?.others).toEqual([prices]);
  await writeFile('prices.csv', 'sku,price\na,1\nb,3\n');
  await expect(start(fake.network, true, survey)).rejects.toMatchObject({
    code: 'sdk/input-changed',
    message: expect.stringContaining('prices.csv'),
  });
  expect((await start(fake.network, false, await surveyInput('rows.jsonl', 0, {}, [prices]))).run).not.toBe(run);
});

test('a promise that holds is kept with the run; one that does not is told, and the run goes on', async () => {
  const sequencer = privateKeyToAccount(`0x${'22'.repeat(32)}`);
  const promise = async (messageHash: Hex, signedHash = messageHash): Promise<PromiseView> => {
    const signature = await sequencer.signTypedData({
      domain: createDomain(1, `0x${'aa'.repeat(20)}`),
      types: { Promise: TYPES.Promise },
      primaryType: 'Promise',
      message: { batch: 7n, message: 3, messageHash: signedHash },
    });
    return { batch: 7, message: 3, messageHash, sequencer: sequencer.address, signature };
  };
  const fake = createFake();
  const readState = async () =>
    JSON.parse(await readFile('.mizu/runs.json', 'utf8')) as { run: Hex; promise?: PromiseView }[];

  expect((await start(fake.network, true)).promised).toMatchObject({ kind: 'none' });
  fake.promise = async (bytes) => promise(objectRoot(bytes));
  expect((await start(fake.network, true)).promised).toMatchObject({
    kind: 'promised',
    promise: { batch: 7, message: 3 },
  });
  const { run } = (await readState()).at(-1) as { run: Hex };
  expect((await findRecord(run))?.promise).toMatchObject({ batch: 7, message: 3 });
  expect((await readState()).at(-1)?.promise).toMatchObject({ sequencer: sequencer.address });

  const other: Hex = `0x${'33'.repeat(32)}`;
  fake.promise = async () => promise(other);
  const wrong = await start(fake.network, true);
  expect(wrong.promised).toEqual({ kind: 'none', why: `it names another message: ${other}` });
  fake.promise = async (bytes) => promise(objectRoot(bytes), other);
  const unsigned = await start(fake.network, true);
  expect(unsigned.promised).toEqual({ kind: 'none', why: `${sequencer.address} has not signed it` });
  fake.promise = async () => {
    throw new MizuError({ code: 'rpc/-32601', message: 'There is no such method.' });
  };
  expect((await start(fake.network, true)).promised).toEqual({ kind: 'none', why: 'There is no such method.' });
  expect((await readState()).at(-1)?.promise).toBeUndefined();
});

test('a run whose start was lost in a void batch is told so, and the same command starts another with the same nonce', async () => {
  const fake = createFake();
  const { run } = await start(fake.network);
  const [hash] = fake.taken.keys() as unknown as [Hex];
  expect(await readRun(fake.network, run)).toMatchObject({ status: 'running' });
  fake.lost.add(hash);
  fake.nonce = 0;
  await expect(readRun(fake.network, run)).rejects.toMatchObject({
    code: 'sdk/run-void',
    actual: 'nobody asserted batch 3',
    hint: expect.stringContaining('npx mizu run w.ts --input rows.jsonl'),
  });
  await expect(readRun(fake.network, `0x${'09'.repeat(32)}`)).rejects.toMatchObject({ code: 'sdk/unknown-run' });
  const again = await start(fake.network);
  expect(again).toMatchObject({ resumed: false });
  expect(fake.nonce).toBe(1);
});

test('a run offers the minimum for gas, or what is asked for; below the minimum nothing is signed', async () => {
  const fake = createFake();
  (fake.network.chain as { minGasPrice: string }).minGasPrice = '5';
  const priceOf = () => {
    const message = decodeMessage([...fake.taken.values()].at(-1) as Uint8Array);
    return message.kind === 'Run' ? message.gasPrice : undefined;
  };
  await start(fake.network, true);
  expect(priceOf()).toBe(5n);
  await start(fake.network, true, undefined, 9n);
  expect(priceOf()).toBe(9n);
  const before = fake.taken.size;
  for (const gasPrice of [0n, 4n, 2n ** 96n])
    await expect(start(fake.network, true, undefined, gasPrice)).rejects.toMatchObject({
      code: 'sdk/gas-price-out-of-range',
      expected: expect.stringContaining('5 wei per gas'),
      actual: `${gasPrice} wei`,
    });
  expect(fake.taken.size).toBe(before);
});
