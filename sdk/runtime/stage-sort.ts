// docs/sdk.md#sort: samples (per partition) -> send to ranges (per partition) -> sort (per range).
import type { SortKey, SortOperator } from '../workflow/operator.ts';
import { type Context, eachLiveRow } from './attempts.ts';
import { addFailure } from './homes.ts';
import { FIRST_INPUT } from './io.ts';
import { compareSortable, orderedValue, sortable } from './order.ts';
import { MAX_LIVE_LENGTH, type OperatorStats, openRowset, type RowsetHeader, rowText, writeRowset } from './rowset.ts';
import { createTexts, openTexts } from './texts.ts';

/** Samples for each range, of all partitions together: every partition sorts them all. */
const SAMPLES = 64;

/** A row's values, and where it stands: no two rows are equal. */
type Place = readonly [values: readonly unknown[], partition: number, ordinal: number];

/** What a partition says of itself, behind what it sends to the ranges. */
type Summary = { readonly counts: readonly number[]; readonly header: RowsetHeader; readonly rejected: number };

/** Rows at equal distances. One whose values fail is none. */
export function runSortSamples(context: Context, operator: SortOperator, partition: number, partitions: number): void {
  const { io } = context;
  const header = openRowset(io, FIRST_INPUT);
  const texts = createTexts(header.out, 1);
  const distance = Math.max(1, Math.ceil((header.out * partitions) / (SAMPLES * operator.buckets)));
  let values: readonly unknown[] | null = null;
  eachLiveRow(context, header, {
    attempt: (row, _index, ordinal) => {
      values = ordinal % distance === 0 ? valuesOf(operator.keys, row) : null;
    },
    commit: (_index, ordinal) => {
      if (values !== null) texts.add(0, JSON.stringify([values, partition, ordinal]));
    },
    made: operator.made,
    refuse: () => {},
  });
  texts.finish(io);
}

/** Input 1 are the rows, the samples of all partitions follow. Groups: the ranges, the failures, the summary. */
export function runSortSend(context: Context, operator: SortOperator, partition: number): void {
  const { io } = context;
  const borders = bordersOf(context, operator);
  const header = openRowset(io, FIRST_INPUT);
  const texts = createTexts(header.out, operator.buckets + 2);
  const counts = new Array<number>(operator.buckets).fill(0);
  let rejected = 0;
  let values: readonly unknown[] = [];
  eachLiveRow(context, header, {
    attempt: (row) => {
      values = valuesOf(operator.keys, row);
    },
    commit: (_index, ordinal) => {
      const range = rangeOf(operator.keys, borders, [values, partition, ordinal]);
      counts[range]!++;
      texts.add(range, `${JSON.stringify(values)}\t${rowText(io.line())}`);
    },
    made: operator.made,
    refuse: (reason, ordinal) => {
      rejected++;
      addFailure(texts, operator.buckets, ordinal, reason);
    },
  });
  texts.add(operator.buckets + 1, JSON.stringify({ counts, header, rejected } satisfies Summary));
  texts.finish(io);
}

/** One range, over all partitions: a rowset whose indexes are the places in the sorted dataset. */
export function runSortRange({ io }: Context, operator: SortOperator, range: number): void {
  const rows: { readonly values: readonly unknown[]; readonly text: string }[] = [];
  const total: Record<string, OperatorStats> = {};
  let [before, length, read, rejected] = [0, 0, 0, 0];
  for (let input = FIRST_INPUT; input < io.inputCount(); input++) {
    const texts = openTexts(io, input);
    texts.eachLine(range, (line) => {
      const end = line.indexOf('\t');
      const text = line.slice(end + 1);
      length += text.length + 24;
      rows.push({ values: JSON.parse(line.slice(0, end)) as unknown[], text });
    });
    texts.each(operator.buckets + 1, (value) => {
      const summary = value as Summary;
      for (let i = 0; i < range; i++) before += summary.counts[i]!;
      // Of what came before the rows have forgotten it: the first range tells it for all.
      if (range > 0) return;
      read += summary.header.out;
      rejected += summary.rejected;
      for (const [name, stats] of Object.entries(summary.header.operators)) {
        const sum = total[name] ?? { in: 0, out: 0, rejected: 0 };
        total[name] = { in: sum.in + stats.in, out: sum.out + stats.out, rejected: sum.rejected + stats.rejected };
      }
    });
  }
  if (length > MAX_LIVE_LENGTH) {
    throw new Error(
      `sort '${operator.name}': a range of the dataset has more than ${MAX_LIVE_LENGTH} characters of rows. Use more buckets, or keep less of each row.`,
    );
  }
  // Stable, and in the order of the partitions.
  rows.sort((a, b) => compareKeys(operator.keys, a.values, b.values));
  total[operator.name] = { in: read, out: read - rejected, rejected };
  const lines = rows.map(({ text }, i) => `[${before + i},${text}]`);
  writeRowset(io, { mizu: 'rows', in: lines.length, out: lines.length, rejected: 0, operators: total }, lines, []);
}

function valuesOf(keys: readonly SortKey[], row: object): unknown[] {
  return keys.map(({ by, missing }) => {
    const value = orderedValue((by as (row: object) => unknown)(row));
    if (value === null && missing === 'reject') throw new TypeError('the value to sort by is null');
    return typeof value === 'string' ? sortable(value) : value;
  });
}

/** Texts are `sortable` already. Without destructuring, which costs QuickJS more than the comparison. */
function compareKeys(keys: readonly SortKey[], a: readonly unknown[], b: readonly unknown[]): number {
  const count = keys.length;
  for (let i = 0; i < count; i++) {
    const x = a[i];
    const y = b[i];
    if (x === y) continue;
    const key = keys[i]!;
    if (x === null || y === null) return (x === null) === (key.missing === 'first') ? -1 : 1;
    const order = typeof x === typeof y ? ((x as number) < (y as number) ? -1 : 1) : compareSortable(x, y);
    return key.isDescending ? -order : order;
  }
  return 0;
}

function comparePlaces(keys: readonly SortKey[], a: Place, b: Place): number {
  return compareKeys(keys, a[0], b[0]) || a[1] - b[1] || a[2] - b[2];
}

/** The first places of all ranges but the first. */
function bordersOf({ io }: Context, operator: SortOperator): Place[] {
  const samples: Place[] = [];
  for (let input = FIRST_INPUT + 1; input < io.inputCount(); input++) {
    openTexts(io, input).each(0, (value) => samples.push(value as Place));
  }
  samples.sort((a, b) => comparePlaces(operator.keys, a, b));
  if (samples.length === 0) return [];
  return Array.from({ length: operator.buckets - 1 }, (_, i) => {
    return samples[Math.floor(((i + 1) * samples.length) / operator.buckets)]!;
  });
}

function rangeOf(keys: readonly SortKey[], borders: readonly Place[], place: Place): number {
  let low = 0;
  let high = borders.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (comparePlaces(keys, borders[middle]!, place) <= 0) low = middle + 1;
    else high = middle;
  }
  return low;
}
