// docs/edge.md#queue: which rows a worker is given.
import { afterAll, describe, expect, test } from 'vitest';
import type { Hex } from '../../protocol/hex.ts';
import {
  ANN,
  addTask,
  answer,
  BEN,
  CY,
  closeChecker,
  contentsOf,
  fail,
  finishedLines,
  HASH,
  INFO,
  LEASE_SIGNATURE,
  MODELS,
  rowOf,
  setUp,
  take,
} from '../../test/edge/queue.fixture.ts';
import type { AnsweredRow } from '../frames.ts';
import { decodeRequests, encodeRequests } from '../rows.ts';
import type { Queue } from './queue.ts';

afterAll(closeChecker);

describe('leases', () => {
  test('whoever finishes first, the results are in the order of the requests', async () => {
    const { queue } = setUp();
    addTask(queue, 5);
    const first = take(queue, ANN, 2);
    const second = take(queue, BEN, 3);
    expect([first.places, second.places]).toEqual([
      [0, 1],
      [2, 3, 4],
    ]);
    expect(queue.lease({ worker: CY, models: MODELS, rows: 1 })).toBeUndefined();
    await answer(queue, second);
    expect(queue.takeFinished()).toEqual([]);
    await answer(queue, first);
    expect(contentsOf(queue)).toEqual(['r0', 'r1', 'r2', 'r3', 'r4']);
  });

  test('only for models that the worker has', () => {
    const { queue } = setUp();
    addTask(queue, 1);
    expect(queue.lease({ worker: ANN, models: new Set(['other']), rows: 1 })).toBeUndefined();
  });

  test('tokens are added up, and capped by what was sent and allowed', async () => {
    const { queue } = setUp();
    addTask(queue, 2, { messages: [{ role: 'user', content: 'x' }], max_tokens: 7 });
    const lease = take(queue, ANN, 2);
    const usage = { prompt_tokens: 1_000_000, completion_tokens: 1_000_000 };
    await queue.accept(lease, {
      signature: LEASE_SIGNATURE,
      rows: [rowOf(0, 'a'), [11, { content: 'b', finish_reason: 'stop', usage }]],
    });
    const [task] = queue.takeFinished();
    const line = JSON.stringify([11, { messages: [{ role: 'user', content: 'x' }], max_tokens: 7 }]);
    expect(task).toMatchObject({ inputTokens: 3 + line.length + 1024, outputTokens: 2 + 7 });
  });

  test('a task without rows is finished at once', () => {
    const { queue } = setUp();
    addTask(queue, 0);
    expect(finishedLines(queue)).toEqual([]);
  });
});

describe('rows', () => {
  const addLines = (queue: Queue, lines: string[], run = HASH, owner = ANN) =>
    queue.add({ ...INFO, run, owner }, decodeRequests(encodeRequests('m', lines)));

  test('that are no JSON, or longer than a lease, are given to no worker', async () => {
    const { queue } = setUp();
    addLines(queue, ['[10,{"a":]', '[11,{}]', `[12,"${'x'.repeat(4 * 1024 * 1024)}"]`, '[13,{}]']);
    const first = take(queue, ANN, 4);
    expect(first.places).toEqual([1]);
    const second = take(queue, BEN, 4);
    expect(second.places).toEqual([3]);
    await answer(queue, first);
    await answer(queue, second);
    expect(finishedLines(queue).map((line) => JSON.parse(line)[1].error?.code ?? 'fine')).toEqual([
      'edge/bad-request',
      'fine',
      'edge/bad-request',
      'fine',
    ]);
  });

  test('are all unusable: the task is finished without a worker', () => {
    const { queue } = setUp();
    addLines(
      queue,
      Array.from({ length: 40 }, (_, i) => `[${i},}]`),
    );
    for (let i = 0; i < 2; i++) expect(queue.lease({ worker: ANN, models: MODELS, rows: 2 })).toBeUndefined();
    expect(finishedLines(queue).length).toBe(40);
  });

  test('of the run that has the fewest at workers go first', () => {
    const { queue } = setUp();
    const lines = (count: number) => Array.from({ length: count }, (_, i) => `[${i},{}]`);
    const other: Hex = `0x${'44'.repeat(32)}`;
    addLines(queue, lines(100));
    addLines(queue, lines(3), other);
    const runs = Array.from({ length: 5 }, () => take(queue, ANN, 2).task.slice(0, 66));
    expect(runs).toEqual([HASH, other, HASH, other, HASH]);
  });

  test('an owner of many runs has the share of one owner, and his runs have theirs of it', () => {
    const { queue } = setUp();
    const runOf = (number: number): Hex => `0x${number.toString(16).padStart(64, '0')}`;
    const lines = Array.from({ length: 40 }, (_, i) => `[${i},{}]`);
    for (let run = 0; run < 20; run++) addLines(queue, lines, runOf(run));
    addLines(queue, lines, runOf(99), BEN);
    const runs = Array.from({ length: 20 }, () => take(queue, CY, 2).task.slice(0, 66));
    expect(runs.filter((run) => run === runOf(99)).length).toBe(10);
    expect(new Set(runs).size).toBe(11);
  });

  test('what the run pays by the last poll limits the result, and nothing else of the task is changed by it', async () => {
    const { queue } = setUp();
    addLines(queue, ['[0,{}]']);
    const listed = { ...INFO, requestRoot: `0x${'99'.repeat(32)}` as Hex, maxCost: '280', bytePrice: '1' };
    for (const partition of [0, 7]) queue.renewOffer({ ...listed, partition });
    const usage = { prompt_tokens: 1, completion_tokens: 1 };
    const rows: AnsweredRow[] = [[0, { content: 'x'.repeat(200), finish_reason: 'stop', usage }]];
    await queue.accept(take(queue, ANN, 1), { signature: LEASE_SIGNATURE, rows });
    const [task] = queue.takeFinished();
    expect(task!.info).toEqual({ ...listed, requestRoot: INFO.requestRoot });
    expect(new TextDecoder().decode(task!.result)).toMatch(/\n\[0,\{"error":\{"code":"edge\/result-too-large"/);
  });

  test('whatever the results, every row is in an object that is not too large', async () => {
    const { queue } = setUp();
    addLines(
      queue,
      Array.from({ length: 300 }, (_, i) => `[${i},{}]`),
    );
    const lease = take(queue, ANN, 300);
    const usage = { prompt_tokens: 1, completion_tokens: 1 };
    const content = 'ü'.repeat(450);
    const rows = lease.places.map((place): AnsweredRow => [place, { content, finish_reason: 'stop', usage }]);
    await queue.accept(lease, { signature: LEASE_SIGNATURE, rows });
    const [task] = queue.takeFinished();
    expect(task!.result.length).toBeLessThanOrEqual(100_000);
    const lines = new TextDecoder().decode(task!.result).trimEnd().split('\n').slice(1);
    const codes = lines.map((line) => JSON.parse(line)[1].error?.code);
    expect([lines.length, codes[0], codes.at(-1)]).toEqual([300, undefined, 'edge/result-too-large']);
  });
});

describe('a row that a worker has failed', () => {
  test('goes to one that has not, as long as there is one', async () => {
    const there = [ANN, BEN, CY];
    const { queue } = setUp({ there, attempts: 5 });
    addTask(queue, 2);
    await fail(queue, take(queue, ANN, 2), true);
    expect(queue.lease({ worker: ANN, models: MODELS, rows: 2 })).toBeUndefined();
    const second = take(queue, BEN, 1);
    await fail(queue, second, true);
    // One of the two rows has been with one worker, the other with two.
    expect(queue.lease({ worker: ANN, models: MODELS, rows: 2 })).toBeUndefined();
    expect(take(queue, BEN, 2).places).toEqual([1 - second.places[0]!]);
    const third = take(queue, CY, 2);
    expect(third.places).toEqual(second.places);
    await fail(queue, third, true);
    // All workers have failed the row, so anyone who asks gets it.
    expect(take(queue, ANN, 2).places).toEqual(third.places);
  });

  test('a broken one beside a good one costs no row, however often it asks', async () => {
    const { queue } = setUp({ there: [ANN, BEN], attempts: 2 });
    addTask(queue, 20);
    for (let i = 0; i < 30; i++) {
      const granted = queue.lease({ worker: ANN, models: MODELS, rows: 2 });
      if (granted !== undefined) await fail(queue, granted.lease, true);
      if (i % 3 !== 0) continue;
      await answer(queue, take(queue, BEN, 2));
    }
    expect(contentsOf(queue).filter((content) => content === undefined)).toEqual([]);
  });

  test('comes back to the only worker, and when the other one has left', async () => {
    const there = [ANN];
    const { queue } = setUp({ there, attempts: 3 });
    addTask(queue, 1);
    await fail(queue, take(queue, ANN, 1), true);
    there.push(BEN);
    expect(queue.lease({ worker: ANN, models: MODELS, rows: 1 })).toBeUndefined();
    there.pop();
    await answer(queue, take(queue, ANN, 1));
    expect(contentsOf(queue)).toEqual(['r0']);
  });

  test('also if it has not answered in time', () => {
    const { queue, pass } = setUp({ there: [ANN, BEN] });
    addTask(queue, 1);
    take(queue, ANN, 1);
    pass(61);
    queue.expire();
    expect(queue.lease({ worker: ANN, models: MODELS, rows: 1 })).toBeUndefined();
    expect(take(queue, BEN, 1).places).toEqual([0]);
  });
});
