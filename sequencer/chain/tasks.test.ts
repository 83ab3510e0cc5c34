// docs/operations.md#sequencer: what runs make the sequencer keep and do before anybody has paid for it.
import { expect, test } from 'vitest';
import { END_GAS } from '../../node/ahead.ts';
import { MAX_STAGES, RUN_INPUT } from '../../protocol/constants.ts';
import type { Address, Hex } from '../../protocol/hex.ts';
import { decodeMessage } from '../../protocol/messages.ts';
import { createLogger } from '../../service/process/log.ts';
import { type StageIndex, stageKeyOf, type Tables, taskKeyOf } from '../index/tables.ts';
import { createTasks, type TasksParts } from './tasks.ts';

const MODEL: Hex = `0x${'33'.repeat(32)}`;
const WORKFLOW: Hex = `0x${'11'.repeat(32)}`;
const OWNER: Address = `0x${'bb'.repeat(20)}`;
const AHEAD = 8;
const PARTITIONS = 1024;
const OBJECT = { root: MODEL, length: 10 };
const FAR = 10n ** 12n;
const CLOCK = { now: 1_000, timestamp: 1_000 };
/** The gas that pays for the threads of this many tasks at one time. */
const paidFor = (tasks: number) => (tasks - 1) * Number(END_GAS);

const idOf = (run: number): Hex => `0x${run.toString(16).padStart(64, '0')}`;
const stagesOf = (kind: StageIndex['kind']): StageIndex[] =>
  Array.from({ length: MAX_STAGES }, () => ({
    kind,
    width: 0,
    sink: true,
    model: MODEL,
    inputs: [{ source: RUN_INPUT, mode: 'same' }],
  }));

/** What is open again: the least attempt of stages, and the attempt of single tasks, by their keys. */
type Voids = { readonly voided: Map<string, { attempt: number }>; readonly own: Map<string, number> };

/**
 * The sequencer's tasks of several running runs of one workflow, each of which has paid for its last task. The last run
 * has another owner than the others.
 */
async function tasksOf(
  runs: number,
  stages: readonly StageIndex[],
  parts: Partial<TasksParts> = {},
  paidGas = 0,
  running = Array.from({ length: runs }, (_, run) => idOf(run)),
  voids: Voids = { voided: new Map(), own: new Map() },
  priceOf: (run: Hex) => bigint = () => 1n,
) {
  const record = { workflow: WORKFLOW, status: 'running', deadline: FAR, startStep: 0 };
  const ownerOf = (run: Hex): Address => (run === idOf(runs - 1) ? `0x${'bB'.repeat(20)}` : `0x${'aa'.repeat(20)}`);
  const { voided, own } = voids;
  const tables = {
    runs: { get: async (run: Hex) => ({ ...record, owner: ownerOf(run), gasPrice: priceOf(run) }) },
    workflows: { get: async () => ({ stages }) },
    inputs: { get: async () => Array.from({ length: PARTITIONS }, () => OBJECT) },
    tasks: {
      async *entries({ gte }: { gte: Hex }) {
        if (paidGas > 0)
          yield [taskKeyOf(gte, MAX_STAGES - 1, PARTITIONS - 1), { ...OBJECT, status: 0, gasUsed: paidGas }];
      },
    },
    stats: { get: async (key: string) => voided.get(key) },
    attempts: {
      async *entries() {
        yield* own;
      },
    },
    running: {
      async *entries() {
        for (const run of running) yield [run, true];
      },
    },
  } as unknown as Tables;
  const tasks = createTasks({
    tables,
    log: createLogger('test', 'silent'),
    ahead: AHEAD,
    prepare: async () => undefined,
    promisedTo: async () => 2n * FAR,
    onPrepared: () => undefined,
    ...parts,
  });
  await tasks.load(CLOCK);
  return tasks;
}

const advanced = (run: number, stage: number, partition: number) => ({
  kind: 'Advance',
  ok: true,
  run: idOf(run),
  stage,
  partition,
  outputRoot: MODEL,
  outputLength: 10,
});

test('of a run of 262,144 tasks that are all ready no more are kept than may run ahead', async () => {
  const tasks = await tasksOf(3, stagesOf('exec'), {}, paidFor(AHEAD));
  expect(tasks.stats()).toEqual({ runs: 3, ready: 3 * AHEAD, ahead: 0 });
  await tasks.observe(advanced(0, 0, 0) as never);
  // L1 may name any task, also one that was not taken up.
  await tasks.observe(advanced(0, 200, 1000) as never);
  expect(tasks.stats()).toMatchObject({ ready: 3 * AHEAD });
});

test('of 262,144 inference tasks no more than 1,024 are offered, of every stage some, and others when these are done', async () => {
  const tasks = await tasksOf(1, stagesOf('infer'));
  const offered = [...tasks.inferences()];
  expect(offered.length).toBe(1024);
  expect(new Set(offered.map(({ stage }) => stage)).size).toBe(MAX_STAGES);
  const { stage, partition } = offered[0]!;
  await tasks.observe(advanced(0, stage, partition) as never);
  const now = [...tasks.inferences()];
  expect(now.length).toBe(1024);
  expect(now.at(-1)).toMatchObject({ stage: 0, partition: 4 });
});

test('runs are begun by turns: one with many tasks does not have all workers', async () => {
  const begun: string[] = [];
  const never = new Promise<void>(() => undefined);
  const prepare = (message: Uint8Array) => {
    const decoded = decodeMessage(message);
    if (decoded.kind === 'Advance') begun.push(decoded.run);
    return never;
  };
  const tasks = await tasksOf(4, stagesOf('exec'), { prepare }, paidFor(AHEAD));
  tasks.runAhead(CLOCK);
  expect(begun.length).toBe(AHEAD);
  for (let run = 0; run < 4; run++) expect(begun.filter((id) => id === idOf(run)).length).toBe(2);
});

test('open inferences are listed by turns of the owners: one with many runs does not fill a list', async () => {
  const tasks = await tasksOf(50, stagesOf('infer').slice(0, 1));
  const listed = [...tasks.inferences()].slice(0, 100);
  const other = listed.filter(({ owner }) => owner === `0x${'bb'.repeat(20)}`);
  expect(other.length).toBe(50);
  expect(other.every(({ run }) => run === idOf(49))).toBe(true);
  expect(new Set(listed.map(({ run }) => run)).size).toBe(50);
});

test('a run of which an item is voided is read anew: programs are ended, and tasks offered with their attempts', async () => {
  const signals: AbortSignal[] = [];
  const prepare = (_message: Uint8Array, _timestamp: number, signal: AbortSignal) => {
    signals.push(signal);
    return new Promise<void>(() => undefined);
  };
  const [infer, exec] = [stagesOf('infer')[0]!, stagesOf('exec')[0]!];
  const voids: Voids = { voided: new Map(), own: new Map() };
  const tasks = await tasksOf(1, [infer, exec], { prepare }, paidFor(2), undefined, voids);
  tasks.runAhead(CLOCK);
  expect(signals.map(({ aborted }) => aborted)).toEqual([false, false]);
  voids.voided.set(stageKeyOf(idOf(0), 1), { attempt: 2 });
  voids.own.set(taskKeyOf(idOf(0), 0, 3), 1);
  const receipt = { kind: 'ItemVoided', ok: true, run: idOf(0), stage: 0, partition: 3, attempt: 1 };
  await tasks.observe({ ...receipt, account: OWNER } as never);
  expect(signals.map(({ aborted }) => aborted)).toEqual([false, false]);
  await tasks.observe({ ...receipt, runStatus: 'running' } as never);
  expect(signals.map(({ aborted }) => aborted)).toEqual([true, true]);
  expect([...tasks.inferences()].slice(0, 5).map(({ attempt }) => attempt)).toEqual([0, 0, 0, 1, 0]);
  expect(tasks.stats()).toMatchObject({ runs: 1, ready: AHEAD });
});

const DONE = Promise.resolve();
const STRANGER: Address = `0x${'cc'.repeat(20)}`;
const cancelBy = (sender: Address) =>
  ({ kind: 'Cancel', signature: `0x${'00'.repeat(65)}`, sender, nonce: 0n, gasPrice: 1n, run: idOf(0) }) as const;

test('a Cancel waits for the programs that were begun, whose Advance messages come first; no others are begun', async () => {
  const begun: (() => void)[] = [];
  const prepare = () => new Promise<void>((done) => begun.push(done));
  const tasks = await tasksOf(1, stagesOf('exec'), { prepare }, paidFor(AHEAD));
  expect(tasks.holds(cancelBy(OWNER))).toBe(false);
  tasks.release();
  tasks.runAhead(CLOCK);
  expect(begun.length).toBe(AHEAD);
  // Anyone may send a Cancel; only that of the owner ends the run.
  expect(tasks.holds(cancelBy(STRANGER))).toBe(false);
  expect(tasks.holds(cancelBy(OWNER))).toBe(true);
  begun[3]!();
  await DONE;
  await DONE;
  const message = tasks.nextAdvance()!;
  expect(decodeMessage(message)).toMatchObject({ kind: 'Advance', partition: 3 });
  await tasks.observe(advanced(0, 0, 3) as never);
  tasks.runAhead(CLOCK);
  expect(begun.length).toBe(AHEAD);
  expect(tasks.nextAdvance()).toBe(undefined);
  for (const done of begun) done();
  await DONE;
  await DONE;
  for (let left = AHEAD - 1; left > 0; left--) {
    expect(tasks.holds(cancelBy(OWNER))).toBe(true);
    const next = decodeMessage(tasks.nextAdvance()!);
    if (next.kind !== 'Advance') throw new Error(next.kind);
    await tasks.observe(advanced(0, next.stage, next.partition) as never);
  }
  expect(tasks.holds(cancelBy(OWNER))).toBe(false);
  // After all no Cancel waits.
  tasks.release();
  tasks.runAhead(CLOCK);
  expect(begun.length).toBe(2 * AHEAD);
});

test('what a run has running when it ends is ended', async () => {
  const signals: AbortSignal[] = [];
  const prepare = (_message: Uint8Array, _timestamp: number, signal: AbortSignal) => {
    signals.push(signal);
    return new Promise<void>((_, reject) => signal.addEventListener('abort', () => reject(new Error('ended'))));
  };
  const tasks = await tasksOf(2, stagesOf('exec'), { prepare }, paidFor(AHEAD));
  tasks.runAhead(CLOCK);
  expect(tasks.stats()).toMatchObject({ runs: 2, ahead: AHEAD });
  await tasks.observe({ ...advanced(0, 0, 0), runStatus: 'failed' } as never);
  expect(signals.filter(({ aborted }) => aborted).length).toBe(AHEAD / 2);
  await new Promise(setImmediate);
  expect(tasks.stats()).toMatchObject({ runs: 1, ahead: AHEAD / 2 });
});

test('a run whose deadline has passed begins no task, and is expired when those that were begun are done', async () => {
  const begun: (() => void)[] = [];
  const prepare = () => new Promise<void>((done) => begun.push(done));
  const tasks = await tasksOf(1, stagesOf('exec'), { prepare }, paidFor(AHEAD));
  const expire = { kind: 'Expire', run: idOf(0) } as const;
  tasks.runAhead(CLOCK);
  const after = Number(FAR) + 1;
  expect(tasks.nextExpire(after - 1)).toBe(undefined);
  expect(tasks.holds(expire)).toBe(false);
  expect(tasks.nextExpire(after)).toBe(undefined);
  expect(tasks.holds(expire)).toBe(true);
  for (const done of begun) done();
  await DONE;
  await DONE;
  for (let left = AHEAD; left > 0; left--) {
    expect(tasks.nextExpire(after)).toBe(undefined);
    const next = decodeMessage(tasks.nextAdvance()!);
    if (next.kind !== 'Advance') throw new Error(next.kind);
    await tasks.observe(advanced(0, next.stage, next.partition) as never);
    tasks.runAhead(CLOCK);
  }
  expect(begun.length).toBe(AHEAD);
  expect(tasks.holds(expire)).toBe(false);
  expect(decodeMessage(tasks.nextExpire(after)!)).toEqual(expire);
});

test('an Advance or Expire that the kernel refuses may be any bytes: only the receipt says whether it names a task', async () => {
  const tasks = await tasksOf(1, stagesOf('exec'));
  for (const kind of ['Advance', 'Expire'])
    await tasks.observe({ kind, ok: false, error: 'message: expected bytes of 39, got 1' } as never);
  expect(tasks.stats()).toMatchObject({ runs: 1, ready: AHEAD });
  expect(tasks.refusal(idOf(0), { stage: 0, partition: 0 })).toBe(undefined);
  await tasks.observe({ ...advanced(0, 0, 0), ok: false, error: 'task: expected open, got done' } as never);
  expect(tasks.refusal(idOf(0), { stage: 0, partition: 0 })).toBe('task: expected open, got done');
  expect(tasks.stats()).toMatchObject({ runs: 1, ready: AHEAD });
});

test('of a run one task is begun, and one more for each thread that its tasks have paid for', async () => {
  const begun: (() => void)[] = [];
  const prepare = () => new Promise<void>((done) => begun.push(done));
  const tasks = await tasksOf(1, stagesOf('exec'), { prepare });
  const pay = async (partition: number, gasUsed: number) => {
    await tasks.observe({ ...advanced(0, 0, partition), gasUsed } as never);
    tasks.runAhead(CLOCK);
  };
  tasks.runAhead(CLOCK);
  expect(tasks.stats()).toMatchObject({ ahead: 1 });
  // Cheap tasks run one after the other: ending a thread costs more than all of them have paid.
  for (let partition = 0; partition < 4; partition++) {
    begun[partition]!();
    await new Promise(setImmediate);
    await pay(partition, 1_000);
    expect(tasks.stats()).toMatchObject({ ahead: 1 });
  }
  begun[4]!();
  await new Promise(setImmediate);
  await pay(4, 2 * Number(END_GAS));
  expect(tasks.stats()).toMatchObject({ ahead: 3 });
});

test('a task in the way of the chain is begun at once, and a Cancel waits for it, though its run has paid for no other', async () => {
  const begun: string[] = [];
  const never = new Promise<void>(() => undefined);
  const prepare = (message: Uint8Array) => {
    const decoded = decodeMessage(message);
    if (decoded.kind === 'Advance') begun.push(`${decoded.stage}/${decoded.partition}`);
    return never;
  };
  const tasks = await tasksOf(1, stagesOf('exec'), { prepare });
  const forced = { kind: 'Advance', run: idOf(0), stage: 200, partition: 1000 } as const;
  expect(tasks.holds(cancelBy(OWNER))).toBe(false);
  tasks.release();
  expect(tasks.begin(forced, CLOCK)).toBe(true);
  expect(tasks.begin(forced, CLOCK)).toBe(true);
  expect(begun).toEqual(['200/1000']);
  expect(tasks.holds(cancelBy(OWNER))).toBe(true);
  expect(tasks.begin({ ...forced, partition: PARTITIONS }, CLOCK)).toBe(false);
  expect(tasks.begin({ ...forced, stage: MAX_STAGES }, CLOCK)).toBe(false);
  expect(tasks.begin({ ...forced, run: idOf(9) }, CLOCK)).toBe(false);
  await tasks.observe(advanced(0, 200, 1000) as never);
  expect(tasks.holds(cancelBy(OWNER))).toBe(false);
});

test('a run whose bytes are no longer promised begins no task, and tells up to when those that were begun may be paid', async () => {
  const begun: (() => void)[] = [];
  const prepare = () => new Promise<void>((done) => begun.push(done));
  const lapses = 2_000;
  const tasks = await tasksOf(1, stagesOf('exec'), { prepare, promisedTo: async () => BigInt(lapses) }, paidFor(AHEAD));
  expect(tasks.promisedTo()).toBe(undefined);
  tasks.runAhead({ now: lapses + 1, timestamp: lapses });
  expect(begun.length).toBe(0);
  tasks.runAhead({ now: lapses, timestamp: lapses });
  expect(begun.length).toBe(AHEAD);
  expect(tasks.promisedTo()).toBe(BigInt(lapses));
  for (const done of begun) done();
  await new Promise(setImmediate);
  for (let left = AHEAD; left > 0; left--) {
    expect(tasks.promisedTo()).toBe(BigInt(lapses));
    expect(tasks.nextExpire(lapses)).toBe(undefined);
    const next = decodeMessage(tasks.nextAdvance()!);
    if (next.kind !== 'Advance') throw new Error(next.kind);
    await tasks.observe(advanced(0, next.stage, next.partition) as never);
    tasks.runAhead({ now: lapses + 1, timestamp: lapses });
  }
  expect(begun.length).toBe(AHEAD);
  expect(tasks.promisedTo()).toBe(undefined);
  expect(decodeMessage(tasks.nextExpire(lapses + 1)!)).toEqual({ kind: 'Expire', run: idOf(0) });
});

test('a refused Expire says nothing about later: the run is expired when its time has come', async () => {
  let lapses = 2_000;
  const tasks = await tasksOf(1, stagesOf('infer'), { promisedTo: async () => BigInt(lapses) });
  const isGiven = (at: number) => tasks.nextExpire(at) !== undefined;
  const refused = { kind: 'Expire', ok: false, run: idOf(0), error: 'time: expected after 1, got 0' };
  const renew = (to: number) => {
    lapses = to;
    return tasks.observe({ kind: 'Renew', ok: true, run: idOf(0) } as never);
  };
  await tasks.observe(refused as never);
  expect(isGiven(2_000)).toBe(false);
  expect(isGiven(2_001)).toBe(true);
  // Given out, but a message that was queued came before it: the run was renewed, and then somebody's own Expire was
  // refused.
  await renew(3_000);
  await tasks.observe(refused as never);
  expect(isGiven(3_000)).toBe(false);
  expect(isGiven(3_001)).toBe(true);
  // One of ours that the kernel refuses is not given out for the same timestamp: the chain is not filled with it.
  await tasks.observe(refused as never);
  expect(isGiven(3_001)).toBe(false);
  expect(isGiven(3_002)).toBe(true);
  // None is given out for an earlier timestamp either, for which the run is not due.
  await renew(Number(FAR));
  expect(isGiven(Number(FAR) + 1)).toBe(true);
  expect(isGiven(Number(FAR))).toBe(false);
});

test('when the chain is built anew, programs that tasks still need go on, and those of runs that are gone are ended', async () => {
  const signals: { run: Hex; signal: AbortSignal }[] = [];
  const prepare = (message: Uint8Array, _timestamp: number, signal: AbortSignal) => {
    const decoded = decodeMessage(message);
    if (decoded.kind === 'Advance') signals.push({ run: decoded.run, signal });
    return new Promise<void>((_, reject) => signal.addEventListener('abort', () => reject(new Error('ended'))));
  };
  const running = [idOf(0), idOf(1)];
  const tasks = await tasksOf(2, stagesOf('exec'), { prepare }, 0, running);
  tasks.runAhead(CLOCK);
  expect(signals.map(({ run }) => run).sort()).toEqual([idOf(0), idOf(1)]);
  running.pop();
  await tasks.load(CLOCK);
  const open = signals.filter(({ signal }) => !signal.aborted);
  // The program of the first run is asked for again before it is let go.
  expect(open.map(({ run }) => run)).toEqual([idOf(0)]);
  await new Promise(setImmediate);
  expect(tasks.stats()).toMatchObject({ runs: 1, ahead: 1 });
});

const priceOf = (run: Hex) => BigInt(run) * 10n;

test('programs of runs that pay more for gas are begun first, and every fourth one by turns', async () => {
  const begun: number[] = [];
  const prepare = (message: Uint8Array) => {
    const decoded = decodeMessage(message);
    if (decoded.kind === 'Advance') begun.push(Number(decoded.run));
    return new Promise<void>(() => undefined);
  };
  const tasks = await tasksOf(4, stagesOf('exec'), { prepare }, paidFor(AHEAD), undefined, undefined, priceOf);
  tasks.runAhead(CLOCK);
  expect(begun).toEqual([3, 3, 3, 0, 3, 3, 3, 1]);
});

test('of Advance messages those of runs that pay more come first, and each run has its turn within four for each', async () => {
  const runs = 3;
  const tasks = await tasksOf(runs, stagesOf('exec'), { ahead: 100 }, paidFor(30), undefined, undefined, priceOf);
  const order: number[] = [];
  for (let step = 0; step < 24; step++) {
    tasks.runAhead(CLOCK);
    await DONE;
    await DONE;
    const next = decodeMessage(tasks.nextAdvance()!);
    if (next.kind !== 'Advance') throw new Error(next.kind);
    order.push(Number(next.run));
    await tasks.observe(advanced(Number(next.run), next.stage, next.partition) as never);
  }
  expect(order.slice(0, 4)).toEqual([2, 2, 2, 0]);
  expect(order.filter((run) => run === 2).length).toBeGreaterThanOrEqual(18);
  for (let from = 0; from + 4 * runs <= order.length; from++)
    for (let run = 0; run < runs; run++) expect(order.slice(from, from + 4 * runs)).toContain(run);
});
