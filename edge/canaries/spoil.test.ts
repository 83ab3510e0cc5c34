// docs/audits.md#gateway: a spoilt answer has the shape, the length and the bill of the right one, and another truth.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { parseResults } from '../item-rows.ts';
import { encodeResultLine, encodeResults, type RowResult } from '../rows.ts';
import { hashTruth, truthLine } from '../truth.ts';
import { spoil } from './spoil.ts';

const usage = { prompt_tokens: 3, completion_tokens: 1 };
const answer = (content: string): RowResult => ({ content, finish_reason: 'stop', usage });
const finished = (results: readonly RowResult[], firstIndex = 0) => ({
  result: encodeResults(
    'builtin/small',
    results.map((result, i) => encodeResultLine(firstIndex + i, result)),
    { input: 3 * results.length, output: results.length },
  ),
  inputTokens: 3 * results.length,
  outputTokens: results.length,
});

test('two answers are exchanged, and everything else stays', () => {
  const contents = fc.array(fc.string({ unit: 'grapheme' }), { maxLength: 16 });
  fc.assert(
    fc.property(contents, fc.nat(1_000), (texts, firstIndex) => {
      const task = finished(texts.map(answer), firstIndex);
      const spoilt = spoil(task);
      if (new Set(texts).size < 2) {
        expect(spoilt).toBeUndefined();
        return;
      }
      expect(spoilt!.result.length).toBe(task.result.length);
      const [before, after] = [parseResults(task.result)!, parseResults(spoilt!.result)!];
      expect(after.rows.map(({ index }) => index)).toEqual(before.rows.map(({ index }) => index));
      const changed = after.rows.filter(({ result }, i) => result.content !== before.rows[i]!.result.content);
      expect(changed).toHaveLength(2);
      expect(after.rows.map(({ result }) => result.content).sort()).toEqual([...texts].sort());
      const truth = (rows: typeof before.rows) =>
        hashTruth(rows.map(({ index, result }) => truthLine(index as number, String(result.content), 'stop')));
      expect(spoilt!.truth).toBe(truth(before.rows));
      expect(spoilt!.truth).not.toBe(truth(after.rows));
    }),
  );
});

test('what has a row without an answer, or is no result object, is left as it is', () => {
  const error: RowResult = { error: { code: 'edge/no-answer', message: 'nobody' } };
  expect(spoil(finished([answer('a'), error, answer('b')]))).toBeUndefined();
  expect(spoil(finished([]))).toBeUndefined();
  expect(spoil({ result: new Uint8Array(7), inputTokens: 0, outputTokens: 0 })).toBeUndefined();
});
