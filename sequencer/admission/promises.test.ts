// docs/contracts.md#promises: a place that was promised is kept over crash and rebuilding, and one that is not costs the stake.
import { hashTypedData } from 'viem';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { decodeBatch } from '../../protocol/batch.ts';
import { stakeManagerAbi } from '../../protocol/generated/abi.ts';
import { bytesToHex, type Hex, hexToBytes } from '../../protocol/hex.ts';
import { encodeMessage, type Message } from '../../protocol/messages.ts';
import { ROLE } from '../../protocol/roles.ts';
import { recoverSigner } from '../../protocol/signature.ts';
import { objectRoot } from '../../protocol/tree.ts';
import { createDomain, TYPES } from '../../protocol/typed-data.ts';
import { createRpcClient } from '../../service/http/client.ts';
import { withAccount } from '../../service/l1/l1.ts';
import { createSender } from '../../service/l1/send.ts';
import { createLogger } from '../../service/process/log.ts';
import {
  keyOf,
  SEQUENCER,
  startTestNetwork,
  type TestNetwork,
  USER,
  until,
} from '../../test/network/network.fixture.ts';
import { type Sequencer, startSequencer } from '../main.ts';
import type { SignedPromise } from './promises.ts';
import { proveBrokenPromise, proveContradiction } from './prove-promise.ts';

let network: TestNetwork;
let sequencer: Sequencer;
const rpc = <T>(method: string, ...params: unknown[]) => createRpcClient(sequencer.url)(method, params) as Promise<T>;
const cancel = (nonce: number) =>
  network.author.sign({ kind: 'Cancel', nonce: BigInt(nonce), run: `0x${'11'.repeat(32)}` });
const nonce = async () => (await rpc<{ nextNonce: number }>('mizu_getAccount', USER.address)).nextNonce;
const promiseOf = (hash: Hex) => rpc<SignedPromise | null>('mizu_getPromise', hash);

const start = (ageSeconds: number) =>
  startSequencer({
    ...network.config('sequencer'),
    key: keyOf(1),
    http: { port: 0 },
    batch: { ageSeconds },
    log: createLogger('sequencer', process.env.MIZU_LOG ?? 'silent'),
  });

beforeAll(async () => {
  network = await startTestNetwork();
});

afterAll(async () => {
  await network?.close();
});

beforeEach(async () => {
  sequencer = await start(0.3);
  await network.deposit(10n ** 15n);
  await until('deposit', async () => (await rpc<{ balance: string }>('mizu_getAccount', USER.address)).balance !== '0');
});

afterEach(async () => {
  await sequencer?.close();
});

async function send(message: Message): Promise<Hex> {
  return (await rpc<{ hash: Hex }>('mizu_sendMessage', bytesToHex(encodeMessage(message)))).hash;
}

async function posted(batch: number) {
  return until('posting', async () => {
    const view = await rpc<{ status: string; objectRoot: Hex; messages: number; delayed: number } | null>(
      'mizu_getBatch',
      batch,
    );
    return view?.status === 'posted' ? view : undefined;
  });
}

async function allPosted(): Promise<boolean> {
  type Health = { batch: number; isOpen: boolean; posted: number };
  const health = (await fetch(`${sequencer.url}/health`).then((answer) => answer.json())) as Health;
  return !health.isOpen && health.batch === health.posted;
}

async function stakeOf(): Promise<bigint> {
  return network.l1.client.readContract({
    address: network.deployment.addresses.stakeManager,
    abi: stakeManagerAbi,
    functionName: 'activeOf',
    args: [SEQUENCER.address, ROLE.sequencer],
  });
}

function signerOf({ batch, message, messageHash, signature }: SignedPromise): Hex | undefined {
  const domain = createDomain(network.deployment.chainId, network.deployment.addresses.inbox);
  const fields = { batch: BigInt(batch), message, messageHash };
  const digest = hashTypedData({ domain, types: { Promise: TYPES.Promise }, primaryType: 'Promise', message: fields });
  return recoverSigner(hexToBytes(digest), hexToBytes(signature));
}

const prover = () => createSender(withAccount(network.l1, keyOf(3)));

test('a message that is placed has a promise by the account that posts it, the same each time; another has none', async () => {
  expect(await promiseOf(`0x${'77'.repeat(32)}`)).toBeNull();
  const message = await cancel(await nonce());
  const hash = await send(message);
  const promise = await until('promise', async () => (await promiseOf(hash)) ?? undefined);
  expect(promise.messageHash).toBe(objectRoot(encodeMessage(message)));
  expect(promise.sequencer).toBe(SEQUENCER.address);
  expect(signerOf(promise)).toBe(SEQUENCER.address.toLowerCase());
  await posted(promise.batch);
  expect(await promiseOf(hash)).toEqual(promise);
});

test('a promise is kept when L1 has had another batch in its place for a while, in which the message did not fit', async () => {
  await until('posting', allPosted);
  await sequencer.close();
  sequencer = await start(600);
  const at = await nonce();
  const hash = await send(await cancel(at));
  const promise = await until('promise', async () => (await promiseOf(hash)) ?? undefined);
  await sequencer.close();
  const snapshot = await network.chain.snapshot();
  const other = await network.author.sign({ kind: 'Cancel', nonce: BigInt(at), run: `0x${'22'.repeat(32)}` });
  await network.postBatch([other]);
  sequencer = await start(0.3);
  await until('taking over', async () => {
    const answer = await rpc('mizu_getReceipt', hash).catch((error: unknown) => error);
    return (answer as { code?: string } | null)?.code === 'message/reordered' || undefined;
  });
  expect(await promiseOf(hash)).toBeNull();
  await network.chain.revert({ id: snapshot });
  await network.chain.mine({ blocks: 3 });
  expect(await until('its place again', async () => (await promiseOf(hash)) ?? undefined)).toEqual(promise);
  const view = await posted(promise.batch);
  const messages = decodeBatch(await fetchObject(view.objectRoot), view.messages - view.delayed);
  expect(objectRoot(messages[promise.message]!)).toBe(promise.messageHash);
});

test('places are kept when the sequencer is started again and when the batch is built anew', async () => {
  await sequencer.close();
  // No batch is closed by its age: what is promised stands in an open one.
  sequencer = await start(600);
  const first = await nonce();
  const hashes: Hex[] = [];
  for (let i = 0; i < 3; i++) hashes.push(await send(await cancel(first + i)));
  const promises = await until('promises', async () => {
    const all = await Promise.all(hashes.map(promiseOf));
    return all.every((promise) => promise !== null) ? (all as SignedPromise[]) : undefined;
  });
  const { batch } = promises[0]!;
  await sequencer.close();
  // Its timestamp is now too old for L1, a delayed message is overdue that it leaves out: it has to be built again.
  await network.clock.advance(2 * 3_600);
  await network.deposit(5n);
  await network.clock.advance(61);
  sequencer = await start(0.3);
  const view = await posted(batch);
  expect(await Promise.all(hashes.map(promiseOf))).toEqual(promises);
  const object = await fetchObject(view.objectRoot);
  for (const promise of promises)
    await expect(
      proveBrokenPromise(prover(), {
        inbox: network.deployment.addresses.inbox,
        promise,
        object,
        sequenced: view.messages - view.delayed,
      }),
    ).rejects.toMatchObject({ code: 'l1/reverted', actual: expect.stringContaining('PromiseKept') });
});

test('a sequencer that has promised something else than it posted is slashed, once, and so is one that promises twice', async () => {
  const hash = await send(await cancel(await nonce()));
  const promise = await until('promise', async () => (await promiseOf(hash)) ?? undefined);
  const view = await posted(promise.batch);
  const lie = await signPromise({ ...promise, messageHash: `0x${'99'.repeat(32)}` });
  const before = await stakeOf();
  const { inbox } = network.deployment.addresses;
  const object = await fetchObject(view.objectRoot);
  const broken = { inbox, promise: lie, object, sequenced: view.messages - view.delayed };
  expect((await proveBrokenPromise(prover(), broken)).kind).toBe('mined');
  const minimum = before - (await stakeOf());
  expect(minimum).toBe(1_000n * 10n ** 18n);
  await expect(proveBrokenPromise(prover(), broken)).rejects.toMatchObject({
    actual: expect.stringContaining('PromiseSettled'),
  });
  const far = { batch: 1_000_000, message: 0, sequencer: promise.sequencer };
  const [one, other] = await Promise.all([
    signPromise({ ...far, messageHash: `0x${'01'.repeat(32)}` }),
    signPromise({ ...far, messageHash: `0x${'02'.repeat(32)}` }),
  ]);
  await proveContradiction(prover(), inbox, one, other);
  expect(before - (await stakeOf())).toBe(2n * minimum);
});

async function signPromise(fields: Omit<SignedPromise, 'signature'>): Promise<SignedPromise> {
  const { batch, message, messageHash } = fields;
  const signature = await SEQUENCER.signTypedData({
    domain: createDomain(network.deployment.chainId, network.deployment.addresses.inbox),
    types: { Promise: TYPES.Promise },
    primaryType: 'Promise',
    message: { batch: BigInt(batch), message, messageHash },
  });
  return { ...fields, signature };
}

async function fetchObject(root: Hex): Promise<Uint8Array> {
  const response = await fetch(`${sequencer.url}/objects/${root}`);
  return new Uint8Array(await response.arrayBuffer());
}
