// docs/court.md#reexecution
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { MizuError } from '../protocol/errors.ts';
import type { Backend } from './backends/backend.ts';
import { createBuiltinBackend } from './backends/builtin.ts';
import { toRowUsage } from './backends/row-failure.ts';
import { reexecuteItem } from './reexecute.ts';
import { encodeRequests, encodeResultLine, encodeResults, type RowResult } from './rows.ts';

const MODEL = 'builtin/small';
const SIGNAL = new AbortController().signal;
const backend = createBuiltinBackend();
const requestOf = (text: string) => ({ messages: [{ role: 'user', content: `Say the first sentence.\n\n${text}` }] });

async function itemOf(texts: readonly string[], change: (rows: RowResult[]) => RowResult[] = (rows) => rows) {
  const requests = encodeRequests(
    MODEL,
    texts.map((text, i) => JSON.stringify([i, requestOf(text)])),
  );
  const rows = await Promise.all(
    texts.map(async (text): Promise<RowResult> => {
      const { content, finishReason, usage } = await backend.complete(requestOf(text), SIGNAL);
      return { content, finish_reason: finishReason, usage: toRowUsage(usage) };
    }),
  );
  const told = change(rows);
  const sum = (field: 'prompt_tokens' | 'completion_tokens') =>
    told.reduce((total, { usage }) => total + (usage?.[field] ?? 0), 0);
  const tokens = { input: sum('prompt_tokens'), output: sum('completion_tokens') };
  const results = encodeResults(
    MODEL,
    told.map((row, i) => encodeResultLine(i, row)),
    tokens,
  );
  return { requests, results, inputTokens: BigInt(tokens.input), outputTokens: BigInt(tokens.output) };
}

const answer = (row: RowResult | undefined) => row as Extract<RowResult, { content: string }>;
const TEXTS = ['A fish swims. It is wet.', 'A bird flies. It is dry.', 'A stone lies still.'];

describe('what a gateway has signed', () => {
  test('is the same if it is what the model says, whatever the texts', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.string({ minLength: 1, maxLength: 80 }), { minLength: 1, maxLength: 8 }),
        async (texts) => {
          expect(await reexecuteItem(await itemOf(texts), backend, SIGNAL)).toEqual({
            kind: 'same',
            rows: texts.length,
          });
        },
      ),
      { numRuns: 40 },
    );
  });

  test('is another thing if one byte of one content is, and the row is named', async () => {
    for (const place of [0, 1, 2]) {
      const item = await itemOf(TEXTS, (rows) =>
        rows.map((row, i) => (i === place ? { ...answer(row), content: `${answer(row).content} ` } : row)),
      );
      const found = await reexecuteItem(item, backend, SIGNAL);
      expect(found).toMatchObject({ kind: 'other' });
      expect((found as { reason: string }).reason).toContain(`row ${place}: it is`);
    }
  });

  test('is another thing if it ends otherwise, bills more, or has other rows than were asked for', async () => {
    const more = (field: 'prompt_tokens' | 'completion_tokens') => (rows: RowResult[]) =>
      rows.map(
        (row) => ({ ...row, usage: { ...answer(row).usage, [field]: answer(row).usage[field] + 1 } }) as RowResult,
      );
    const wrong = [
      await itemOf(TEXTS, (rows) => rows.map((row) => ({ ...answer(row), finish_reason: 'length' }))),
      await itemOf(TEXTS, more('prompt_tokens')),
      await itemOf(TEXTS, more('completion_tokens')),
      await itemOf(TEXTS, (rows) => rows.slice(1)),
      { ...(await itemOf(TEXTS)), inputTokens: 10_000n },
      { ...(await itemOf(TEXTS)), results: new TextEncoder().encode('nothing of it') },
      { ...(await itemOf(TEXTS)), requests: new TextEncoder().encode('no requests') },
    ];
    for (const item of wrong) expect(await reexecuteItem(item, backend, SIGNAL)).toMatchObject({ kind: 'other' });
  });

  test('may have failed rows, and may bill less', async () => {
    const failed: RowResult = { error: { code: 'edge/no-answer', message: 'nobody has answered' } };
    const item = await itemOf(TEXTS, ([first, ...others]) => [
      failed,
      { ...answer(first), usage: { prompt_tokens: 1, completion_tokens: 0 } },
      others[1] as RowResult,
    ]);
    // The second row has the answer of the first: that is held against it.
    expect(await reexecuteItem(item, backend, SIGNAL)).toMatchObject({ kind: 'other' });
    const honest = await itemOf(TEXTS, ([, second, third]) => [
      failed,
      { ...answer(second), usage: { prompt_tokens: 1, completion_tokens: 0 } },
      third as RowResult,
    ]);
    expect(await reexecuteItem(honest, backend, SIGNAL)).toEqual({ kind: 'same', rows: 3 });
    expect(await reexecuteItem(await itemOf(TEXTS, () => []), backend, SIGNAL)).toEqual({ kind: 'same', rows: 0 });
  });

  test('is looked at where it is asked for alone', async () => {
    const item = await itemOf(TEXTS, (rows) =>
      rows.map((row, i) => (i === 2 ? { ...answer(row), content: 'lie' } : row)),
    );
    expect(await reexecuteItem(item, backend, SIGNAL, () => [0, 1])).toEqual({ kind: 'same', rows: 2 });
    expect(await reexecuteItem(item, backend, SIGNAL, () => [2])).toMatchObject({ kind: 'other' });
  });

  test('is not judged by a machine that fails itself, or has no time', async () => {
    const broken: Backend = {
      name: MODEL,
      complete: async () => {
        throw new MizuError({ code: 'edge/backend', message: 'no memory', retryable: true });
      },
    };
    expect(await reexecuteItem(await itemOf(TEXTS), broken, SIGNAL)).toMatchObject({ kind: 'unknown' });
    const stop = new AbortController();
    stop.abort();
    const late: Backend = { name: MODEL, complete: async (_, signal) => Promise.reject(signal.reason) };
    expect(await reexecuteItem(await itemOf(TEXTS), late, stop.signal)).toMatchObject({ kind: 'unknown' });
  });

  test('has no answer where the model fails for certain', async () => {
    const failing: Backend = {
      name: MODEL,
      complete: async () => {
        throw new MizuError({ code: 'edge/simulator-failed', message: 'exit 1' });
      },
    };
    expect(await reexecuteItem(await itemOf(TEXTS), failing, SIGNAL)).toMatchObject({ kind: 'other' });
  });
});
