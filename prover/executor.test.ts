import { afterAll, beforeAll, expect, test } from 'vitest';
import { feesKey } from '../kernel/keys.ts';
import { feesRecord } from '../kernel/records.ts';
import { decodeBodyIndex } from '../node/body/receipts.ts';
import { readRecord } from '../node/proof.ts';
import { bridgeAbi } from '../protocol/generated/abi.ts';
import { decodeStateLeaf } from '../protocol/state.ts';
import { LEAF_BYTES, objectRoot } from '../protocol/tree.ts';
import { createLogger } from '../service/process/log.ts';
import { createRunMessages } from '../test/network/chain.fixture.ts';
import { EXECUTOR, keyOf, startTestNetwork, type TestNetwork, until } from '../test/network/network.fixture.ts';
import { type Executor, type ExecutorConfig, startExecutor } from './main.ts';

let network: TestNetwork;
let executor: Executor | undefined;

beforeAll(async () => {
  network = await startTestNetwork();
});

afterAll(async () => {
  await executor?.close();
  await network?.close();
});

const config = (): ExecutorConfig => ({
  ...network.config('executor'),
  key: keyOf(2),
  policy: { intervalSeconds: 0 },
  payoutWei: 1n,
  log: createLogger('executor', process.env.MIZU_LOG ?? 'silent'),
});

async function confirmedUpTo(batch: bigint) {
  return network.clock.passUntil(`batch ${batch} confirmed`, async () => {
    const { latestConfirmed } = await executor!.node.mirror.head();
    const record = await executor!.node.mirror.assertion(latestConfirmed);
    return record !== undefined && record.post.batch >= batch ? record : undefined;
  });
}

test('a run is executed, asserted with its body on DA, confirmed, and its fees are paid', async () => {
  executor = await startExecutor(config());
  await network.deposit(10n ** 18n);
  const { messages, run } = await createRunMessages(network.author, 2, 0n, network.author);
  await network.postBatch(messages.slice(0, 2));
  await confirmedUpTo(1n);
  await network.postBatch(messages.slice(2));
  const record = await confirmedUpTo(2n);
  const steps = await network.da.get(record.stepRoot);
  expect(objectRoot(steps)).toBe(record.stepRoot);
  expect(decodeStateLeaf(steps.subarray(steps.length - LEAF_BYTES))).toEqual(record.post);
  const index = decodeBodyIndex(await network.da.get(record.objects[0]!.root));
  expect(index.stepRoot).toBe(record.stepRoot);
  expect(index.runs.map((entry) => entry.run)).toEqual([run]);
  expect(index.partitions).toHaveLength(2);
  // The two assertions are claimed for one by one: then all has been claimed, and all is paid out.
  const { client } = network.l1;
  const bridge = { address: network.deployment.addresses.bridge, abi: bridgeAbi } as const;
  const proven = await readRecord(executor.node.nodes, record.post.stateRoot, feesKey());
  const { fees } = feesRecord.decode(proven!);
  expect(fees).toBeGreaterThan(0n);
  const toValidators = await until('fees', async () => {
    const claims = await client.getContractEvents({ ...bridge, eventName: 'FeesClaimed', fromBlock: 0n });
    const sum = (of: 'earned' | 'toValidators') => claims.reduce((total, { args }) => total + (args[of] ?? 0n), 0n);
    return sum('earned') + sum('toValidators') === fees ? sum('toValidators') : undefined;
  });
  await until('payment', async () => {
    const args = [EXECUTOR.address] as const;
    return (await client.readContract({ ...bridge, functionName: 'earningsOf', args })) === 0n;
  });
  const paid = await client.getContractEvents({ ...bridge, eventName: 'EarningsPaid', fromBlock: 0n });
  expect(paid.map(({ args }) => args.account)).toContain(EXECUTOR.address);
  // Nobody has attested, so the validators' part waits for those who attest next (docs/attestations.md#record).
  expect(toValidators).toBeGreaterThan(0n);
  expect(await client.readContract({ ...bridge, functionName: 'validatorPool' })).toBe(toValidators);
});

test('started again it goes on from its own data, and asserts nothing twice', async () => {
  await executor!.close();
  const sent = () => network.l1.client.getTransactionCount({ address: EXECUTOR.address });
  const before = await sent();
  executor = await startExecutor(config());
  await until('catching up', async () => (await executor!.node.mirror.head()).batches === 2n);
  expect(executor.node.execution.batches()).toBe(2n);
  expect(await sent()).toBe(before);
  await network.postBatch([{ kind: 'Expire', run: `0x${'11'.repeat(32)}` }]);
  await confirmedUpTo(3n);
  // L1 may have confirmed it before the executor has seen that its transaction is mined.
  await until('the count', () => executor!.counts.asserted > 0);
  expect(executor.counts.asserted).toBe(1);
});

test('a reorganisation of L1 that replaces a batch is followed', async () => {
  const snapshot = await network.chain.snapshot();
  await network.postBatch([{ kind: 'Expire', run: `0x${'22'.repeat(32)}` }]);
  const first = await until('the first version', async () => executor!.node.execution.batch(3n));
  await network.chain.revert({ id: snapshot });
  await network.postBatch([
    { kind: 'Expire', run: `0x${'33'.repeat(32)}` },
    { kind: 'Expire', run: `0x${'44'.repeat(32)}` },
  ]);
  const second = await until('the second version', async () => {
    const batch = await executor!.node.execution.batch(3n);
    return batch !== undefined && batch.fingerprint !== first.fingerprint ? batch : undefined;
  });
  expect(second.toStep - second.fromStep).toBe(2n);
  const record = await confirmedUpTo(4n);
  expect(record.stepCount).toBe(2);
});
