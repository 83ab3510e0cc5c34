// docs/operations.md#sequencer: what runs make the sequencer keep and do before anybody has paid for it.
import { expect, test } from 'vitest';
import { MAX_STAGES, RUN_INPUT } from '../protocol/constants.ts';
import type { Address, Hex } from '../protocol/hex.ts';
import { decodeMessage } from '../protocol/messages.ts';
import { createLogger } from '../service/log.ts';
import type { StageIndex, Tables } from './tables.ts';
import { createTasks, type TasksParts } from './tasks.ts';

const MODEL: Hex = `0x${'33'.repeat(32)}`;
const WORKFLOW: Hex = `0x${'11'.repeat(32)}`;
const OWNER: Address = `0x${'bb'.repeat(20)}`;
const AHEAD = 8;
const PARTITIONS = 1024;
const OBJECT = { root: MODEL, length: 10 };
const FAR = 10n ** 12n;

const idOf = (run: number): Hex => `0x${run.toString(16).padStart(64, '0')}`;
const stagesOf = (kind: StageIndex['kind']): StageIndex[] =>
  Array.from({ length: MAX_STAGES }, () => ({
    kind,
    width: 0,
    sink: true,
    model: MODEL,
    inputs: [{ source: RUN_INPUT, mode: 'same' }],
  }));

/** The sequencer's tasks of so many running runs of one workflow; the last one has another owner than the others. */
async function tasksOf(runs: number, stages: readonly StageIndex[], parts: Partial<TasksParts> = {}) {
  const record = { workflow: WORKFLOW, status: 'running', deadline: FAR, startStep: 0 };
  const ownerOf = (run: Hex): Address => (run === idOf(runs - 1) ? `0x${'bB'.repeat(20)}` : `0x${'aa'.repeat(20)}`);
  const tables = {
    runs: { get: async (run: Hex) => ({ ...record, owner: ownerOf(run) }) },
    workflows: { get: async () => ({ stages }) },
    inputs: { get: async () => Array.from({ length: PARTITIONS }, () => OBJECT) },
    tasks: { entries: async function* () {} },
    running: {
      async *entries() {
        for (let run = 0; run < runs; run++) yield [idOf(run), true];
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
  await tasks.load();
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
  const tasks = await tasksOf(3, stagesOf('exec'));
  expect(tasks.stats()).toEqual({ runs: 3, ready: 3 * AHEAD, ahead: 0 });
  await tasks.observe(advanced(0, 0, 0) as never);
  // One that was not taken up: L1 may name any.
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
  const tasks = await tasksOf(4, stagesOf('exec'), { prepare });
  tasks.runAhead();
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

const DONE = Promise.resolve();
const STRANGER: Address = `0x${'cc'.repeat(20)}`;
const cancelBy = (sender: Address) =>
  ({ kind: 'Cancel', signature: `0x${'00'.repeat(65)}`, sender, nonce: 0n, run: idOf(0) }) as const;

test('a Cancel waits for the programs that were begun, whose Advance messages come first; no others are begun', async () => {
  const begun: (() => void)[] = [];
  const prepare = () => new Promise<void>((done) => begun.push(done));
  const tasks = await tasksOf(1, stagesOf('exec'), { prepare });
  expect(tasks.holds(cancelBy(OWNER))).toBe(false);
  tasks.release();
  tasks.runAhead();
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
  tasks.runAhead();
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
  // The Cancel was not one after all.
  tasks.release();
  tasks.runAhead();
  expect(begun.length).toBe(2 * AHEAD);
});

test('what a run has running when it ends is ended', async () => {
  const signals: AbortSignal[] = [];
  const prepare = (_message: Uint8Array, signal: AbortSignal) => {
    signals.push(signal);
    return new Promise<void>((_, reject) => signal.addEventListener('abort', () => reject(new Error('ended'))));
  };
  const tasks = await tasksOf(2, stagesOf('exec'), { prepare });
  tasks.runAhead();
  expect(tasks.stats()).toMatchObject({ runs: 2, ahead: AHEAD });
  await tasks.observe({ ...advanced(0, 0, 0), runStatus: 'failed' } as never);
  expect(signals.filter(({ aborted }) => aborted).length).toBe(AHEAD / 2);
  await new Promise(setImmediate);
  expect(tasks.stats()).toMatchObject({ runs: 1, ahead: AHEAD / 2 });
});

test('a run whose deadline has passed begins no task, and is expired when those that were begun are done', async () => {
  const begun: (() => void)[] = [];
  const prepare = () => new Promise<void>((done) => begun.push(done));
  const tasks = await tasksOf(1, stagesOf('exec'), { prepare });
  const expire = { kind: 'Expire', run: idOf(0) } as const;
  tasks.runAhead();
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
    tasks.runAhead();
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
