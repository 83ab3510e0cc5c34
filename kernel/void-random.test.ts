// docs/kernel.md#voided: random graphs and random voids, held against a plain model of tasks; no wei is made or lost.
import { expect, test } from 'vitest';
import { hashWorkflow, type Stage } from '../protocol/definition.ts';
import type { Hex } from '../protocol/hex.ts';
import { hashRun } from '../protocol/messages.ts';
import { decodeDataset } from '../protocol/state.ts';
import { objectRef } from '../protocol/tree.ts';
import { nativeEngine } from '../test/kernel/engine.fixture.ts';
import { createXorshift } from '../test/kernel/random.fixture.ts';
import { totalOf } from '../test/kernel/total.fixture.ts';
import { createRunModel, type ModelTask, type RunModel } from '../test/kernel/void-model.fixture.ts';
import {
  ALICE,
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
  sign,
  type World,
} from '../test/kernel/world.fixture.ts';
import { accountKey, datasetKey, progressKey, runKey, taskKey } from './keys.ts';
import { accountRecord, datasetRecord, progressRecord, runRecord, taskRecord } from './records.ts';

const FUNDS = 10n ** 15n;
const STEPS = 100;
const UNKNOWN: Hex = `0x${'cd'.repeat(32)}`;
const outcomes = new Set<string>();

/** Two to seven stages, of as many tasks as partitions or of one or two, each reading what is before it. */
function randomStages(random: (below: number) => number): Stage[] {
  const widths: number[] = [];
  return Array.from({ length: 2 + random(6) }, (_, index): Stage => {
    const sources = [0xffff, ...widths.keys()];
    const width = index === 0 ? 0 : [0, 0, 0, 1, 2][random(5)]!;
    widths.push(width);
    const same = sources.filter((source) => (widths[source] ?? 0) === width);
    const sink = index === 0 || random(3) === 0;
    if (same.length > 0 && random(2) === 0) return inferStage(same.at(random(same.length))!, { width, sink });
    const inputs = Array.from({ length: 1 + random(3) }, () => {
      const mode = same.length > 0 && random(3) !== 0 ? ('same' as const) : ('all' as const);
      const list = mode === 'same' ? same : sources;
      return { source: list[random(list.length)]!, mode };
    });
    return execStage({ width, sink, inputs });
  });
}

/** The records of every task, as the page says how they are read. */
async function expectTasks(world: World, run: Hex, model: RunModel, note: string): Promise<void> {
  const least = new Map<number, number>();
  const counted = new Map<number, number>();
  for (const { stage } of model.tasks) {
    if (least.has(stage)) continue;
    const progress = await world.read(progressKey(run, stage), progressRecord);
    least.set(stage, progress?.attempt ?? 0);
    counted.set(stage, progress?.done ?? 0);
  }
  for (const { stage, partition, output, attempt } of model.tasks) {
    const record = await world.read(taskKey(run, stage, partition), taskRecord);
    const isVoid = record === undefined || record.attempt < least.get(stage)!;
    const found = isVoid || record.status === 0 ? undefined : record.output.root;
    expect(found, `${note}: task ${stage}/${partition}`).toBe(output);
    expect(isVoid ? least.get(stage) : record.attempt, `${note}: attempt of ${stage}/${partition}`).toBe(attempt);
    counted.set(stage, counted.get(stage)! - (output === undefined ? 0 : 1));
  }
  expect(
    [...counted.values()].every((left) => left === 0),
    `${note}: tasks done of the stages`,
  ).toBe(true);
}

test.each([1, 2, 3, 4, 5])('voids of a random run, seed %i', async (seed) => {
  const random = createXorshift(seed);
  const world = await createWorld(nativeEngine);
  const pick = <T>(list: readonly T[]): T => list[random(list.length)]!;
  const stages = randomStages(random);
  const definition = makeDefinition(stages);
  const workflow = hashWorkflow(definition);
  const run = hashRun(ALICE.address, 1n, workflow);
  const model = createRunModel(stages, PARTITIONS.length);
  world.deposit(ALICE.address, FUNDS);
  world.apply(await deployMessage(ALICE, 0n, definition));
  const started = world.apply(await runMessage(ALICE, 1n, { workflow, maxCost: 10n ** 11n })).receipt;
  expect(started.error).toBeUndefined();
  let deposited = FUNDS;
  let gatewayNonce = 0n;
  let isRunning = true;
  let voids = 0;
  let answers = 0;
  const before = (task: ModelTask): Hex => {
    const { source } = stages[task.stage]!.inputs[0]!;
    return source === 0xffff ? PARTITIONS[task.partition]!.root : model.task(source, task.partition).output!;
  };
  const finish = async (task: ModelTask, output: Hex, ended: string | undefined, root?: Hex): Promise<void> => {
    task.output = output;
    expect(ended === 'done').toBe(model.tasks.every((one) => one.output !== undefined));
    if (ended !== 'done') return;
    isRunning = false;
    outcomes.add(`done after ${Math.min(voids, 2)} voids`);
    expect((await world.read(datasetKey(run), datasetRecord))?.dataset.root).toBe(root);
    const sinks = model.tasks.filter(({ stage }) => stages[stage]!.sink);
    const entries = decodeDataset(world.objects.get(root!)!);
    expect(entries.map((entry) => entry.root)).toEqual(sinks.map((one) => one.output));
  };
  const work = async (): Promise<void> => {
    const ready = model.tasks.filter(model.isReady);
    const task = pick(ready.length > 0 && random(8) > 0 ? ready : model.tasks);
    const { stage, partition } = task;
    const fits = isRunning && model.isReady(task);
    if (stages[stage]!.kind === 'exec') {
      const { receipt } = world.apply({ kind: 'Advance', run, stage, partition });
      expect(receipt.ok).toBe(fits);
      if (fits) await finish(task, receipt.outputRoot!, receipt.runStatus, receipt.datasetRoot);
      return;
    }
    const attempt = random(4) === 0 ? random(3) : task.attempt;
    const { root: resultRoot, length: resultLength } = objectRef(Uint8Array.of(partition, ++answers));
    const names = { run, stage, partition, attempt, model: MODEL, inputTokens: 1n, outputTokens: 1n };
    const requestRoot = fits ? before(task) : UNKNOWN;
    const message = await resultMessage(++gatewayNonce, [{ ...names, requestRoot, resultRoot, resultLength }]);
    const item = world.apply(message).receipt.items![0]!;
    expect(item.ok).toBe(fits && attempt === task.attempt);
    if (item.ok) await finish(task, resultRoot, item.runStatus, item.datasetRoot);
  };
  const voidOne = async (): Promise<void> => {
    const inferred = model.tasks.filter(({ stage, output }) => stages[stage]!.kind === 'infer' && output !== undefined);
    const task = inferred.length > 0 && random(6) > 0 ? pick(inferred) : pick(model.tasks);
    const { stage, partition } = task;
    const attempt = random(6) === 0 ? random(3) : task.attempt;
    const resultRoot = task.output !== undefined && random(6) > 0 ? task.output : UNKNOWN;
    const refund = BigInt(random(1_000_000_000));
    const known = random(10) > 0;
    const { receipt } = world.apply(
      { kind: 'ItemVoided', run: known ? run : UNKNOWN, stage, partition, attempt, resultRoot, refund },
      'l1',
    );
    deposited += refund;
    expect(receipt.ok).toBe(true);
    const status = (await world.read(runKey(run), runRecord))!.status;
    const isItem = stages[stage]!.kind === 'infer' && resultRoot === task.output && attempt === task.attempt;
    const fits = known && isItem && (status === 1 || status === 2);
    expect(receipt.runStatus).toBe(fits ? 'running' : undefined);
    outcomes.add(fits ? `void of a ${isRunning ? 'running' : 'done'} run` : known ? 'void of nothing' : 'void unknown');
    if (!fits) return;
    voids += 1;
    isRunning = true;
    for (const user of model.usersOf(task)) {
      user.output = undefined;
      const { attempt: former } = user;
      const record = await world.read(taskKey(run, user.stage, user.partition), taskRecord);
      const progress = await world.read(progressKey(run, user.stage), progressRecord);
      user.attempt = Math.max(record?.attempt ?? 0, progress?.attempt ?? 0);
      expect(user.attempt).toBeGreaterThan(former);
      expect(user.attempt).toBeLessThanOrEqual(voids);
    }
    expect(task.attempt).toBe(attempt + 1);
    expect(receipt.attempt).toBe(attempt + 1);
  };
  const check = async (note: string): Promise<void> => {
    await expectTasks(world, run, model, note);
    const record = (await world.read(runKey(run), runRecord))!;
    expect(record.status === 1, note).toBe(isRunning);
    expect(record.voided?.items ?? 0, note).toBe(voids);
    if (isRunning) expect(record.tasksLeft, note).toBe(model.tasks.filter((task) => task.output === undefined).length);
    expect(await totalOf(world, [ALICE.address, GATEWAY.address], [run]), note).toBe(deposited);
  };
  for (let step = 0; step < STEPS; step++) {
    world.time += BigInt(random(3));
    const isFinished = model.tasks.every(({ output }) => output !== undefined);
    if (random(isFinished ? 2 : 12) === 0) await voidOne();
    else await work();
    if (step % 3 === 2) await check(`seed ${seed}, step ${step}`);
  }
  // What is void has to be paid again, and the owner can still end it.
  const { nonce } = (await world.read(accountKey(ALICE.address), accountRecord))!;
  const cancelled = world.apply(await sign(ALICE, { kind: 'Cancel', nonce, run })).receipt;
  expect(cancelled.ok).toBe(isRunning);
  isRunning = false;
  await voidOne();
  await check(`seed ${seed}, the end`);
});

test('the runs had what they are to try', () => {
  for (const outcome of [
    ...['void of a running run', 'void of a done run', 'void of nothing', 'void unknown'],
    ...['done after 1 voids', 'done after 2 voids'],
  ])
    expect(outcomes).toContain(outcome);
});
