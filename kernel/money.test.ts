import { expect, test } from 'vitest';
import { KIND } from '../protocol/constants.ts';
import { hashWorkflow } from '../protocol/definition.ts';
import type { Hex } from '../protocol/hex.ts';
import { hashRun, type Message } from '../protocol/messages.ts';
import { decodeStateLeaf } from '../protocol/state.ts';
import { objectRef } from '../protocol/tree.ts';
import { nativeEngine } from '../test/kernel/engine.fixture.ts';
import { createXorshift } from '../test/kernel/random.fixture.ts';
import { totalOf } from '../test/kernel/total.fixture.ts';
import {
  ALICE,
  account,
  BOB,
  createWorld,
  deployMessage,
  execStage,
  GATEWAY,
  inferStage,
  MODEL,
  makeDefinition,
  PARTITIONS,
  resultMessage,
  runMessage,
  START,
  sign,
  workerAccount,
} from '../test/kernel/world.fixture.ts';
import { accountKey, taskKey } from './keys.ts';
import { accountRecord, taskRecord } from './records.ts';

const USERS = [ALICE, BOB, account(4)];
const STAGES = [inferStage(0xffff, { sink: true }), execStage({ inputs: [{ source: 0, mode: 'same' }], sink: true })];
const WORKFLOW = hashWorkflow(makeDefinition(STAGES));

/** So many that each outcome below comes up several times. */
const STEPS = 500;
const outcomes = new Set<string>();
const isFromL1 = (kind: Message['kind']): boolean => KIND[kind] >= KIND.Deposit;

test.each([1, 2, 3])('no wei is made or lost in a random sequence of messages, seed %i', async (seed) => {
  const random = createXorshift(seed);
  const world = await createWorld(nativeEngine);
  const runs = new Set<Hex>();
  const taken: { run: Hex; partition: number }[] = [];
  const pick = <T>(list: readonly T[]): T => list[random(list.length)]!;
  world.exec = (request) => {
    const gasUsed = random(5) === 0 ? request.gasLimit : BigInt(random(Number(request.gasLimit) + 1));
    return { status: pick([0, 0, 0, 0, 1, 256]), outputRoot: request.seed, outputLength: 9, gasUsed };
  };
  let deposited = 0n;
  let gatewayNonce = 0n;
  const nonceOf = async (user: typeof ALICE) =>
    ((await world.read(accountKey(user.address), accountRecord))?.nonce ?? 0n) + (random(8) === 0 ? 1n : 0n);
  const makeMessage = async (): Promise<Message> => {
    const user = pick(USERS);
    const run: Hex = random(3) > 0 ? ([...runs].at(-1) ?? WORKFLOW) : pick([...runs, WORKFLOW]);
    const partition = random(4);
    const gasPrice = pick([3n, 4n, 5n, 5n, 5n, 5n]);
    if (random(20) === 0) return { kind: 'GasPriceChanged', price: pick([3n, 4n, 5n]) };
    switch (random(12)) {
      case 0:
        return { kind: 'Deposit', account: user.address, amount: BigInt(random(100_000_000)) };
      case 1:
        return runMessage(user, await nonceOf(user), {
          workflow: WORKFLOW,
          gasPrice,
          maxCost: BigInt(random(20_000_000)),
          maxItemCost: BigInt(random(600_000)),
          maxInferenceCost: BigInt(random(1_200_000)),
          gateways: pick([[], [], [GATEWAY.address], [ALICE.address]]),
          // Some are promised for less than the sequence takes, and the retention is 100 s.
          expiry: world.time + 100n + BigInt(random(120)),
          deadline: world.time + BigInt(random(40)),
        });
      case 2:
        return sign(user, { kind: 'Cancel', nonce: await nonceOf(user), gasPrice, run });
      case 3:
        return sign(user, {
          kind: 'Withdraw',
          nonce: await nonceOf(user),
          gasPrice,
          recipient: BOB.address,
          amount: BigInt(random(20_000_000)),
        });
      case 4:
        return { kind: 'Expire', run };
      case 5: {
        const { run: of, partition: at } = pick([...taken.slice(-3), { run, partition }]);
        const task = await world.read(taskKey(of, 0, at), taskRecord);
        const { attempt = 0, output = { root: WORKFLOW } } = task ?? {};
        const names = { run: of, stage: 0, partition: at, attempt, resultRoot: output.root };
        return { kind: 'ItemVoided', ...names, refund: BigInt(random(3_000_000)) };
      }
      case 6: {
        const [gateway, worker] = [pick([GATEWAY, GATEWAY, ...USERS]), pick([GATEWAY, ...USERS])];
        const total = BigInt(random(20_000_000));
        const account = await workerAccount(worker.address, total, gateway, random(6) === 0 ? BOB : gateway);
        return sign(user, { kind: 'Settle', nonce: await nonceOf(user), gasPrice, ...account });
      }
      case 7:
      case 8: {
        const task = pick([...taken.slice(-3), { run, partition }]);
        return { kind: 'Advance', run: task.run, stage: 1, partition: task.partition };
      }
      default: {
        const result = objectRef(Uint8Array.of(partition));
        const tokens = { inputTokens: BigInt(random(20_000)), outputTokens: BigInt(random(20_000)) };
        const { attempt = 0 } = (await world.read(taskKey(run, 0, partition), taskRecord)) ?? {};
        const names = { run, stage: 0, partition, attempt, model: MODEL };
        const requestRoot = PARTITIONS[partition % 3]!.root;
        gatewayNonce += 1n;
        return resultMessage(gatewayNonce, [
          { ...names, requestRoot, resultRoot: result.root, resultLength: random(6_000), ...tokens },
        ]);
      }
    }
  };
  world.deposit(ALICE.address, 10n ** 8n);
  deposited += 10n ** 8n;
  expect(world.apply(await deployMessage(ALICE, 0n, makeDefinition(STAGES))).receipt.ok).toBe(true);
  for (let step = 0; step < STEPS; step++) {
    const message = await makeMessage();
    world.time += BigInt(random(3));
    const { receipt } = world.apply(message, isFromL1(message.kind) ? 'l1' : 'sequencer');
    if (message.kind === 'Deposit') deposited += message.amount;
    if (message.kind === 'ItemVoided') deposited += message.refund;
    for (const item of receipt.items ?? []) if (item.ok) taken.push(item);
    if (message.kind === 'Run' && receipt.ok) runs.add(hashRun(message.sender, message.nonce, message.workflow));
    outcomes.add(`${receipt.kind} ${receipt.items?.[0]?.runStatus ?? receipt.runStatus ?? receipt.ok}`);
    // Only every fourth step is checked: a step that loses money is then found by its seed.
    if (step % 4 !== 3) continue;
    const total = await totalOf(
      world,
      [...USERS, GATEWAY].map((user) => user.address),
      runs,
    );
    expect(total, `seed ${seed}, step ${step}: ${JSON.stringify(receipt)}`).toBe(deposited);
  }
  expect(decodeStateLeaf(world.leaf).step).toBe(BigInt(STEPS + 2));
  expect(world.time).toBeGreaterThan(START);
});

test('the sequences had what they are to try', () => {
  for (const outcome of [
    'Run running',
    'Run false',
    'Withdraw true',
    'Expire expired',
    'Advance failed',
    'Cancel cancelled',
    'Advance expired',
    'ItemVoided running',
    'ItemVoided true',
    'Settle true',
    'Settle false',
    'GasPriceChanged true',
  ])
    expect(outcomes).toContain(outcome);
});
