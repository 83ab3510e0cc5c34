// docs/kernel.md#cost: the dearest message of each kind, by kernel instructions for the gas that somebody pays for it.

import type { KernelEngine, StepDone } from '../../kernel/run.ts';
import { hashWorkflow, type Stage } from '../../protocol/definition.ts';
import type { Hex } from '../../protocol/hex.ts';
import { encodeInputs, hashRun, type Message } from '../../protocol/messages.ts';
import { type ObjectRef, objectRef } from '../../protocol/tree.ts';
import {
  ALICE,
  BOB,
  certify,
  createWorld,
  deployMessage,
  execStage,
  GAS_PRICE,
  GATEWAY,
  inferStage,
  MODEL,
  makeDefinition,
  makeProgram,
  resultMessage,
  runMessage,
  START,
  sign,
  workerAccount,
} from './world.fixture.ts';

export type WorstMessage = {
  readonly name: string;
  readonly instructions: number;
  /** What its sender, run or gateway pays for the kernel's work, without what a program used; 0 if it is refused for nobody's money, or paid for on L1. */
  readonly gas: number;
  /** Nanoseconds of processor time. */
  readonly ns: number;
};

const ALL = { source: 0xffff, mode: 'all' as const };
const object = (n: number): ObjectRef => objectRef(new TextEncoder().encode(`object ${n}`));
const many = (count: number): ObjectRef[] => Array.from({ length: count }, (_, n) => object(n));
const REFUSED: Message = { kind: 'Advance', run: `0x${'ab'.repeat(32)}`, stage: 0, partition: 0 };

/** Each case in its own network, whose trie holds little else: a fuller one has a node more for each sixteenfold. */
export async function measureMessages(engine: KernelEngine): Promise<WorstMessage[]> {
  const rows: WorstMessage[] = [];
  let world = await createWorld(engine);

  const measure = (name: string, message: Message | Uint8Array, origin: 'sequencer' | 'l1' = 'sequencer'): StepDone => {
    const before = process.cpuUsage();
    const step = world.apply(message, origin);
    const { user, system } = process.cpuUsage(before);
    rows.push({ name, instructions: Number(step.gasUsed), gas: gasOf(step), ns: (user + system) * 1000 });
    return step;
  };
  const begin = async (stages: readonly Stage[], inputs: readonly ObjectRef[], note?: string): Promise<Hex> => {
    world = await createWorld(engine);
    world.deposit(ALICE.address, 10n ** 18n);
    world.apply(REFUSED);
    const deploy = await deployMessage(ALICE, 0n, makeDefinition(stages));
    if (note === undefined) world.apply(deploy);
    else measure(`Deploy: ${note}`, deploy);
    const workflow = hashWorkflow(makeDefinition(stages));
    const start = await runMessage(ALICE, 1n, { workflow, inputs, maxCost: 10n ** 15n, deadline: START + 100n });
    if (note === undefined) world.apply(start);
    else measure(`Run: ${note}`, start);
    return hashRun(ALICE.address, 1n, workflow);
  };

  await begin([execStage({ sink: true })], many(1), 'as small as may be');
  await begin([execStage({ sink: true })], many(1024), '1,024 partitions');
  const eight = Array.from({ length: 8 }, () => ALL);
  const run = await begin(
    Array.from({ length: 256 }, () => execStage({ width: 1, inputs: eight, sink: true })),
    many(1),
    '256 stages of 8 inputs',
  );
  measure('Advance: one of 256 stages', { kind: 'Advance', run, stage: 0, partition: 0 });
  measure('Cancel', await sign(ALICE, { kind: 'Cancel', nonce: 2n, run }));
  measure('Withdraw', await sign(ALICE, { kind: 'Withdraw', nonce: 3n, recipient: BOB.address, amount: 1n }));
  world.deposit(GATEWAY.address, 10n ** 9n);
  const account = await workerAccount(BOB.address, 10n ** 8n);
  measure('Settle', await sign(ALICE, { kind: 'Settle', nonce: 4n, ...account }));
  measure(
    'Settle by the worker',
    await sign(BOB, { kind: 'Settle', nonce: 0n, ...(await workerAccount(BOB.address, 10n ** 9n)) }),
  );
  const programs = Array.from({ length: 64 }, (_, n) => makeProgram(`program ${n}`));
  measure(
    'Deploy: 64 programs',
    await deployMessage(ALICE, 5n, { ...makeDefinition([execStage({ sink: true })]), programs }),
  );

  const wide = await begin([execStage({ width: 1, inputs: eight, sink: true })], many(1024));
  measure('Advance: 8,192 inputs', { kind: 'Advance', run: wide, stage: 0, partition: 0 });
  const single = await begin([execStage({ sink: true })], many(2));
  measure('Advance: one input', { kind: 'Advance', run: single, stage: 0, partition: 0 });
  world.time += 101n;
  measure('Expire', { kind: 'Expire', run: single });

  await inferences(begin, measure);
  measure('refused: a message of 256 KiB that nobody signed', new Uint8Array(256 * 1024).fill(1));
  const waiting = await begin(
    [
      execStage({ width: 1024, inputs: [] }),
      execStage({ width: 1, inputs: [...eight.slice(1), { source: 0, mode: 'all' }], sink: true }),
    ],
    many(1024),
  );
  measure('refused: Advance that is not ready, 8,192 inputs', {
    kind: 'Advance',
    run: waiting,
    stage: 1,
    partition: 0,
  });
  return rows;
}

async function inferences(
  begin: (stages: readonly Stage[], inputs: readonly ObjectRef[]) => Promise<Hex>,
  measure: (name: string, message: Message, origin?: 'l1') => StepDone,
): Promise<void> {
  const inputs = many(64);
  const run = await begin([inferStage(0xffff, { sink: true })], inputs);
  const item = (partition: number, attempt = 0) => ({
    run,
    stage: 0,
    partition,
    attempt,
    requestRoot: inputs[partition]!.root,
    resultRoot: inputs[0]!.root,
    resultLength: inputs[0]!.length,
    model: MODEL,
    inputTokens: 1n,
    outputTokens: 1n,
  });
  const items = (from: number, count: number, attempt = 0) =>
    Array.from({ length: count }, (_, i) => item(from + i, attempt));
  measure('InferenceResult: one item', await resultMessage(1n, items(0, 1)));
  measure('InferenceResult: 31 items', await resultMessage(2n, items(1, 31)));
  measure(
    'refused: InferenceResult of 32 items, the gateway has nothing',
    await resultMessage(3n, items(0, 32, 1), GATEWAY),
  );
  const objects = [...inputs, ...items(0, 32).map(() => inputs[0]!)];
  const certified = encodeInputs(objects, await certify(objects, { expiry: START + 50_000n }));
  measure('Renew', await sign(ALICE, { kind: 'Renew', nonce: 2n, run, objects: certified }));
  measure('InferenceResult: 32 items, a dataset of 64', await resultMessage(4n, items(32, 32)));
  await voids(begin, measure);
}

/** The item is used by 255 stages, of which each reads all that there are of it. */
async function voids(
  begin: (stages: readonly Stage[], inputs: readonly ObjectRef[]) => Promise<Hex>,
  measure: (name: string, message: Message, origin?: 'l1') => StepDone,
): Promise<void> {
  const inputs = many(1);
  const all = Array.from({ length: 8 }, () => ({ source: 0, mode: 'all' as const }));
  const users = Array.from({ length: 255 }, () => execStage({ inputs: all, sink: true }));
  const run = await begin([inferStage(0xffff), ...users], inputs);
  const { root: resultRoot, length: resultLength } = inputs[0]!;
  const names = { run, stage: 0, partition: 0, attempt: 0 };
  const tokens = { inputTokens: 1n, outputTokens: 1n };
  const item = { ...names, requestRoot: resultRoot, resultRoot, resultLength, model: MODEL, ...tokens };
  measure('InferenceResult: read by 255 stages', await resultMessage(1n, [item]));
  measure('from L1: ItemVoided, read by 255 stages', { kind: 'ItemVoided', ...names, resultRoot, refund: 1n }, 'l1');
}

/** Fees of users are in wei; tokens are not for the kernel's work, so that items count with what a task pays. */
function gasOf({ receipt }: StepDone): number {
  if (receipt.kind === 'InferenceResult') {
    const taken = (receipt.items ?? []).filter(({ ok }) => ok).length;
    // The gateway's signature and three of the committee.
    return taken * 420_000 + Math.floor((4 * 75_000 * taken) / (receipt.items ?? []).length);
  }
  return Number(BigInt(receipt.feeWei ?? 0) / GAS_PRICE) - (receipt.gasUsed ?? 0);
}
