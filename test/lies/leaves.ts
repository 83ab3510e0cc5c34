// docs/disputes.md: lies about what a step does: the kernel itself is run on something else than what L1 says.

import { createKernel } from '../../kernel/run.ts';
import { STATUS_FAULT } from '../../protocol/constants.ts';
import { decodeMessage, encodeMessage, type Message } from '../../protocol/messages.ts';
import { encodeContext } from '../../protocol/state.ts';
import { LEAF_BYTES, objectRoot } from '../../protocol/tree.ts';
import { kernelEngine } from '../../prover/chain.fixture.ts';
import { type ExecResult, encodeExecResult } from '../../prover/exec-result.ts';
import type { StepInput } from '../../prover/transition.ts';
import type { Lie } from './lie.ts';
import type { World } from './world.ts';

const kernel = createKernel(kernelEngine);

export async function leafLies(world: World): Promise<Lie[]> {
  const { steps, inputs } = world;
  const before = (step: number) => steps.slice(step * LEAF_BYTES, (step + 1) * LEAF_BYTES);
  const after = (step: number) => before(step + 1);
  const find = (kind: Message['kind'], nth = 0) =>
    inputs.flatMap(({ message }, i) => (decodeMessage(message).kind === kind ? [i] : []))[nth] as number;
  const [deposit, deploy, run, advance, last] = [
    find('Deposit'),
    find('Deploy'),
    find('Run'),
    find('Advance'),
    find('Advance', 1),
  ];
  const lies: Lie[] = [];
  const add = (name: string, step: number, leaf: Uint8Array, more: Partial<Lie> = {}) => {
    if (Buffer.compare(leaf, after(step)) === 0) throw new Error(`the lie "${name}" is the truth`);
    lies.push({ name, step, leaf, ...more });
  };
  const changed = (step: number, offset: number, mask = 1) => {
    const leaf = after(step);
    leaf[offset] = (leaf[offset] as number) ^ mask;
    return leaf;
  };
  const mixed = (step: number, from: Uint8Array) => {
    const leaf = after(step);
    leaf.set(from.subarray(0, 64));
    return leaf;
  };

  for (const [name, step] of [
    ['deposit', deposit],
    ['deploy', deploy],
    ['run', run],
    ['task', advance],
    ['last task', last],
  ] as const) {
    add(`${name}: one bit of the state root`, step, changed(step, 31));
    add(`${name}: one bit of the receipt hash`, step, changed(step, 63, 0x80));
    add(
      `${name}: the message is skipped`,
      step,
      await rerun(world, before(step), { ...input(world, step), message: new Uint8Array(0) }),
    );
    const same = after(step);
    same.set(before(step).subarray(0, 32));
    add(`${name}: the state stays as it was`, step, same);
  }
  add('another state of the chain', last, mixed(last, after(deposit)));
  add('all zero', run, mixed(run, new Uint8Array(64)));

  add(
    'a deposit one wei higher',
    deposit,
    await withMessage(world, deposit, (m) => (m.kind === 'Deposit' ? { ...m, amount: m.amount + 1n } : m)),
  );
  add(
    'a deposit to somebody else',
    deposit,
    await withMessage(world, deposit, (m) => (m.kind === 'Deposit' ? { ...m, account: `0x${'66'.repeat(20)}` } : m)),
  );
  add(
    'a run with another limit and no right signature',
    run,
    await withMessage(world, run, (m) => (m.kind === 'Run' ? { ...m, maxCost: m.maxCost + 1n } : m)),
  );
  add(
    'a run is charged twice: the same nonce once more',
    run,
    await rerun(world, after(run), input(world, run), after(run)),
  );
  add(
    'another task than that of the message',
    advance,
    await withMessage(world, advance, (m) => (m.kind === 'Advance' ? { ...m, partition: 1 } : m)),
  );
  add('an L1 message taken for a sequenced one', deposit, await withContext(world, deposit, { origin: 'sequencer' }));
  add('a sequenced message with another time', run, await withContext(world, run, { timestamp: 0n }));

  const exec = await execOf(world, advance);
  const output = (await world.node.objects.get(exec.outputRoot)) as Uint8Array;
  const outputs: readonly (readonly [string, Uint8Array])[] = [
    ['one byte of the output', output.map((byte, i) => (i === 3 ? byte ^ 1 : byte))],
    ['the first byte of the output', output.map((byte, i) => (i === 0 ? byte ^ 0x80 : byte))],
    ['a byte is dropped from the output', output.slice(0, -1)],
    ['a byte is added to the output', Uint8Array.from([...output, 10])],
    ['the output is reordered', output.slice().reverse()],
    ['the output is the input', output.map((byte) => byte - 1)],
    ['the output is empty', new Uint8Array(0)],
  ];
  for (const [name, bytes] of outputs) {
    const result = { ...exec, outputRoot: objectRoot(bytes), outputLength: bytes.length };
    add(`program: ${name}`, advance, await withExec(world, advance, result));
  }
  const results: readonly (readonly [string, Partial<ExecResult>])[] = [
    ['one gas more', { gasUsed: exec.gasUsed + 1n }],
    ['one gas less', { gasUsed: exec.gasUsed - 1n }],
    ['no gas at all', { gasUsed: 0n }],
    ['an exit code instead of success', { status: 1 }],
    [
      'a fault instead of success',
      { status: STATUS_FAULT, outputRoot: objectRoot(new Uint8Array(0)), outputLength: 0 },
    ],
    ['another length of the same output', { outputLength: exec.outputLength + 1 }],
  ];
  for (const [name, result] of results)
    add(`program: ${name}`, advance, await withExec(world, advance, { ...exec, ...result }));

  const malformed: readonly (readonly [string, number])[] = [
    ['the batch in its cursor', 71],
    ['the message in its cursor', 79],
    ['its step number', 87],
    ['the high bits of its step number', 80],
    ['the first byte that must be zero', 88],
    ['the last byte that must be zero', 127],
    ['a byte in the middle that must be zero', 100],
  ];
  for (const [name, offset] of malformed) add(`leaf: ${name}`, run, changed(run, offset), { malformed: true });
  add('plays garbage in every list', deploy, changed(deploy, 5), { play: 'garbage' });
  add('is silent', deploy, changed(deploy, 6), { play: 'silent' });
  return lies;
}

function input({ inputs }: World, step: number): StepInput {
  return inputs[step] as StepInput;
}

/** State and receipt of the kernel on other input, behind the cursor of the truth. */
async function rerun(
  world: World,
  leaf: Uint8Array,
  { context, message }: StepInput,
  truth?: Uint8Array,
): Promise<Uint8Array> {
  const outcome = await world.node.transition.step(leaf, context, message);
  if (truth === undefined) return outcome.stateLeaf;
  const claimed = truth.slice();
  claimed.set(outcome.stateLeaf.subarray(0, 64));
  return claimed;
}

function withMessage(world: World, step: number, change: (message: Message) => Message): Promise<Uint8Array> {
  const { context, message } = input(world, step);
  const leaf = world.steps.slice(step * LEAF_BYTES, (step + 1) * LEAF_BYTES);
  return rerun(world, leaf, { context, message: encodeMessage(change(decodeMessage(message))) });
}

function withContext(
  world: World,
  step: number,
  change: { origin?: 'sequencer'; timestamp?: bigint },
): Promise<Uint8Array> {
  const { context, message } = input(world, step);
  const view = new DataView(context.buffer, context.byteOffset);
  const told = encodeContext({
    timestamp: change.timestamp ?? view.getBigUint64(0),
    origin: change.origin ?? (context[8] === 1 ? 'l1' : 'sequencer'),
    batch: view.getBigUint64(16),
    message: view.getBigUint64(24),
    batchCount: view.getBigUint64(32),
  });
  const leaf = world.steps.slice(step * LEAF_BYTES, (step + 1) * LEAF_BYTES);
  return rerun(world, leaf, { context: told, message });
}

async function execOf(world: World, step: number): Promise<ExecResult> {
  const { context, message } = input(world, step);
  const leaf = world.steps.slice(step * LEAF_BYTES, (step + 1) * LEAF_BYTES);
  const { touched } = await world.node.transition.step(leaf, context, message);
  const [exec] = touched.execs;
  if (exec === undefined) throw new Error(`step ${step} runs no program`);
  return exec.result;
}

/** The kernel goes on with a result that the program did not have. */
async function withExec({ node, steps, inputs }: World, step: number, result: ExecResult): Promise<Uint8Array> {
  const { context, message } = inputs[step] as StepInput;
  const stateLeaf = steps.slice(step * LEAF_BYTES, (step + 1) * LEAF_BYTES);
  const done = kernel.step({
    stateLeaf,
    context,
    message,
    getNode: node.nodes.get,
    getExec: () => encodeExecResult(result),
  });
  if (done.kind !== 'done') throw new Error('the kernel asks for more than a result');
  return done.stateLeaf;
}
