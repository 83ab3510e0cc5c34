// docs/court.md#bot: three validators and a gateway that lies: the item is disputed, judged by who runs it again, and voided.
import { privateKeyToAccount } from 'viem/accounts';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createBuiltinBackend } from '../../edge/backends/builtin.ts';
import { toRowUsage } from '../../edge/backends/row-failure.ts';
import { encodeRequests, encodeResultLine, encodeResults } from '../../edge/rows.ts';
import { inferenceCourtAbi, stakeManagerAbi } from '../../protocol/generated/abi.ts';
import { CASE_STATUS } from '../../protocol/generated/enums.ts';
import { type Address, bytesToHex, type Hex } from '../../protocol/hex.ts';
import { encodeMessage, type Message } from '../../protocol/messages.ts';
import { ROLE } from '../../protocol/roles.ts';
import { keccakHex } from '../../protocol/tree.ts';
import type { Sequencer } from '../../sequencer/main.ts';
import { createRpcClient } from '../../service/http/client.ts';
import { createLogger } from '../../service/process/log.ts';
import { createInferWorkflow, nextTask } from '../../test/network/infer-workflow.fixture.ts';
import { joinGateway, type ListedTask, signResults } from '../../test/network/inference.fixture.ts';
import {
  VALIDATOR as GATEWAY,
  keyOf,
  startTestNetwork,
  type TestNetwork,
  until,
} from '../../test/network/network.fixture.ts';
import { startTestSequencer } from '../../test/network/sequencer.fixture.ts';
import { startValidator, type Validator } from '../main.ts';

const STAKE = 10_000n * 10n ** 18n;
const NAME = 'builtin/small';
const MODEL = keccakHex(new TextEncoder().encode(NAME));
const KEYS = [keyOf(10), keyOf(11), keyOf(12)];
const log = createLogger('test', process.env.MIZU_LOG ?? 'silent');
const request = { messages: [{ role: 'user', content: 'Say the first sentence.\n\nA fish swims. It is wet.' }] };

let network: TestNetwork;
let sequencer: Sequencer;
let validators: Validator[];
let run: Hex;

const rpc = <T>(method: string, ...params: unknown[]) =>
  createRpcClient(sequencer.url)(method, params, { timeoutSeconds: 30 }) as Promise<T>;
const send = (message: Message) => rpc<{ hash: Hex }>('mizu_sendMessage', bytesToHex(encodeMessage(message)));
const votesOf = ({ fight }: Validator) => fight!.court!.votes;
const caseOf = (id: bigint) =>
  network.l1.client.readContract({
    address: network.deployment.addresses.inferenceCourt,
    abi: inferenceCourtAbi,
    functionName: 'caseOf',
    args: [id],
  });
const stakeOf = (account: Address, role: 'gateway' | 'validator') =>
  network.l1.client.readContract({
    address: network.deployment.addresses.stakeManager,
    abi: stakeManagerAbi,
    functionName: 'activeOf',
    args: [account, ROLE[role]],
  });

/** The first looks at everything, the others at what is disputed. */
const startOne = (i: number) =>
  startValidator({
    ...network.config(`validator-${i}`),
    key: KEYS[i]!,
    relays: [],
    court: { auditRate: i === 0 ? 1 : 0 },
    log,
  });

beforeAll(async () => {
  network = await startTestNetwork();
  sequencer = await startTestSequencer(network);
  for (const key of KEYS) {
    const { address } = privateKeyToAccount(key);
    await network.stake(address, 'validator', STAKE);
    await network.grant(address, 1_000n * 10n ** 18n);
  }
  await joinGateway(network, MODEL);
  await network.deposit(10n ** 18n);
  validators = await Promise.all(KEYS.map((_, i) => startOne(i)));
});

afterAll(async () => {
  await Promise.all((validators ?? []).map((validator) => validator.close()));
  await sequencer?.close();
  await network?.close();
});

async function startRun(): Promise<Hex> {
  const options = { model: MODEL, gateways: [GATEWAY.address], maxCost: 10n ** 14n };
  const workflow = await createInferWorkflow(network, options);
  await send(workflow.deploy);
  const rows = [JSON.stringify([0, request]), JSON.stringify([1, { ...request, seed: 0 }])];
  const started = await workflow.run([encodeRequests(NAME, rows)]);
  await send(started.message);
  return started.run;
}

/** What the model says, with one letter changed where the gateway lies. */
async function answer(nonce: bigint, lie: string): Promise<{ task: ListedTask; message: Message }> {
  const task = await nextTask(createRpcClient(sequencer.url), MODEL);
  const { content, finishReason, usage } = await createBuiltinBackend().complete(request, new AbortController().signal);
  const row = { content, finish_reason: finishReason, usage: toRowUsage(usage) };
  const tokens = { input: 2 * usage.promptTokens, output: 2 * usage.completionTokens };
  const lines = [encodeResultLine(0, row), encodeResultLine(1, { ...row, content: `${content}${lie}` })];
  const results = [encodeResults(NAME, lines, tokens)];
  const fields = { model: MODEL, inputTokens: BigInt(tokens.input), outputTokens: BigInt(tokens.output) };
  const message = await signResults(network, [task], results, nonce, fields);
  await send(message);
  return { task, message };
}

const statusOf = async () => (await rpc<{ status: string } | null>('mizu_getRun', run))?.status;

test('a lie in one row is found, disputed, voted on by who has run it again, and voided: the task runs again', async () => {
  await until('deposit', async () => (await rpc<{ balance: string }>('mizu_getAccount', network.user)).balance !== '0');
  run = await startRun();
  const lied = await answer(1n, '!');
  expect(lied.task.attempt).toBe(0);
  await until('the run is done, with the lie', async () => (await statusOf()) === 'done');
  await until('a case', async () => (await caseOf(1n)).status === CASE_STATUS.voting);
  await until('all have committed', () => validators.every((one) => votesOf(one).committed === 1));
  // A validator that is killed now reveals all the same: what it has committed to lies in its store.
  await validators[2]?.close();
  validators[2] = await startOne(2);
  await network.clock.advance(60);
  await until('all have revealed', () => validators.every((one) => votesOf(one).revealed === 1));
  // Nobody appeals, and the guardian does not veto.
  await network.clock.advance(30);
  await network.clock.advance(30);
  await network.clock.advance(30);
  await until('the item is void', async () => (await caseOf(1n)).status === CASE_STATUS.voided);
  expect(await stakeOf(GATEWAY.address, 'gateway')).toBe(STAKE - 500n * 10n ** 18n);
  await until('the task is open again', async () => {
    const open = await rpc<ListedTask[]>('mizu_getInferenceTasks', { models: [MODEL], limit: 10, waitSeconds: 1 });
    return open[0]?.attempt === 1 && open[0].run === run;
  });
  await answer(2n, '');
  await until('the run is done again, with the truth', async () => (await statusOf()) === 'done');
  await until('the fee is claimed', () => validators.every((one) => votesOf(one).claimed === 1));
  const { audits, disputes } = validators[0]!.fight!.court!;
  await until('the true item is audited', () => audits.audited === 2);
  // The kernel does not take the copy of a message, so nothing is held against it.
  await network.force(encodeMessage(lied.message));
  await until('the copy is audited', () => audits.audited === 3);
  expect(disputes.disputed).toBe(1);
});
