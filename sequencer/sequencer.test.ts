// docs/operations.md#sequencer: the whole sequencer against anvil and a DA committee.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { accountKey } from '../kernel/keys.ts';
import { accountRecord } from '../kernel/records.ts';
import { createBodyRecorder } from '../node/body/recorder.ts';
import { type NetworkNode, openNode } from '../node/node.ts';
import { verifyStateProof } from '../node/proof.ts';
import { bytesToHex, type Hex, hexToBytes } from '../protocol/hex.ts';
import { encodeMessage, type Message } from '../protocol/messages.ts';
import { decodeStateLeaf } from '../protocol/state.ts';
import { keccakHex } from '../protocol/tree.ts';
import { createRpcClient, requestBytes } from '../service/http/client.ts';
import { createLogger } from '../service/process/log.ts';
import { createRunMessages } from '../test/network/chain.fixture.ts';
import { keyOf, startTestNetwork, type TestNetwork, USER, until } from '../test/network/network.fixture.ts';
import type { SequencerConfig } from './config.ts';
import { type Sequencer, startSequencer } from './main.ts';

let network: TestNetwork;
let sequencer: Sequencer;
const log = createLogger('sequencer', process.env.MIZU_LOG ?? 'silent');
const rpc = <T>(method: string, ...params: unknown[]) => createRpcClient(sequencer.url)(method, params) as Promise<T>;
const send = (message: Message) =>
  rpc<{ hash: Hex; sequence: number }>('mizu_sendMessage', bytesToHex(encodeMessage(message)));
type RunAnswer = {
  status: string;
  dataset: { root: Hex };
  batches: number[];
  stages: { done: number; width: number }[];
};

const config = (): SequencerConfig => ({
  ...network.config('sequencer'),
  key: keyOf(1),
  http: { port: 0 },
  batch: { ageSeconds: 0.3 },
  log,
});

beforeAll(async () => {
  network = await startTestNetwork();
  sequencer = await startSequencer(config());
});

afterAll(async () => {
  await sequencer?.close();
  await network?.close();
});

test('delayed messages are taken in, and a proof of the account holds', async () => {
  await network.deposit(10n ** 18n);
  const account = await until('deposit', async () => {
    const answer = await rpc<{ balance: string; nonce: number }>('mizu_getAccount', USER.address);
    return answer.balance === '0' ? undefined : answer;
  });
  expect(account).toEqual({ nonce: 0, nextNonce: 0, balance: String(10n ** 18n) });
  const proof = await rpc<{ stateRoot: Hex; value: Hex; nodes: Hex[] }>('mizu_getProof', 'A', USER.address);
  const value = await verifyStateProof(proof.stateRoot, accountKey(USER.address), proof.nodes.map(hexToBytes));
  expect(bytesToHex(value!)).toBe(proof.value);
  expect(accountRecord.decode(value!)).toEqual({ nonce: 0n, balance: 10n ** 18n });
});

test('a run is executed, posted, and L1 + DA alone give the same state', async () => {
  const { messages, run } = await createRunMessages(network.author, 5, 0n, network.author);
  const [deploy, start] = messages as [Message, Message];
  const sent = await send(deploy);
  expect(sent.hash).toBe(keccakHex(encodeMessage(deploy)));
  expect(await send(deploy)).toEqual(sent);
  await send(start);
  const done = await until('run', async () => {
    const answer = await rpc<RunAnswer | null>('mizu_getRun', run);
    return answer !== null && answer.status !== 'running' ? answer : undefined;
  });
  expect(done.status).toBe('done');
  expect(done.stages.map(({ done: tasks, width }) => [tasks, width])).toEqual([
    [5, 5],
    [5, 5],
  ]);
  expect(await rpc('mizu_getReceipt', sent.hash)).toMatchObject({ kind: 'Deploy', ok: true, sequence: sent.sequence });
  const batch = await until('posting', async () => {
    const answer = await rpc<{ status: string; gasUsed: number }>('mizu_getBatch', done.batches.at(-1));
    return answer.status === 'posted' ? answer : undefined;
  });
  expect(batch.gasUsed).toBeGreaterThan(50_000);
  await expectSameState();
  const manifest = await requestBytes(`${sequencer.url}/objects/${done.dataset.root}`);
  expect(manifest.bytes.length).toBe(5 * 64);
  const tasks = await rpc<{ status: string }[]>('mizu_getTasks', run, { stage: 1, offset: 1, limit: 3 });
  expect(tasks.map(({ status }) => status)).toEqual(['done', 'done', 'done']);
});

test('the same receipts come over the event stream, from any step on', async () => {
  const { head } = await rpc<{ head: { step: number } }>('mizu_chain');
  const stop = new AbortController();
  const response = await fetch(`${sequencer.url}/events?after=1`, { signal: stop.signal });
  let text = '';
  const decoder = new TextDecoder();
  for await (const chunk of response.body as unknown as AsyncIterable<Uint8Array>) {
    text += decoder.decode(chunk, { stream: true });
    if (text.includes(`id: ${head.step}\n`)) break;
  }
  stop.abort();
  const steps = [...text.matchAll(/^data: (.*)$/gm)].map(
    (match) => JSON.parse(match[1] as string) as { step: number; kind: string },
  );
  expect(steps.map(({ step }) => step)).toEqual(Array.from({ length: head.step - 1 }, (_, i) => i + 2));
  expect(steps.filter(({ kind }) => kind === 'Advance')).toHaveLength(10);
});

test('bad messages are refused with a reason, and nothing of them is kept', async () => {
  const { messages } = await createRunMessages(network.author, 1, 2n, network.author);
  const deploy = messages[0] as Message & { kind: 'Deploy' };
  const refused = (message: Message | Hex) =>
    rpc('mizu_sendMessage', typeof message === 'string' ? message : bytesToHex(encodeMessage(message)));
  await expect(refused({ ...deploy, maxFee: 1n })).rejects.toMatchObject({ code: 'message/bad-signature' });
  // This is the other form of a good signature, with a high s: the kernel takes it for nobody's.
  const order = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n;
  const highS = (order - BigInt(`0x${deploy.signature.slice(66, 130)}`)).toString(16).padStart(64, '0');
  const turned = `${deploy.signature.slice(0, 66)}${highS}${deploy.signature.endsWith('1b') ? '1c' : '1b'}` as Hex;
  await expect(refused({ ...deploy, signature: turned })).rejects.toMatchObject({ code: 'message/bad-signature' });
  await expect(
    refused(await network.author.sign({ kind: 'Cancel', nonce: 5n, run: keccakHex(new Uint8Array(1)) })),
  ).rejects.toMatchObject({
    code: 'message/nonce-gap',
    expected: 'nonce 2',
  });
  await expect(
    refused(await network.author.sign({ kind: 'Cancel', nonce: 1n, run: keccakHex(new Uint8Array(1)) })),
  ).rejects.toMatchObject({ code: 'message/nonce-used' });
  const greedy = await network.author.sign({
    kind: 'Withdraw',
    nonce: 2n,
    recipient: USER.address,
    amount: 10n ** 20n,
  });
  await expect(refused(greedy)).rejects.toMatchObject({ code: 'message/balance-too-low' });
  const start = messages[1] as Message & { kind: 'Run' };
  const again = (fields: Partial<typeof start>) => network.author.sign({ ...start, nonce: 2n, ...fields });
  await expect(refused(await again({ deadline: 5n }))).rejects.toMatchObject({ code: 'message/deadline-passed' });
  await expect(refused(await again({ workflow: keccakHex(new Uint8Array(2)) }))).rejects.toMatchObject({
    code: 'message/workflow-unknown',
  });
  await expect(refused(await network.author.sign({ ...deploy, maxFee: 1n }))).rejects.toMatchObject({
    code: 'message/max-fee-too-low',
  });
  await expect(refused({ kind: 'Deposit', account: USER.address, amount: 1n })).rejects.toMatchObject({
    code: 'message/kind-not-taken',
  });
  await expect(refused('0x99')).rejects.toMatchObject({ code: 'protocol/malformed' });
  await expect(refused(`0x01${'00'.repeat(256 * 1024)}`)).rejects.toMatchObject({ code: 'message/too-large' });
  await expect(refused({ kind: 'Expire', run: keccakHex(new Uint8Array(1)) })).rejects.toMatchObject({
    code: 'message/not-expirable',
  });
  await expect(rpc('mizu_getRun', '0x12')).rejects.toMatchObject({ code: 'rpc/-32602' });
  await expect(rpc('mizu_nothing')).rejects.toMatchObject({ code: 'rpc/-32601' });
});

test('started again, and started anew from nothing, it has the same state', async () => {
  const before = await rpc<{ head: { step: number; stateRoot: Hex } }>('mizu_chain');
  await until('everything posted', allPosted);
  await sequencer.close();
  sequencer = await startSequencer(config());
  const again = await rpc<{ head: { step: number; stateRoot: Hex } }>('mizu_chain');
  expect(again.head).toEqual(before.head);
  await sequencer.close();
  sequencer = await startSequencer({ ...config(), dataDir: network.config('sequencer-2').dataDir });
  await until(
    'derivation',
    async () => (await rpc<{ head: { step: number } }>('mizu_chain')).head.step === before.head.step,
  );
  expect((await rpc<{ head: unknown }>('mizu_chain')).head).toEqual(before.head);
});

async function allPosted(): Promise<boolean> {
  type Health = { batch: number; isOpen: boolean; posted: number };
  const health = (await fetch(`${sequencer.url}/health`).then((answer) => answer.json())) as Health;
  return !health.isOpen && health.batch === health.posted;
}

async function expectSameState(): Promise<void> {
  await until('everything posted', allPosted);
  const { head } = await rpc<{ head: { step: number; batch: number; stateRoot: Hex } }>('mizu_chain');
  const node: NetworkNode = await openNode(network.config(`judge-${head.step}`), { log, recorder: createBodyRecorder });
  const stop = new AbortController();
  const following = node.follow(stop.signal, () => {});
  await until('mirror', async () => Number((await node.mirror.head()).batches) >= head.batch);
  await node.execution.catchUp(stop.signal);
  const leaves = await node.execution.leaves(BigInt(head.step), BigInt(head.step));
  expect(decodeStateLeaf(leaves).stateRoot).toBe(head.stateRoot);
  stop.abort();
  await following;
  await node.close();
}
