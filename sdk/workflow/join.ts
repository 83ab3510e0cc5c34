// docs/sdk.md#join: the step that adds rows of another table, or of the same dataset, by key.
import { sealedText, sealRow } from '../runtime/seal.ts';
import { keyText } from '../runtime/split.ts';
import { assertBuckets, assertOption } from './refusal.ts';
import type { JoinStep, LookupStep, Unmade } from './step.ts';

/** Characters of canonical JSON that a table in the workflow may have: it is loaded by every task. */
export const MAX_TABLE_LENGTH = 1 << 20;

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

export type JoinRowsOptions<Left, Right, How extends 'inner' | 'left'> = JoinOptions<Left, Right, How> & {
  /** Tasks that the keys are spread over, 1 to 64; default 4. */
  readonly buckets?: number;
};

/** @throws MizuError `sdk/bad-option` */
export function createJoin(
  step: string,
  right: unknown,
  options: JoinRowsOptions<never, never, 'inner' | 'left'>,
): Unmade<JoinStep> | Unmade<LookupStep> {
  const { on, key, how = 'inner', matches = 'all', buckets } = options;
  assertOption(step, 'on', typeof on === 'function', 'a function of a row', on);
  assertOption(step, 'key', typeof key === 'function', 'a function of a row of the other side', key);
  assertOption(step, 'how', how === 'inner' || how === 'left', "'inner' or 'left'", how);
  assertOption(step, 'matches', matches === 'all' || matches === 'first', "'all' or 'first'", matches);
  const common = { name: step, on, isLeft: how === 'left', isFirst: matches === 'first' };
  if (typeof right === 'function') {
    assertBuckets(step, buckets ?? 4);
    return { ...common, kind: 'join', isRight: right as (row: never) => boolean, key, buckets: buckets ?? 4 };
  }
  assertOption(step, 'right', Array.isArray(right), 'a list of rows, or a function that tells them', right);
  assertOption(step, 'buckets', buckets === undefined, 'left out where the table is a list', buckets);
  return { ...common, kind: 'lookup', table: createTable(step, right as unknown[], key as (right: object) => unknown) };
}

function createTable(step: string, rows: unknown[], key: (right: object) => unknown): ReadonlyMap<string, object[]> {
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
      assertOption(step, 'right', false, 'rows of JSON that have a key', `element ${index}: ${String(error)}`);
    }
  });
  assertOption(step, 'right', length <= MAX_TABLE_LENGTH, `at most ${MAX_TABLE_LENGTH} characters of JSON`, length);
  return table;
}
