// docs/sdk.md#join: the operator that adds rows of another input, of a table, or of the same dataset, by key.
import type { ZodType } from 'zod';
import { sealedText, sealRow } from '../runtime/seal.ts';
import { keyText } from '../runtime/split.ts';
import type { Input, JoinOperator, LookupOperator, Unmade } from './operator.ts';
import { assertBuckets, assertName, assertOption } from './refusal.ts';

/** Characters of canonical JSON that a table in the workflow may have: it is loaded by every task. */
export const MAX_TABLE_LENGTH = 1 << 20;

/** Which rows `join` puts together. */
export type JoinOptions<Left, Right, How extends 'inner' | 'left'> = {
  /** Key of a row of the dataset; `null` has no match. */
  readonly on: (row: Readonly<Left>) => unknown;
  /** Key of a row of the other side; `null` is nobody's match. */
  readonly key: (right: Readonly<Right>) => unknown;
  /** `inner` (default) drops a row without a match, `left` keeps it with `null`. */
  readonly how?: How;
  /** `all` (default): one row for each match, in the order of the other side; `first`: the first match only. */
  readonly matches?: 'all' | 'first';
};

/** Which rows `join` puts together if the other side is another input of the run. */
export type JoinRowsOptions<Left, Right, How extends 'inner' | 'left'> = JoinOptions<Left, Right, How> & {
  /** Tasks that the keys are spread over, 1 to 64; default 4. */
  readonly buckets?: number;
};

/** Rows of a second file: `Row` is what the schema makes of them. */
export type OtherInput<Row> = Input & { readonly schema: ZodType<Row> | null };

/**
 * A second input of the run, which a command names: `--input NAME=FILE`. With a schema, rows that do not fit it are rejected; the operator
 * of its rejects is its name.
 *
 * @example
 * const prices = input('prices', z.object({ sku: z.string(), price: z.coerce.number() }));
 * export default dataset('orders', z.object({ sku: z.string() })).join('price', prices, {
 *   on: (order) => order.sku,
 *   key: (price) => price.sku,
 * });
 * @throws MizuError `sdk/bad-name`, `sdk/bad-option`
 */
export function input<Row extends object>(name: string, schema?: ZodType<Row>): OtherInput<Row> {
  assertName('input', name);
  assertOption(name, 'name', name !== 'input' && name !== 'rejects', 'another name', name);
  assertOption(name, 'schema', schema === undefined || typeof schema?.safeParse === 'function', 'a zod schema', schema);
  return { kind: 'input', name, schema: schema ?? null };
}

/** @throws MizuError `sdk/bad-option` */
export function createJoin(
  operator: string,
  right: unknown,
  options: JoinRowsOptions<never, never, 'inner' | 'left'>,
): Unmade<JoinOperator> | Unmade<LookupOperator> {
  const { on, key, how = 'inner', matches = 'all', buckets } = options;
  assertOption(operator, 'on', typeof on === 'function', 'a function of a row', on);
  assertOption(operator, 'key', typeof key === 'function', 'a function of a row of the other side', key);
  assertOption(operator, 'how', how === 'inner' || how === 'left', "'inner' or 'left'", how);
  assertOption(operator, 'matches', matches === 'all' || matches === 'first', "'all' or 'first'", matches);
  const common = { name: operator, on, isLeft: how === 'left', isFirst: matches === 'first' };
  if (typeof right === 'function') {
    assertBuckets(operator, buckets ?? 4);
    const own = { kind: 'own' as const, isRight: right as (row: never) => boolean };
    return { ...common, kind: 'join', right: own, key, buckets: buckets ?? 4 };
  }
  if ((right as Partial<Input> | null)?.kind === 'input') {
    assertBuckets(operator, buckets ?? 4);
    return { ...common, kind: 'join', right: right as Input, key, buckets: buckets ?? 4 };
  }
  const sides = 'an input, a list of rows, or a function that tells them';
  assertOption(operator, 'right', Array.isArray(right), sides, right);
  assertOption(operator, 'buckets', buckets === undefined, 'left out where the table is a list', buckets);
  return {
    ...common,
    kind: 'lookup',
    table: createTable(operator, right as unknown[], key as (right: object) => unknown),
  };
}

function createTable(
  operator: string,
  rows: unknown[],
  key: (right: object) => unknown,
): ReadonlyMap<string, object[]> {
  const table = new Map<string, object[]>();
  let length = 0;
  rows.forEach((given, index) => {
    try {
      const row = sealRow(given, 'an element of the table');
      length += sealedText(row).length;
      const value = key(row);
      if (value === null) return;
      const text = keyText(value);
      const same = table.get(text);
      if (same === undefined) table.set(text, [row]);
      else same.push(row);
    } catch (error) {
      assertOption(operator, 'right', false, 'rows of JSON that have a key', `element ${index}: ${String(error)}`);
    }
  });
  assertOption(operator, 'right', length <= MAX_TABLE_LENGTH, `at most ${MAX_TABLE_LENGTH} characters of JSON`, length);
  return table;
}
