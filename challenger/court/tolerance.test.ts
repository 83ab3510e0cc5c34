// docs/court.md#samples
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { ItemObjects } from '../../edge/item-rows.ts';
import { encodeRequests, encodeResultLine, encodeResults, type RowResult } from '../../edge/rows.ts';
import type { Scorer } from '../../edge/tolerance/scorer.ts';
import { MizuError } from '../../protocol/errors.ts';
import type { InferenceItem } from '../../protocol/inference.ts';
import { keccak, objectRef } from '../../protocol/tree.ts';
import { type AnswerSample, drawAnswers } from './samples.ts';
import { judgeWithin } from './tolerance.ts';

const NAME = 'lab/tiny';
const SIGNAL = new AbortController().signal;
const PLACE = { batch: 3n, message: 1 };
const usage = { prompt_tokens: 2, completion_tokens: 3 };
const threshold = { answers: 'text', maxTemperature: 0, nats: 0.1 };
const encode = (value: unknown) => new TextEncoder().encode(JSON.stringify(value));
const MANIFEST = encode({ name: NAME, class: 'B', tolerance: { thresholds: [threshold] } });
const HELD = new Map([[objectRef(MANIFEST).root, MANIFEST]]);

type Row = { readonly far: boolean; readonly request?: object; readonly result?: RowResult };
const near: Row = { far: false };
const far: Row = { far: true };
const rows = (count: number, farOnes = 0): Row[] => Array.from({ length: count }, (_, i) => (i < farOnes ? far : near));

function objectsOf(given: readonly Row[]): ItemObjects {
  const lines = given.map(({ request }, i) =>
    JSON.stringify([i, { messages: [{ role: 'user', content: 'Say it.' }], temperature: 0, ...request }]),
  );
  const results = given.map(({ far, result }, i) =>
    encodeResultLine(i, result ?? { content: far ? 'far' : 'near', finish_reason: 'length', usage }),
  );
  const tokens = { input: 2 * given.length, output: 3 * given.length };
  return {
    requests: encodeRequests(NAME, lines),
    results: encodeResults(NAME, results, tokens),
    inputTokens: BigInt(tokens.input),
    outputTokens: BigInt(tokens.output),
  };
}

const itemOf = (number: number) => ({ partition: number }) as InferenceItem;

type World = {
  readonly own: readonly Row[];
  /** Undefined: nobody has it any more. */
  readonly earlier?: readonly (readonly Row[] | undefined)[];
  readonly manifests?: ReadonlyMap<`0x${string}`, Uint8Array>;
  readonly score?: Scorer['score'];
};

async function judge({ own, earlier = [], manifests = HELD, score }: World) {
  const scored: string[] = [];
  const scorer: Scorer = {
    name: NAME,
    score: async (request, content, signal) => {
      scored.push(content);
      return (await score?.(request, content, signal)) ?? { gaps: [content === 'far' ? 4 : 3], endGap: 0 };
    },
  };
  const found = await judgeWithin(
    {
      manifests,
      signed: {
        async *before() {
          yield* earlier.map((_, number) => itemOf(number));
        },
        seedOf: async () => keccak(Uint8Array.of(7)),
        manifestOf: async () => objectRef(MANIFEST),
      },
    },
    {
      item: itemOf(99),
      place: PLACE,
      objects: objectsOf(own),
      scorer,
      objectsOf: async ({ partition }) => {
        const found = earlier[partition];
        return found === undefined ? undefined : objectsOf(found);
      },
      fetch: async () => undefined,
    },
    SIGNAL,
  );
  return { ...found, scored };
}

describe('an item of a model of class B', () => {
  test('is wrong if four of ten of its answers are beyond the threshold', async () => {
    expect(await judge({ own: rows(10, 3) })).toMatchObject({ kind: 'same' });
    const wrong = await judge({ own: rows(10, 4) });
    expect(wrong.kind).toBe('other');
    expect(wrong.scored.filter((content) => content === 'far')).toHaveLength(4);
  });

  test('of few answers is judged with those before it, and by its own ones', async () => {
    expect(await judge({ own: [far], earlier: [rows(20, 20)] })).toMatchObject({ kind: 'other' });
    expect(await judge({ own: [far], earlier: [rows(20)] })).toMatchObject({ kind: 'same' });
    expect(await judge({ own: [far], earlier: [rows(3, 3)] })).toMatchObject({ kind: 'other' });
    expect(await judge({ own: [far], earlier: [rows(3, 2)] })).toMatchObject({ kind: 'unknown' });
    expect(await judge({ own: [far], earlier: [undefined, rows(4, 4)] })).toMatchObject({ kind: 'other' });
    // Its own answers are scored first: here no other one is needed.
    expect(await judge({ own: [near], earlier: [rows(20, 20)] })).toMatchObject({ kind: 'same', scored: ['near'] });
  });

  test('has no samples in what the manifest says nothing of, in repaired rows and in failures', async () => {
    const left = [
      { far: true, request: { temperature: 1 } },
      { far: true, request: { temperature: undefined } },
      { far: true, request: { response_format: { type: 'json_object' } } },
      { far: true, request: { mizu: { repair: 1 } } },
      { far: true, result: { error: { code: 'edge/no-answer', message: 'nobody' }, usage } },
    ];
    expect(await judge({ own: left })).toMatchObject({ kind: 'unknown', scored: [] });
    const refused: Row = { far: true, result: { error: { code: 'edge/schema', message: 'no', raw: 'far' }, usage } };
    expect(await judge({ own: new Array(10).fill(refused) })).toMatchObject({ kind: 'other' });
  });

  test('cannot be told without the manifest, or with a server that does not answer', async () => {
    expect(await judge({ own: rows(10, 10), manifests: new Map() })).toMatchObject({ kind: 'unknown' });
    const root = objectRef(MANIFEST).root;
    expect(await judge({ own: rows(10, 10), manifests: new Map([[root, encode({})]]) })).toMatchObject({
      kind: 'unknown',
      reason: expect.stringContaining('The manifest does not say how far'),
    });
    const fail = () => Promise.reject(new MizuError({ code: 'edge/unreachable', message: 'no answer' }));
    expect(await judge({ own: rows(10, 10), score: fail })).toMatchObject({ kind: 'unknown' });
  });

  test('is wrong whatever the model says if its rows are not those that were asked for', async () => {
    const objects = objectsOf(rows(2));
    const given = { ...objects, results: encodeResults(NAME, [], { input: 4, output: 6 }) };
    const parts = { manifests: HELD, signed: {} as never };
    const question = { item: itemOf(0), place: PLACE, objects: given, scorer: {} as never };
    const found = await judgeWithin(
      parts,
      { ...question, objectsOf: async () => undefined, fetch: async () => undefined },
      SIGNAL,
    );
    expect(found.kind).toBe('other');
  });
});

test('the draw is the same for everybody, has each sample once, and all own ones of few', () => {
  const samples = (count: number, isOwn: boolean) =>
    Array.from({ length: count }, (_, i) => ({ content: `${isOwn} ${i}`, isOwn }) as AnswerSample);
  fc.assert(
    fc.property(fc.nat(40), fc.nat(40), fc.uint8Array({ minLength: 32, maxLength: 32 }), (own, earlier, seed) => {
      const drawn = drawAnswers(samples(own, true), samples(earlier, false), seed);
      expect(drawn).toEqual(drawAnswers(samples(own, true), samples(earlier, false), seed));
      expect(new Set(drawn.map(({ content }) => content)).size).toBe(Math.min(10, own < 10 ? own + earlier : own));
      expect(drawn.filter(({ isOwn }) => isOwn)).toHaveLength(Math.min(10, own));
      expect(drawn.slice(0, Math.min(10, own)).every(({ isOwn }) => isOwn)).toBe(true);
    }),
  );
});

test('other seeds draw others', () => {
  const own = Array.from({ length: 1_000 }, (_, i) => ({ content: String(i), isOwn: true }) as AnswerSample);
  const of = (seed: number) =>
    drawAnswers(own, [], keccak(Uint8Array.of(seed)))
      .map(({ content }) => content)
      .join();
  expect(new Set([0, 1, 2, 3, 4].map(of)).size).toBe(5);
});
