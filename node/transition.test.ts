import { afterEach, expect, test } from 'vitest';
import { loadGas, taskGas } from '../kernel/fees.ts';
import { TASK_BASE_GAS } from '../protocol/constants.ts';
import { decodeDataset, decodeStateLeaf } from '../protocol/state.ts';
import { ALICE, GAS_PRICE, sign } from '../test/kernel/world.fixture.ts';
import { FIRST_FAILS } from '../test/modules/first-fails.fixture.ts';
import { deepRecursion } from '../test/modules/hostile-modules.fixture.ts';
import {
  assembleSource,
  asText,
  createRunMessages,
  openTestNode,
  putTestProgram,
  type TestNode,
  toSteps,
} from '../test/network/chain.fixture.ts';
import { END_GAS } from './ahead.ts';
import { decodeChunk, encodeChunk } from './body/body.ts';
import { verifyStep } from './body/verify-step.ts';
import type { StepOutcome, TransitionParts } from './transition.ts';

/** A program that takes gas for each round of a loop. */
const burn = (rounds: number) => `(module (memory 1 1) (func (export "_start") (local $n i32)
  (loop $again
    (local.set $n (i32.add (local.get $n) (i32.const 1)))
    (br_if $again (i32.lt_u (local.get $n) (i32.const ${rounds}))))))`;

const open: TestNode[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((node) => node.close()));
});

async function openNode(options?: Pick<TransitionParts, 'ahead'>): Promise<TestNode> {
  const node = await openTestNode(undefined, 1, options);
  open.push(node);
  return node;
}

async function runAll(node: TestNode, partitions: number) {
  const { deposit, messages, run } = await createRunMessages(node.objects, partitions);
  const steps = toSteps(0n, [deposit, ...messages], 1);
  const outcomes: StepOutcome[] = [];
  let leaf = node.genesis.stateLeaf;
  for (const [i, step] of steps.entries()) {
    node.transition.speculate(leaf, steps.slice(i, i + 16));
    const outcome = await node.transition.step(leaf, step.context, step.message);
    expect(outcome.receipt).toMatchObject({ ok: true });
    outcomes.push(outcome);
    leaf = outcome.stateLeaf;
  }
  return { steps, outcomes, leaf, run };
}

test('a run goes through real programs on worker threads to its dataset', async () => {
  const node = await openNode();
  const { outcomes, leaf, run } = await runAll(node, 3);
  expect(decodeStateLeaf(leaf)).toMatchObject({ batch: 1n, message: 0n, step: 9n });
  const last = outcomes.at(-1)!.receipt;
  expect(last).toMatchObject({ kind: 'Advance', run, runStatus: 'done', status: 0 });
  const manifest = decodeDataset((await node.objects.get(last.datasetRoot!))!);
  expect(manifest.map(({ stage, partition }) => [stage, partition])).toEqual([
    [1, 0],
    [1, 1],
    [1, 2],
  ]);
  expect(asText(await node.objects.get(manifest[1]!.root))).toBe('tqy"3"qh"vjg"kprwv');
  expect(node.pool.stats()).toMatchObject({ waiting: 0, running: 0, done: 6 });
});

test('a program that V8 has no stack for goes through the kernel as any other', async () => {
  const node = await openNode();
  const options = { source: { wasm: deepRecursion(300, 1, 2_600) }, taskGasLimit: 20_000_000n };
  const { deposit, messages } = await createRunMessages(node.objects, 1, 0n, undefined, options);
  let leaf = node.genesis.stateLeaf;
  let last: StepOutcome | undefined;
  for (const { context, message } of toSteps(0n, [deposit, ...messages], 1)) {
    last = await node.transition.step(leaf, context, message);
    expect(last.receipt).toMatchObject({ ok: true });
    leaf = last.stateLeaf;
  }
  expect(last?.receipt).toMatchObject({ kind: 'Advance', runStatus: 'done', status: 0 });
});

test('a sink pays for each byte that it writes, beside its task, loading and input', async () => {
  const node = await openNode();
  const source = await assembleSource(`(module (import "mizu" "output_write" (func $write (param i32 i32))) (memory 1 1)
    (func (export "_start") (call $write (i32.const 0) (i32.const 1000))))`);
  const { deposit, messages } = await createRunMessages(node.objects, 1, 0n, undefined, { source });
  let leaf = node.genesis.stateLeaf;
  let last: StepOutcome | undefined;
  for (const { context, message } of toSteps(0n, [deposit, ...messages], 1)) {
    last = await node.transition.step(leaf, context, message);
    leaf = last.stateLeaf;
  }
  // Call, enter, two moves, return, halt; 8 leaves of output for 32 gas each; 1,000 bytes for 10 gas each.
  const gasUsed = 6n + 8n * 32n + 10_000n;
  const program = await putTestProgram(node.objects, source);
  const before = taskGas({ loadGas: loadGas(program), sink: true, inputs: 1, inputBytes: 1_000n });
  expect(last?.receipt).toMatchObject({
    runStatus: 'done',
    outputLength: 1_000,
    gasUsed: Number(gasUsed),
    feeWei: String((before + gasUsed) * GAS_PRICE),
  });
});

const THREE_PAID = { ahead: () => 3 };

test('speculation has the programs of the coming steps run before they are asked for', async () => {
  const node = await openNode(THREE_PAID);
  const { deposit, messages } = await createRunMessages(node.objects, 2);
  const steps = toSteps(0n, [deposit, ...messages], 1);
  let leaf = node.genesis.stateLeaf;
  for (const step of steps.slice(0, 3)) leaf = (await node.transition.step(leaf, step.context, step.message)).stateLeaf;
  expect(node.transition.speculate(leaf, steps.slice(3))).toBe(2);
  expect(node.transition.speculate(leaf, steps.slice(3))).toBe(0);
  expect(node.pool.stats()).toMatchObject({ waiting: 1, running: 1 });
});

test('of a run one task is begun, and one more for each thread that the tasks before it have paid for', async () => {
  const begunAfter = async (rounds: number) => {
    const node = await openNode();
    const options = { source: await assembleSource(burn(rounds)), taskGasLimit: 2n ** 27n };
    const { deposit, messages } = await createRunMessages(node.objects, 8, 0n, undefined, options);
    const steps = toSteps(0n, [deposit, ...messages], 1);
    let leaf = node.genesis.stateLeaf;
    const next = async (i: number) => {
      const { stateLeaf, receipt } = await node.transition.step(leaf, steps[i]!.context, steps[i]!.message);
      leaf = stateLeaf;
      return receipt;
    };
    for (let i = 0; i < 3; i++) await next(i);
    expect(node.transition.speculate(leaf, steps.slice(3))).toBe(1);
    const { status, gasUsed = 0 } = await next(3);
    expect(status).toBe(0);
    return { gasUsed: BigInt(gasUsed), begun: node.transition.speculate(leaf, steps.slice(4)) };
  };
  expect(await begunAfter(1)).toMatchObject({ begun: 1 });
  const dear = await begunAfter(16_000_000);
  expect(dear.gasUsed).toBeGreaterThan(2n * END_GAS);
  expect(dear.begun).toBe(Math.min(7, 1 + Number((dear.gasUsed + TASK_BASE_GAS) / END_GAS)));
});

test('a task whose result is known counts as one that is begun: it may be the one that fails', async () => {
  const node = await openNode();
  const { deposit, messages } = await createRunMessages(node.objects, 4);
  const again = (await createRunMessages(node.objects, 4, 2n)).messages;
  const steps = toSteps(0n, [deposit, ...messages.slice(0, 3)], 1);
  let leaf = node.genesis.stateLeaf;
  for (const { context, message } of steps) leaf = (await node.transition.step(leaf, context, message)).stateLeaf;
  // The same workflow on the same input: its first task has been run.
  const others = toSteps(1n, again);
  leaf = (await node.transition.step(leaf, others[0]!.context, others[0]!.message)).stateLeaf;
  leaf = (await node.transition.step(leaf, others[1]!.context, others[1]!.message)).stateLeaf;
  expect(node.transition.speculate(leaf, others.slice(2))).toBe(0);
  leaf = (await node.transition.step(leaf, others[2]!.context, others[2]!.message)).stateLeaf;
  expect(node.transition.speculate(leaf, others.slice(3))).toBe(1);
});

test('behind a Cancel or Expire of a run none of its tasks is begun', async () => {
  const node = await openNode(THREE_PAID);
  const { deposit, messages, run } = await createRunMessages(node.objects, 2);
  const cancel = await sign(ALICE, { kind: 'Cancel', nonce: 2n, run });
  const [deploy, start, ...advances] = messages;
  for (const end of [cancel, { kind: 'Expire', run } as const]) {
    const steps = toSteps(0n, [deposit, deploy!, start!, end, ...advances], 1);
    let leaf = node.genesis.stateLeaf;
    for (const { context, message } of steps.slice(0, 3))
      leaf = (await node.transition.step(leaf, context, message)).stateLeaf;
    expect(node.transition.speculate(leaf, steps.slice(3))).toBe(0);
    expect(node.pool.stats()).toMatchObject({ running: 0, waiting: 0 });
  }
});

test('a step that asks for a program is not run until its result is known, and nothing is begun for it', async () => {
  const node = await openNode();
  const { deposit, messages } = await createRunMessages(node.objects, 1);
  const steps = toSteps(0n, [deposit, ...messages], 1);
  let leaf = node.genesis.stateLeaf;
  for (const { context, message } of steps.slice(0, 3)) {
    expect(node.transition.isKnown(leaf, context, message)).toBe(true);
    leaf = (await node.transition.stepIfKnown(leaf, context, message))!.stateLeaf;
  }
  const { context, message } = steps[3]!;
  expect(node.transition.isKnown(leaf, context, message)).toBe(false);
  expect(await node.transition.stepIfKnown(leaf, context, message)).toBe(undefined);
  expect(node.pool.stats()).toMatchObject({ waiting: 0, running: 0, done: 0 });
  const outcome = await node.transition.step(leaf, context, message);
  expect(node.transition.isKnown(leaf, context, message)).toBe(true);
  expect((await node.transition.stepIfKnown(leaf, context, message))?.stateLeaf).toEqual(outcome.stateLeaf);
});

test('a task that fails ends what was started for its run: who has paid for one has not paid for the others', async () => {
  const node = await openNode(THREE_PAID);
  const source = await assembleSource(FIRST_FAILS);
  const options = { source, taskGasLimit: 2n ** 33n };
  const { deposit, messages } = await createRunMessages(node.objects, 8, 0n, undefined, options);
  const steps = toSteps(0n, [deposit, ...messages], 1);
  let leaf = node.genesis.stateLeaf;
  for (const step of steps.slice(0, 3)) leaf = (await node.transition.step(leaf, step.context, step.message)).stateLeaf;
  expect(node.transition.speculate(leaf, steps.slice(3))).toBe(3);
  const failed = await node.transition.step(leaf, steps[3]!.context, steps[3]!.message);
  expect(failed.receipt).toMatchObject({ runStatus: 'failed', status: 1 });
  expect(node.pool.stats()).toMatchObject({ waiting: 0 });
  // The program that runs is ended, too: else this would wait until it has used 2^33 gas.
  const other = await createRunMessages(node.objects, 1, 2n);
  leaf = failed.stateLeaf;
  let last: StepOutcome | undefined;
  for (const { context, message } of toSteps(1n, other.messages).slice(0, 3)) {
    last = await node.transition.step(leaf, context, message);
    leaf = last.stateLeaf;
  }
  expect(last?.receipt).toMatchObject({ kind: 'Advance', ok: true, status: 0 });
  expect(node.pool.stats()).toMatchObject({ running: 0, waiting: 0 });
});

test('each step of a body can be run again from its record alone, and a changed record cannot', async () => {
  const node = await openNode();
  const { steps, outcomes } = await runAll(node, 2);
  const records = outcomes.map((outcome, i) => ({
    context: steps[i]!.context,
    message: steps[i]!.message.bytes,
    stateLeaf: outcome.stateLeaf,
    receipt: outcome.receiptBytes,
    execs: outcome.touched.execs,
    nodes: [...outcome.touched.nodes, ...outcome.nodes],
  }));
  const bytes = encodeChunk({ firstStep: 0n, before: node.genesis.stateLeaf, steps: records });
  const chunk = decodeChunk(bytes);
  for (const i of records.keys()) expect(verifyStep(node.kernel, chunk, i)).toMatchObject({ ok: true });
  const changed = chunk.steps[4]!.stateLeaf.slice();
  changed[0]! ^= 1;
  const lie = { ...chunk, steps: chunk.steps.map((step, i) => (i === 4 ? { ...step, stateLeaf: changed } : step)) };
  expect(verifyStep(node.kernel, lie, 4)).toEqual({ ok: false, reason: 'the state after it differs in stateRoot' });
  const bare = { ...chunk, steps: chunk.steps.map((step) => ({ ...step, nodes: [] })) };
  expect(verifyStep(node.kernel, bare, 4)).toMatchObject({ ok: false, reason: expect.stringContaining('lacks 0x') });
});

test('two nodes give the same leaves, and what is known is not run again', async () => {
  const [a, b] = [await openNode(), await openNode()];
  const first = await runAll(a, 2);
  const second = await runAll(b, 2);
  expect(second.leaf).toEqual(first.leaf);
  const again = await runAll(a, 2);
  expect(again.leaf).toEqual(first.leaf);
  expect(a.pool.stats().done).toBe(4);
});
