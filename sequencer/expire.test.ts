// docs/kernel.md#expiry: an idle run whose bytes are no longer promised for long enough is ended without being asked for.
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { DEVNET_CONFIG } from '../contracts/config.ts';
import { encodeDefinition, hashWorkflow, objectsOfDefinition } from '../protocol/definition.ts';
import { inboxAbi } from '../protocol/generated/abi.ts';
import { bytesToHex, type Hex } from '../protocol/hex.ts';
import { encodeInputs, encodeMessage, hashRun, type Message } from '../protocol/messages.ts';
import type { ObjectRef } from '../protocol/tree.ts';
import { createRpcClient } from '../service/http/client.ts';
import { withAccount } from '../service/l1/l1.ts';
import { createSender } from '../service/l1/send.ts';
import { execStage, inferStage } from '../test/kernel/world.fixture.ts';
import { putTestProgram } from '../test/network/chain.fixture.ts';
import { keyOf, startTestNetwork, type TestNetwork, USER, until } from '../test/network/network.fixture.ts';
import { startTestSequencer } from '../test/network/sequencer.fixture.ts';
import type { Sequencer } from './main.ts';

type RunView = { status: string; escrow: string; spent: string; endedAt: number | null };

let network: TestNetwork;
let sequencer: Sequencer;
const HOUR = 3_600;
const SLOW_MS = 600_000;
const text = (value: string) => new TextEncoder().encode(value);
const rpc = <T>(method: string, ...params: unknown[]) => createRpcClient(sequencer.url)(method, params) as Promise<T>;
const send = (message: Message) => rpc<{ hash: Hex }>('mizu_sendMessage', bytesToHex(encodeMessage(message)));
const runOf = (run: Hex) => rpc<RunView | null>('mizu_getRun', run);

beforeAll(async () => {
  network = await startTestNetwork();
  // The machine seems to take ten minutes for what follows, while L1's clock stands still.
  const now = Date.now;
  vi.spyOn(Date, 'now').mockImplementation(() => now() + SLOW_MS);
  sequencer = await startTestSequencer(network);
  await network.deposit(10n ** 18n);
  await until('deposit', async () => (await rpc<{ balance: string }>('mizu_getAccount', USER.address)).balance !== '0');
});

afterAll(async () => {
  await sequencer?.close();
  await network?.close();
  vi.restoreAllMocks();
});

/**
 * Starts a run that waits for results which no gateway gives. Its deadline is far behind `promisedTo`, up to which its
 * bytes are promised for long enough.
 */
async function startIdleRun(): Promise<{ run: Hex; promisedTo: bigint }> {
  const { author } = network;
  // Promises are made by the machine's clock, and L1's stands still meanwhile.
  const expiries: bigint[] = [];
  const certify = async (objects: readonly ObjectRef[]) => {
    const certificate = await author.certify(objects);
    expiries.push(certificate.expiry);
    return certificate;
  };
  const program = await putTestProgram(author);
  const [metadata] = await author.putAll([text('{}')]);
  const stages = [execStage(), inferStage(0), execStage({ inputs: [{ source: 1, mode: 'same' }], sink: true })];
  const definition = { programs: [program], stages, metadata: metadata! };
  const encoded = encodeDefinition(definition, await certify(objectsOfDefinition(definition)));
  const { nextNonce } = await rpc<{ nextNonce: number }>('mizu_getAccount', USER.address);
  const nonce = BigInt(nextNonce);
  await send(await author.sign({ kind: 'Deploy', nonce, maxFee: 10n ** 18n, definition: encoded }));
  const inputs = await author.putAll([text('ab')]);
  const workflow = hashWorkflow(definition);
  const start = await author.sign({
    kind: 'Run',
    nonce: nonce + 1n,
    workflow,
    maxCost: 10n ** 12n,
    maxItemCost: 10n ** 12n,
    maxInferenceCost: 10n ** 12n,
    gateways: [USER.address],
    taskGasLimit: 500_000n,
    deadline: BigInt(Math.floor(Date.now() / 1000) + 100 * HOUR),
    inputs: encodeInputs(inputs, await certify(inputs)),
  });
  await send(start);
  const run = hashRun(author.address, nonce + 1n, workflow);
  await until('the infer task', async () => {
    const tasks = await rpc<{ status: string }[] | null>('mizu_getTasks', run, { stage: 0 });
    return tasks?.[0]?.status === 'done';
  });
  const [first = 0n] = expiries.sort((a, b) => Number(a - b));
  return { run, promisedTo: first - BigInt(DEVNET_CONFIG.retentionSeconds) };
}

test('its escrow comes back when its bytes lapse, though somebody had asked too early and been refused', async () => {
  const { run, promisedTo } = await startIdleRun();
  expect(await runOf(run)).toMatchObject({ status: 'running' });
  const balance = async () => BigInt((await rpc<{ balance: string }>('mizu_getAccount', USER.address)).balance);
  const before = await balance();
  await network.clock.advanceTo(promisedTo);
  // It is sent past the sequencer, which would not take it, and is refused by the kernel.
  const sender = createSender(withAccount(network.l1, keyOf(3)));
  const inbox = { address: network.deployment.addresses.inbox, abi: inboxAbi } as const;
  const early = bytesToHex(encodeMessage({ kind: 'Expire', run }));
  await sender.sendAndWait({
    ...inbox,
    functionName: 'forceMessage',
    args: [early],
    isDone: async () => false,
  });
  const count = (functionName: 'delayedCount' | 'delayedIncluded') =>
    network.l1.client.readContract({ ...inbox, functionName });
  const forced = await count('delayedCount');
  await until('the refusal', async () => (await count('delayedIncluded')) === forced);
  expect(await runOf(run)).toMatchObject({ status: 'running' });
  await network.clock.advance(1);
  const ended = await until('its end', async () => {
    const view = await runOf(run);
    return view?.status === 'running' ? undefined : (view ?? undefined);
  });
  expect(ended).toMatchObject({ status: 'expired' });
  expect((await balance()) - before).toBe(BigInt(ended.escrow) - BigInt(ended.spent));
});
