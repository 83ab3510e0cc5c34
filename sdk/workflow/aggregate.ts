// docs/sdk.md#group: what is made of the rows of one group, as plain data; the functions run in the VM.
import { seal } from '../runtime/seal.ts';
import { assertOption, NAME } from './refusal.ts';

/** Values that have an order: docs/sdk.md#order. */
export type Ordered = number | string | boolean;

export type AggregateKind = 'count' | 'sum' | 'mean' | 'min' | 'max' | 'collect' | 'reduce';

/** One field of a group's row. */
export type Aggregation = {
  readonly kind: AggregateKind;
  /** Of a row; null for `count` and `reduce`. */
  readonly value: ((row: never) => unknown) | null;
  /** Most values that `collect` keeps. */
  readonly limit: number;
  /** Of a `reduce`: before the first row, and from one row to the next. */
  readonly initial: unknown;
  readonly fold: ((before: never, row: never) => unknown) | null;
};

/** An aggregate whose field is a `Value`. */
export type Aggregate<Value> = Aggregation & { readonly as?: Value };

/** What `aggregate` hands over, to make the fields of a group's row. Values that are `null` are left out. */
export type Aggregates<Row> = {
  /** Rows of the group. */
  count(): Aggregate<number>;
  /** In the order of the rows, from 0 on, each addition rounded as JavaScript does; 0 without a value. */
  sum(value: (row: Readonly<Row>) => number | null): Aggregate<number>;
  /** The sum, divided by the number of values; null without one. */
  mean(value: (row: Readonly<Row>) => number | null): Aggregate<number | null>;
  /** The first of the smallest; null without a value. */
  min<Value extends Ordered>(value: (row: Readonly<Row>) => Value | null): Aggregate<Value | null>;
  /** The first of the largest; null without a value. */
  max<Value extends Ordered>(value: (row: Readonly<Row>) => Value | null): Aggregate<Value | null>;
  /** The first values in the order of the rows, at most `limit` (1 to 100,000; default 1,000). Here `null` is a value. */
  collect<Value>(value: (row: Readonly<Row>) => Value, options?: { readonly limit?: number }): Aggregate<Value[]>;
  /** Row by row in their order. What `fold` gets is frozen, and it returns a new value. */
  reduce<Value>(initial: Value, fold: (before: Value, row: Readonly<Row>) => Value): Aggregate<Value>;
};

export type AggregateFields = Readonly<Record<string, Aggregate<unknown>>>;
export type GroupRow<Key, Fields> = { key: Key } & {
  -readonly [Name in keyof Fields]: Fields[Name] extends { readonly as?: infer Value } ? Value : never;
};

const MAX_FIELDS = 64;
const MAX_COLLECTED = 100_000;

/** @throws MizuError `sdk/bad-option` */
export function createAggregations(operator: string, build: unknown): [field: string, Aggregation][] {
  assertOption(operator, 'aggregate', typeof build === 'function', 'a function that names the fields', build);
  const fields = (build as (group: Aggregates<never>) => AggregateFields)(aggregatesOf(operator));
  const entries = Object.entries(fields ?? {});
  const good = entries.length > 0 && entries.length <= MAX_FIELDS;
  assertOption(operator, 'aggregate', good, `1 to ${MAX_FIELDS} fields`, entries.length);
  for (const [field, made] of entries) {
    assertOption(operator, field, field !== 'key' && NAME.test(field), "a field's name, other than 'key'", field);
    assertOption(operator, field, typeof made?.kind === 'string', 'one of count, sum, mean, min, max, …', made);
  }
  return entries;
}

function aggregatesOf(operator: string): Aggregates<never> {
  const none = { value: null, limit: 0, initial: null, fold: null };
  const over =
    (kind: AggregateKind) =>
    (value: unknown, { limit = 1_000 }: { limit?: number } = {}): Aggregate<never> => {
      assertOption(operator, kind, typeof value === 'function', 'a function of a row', value);
      const counted = Number.isInteger(limit) && limit >= 1 && limit <= MAX_COLLECTED;
      assertOption(operator, 'limit', counted, `1 to ${MAX_COLLECTED}`, limit);
      return { ...none, kind, limit, value: value as (row: never) => unknown };
    };
  return {
    count: () => ({ ...none, kind: 'count' }),
    sum: over('sum'),
    mean: over('mean'),
    min: over('min'),
    max: over('max'),
    collect: over('collect'),
    reduce: (initial: unknown, fold: unknown): Aggregate<never> => {
      assertOption(operator, 'reduce', typeof fold === 'function', 'a function of a value and a row', fold);
      return { ...none, kind: 'reduce', initial: sealInitial(operator, initial), fold: fold as never };
    },
  };
}

function sealInitial(operator: string, initial: unknown): unknown {
  try {
    return seal(initial);
  } catch (error) {
    assertOption(operator, 'initial', false, 'a JSON value', (error as Error).message);
    throw error;
  }
}
