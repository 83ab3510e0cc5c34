// docs/sdk.md#batch, docs/sdk.md#chunk, docs/sdk.md#sample: operators that put rows together, cut their texts, or take some of them.

import type { BatchOperator, ChunkOperator, DrawOperator, LimitOperator, SampleOperator, Unmade } from './operator.ts';
import { assertBuckets, assertOption } from './refusal.ts';

/** How `batch` cuts the rows into lists. */
export type BatchOptions<Row, Key> = {
  /** Rows of a batch, 1 to 10,000; the last one may have fewer. */
  readonly size: number;
  /** Only rows of one key are in one batch. */
  readonly key: (row: Readonly<Row>) => Key;
  /** Tasks that the keys are spread over, 1 to 64; default 4. Only with `key`. */
  readonly buckets?: number;
};

/** A piece of a row's text, as `chunk` gives it. With `keep` it has the kept fields as well. */
export type Chunk = {
  readonly text: string;
  /** Its place among the chunks of the text, from 0 on, and their number. */
  readonly index: number;
  readonly of: number;
  /** Where it begins in the text, in UTF-16 units, as `slice` counts. */
  readonly start: number;
  /** The index of the row that the text is of. */
  readonly source: number;
};

/** How `chunk` cuts a text into pieces. */
export type ChunkOptions<Row, Kept> = {
  readonly text: (row: Readonly<Row>) => string;
  /** Units of a chunk, 1 to 1,000,000. */
  readonly size: number;
  /** Units that a chunk has in common with the one before it; below `size`, default 0. */
  readonly overlap?: number;
  /** Default `words`, as near dedupe counts them; `characters` are code points. */
  readonly unit?: 'characters' | 'words' | 'lines';
  /** Fields of the row that each chunk keeps, for example its id. Default none. */
  readonly keep?: (row: Readonly<Row>) => Kept;
};

/**
 * Which rows `sample` keeps: a fraction, a number, or a number of each stratum. The same rows with the same seed give
 * the same sample.
 */
export type SampleOptions<Row> = { readonly seed?: string } & (
  | {
      readonly fraction: number;
      /** Rows of one key stay together. */
      readonly key?: (row: Readonly<Row>) => unknown;
    }
  | {
      /** So many rows of the whole dataset, 1 to 1,000,000; all, if it has no more. */
      readonly count: number;
      /** The stratum of a row: each gives rows in proportion to its size. */
      readonly by?: (row: Readonly<Row>) => unknown;
    }
  | {
      /** So many rows of each stratum, 1 to 1,000,000. */
      readonly each: number;
      readonly by: (row: Readonly<Row>) => unknown;
    }
);
/** As it may come from a file without types. */
type AnySampleOptions = {
  readonly [option in 'fraction' | 'count' | 'each']?: number;
} & { readonly [option in 'key' | 'by']?: (row: never) => unknown } & { readonly seed?: string };

const MAX_BATCH = 10_000;
const MAX_UNITS = 1_000_000;
const MAX_DRAWN = 1_000_000;

/** @throws MizuError `sdk/bad-option` */
export function createBatch(operator: string, options: Partial<BatchOptions<never, unknown>>): Unmade<BatchOperator> {
  const { size, key, buckets = 4 } = options;
  assertCount(operator, 'size', size, MAX_BATCH);
  assertOption(operator, 'key', key === undefined || typeof key === 'function', 'a function of a row', key);
  assertBuckets(operator, buckets);
  return { kind: 'batch', name: operator, size, key: key ?? null, buckets };
}

/** @throws MizuError `sdk/bad-option` */
export function createChunkOperator(operator: string, options: ChunkOptions<never, object>): Unmade<ChunkOperator> {
  const { text, size, overlap = 0, unit = 'words', keep } = options;
  assertOption(operator, 'text', typeof text === 'function', 'a function from a row to its text', text);
  assertCount(operator, 'size', size, MAX_UNITS);
  const isBelow = Number.isInteger(overlap) && overlap >= 0 && overlap < size;
  assertOption(operator, 'overlap', isBelow, 'a whole number, 0 to size - 1', overlap);
  assertOption(
    operator,
    'unit',
    ['characters', 'words', 'lines'].includes(unit),
    "'characters', 'words' or 'lines'",
    unit,
  );
  assertOption(operator, 'keep', keep === undefined || typeof keep === 'function', 'a function of a row', keep);
  return { kind: 'chunk', name: operator, text, size, overlap, unit, keep: keep ?? null };
}

/** @throws MizuError `sdk/bad-option` */
export function createLimit(operator: string, count: number): Unmade<LimitOperator> {
  assertOption(operator, 'count', Number.isSafeInteger(count) && count >= 0, 'a number of rows', count);
  return { kind: 'limit', name: operator, count };
}

/** @throws MizuError `sdk/bad-option` */
export function createSample(
  operator: string,
  options: AnySampleOptions,
): Unmade<SampleOperator> | Unmade<DrawOperator> {
  const { fraction, count, each, seed = '', key, by } = options;
  const given = [fraction, count, each].filter((one) => one !== undefined).length;
  assertOption(operator, 'fraction', given === 1, "one of 'fraction', 'count' and 'each'", { fraction, count, each });
  assertOption(operator, 'key', key === undefined || typeof key === 'function', 'a function of a row', key);
  assertOption(operator, 'by', by === undefined || typeof by === 'function', 'a function of a row', by);
  if (fraction !== undefined) {
    assertOption(operator, 'by', by === undefined, "left out with 'fraction'", by);
    assertOption(operator, 'fraction', fraction > 0 && fraction <= 1, 'above 0 and at most 1', fraction);
    return { kind: 'sample', name: operator, fraction, seed, key: key ?? null };
  }
  assertOption(operator, 'key', key === undefined, "left out where there is no 'fraction'", key);
  assertOption(operator, 'by', each === undefined || by !== undefined, "given with 'each'", by);
  const drawn = each ?? count;
  assertCount(operator, each === undefined ? 'count' : 'each', drawn, MAX_DRAWN);
  return { kind: 'draw', name: operator, count: drawn, isEach: each !== undefined, by: by ?? null, seed };
}

function assertCount(
  operator: string,
  option: string,
  count: number | undefined,
  most: number,
): asserts count is number {
  const good = Number.isInteger(count) && count! >= 1 && count! <= most;
  assertOption(operator, option, good, `a whole number, 1 to ${most}`, count);
}
