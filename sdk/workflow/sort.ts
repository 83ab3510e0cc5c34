// docs/sdk.md#sort: the operator that puts the whole dataset into an order.
import type { Ordered } from './aggregate.ts';
import type { SortKey, SortOperator, Unmade } from './operator.ts';
import { assertBuckets, assertOption } from './refusal.ts';

/** The value of a row by which `sort` orders it. */
export type SortBy<Row> = (row: Readonly<Row>) => Ordered | null;

/** In which order `sort` puts the rows. */
export type SortOrder = {
  /** Default `ascending`. */
  readonly order?: 'ascending' | 'descending';
  /** Where rows are whose value is null, whatever the order: `last` (default), `first`, or among the rejects. */
  readonly missing?: 'first' | 'last' | 'reject';
};

/** How the work of `sort` is divided. */
export type SortOptions = {
  /** Tasks that the rows are spread over, and of all operators after it, 1 to 64; default 8. */
  readonly buckets?: number;
};

const MAX_KEYS = 16;

/** @throws MizuError `sdk/bad-option` */
export function createSort(operator: string, by: unknown, options: SortOrder & SortOptions): Unmade<SortOperator> {
  const { buckets = 8 } = options;
  assertBuckets(operator, buckets);
  const list = Array.isArray(by) ? by : [{ ...options, by }];
  assertOption(
    operator,
    'by',
    list.length >= 1 && list.length <= MAX_KEYS,
    `1 to ${MAX_KEYS} values to sort by`,
    list.length,
  );
  const keys = list.map((one: SortOrder & { by?: unknown }): SortKey => {
    const { order = 'ascending', missing = 'last' } = one ?? {};
    assertOption(operator, 'by', typeof one?.by === 'function', 'a function of a row', one?.by);
    assertOption(operator, 'order', ['ascending', 'descending'].includes(order), "'ascending' or 'descending'", order);
    assertOption(
      operator,
      'missing',
      ['first', 'last', 'reject'].includes(missing),
      "'first', 'last' or 'reject'",
      missing,
    );
    return { by: one.by as SortKey['by'], isDescending: order === 'descending', missing };
  });
  return { kind: 'sort', name: operator, keys, buckets };
}
