// docs/operations.md#sequencer-waits: a task forced through L1 that takes minutes, on a whole network: nobody else waits for it.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { encodeDefinition, hashWorkflow, objectsOfDefinition } from '../protocol/definition.ts';
import { inboxAbi } from '../protocol/generated/abi.ts';
import { bytesToHex, type Hex } from '../protocol/hex.ts';
import { encodeInputs, encodeMessage, hashRun, type Message } from '../protocol/messages.ts';
import { createRpcClient } from '../service/http/client.ts';
import { withAccount } from '../service/l1/l1.ts';
import { createSender, type Sender } from '../service/l1/send.ts';
import { execStage } from '../test/kernel/world.fixture.ts';
import { assembleSource, putTestProgram } from '../test/network/chain.fixture.ts';
import { keyOf, startTestNetwork, type TestNetwork, USER, until } from '../test/network/network.fixture.ts';
import { startTestSequencer } from '../test/network/sequencer.fixture.ts';
import type { Sequencer } from './main.ts';

const ENDLESS = '(module (memory 1 1) (func (export "_start") (loop (br 0))))';
/**
 * It takes the step machine most of a minute at least. The test does not wait for the end of it, and what is seen after
 * that end says nothing.
 */
const GAS = 2n ** 34n;

let network: TestNetwork;
let sequencer: Sequencer;
let sender: Sender;
const text = (value: string) => new TextEncoder().encode(value);
const rpc = <T>(method: string, ...params: unknown[]) => createRpcClient(sequencer.url)(method, params) as Promise<T>;
const send = (message: Message) => rpc<{ hash: Hex }>('mizu_sendMessage', bytesToHex(encodeMessage(message)));
const inbox = () => ({ address: network.deployment.addresses.inbox, abi: inboxAbi }) as const;
const included = () => network.l1.client.readContract({ ...inbox(), functionName: 'delayedIncluded' });
const queued = () => network.l1.client.readContract({ ...inbox(), functionName: 'delayedCount' });
const force = (bytes: Uint8Array) =>
  sender.sendAndWait({
    ...inbox(),
    functionName: 'forceMessage',
    args: [bytesToHex(bytes)],
    isDone: async () => false,
  });
const health = async () =>
  (await (await fetch(`${sequencer.url}/health`)).json()) as { pool: { running: number }; tasks: { ahead: number } };

beforeAll(async () => {
  network = await startTestNetwork();
  sequencer = await startTestSequencer(network);
  sender = createSender(withAccount(network.l1, keyOf(3)));
  await network.deposit(10n ** 18n);
  await until('deposit', async () => (await rpc<{ balance: string }>('mizu_getAccount', USER.address)).balance !== '0');
});

afterAll(async () => {
  await sequencer?.close();
  await network?.close();
});

/** Starts a run of one task that uses all its gas, and whose module nobody can load. */
async function startEndlessRun(): Promise<Hex> {
  const { author } = network;
  const [metadata, junk] = await author.putAll([text('{}'), text('no module')]);
  const built = await putTestProgram(author, await assembleSource(ENDLESS));
  const program = { ...built, wasmRoot: junk!.root, wasmLength: junk!.length };
  const definition = { programs: [program], stages: [execStage({ gasLimit: GAS, sink: true })], metadata: metadata! };
  const workflow = hashWorkflow(definition);
  const encoded = encodeDefinition(definition, await author.certify(objectsOfDefinition(definition)));
  await send(await author.sign({ kind: 'Deploy', nonce: 0n, maxFee: 10n ** 18n, definition: encoded }));
  const inputs = await author.putAll([text('ab')]);
  const start = await author.sign({
    kind: 'Run',
    nonce: 1n,
    workflow,
    maxCost: 10n ** 17n,
    maxItemCost: 0n,
    maxInferenceCost: 0n,
    gateways: [],
    taskGasLimit: GAS,
    deadline: author.deadline,
    inputs: encodeInputs(inputs, await author.certify(inputs)),
  });
  await send(start);
  return hashRun(author.address, 1n, workflow);
}

/** Sends a Withdraw of the user, and waits until it is executed and its batch is posted. */
async function withdraw(nonce: bigint): Promise<void> {
  const { hash } = await send(
    await network.author.sign({ kind: 'Withdraw', nonce, recipient: USER.address, amount: 1n }),
  );
  await until('posting', async () => {
    const receipt = await rpc<{ ok: boolean; batch: number } | null>('mizu_getReceipt', hash);
    if (receipt === null) return false;
    expect(receipt.ok).toBe(true);
    return (await rpc<{ status: string }>('mizu_getBatch', receipt.batch)).status === 'posted';
  });
}

test('while it runs the sequencer admits, executes, posts and answers; its run cannot be cancelled before it has paid', async ({
  skip,
}) => {
  const run = await startEndlessRun();
  await until('the task', async () => (await health()).pool.running === 1);
  // What is executed already may be posted later: the messages in L1's queue count, not those that batches have.
  const before = await queued();
  // These bytes are no message: the kernel refuses them, and the sequencer goes on.
  await force(Uint8Array.of(0x10));
  await force(Uint8Array.of(0x12));
  await force(encodeMessage({ kind: 'Advance', run, stage: 0, partition: 0 }));
  await network.deposit(5n);
  await until('what comes before it', async () => (await included()) >= before + 2n);
  await withdraw(2n);
  await withdraw(3n);
  const { hash } = await send(await network.author.sign({ kind: 'Cancel', nonce: 4n, run }));
  const { status } = await rpc<{ status: string }>('mizu_getRun', run);
  const receipt = await rpc('mizu_getReceipt', hash);
  const includedNow = await included();
  const { pool, tasks } = await health();
  // sequencer/chain/loop.test.ts holds a program as long as it needs; a machine that is too busy for this one has had
  // its end first.
  if (pool.running === 0) skip('the task was over before all was seen: this machine is too busy');
  expect({ status, receipt, ahead: tasks.ahead }).toEqual({ status: 'running', receipt: null, ahead: 1 });
  // The deposit waits with it: the order of L1's queue stays.
  expect(includedNow).toBe(before + 2n);
});
