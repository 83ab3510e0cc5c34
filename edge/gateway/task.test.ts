// docs/edge.md#result-bytes: a task's result has no more bytes than its run pays for.
import { expect, test } from 'vitest';
import type { Hex } from '../../protocol/hex.ts';
import { LEAST_RESULT_BYTES } from '../../protocol/inference.ts';
import { createXorshift } from '../../test/kernel/random.fixture.ts';
import { decodeRequests, encodeRequests, encodeResultLine, NO_REQUESTS } from '../rows.ts';
import { createTask, finishTask, putOutcomes, type TaskInfo } from './task.ts';

const HASH: Hex = `0x${'22'.repeat(32)}`;
const MAX_BYTES = 100_000;
const INFO: TaskInfo = {
  run: HASH,
  owner: `0x${'0a'.repeat(20)}`,
  stage: 1,
  partition: 0,
  attempt: 0,
  model: HASH,
  requestRoot: HASH,
  requestLength: 1,
  maxCost: '0',
  inputPrice: '1',
  outputPrice: '2',
  bytePrice: '30',
  escrowLeft: '0',
  inferenceLeft: '0',
  itemFee: '0',
  step: 0,
};

/** A task whose rows have contents of these lengths. */
function finish(contents: readonly number[], offer: Partial<TaskInfo>) {
  const requests = decodeRequests(
    encodeRequests(
      'm',
      contents.map((_, i) => `[${i},{}]`),
    ),
  );
  const task = createTask({ ...INFO, ...offer }, requests);
  const usage = { prompt_tokens: 1, completion_tokens: 2 };
  const lines = contents.map((length, place) =>
    encodeResultLine(place, { content: 'x'.repeat(length), finish_reason: 'stop', usage }),
  );
  putOutcomes(
    task,
    lines.map((line, place) => ({ place, line, inputTokens: 1, outputTokens: 2 })),
  );
  const { result } = finishTask(task, MAX_BYTES);
  const [header, ...rows] = new TextDecoder().decode(result).trimEnd().split('\n') as [string, ...string[]];
  return { result, lines, rows, count: JSON.parse(header).count as number };
}

const errorOf = (line: string): string | undefined => JSON.parse(line)[1].error?.code;

test('rows that the run does not pay for are errors, the others are whole', () => {
  const paid = (bytes: number) => finish([10, 900, 20, 900, 30], { maxCost: String(bytes * 30 + 29) });
  const all = paid(MAX_BYTES);
  expect([all.rows, all.count]).toEqual([all.lines, 5]);
  expect(paid(all.result.length).rows).toEqual(all.lines);
  const less = paid(all.result.length - 1);
  expect(less.rows.map(errorOf)).toEqual([undefined, undefined, undefined, 'edge/result-too-large', undefined]);
  expect(less.result.length).toBeLessThan(all.result.length);
  // Not one long row fits.
  expect(
    paid(900)
      .rows.map(errorOf)
      .filter((code) => code !== undefined).length,
  ).toBe(2);
  // Not even an error for each row: a result without rows.
  const least = paid(LEAST_RESULT_BYTES);
  expect([least.count, least.rows, least.result.length]).toEqual([0, [], LEAST_RESULT_BYTES]);
});

test('bytes that cost nothing are limited by the gateway alone', () => {
  expect(finish([10, 20], { bytePrice: '0' }).count).toBe(2);
  const { result, rows } = finish([60_000, 60_000], { bytePrice: '0' });
  expect([rows.map(errorOf), result.length <= MAX_BYTES]).toEqual([[undefined, 'edge/result-too-large'], true]);
});

test('a result without rows fits what the least offer pays, whatever its tokens', () => {
  const task = createTask({ ...INFO, maxCost: '7680' }, { model: HASH, ...NO_REQUESTS });
  expect(finishTask(task, MAX_BYTES).result.length).toBe(LEAST_RESULT_BYTES);
  const one = createTask(
    { ...INFO, maxCost: '7680' },
    decodeRequests(encodeRequests('a model of a long name '.repeat(20), ['[0,{}]'])),
  );
  const tokens = { inputTokens: 2 ** 32, outputTokens: 2 ** 32 };
  putOutcomes(one, [{ place: 0, line: '[0,{}]', ...tokens }]);
  expect(finishTask(one, MAX_BYTES)).toMatchObject({ result: { length: LEAST_RESULT_BYTES }, ...tokens });
});

test.each([1, 2, 3])('whatever the rows and the offer, no result is above what is paid, seed %i', (seed) => {
  const random = createXorshift(seed);
  const seen = new Set<string>();
  for (let round = 0; round < 200; round++) {
    const contents = Array.from({ length: 1 + random(40) }, () => random(random(4) === 0 ? 9_000 : 200));
    const bytes = LEAST_RESULT_BYTES + random(random(2) === 0 ? 4_000 : 2 * MAX_BYTES);
    const { result, lines, rows, count } = finish(contents, { maxCost: String(bytes * 30 + random(30)) });
    expect(result.length).toBeLessThanOrEqual(Math.min(bytes, MAX_BYTES));
    expect([0, contents.length]).toContain(count);
    rows.forEach((row, i) => {
      if (row !== lines[i]) expect(errorOf(row)).toBe('edge/result-too-large');
    });
    seen.add(count === 0 ? 'none' : rows.every((row, i) => row === lines[i]) ? 'all' : 'some');
  }
  expect([...seen].sort()).toEqual(['all', 'none', 'some']);
});
