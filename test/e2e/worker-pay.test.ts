// docs/edge.md#worker-accounts: rows to workers, credits to accounts, the kernel, L1: no wei is lost or doubled on the way.

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { freePort } from '../../devnet/anvil.ts';
import type { GatewayConfigInput, WorkerConfigInput } from '../../edge/config.ts';
import { createInvitation } from '../../edge/invitation.ts';
import { type RunningWorker, startWorker } from '../../edge/main.ts';
import { encodeRequests } from '../../edge/rows.ts';
import { createSigner } from '../../edge/signing.ts';
import { accountRecord, countersRecord, settledRecord, withdrawalRecord } from '../../kernel/records.ts';
import { createWriter } from '../../protocol/bytes.ts';
import { encodeDefinition, hashWorkflow, objectsOfDefinition } from '../../protocol/definition.ts';
import { bridgeAbi, mizuTokenAbi } from '../../protocol/generated/abi.ts';
import { type Address, bytesToHex, type Hex, hexToBytes } from '../../protocol/hex.ts';
import { encodeInputs, encodeMessage, hashRun, type Message } from '../../protocol/messages.ts';
import { modelId } from '../../protocol/model-id.ts';
import { createDomain } from '../../protocol/typed-data.ts';
import { type Executor, startExecutor } from '../../prover/main.ts';
import type { Sequencer } from '../../sequencer/main.ts';
import { createRpcClient, requestJson } from '../../service/http/client.ts';
import { createLogger } from '../../service/process/log.ts';
import { inferStage } from '../kernel/world.fixture.ts';
import { putTestProgram } from '../network/chain.fixture.ts';
import { joinGateway, writeAs } from '../network/inference.fixture.ts';
import {
  VALIDATOR as GATEWAY,
  keyOf,
  startTestNetwork,
  type TestNetwork,
  USER,
  until,
} from '../network/network.fixture.ts';
import { createProcess, type TestProcess } from '../network/process.fixture.ts';
import { startTestSequencer } from '../network/sequencer.fixture.ts';

const MODEL_NAME = 'builtin/small';
const MODEL = modelId(MODEL_NAME);
const PRICES = { inputPrice: 1_000_000n, outputPrice: 2_000_000n };
const SETTLE_FEE = 588_000n;
const WITHDRAW_FEE = 428_000n;
const PARTITIONS = 6;
const ROWS = 16;
const WORKER_KEYS: readonly Hex[] = [`0x${'71'.repeat(32)}`, `0x${'72'.repeat(32)}`];
const WORKERS = WORKER_KEYS.map((key) => createSigner(key).address);
const PAYEES: readonly Address[] = [`0x${'e1'.repeat(20)}`, `0x${'e2'.repeat(20)}`];

let folder: string;
let network: TestNetwork;
let sequencer: Sequencer;
let executor: Executor;
let gateway: TestProcess;
let gatewayUrl: string;
let workers: RunningWorker[] = [];
let workflow: Hex;
let nonce = 0n;

type RunView = { status: string; inputTokens: number; outputTokens: number; stages: { done: number }[] };
type Proof = { value: Hex | null; nodes: Hex[] };

const text = (value: string) => new TextEncoder().encode(value);
const rpc = <T>(method: string, ...params: unknown[]) =>
  createRpcClient(sequencer.url)(method, params, { timeoutSeconds: 30 }) as Promise<T>;
const send = (message: Message) => rpc<{ hash: Hex }>('mizu_sendMessage', bytesToHex(encodeMessage(message)));
const inHours = (hours: number) => BigInt(Math.floor(Date.now() / 1000) + hours * 3600);
const viewOf = (run: Hex) => rpc<RunView | null>('mizu_getRun', run);
const proof = (table: string, id: Hex, ...root: Hex[]) => rpc<Proof>('mizu_getProof', table, id, ...root);
const bytesOf = async (table: string, id: Hex) => {
  const { value } = await proof(table, id);
  return value === null ? undefined : hexToBytes(value);
};
const accountOf = async (address: Hex) => {
  const bytes = await bytesOf('A', address);
  return bytes === undefined ? { nonce: 0n, balance: 0n } : accountRecord.decode(bytes);
};
const settledOf = async (worker: Address) => {
  const bytes = await bytesOf('Q', `${GATEWAY.address}${worker.slice(2)}`);
  return bytes === undefined ? 0n : settledRecord.decode(bytes).settled;
};
const sum = (amounts: readonly bigint[]) => amounts.reduce((total, amount) => total + amount, 0n);
const indexKey = (index: bigint): Hex => bytesToHex(createWriter().u64(index).finish());
async function withdrawals() {
  const bytes = await bytesOf('N', '0x');
  const count = bytes === undefined ? 0n : countersRecord.decode(bytes).withdrawals;
  const indexes = Array.from({ length: Number(count) }, (_, index) => BigInt(index));
  return Promise.all(
    indexes.map(async (index) => ({ index, ...withdrawalRecord.decode((await bytesOf('O', indexKey(index)))!) })),
  );
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'mizu-worker-pay-'));
  network = await startTestNetwork();
  sequencer = await startTestSequencer(network);
  const log = createLogger('executor', process.env.MIZU_LOG ?? 'silent');
  executor = await startExecutor({ ...network.config('executor'), key: keyOf(2), policy: { intervalSeconds: 0 }, log });
  await joinGateway(network, MODEL, GATEWAY, PRICES);
  await network.deposit(10n ** 18n);
  await until('deposit', async () => (await accountOf(USER.address)).balance !== 0n);

  const port = await freePort();
  gatewayUrl = `http://127.0.0.1:${port}`;
  const { da } = network.config('gateway');
  const config: GatewayConfigInput = {
    sequencerUrl: sequencer.url,
    dataDir: join(folder, 'gateway'),
    privateKey: bytesToHex(GATEWAY.getHdKey().privateKey!),
    listen: { port },
    da: { members: [...da.members], threshold: da.threshold },
    retentionSeconds: 24 * 3_600,
    auditRate: 0,
    leaseRows: 4,
  };
  gateway = createProcess(
    new URL('../network/gateway-process.fixture.ts', import.meta.url),
    network.config('gateway-process'),
    {
      gateway: config,
    },
  );
  gateway.start();
  const domain = createDomain(network.deployment.chainId, network.deployment.addresses.gatewayRegistry);
  const inviter = createSigner(config.privateKey as Hex);
  workers = await Promise.all(
    WORKER_KEYS.map((privateKey, i) => {
      const invited = { name: `worker${i}`, worker: WORKERS[i]!, expiry: Number(inHours(1)) };
      const worker: WorkerConfigInput = {
        gatewayUrl,
        privateKey,
        invitation: createInvitation(domain, inviter, invited),
        dataDir: join(folder, `worker${i}`),
        concurrency: 2,
        settle: { sequencerUrl: sequencer.url, settleWei: '1', withdraw: { to: PAYEES[i]!, wei: '1' } },
      };
      return startWorker(worker, { log: createLogger('worker', process.env.MIZU_LOG ?? 'silent') });
    }),
  );
  await deploy();
});

afterAll(async () => {
  await Promise.all(workers.map((worker) => worker.close()));
  await gateway?.kill('SIGKILL');
  await executor?.close();
  await sequencer?.close();
  await network?.close();
  await rm(folder, { recursive: true, force: true });
});

async function deploy(): Promise<void> {
  const { author } = network;
  const program = await putTestProgram({ ...author } as never);
  const [metadata] = await author.putAll([text('{"name":"test","stages":[{"sink":"train"}]}')]);
  const stages = [inferStage(0xffff, { model: MODEL, sink: true })];
  const definition = { programs: [program], stages, metadata: metadata! };
  workflow = hashWorkflow(definition);
  const certified = encodeDefinition(definition, await author.certify(objectsOfDefinition(definition)));
  await send(await author.sign({ kind: 'Deploy', nonce: nonce++, maxFee: 10n ** 18n, definition: certified }));
}

/** A run whose partitions are requests of so many rows each. */
async function startRun(name: string): Promise<Hex> {
  const { author } = network;
  const objects = Array.from({ length: PARTITIONS }, (_, partition) =>
    encodeRequests(
      MODEL_NAME,
      Array.from({ length: ROWS }, (_row, i) =>
        JSON.stringify([i, { messages: [{ role: 'user', content: `${name} ${partition} ${'word '.repeat(i)}` }] }]),
      ),
    ),
  );
  const inputs = await author.putAll(objects);
  const costs = { maxCost: 10n ** 13n, maxItemCost: 10n ** 13n, maxInferenceCost: 10n ** 13n };
  const run = hashRun(author.address, nonce, workflow);
  await send(
    await author.sign({
      ...{ kind: 'Run', nonce: nonce++, workflow, ...costs, gateways: [GATEWAY.address], taskGasLimit: 500_000n },
      ...{ deadline: inHours(1), inputs: encodeInputs(inputs, await author.certify(inputs)) },
    }),
  );
  return run;
}

const ended = (run: Hex) =>
  until('the end of the run', async () => {
    const view = await viewOf(run);
    return view === null || view.status === 'running' ? undefined : view;
  });

test('what the kernel pays for rows comes to their workers on L1, though the gateway is killed', async () => {
  const first = await startRun('first');
  const views = [await ended(first)];
  const second = await startRun('second');
  await until('an item of the second run', async () => ((await viewOf(second))?.stages[0]?.done ?? 0) > 0);
  await gateway.kill('SIGKILL');
  gateway.start();
  views.push(await ended(second));
  expect(views.map(({ status }) => status)).toEqual(['done', 'done']);

  const paid = sum(
    views.map((view) => BigInt(view.inputTokens) * PRICES.inputPrice + BigInt(view.outputTokens) * PRICES.outputPrice),
  );
  // Each price is a multiple of 10,000 wei, so that of eight tenths only the division among the two workers is rounded.
  const part = (paid * 8n) / 10n;
  type Health = { workers: { worker: Address; earnedWei: string }[]; unsettledBatches: number };
  const earned = await until('all batches are settled', async () => {
    const health = await requestJson<Health>(`${gatewayUrl}/health`).catch(() => undefined);
    if (health?.unsettledBatches !== 0 || health.workers.length !== 2) return undefined;
    const of = WORKERS.map((worker) => BigInt(health.workers.find((one) => one.worker === worker)!.earnedWei));
    return part - sum(of) < BigInt(2 * views.length * PARTITIONS) ? of : undefined;
  });
  expect(sum(earned)).toBeLessThanOrEqual(part);
  for (const wei of earned) expect(wei).toBeGreaterThan(0n);

  // The workers settle and withdraw by themselves.
  const balances = () => Promise.all(WORKERS.map(async (worker) => (await accountOf(worker)).balance));
  await until('everything is settled', async () => {
    const settled = await Promise.all(WORKERS.map(settledOf));
    return settled.every((wei, i) => wei === earned[i]) && sum(await balances()) === 0n;
  });
  expect((await accountOf(GATEWAY.address)).balance).toBe(paid - sum(earned));
  const written = await withdrawals();
  for (const [i, worker] of WORKERS.entries()) {
    const own = written.filter(({ recipient }) => recipient === PAYEES[i]);
    const settles = (await accountOf(worker)).nonce - BigInt(own.length);
    const fees = settles * SETTLE_FEE + BigInt(own.length) * WITHDRAW_FEE;
    expect(sum(own.map(({ amount }) => amount))).toBe(earned[i]! - fees);
  }

  const { head } = await rpc<{ head: { step: number } }>('mizu_chain');
  const confirmed = await network.clock.passUntil('the withdrawals are confirmed', async () => {
    const chain = await rpc<{ confirmed: { step: number; assertion: Hex } | null }>('mizu_chain');
    return chain.confirmed !== null && chain.confirmed.step >= head.step ? chain.confirmed : undefined;
  });
  const assertions = await rpc<{ id: Hex; stateRoot: Hex }[]>('mizu_getAssertions', {});
  const { stateRoot } = assertions.find(({ id }) => id === confirmed.assertion)!;
  const { bridge, token } = network.deployment.addresses;
  for (const { index, recipient, amount } of written) {
    const { nodes } = await proof('O', indexKey(index), stateRoot);
    await writeAs(network, USER, bridge, bridgeAbi, 'withdraw', [confirmed.assertion, index, recipient, amount, nodes]);
  }
  for (const payee of PAYEES) {
    const own = sum(written.filter(({ recipient }) => recipient === payee).map(({ amount }) => amount));
    const held = await network.l1.client.readContract({
      address: token,
      abi: mizuTokenAbi,
      functionName: 'balanceOf',
      args: [payee],
    });
    expect(held).toBe(own);
  }
});
