// docs/sdk.md#trust: a forged network, with an L1, contracts and a sequencer of its own, and a run that it has really proven there.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Abi, encodeAbiParameters, keccak256, toHex } from 'viem';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Anvil, startAnvil } from '../../devnet/anvil.ts';
import { auditsAbi, inboxAbi, rollupAbi } from '../../protocol/generated/abi.ts';
import type { Address, Hex } from '../../protocol/hex.ts';
import { hashDataset } from '../../protocol/state.ts';
import { type Executor, startExecutor } from '../../prover/main.ts';
import { jsonBody } from '../../service/http/body.ts';
import { createHttpApp, type HttpApp } from '../../service/http/http.ts';
import { withAccount } from '../../service/l1/l1.ts';
import { createSender } from '../../service/l1/send.ts';
import { createLogger } from '../../service/process/log.ts';
import { createRunMessages } from '../../test/network/chain.fixture.ts';
import { keyOf, startTestNetwork, type TestNetwork, until } from '../../test/network/network.fixture.ts';
import { runMain } from '../../test/network/run-main.fixture.ts';
import { writeDatasetFolder } from '../output/folder.ts';
import { saveRun } from './state-file.ts';
import { resolveTrust } from './trust.ts';
import { verifyTarget } from './verify.ts';

const log = createLogger('test', 'silent');
const OTHER = `0x${'77'.repeat(20)}` as Address;
let forged: TestNetwork;
let executor: Executor;
let honestL1: Anvil;
let sequencer: HttpApp;
let rpc: string;
let run: Hex;
/** What the sequencer says instead of the truth. */
let lies: Record<string, unknown>;
let previous: string;
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'mizu-trust-'));
  previous = process.cwd();
  process.chdir(folder);
  forged = await startTestNetwork();
  honestL1 = await startAnvil({ blockTimeSeconds: 1 });
  executor = await startExecutor({ ...forged.config('executor'), key: keyOf(2), policy: { intervalSeconds: 0 }, log });
  await forged.deposit(10n ** 18n);
  const created = await createRunMessages(forged.author, 2, 0n, forged.author);
  run = created.run;
  await forged.postBatch(created.messages);
  await until('an assertion', async () => executor.counts.asserted > 0);
  lies = {};
  sequencer = createHttpApp({ log, health: () => ({}) });
  sequencer.app.post('/', jsonBody(10_000), (request, response) => {
    const { addresses, fromBlock, chainId } = forged.deployment;
    const { members, threshold } = forged.config('x').da;
    const da = { members, threshold, epoch: 1 };
    const chain = {
      chainId,
      contracts: addresses,
      fromBlock: Number(fromBlock),
      minGasPrice: '1',
      da,
      l1RpcUrl: forged.anvil.url,
      ...lies,
    };
    response.json({ jsonrpc: '2.0', id: request.body.id, result: request.body.method === 'mizu_chain' ? chain : null });
  });
  rpc = await sequencer.listen({ port: 0 });
});

afterAll(async () => {
  process.chdir(previous);
  await sequencer?.close();
  await executor?.close();
  await forged?.close();
  await honestL1?.close();
  await rm(folder, { recursive: true, force: true });
});

const verify = (...argv: string[]) => runMain('verify', run, '--rpc', rpc, ...argv);

const root = (l1: string, rollup: Address = forged.deployment.addresses.rollup) => {
  return ['--l1-url', l1, '--rollup', rollup, '--chain-id', '31337'];
};

test('whoever believes this network is shown what he believes, and that it keeps its word', async () => {
  const { code, text } = await verify(...root(forged.anvil.url));
  expect(text).toContain(
    `trust root: chain 31337 (--chain-id), Rollup ${forged.deployment.addresses.rollup} (--rollup)`,
  );
  expect(code).toBe(0);
});

test('of a run with answers that are wrong on purpose it warns', async () => {
  const { audits } = forged.deployment.addresses;
  const count = () =>
    forged.l1.client.readContract({ ...{ address: audits, abi: auditsAbi }, functionName: 'canariesOf', args: [run] });
  // Whichever of the contract's slots counts them.
  const slots = Array.from({ length: 32 }, (_, slot) =>
    keccak256(encodeAbiParameters([{ type: 'bytes32' }, { type: 'uint256' }], [run, BigInt(slot)])),
  );
  const set = async (value: number) => {
    for (const index of slots)
      await forged.chain.setStorageAt({ address: audits, index, value: toHex(value, { size: 32 }) });
  };
  expect((await verify(...root(forged.anvil.url))).text).not.toContain('warning');
  await set(2);
  expect(await count()).toBe(2n);
  const { code, text } = await verify(...root(forged.anvil.url));
  expect(text).toContain('warning: 2 answers are wrong on purpose: the run is a canary');
  expect(code).toBe(0);
  await set(0);
});

test('without a trust root nothing is verified: the sequencer is not asked for one', async () => {
  const { code, text } = await verify();
  expect(code).toBe(1);
  expect(text).toContain('--chain-id, --rollup, --l1-url');
  expect((await verify('--l1-url', forged.anvil.url)).code).toBe(1);
});

test('the forged network fails whoever trusts another one, whatever its sequencer says', async () => {
  // It tells its own contracts.
  expect(await verify(...root(honestL1.url, OTHER))).toMatchObject({
    code: 3,
    text: expect.stringContaining('no Rollup at'),
  });
  expect(await verify(...root(forged.anvil.url, OTHER))).toMatchObject({ code: 3 });
  // It tells the contracts that it is asked for, and there is no such run.
  lies = { contracts: { ...forged.deployment.addresses, rollup: OTHER } };
  expect(await verify(...root(forged.anvil.url))).toMatchObject({
    code: 3,
    text: expect.stringContaining('of another network than the trust root'),
  });
  lies = { chainId: 5 };
  expect(await verify(...root(forged.anvil.url))).toMatchObject({ code: 3 });
  lies = { contracts: { ...forged.deployment.addresses, inbox: OTHER } };
  expect(await verify(...root(forged.anvil.url))).toMatchObject({ code: 3 });
  // It tells a first block that is too late: events are missing, and that shows.
  lies = { fromBlock: Number(await forged.l1.client.getBlockNumber()) - 1 };
  expect(await verify(...root(forged.anvil.url))).toMatchObject({ code: 3 });
  lies = {};
});

test('a dataset of another network is told as that, and one whose manifest does not say of which', async () => {
  const { addresses, fromBlock, chainId } = forged.deployment;
  const { hash } = await forged.l1.client.getBlock({ blockNumber: fromBlock });
  const facts = {
    workflowName: 'w',
    workflow: run,
    run,
    datasetRoot: hashDataset([]),
    chainId,
    inbox: addresses.inbox,
    rollup: addresses.rollup,
    fromBlock: Number(fromBlock),
    rpcUrl: rpc,
    models: [],
    operators: [],
  };
  const check = async (more: object) => {
    await writeDatasetFolder('set', { ...facts, ...more }, [], async () => new Uint8Array());
    return runMain('verify', 'set', '--l1-url', forged.anvil.url, '--chain-id', '31337');
  };
  const anew = await check({ origin: run });
  expect(anew.code).toBe(3);
  expect(anew.text).toContain('This dataset was made on another network than the one that it is verified on.');
  expect(anew.text).toContain(`block ${fromBlock} ${hash} (L1): this network`);
  expect(anew.text).toContain(`block ${fromBlock} ${run} (the dataset's manifest.json)`);
  const other = await check({ origin: hash, chainId: 5 });
  expect(other).toMatchObject({ code: 3, text: expect.stringContaining('chain 5, Rollup ') });
  expect(other.text).toContain('made on another network');
  const later = await check({ origin: hash, fromBlock: 1_000_000 });
  expect(later).toMatchObject({ code: 3, text: expect.stringContaining('no block 1000000 (L1): this network') });
  const old = await check({});
  expect(old.code).toBe(1);
  expect(old.text).toMatch(/does not say on which network[\s\S]* dataset get 0x[0-9a-f]{64} --output set/);
  // Of this network, but not what its run has given.
  const forgedFolder = await check({ origin: hash });
  expect(forgedFolder.code).toBe(3);
  expect(forgedFolder.text).toMatch(/dataset root 0x[0-9a-f]{64} \(L1\)[\s\S]*\(the folder\)[\s\S]*Restore it with/);
});

test('a run that neither L1 nor the sequencer knows is told as that', async () => {
  const none = `0x${'ab'.repeat(32)}`;
  const { code, text } = await runMain('verify', none, '--rpc', rpc, ...root(forged.anvil.url));
  expect(code).toBe(3);
  expect(text).toContain('This network has no such run: neither L1 nor its sequencer knows it.');
});

test('two L1 nodes must agree, and must answer', async () => {
  const [own, ...rest] = [forged.anvil.url, ...root(forged.anvil.url).slice(2)];
  expect(await verify('--l1-url', own, '--l1-url', honestL1.url, ...rest)).toMatchObject({
    code: 3,
    text: expect.stringContaining('do not agree'),
  });
  expect((await verify('--l1-url', own, '--l1-url', 'http://127.0.0.1:9', ...rest)).code).toBe(1);
  expect((await verify('--l1-url', own, '--l1-url', own, ...rest)).code).toBe(0);
});

test('the pinned file of a network goes before a manifest, and a contradiction between them fails', async () => {
  const pinned = { file: 'x.json', l1RpcUrl: 'http://127.0.0.1:1', chainId: 7, rollup: OTHER };
  expect(resolveTrust({}, pinned, { chainId: 7, rollup: OTHER })).toMatchObject({ chainId: 7, rollup: OTHER });
  expect(() => resolveTrust({}, pinned, { chainId: 8, rollup: OTHER })).toThrow(
    expect.objectContaining({ code: 'verify/other-network' }),
  );
  expect(() => resolveTrust({ rollup: `0x${'88'.repeat(20)}` }, pinned, { chainId: 7, rollup: OTHER })).toThrow(
    expect.objectContaining({ code: 'verify/other-network' }),
  );
  const fromManifest = resolveTrust({ l1Urls: ['http://a'] }, undefined, { chainId: 8, rollup: OTHER });
  expect(fromManifest.described).toBe(
    `chain 8 (the dataset's manifest), Rollup ${OTHER} (the dataset's manifest), L1 http://a (--l1-url or MIZU_L1_RPC)`,
  );
  // The manifest never names an L1.
  expect(() => resolveTrust({}, undefined, { chainId: 8, rollup: OTHER })).toThrow(
    expect.objectContaining({ code: 'sdk/no-trust-root' }),
  );
});

test('a run whose start was in a batch that L1 has made void is told so, with the batch, the block and what to do', async () => {
  const { mirror } = executor.node;
  await forged.clock.passUntil('confirmation of all', async () => (await mirror.pending()).length === 0);
  await executor.close();
  const { addresses, chainId } = forged.deployment;
  const index = await batchCount();
  const lost = await createRunMessages(forged.author, 2, 2n, forged.author);
  await forged.postBatch(lost.messages, undefined, { hours: 3 });
  await forged.clock.advance(3 * 3600);
  const rollup = { address: addresses.rollup, abi: rollupAbi as Abi };
  const made = await createSender(withAccount(forged.l1, keyOf(3))).sendAndWait({
    ...rollup,
    functionName: 'voidBatches',
    args: [index, index + 1n],
  });
  if (made.kind !== 'mined') throw new Error('it was void before');
  const { blockNumber, transactionHash } = made.receipt;

  // Where nobody has started it nobody knows in which batch it was.
  const stranger = await runMain('verify', lost.run, '--rpc', rpc, ...root(forged.anvil.url));
  expect(stranger.code).toBe(3);
  expect(stranger.text).toContain(
    `L1 has made batch ${index} void: a run that was started in it does not exist any more`,
  );

  const hash: Hex = `0x${'44'.repeat(32)}`;
  await saveRun({
    workflow: hash,
    inputsHash: hash,
    chainId,
    inbox: addresses.inbox,
    origin: '',
    run: lost.run,
    message: '0x',
    messageHash: hash,
    file: 'w.ts',
    input: 'rows.jsonl',
    startedAt: 1,
    promise: { batch: Number(index), message: 1, messageHash: hash, sequencer: OTHER, signature: '0x' },
  });
  const { code, text } = await runMain('verify', lost.run, '--rpc', rpc, ...root(forged.anvil.url));
  expect(code).toBe(3);
  expect(text).toContain(`batch ${index}, which held the message that started it, is void`);
  expect(text).toContain(`void since block ${blockNumber} of L1, transaction ${transactionHash}`);
  expect(text).toContain('Nothing was charged: fees and escrow are still on the account');
  expect(text).toContain(' run w.ts --input rows.jsonl');
  const flags = { rpc, l1Urls: [forged.anvil.url], rollup: addresses.rollup, chainId };
  await expect(verifyTarget(lost.run, false, flags, () => undefined)).rejects.toMatchObject({
    code: 'verify/run-void',
  });
});

async function batchCount(): Promise<bigint> {
  const inbox = { address: forged.deployment.addresses.inbox, abi: inboxAbi } as const;
  return forged.l1.client.readContract({ ...inbox, functionName: 'batchCount' });
}
