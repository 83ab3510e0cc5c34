// docs/sdk.md#group: groups over the whole dataset: keys (per partition) -> reduce (per bucket) -> apply (per partition).
import type { GroupOperator } from '../workflow/operator.ts';
import { addValue, type Column, keepValue, resultOf, valuesOf } from './aggregate.ts';
import { type Context, eachLiveRow, runAttempts } from './attempts.ts';
import { bucketOf } from './hash.ts';
import { addFailure, addHome } from './homes.ts';
import { FIRST_INPUT } from './io.ts';
import { openRowset, rowText } from './rowset.ts';
import { freezeJson, seal } from './seal.ts';
import { keyText } from './split.ts';
import { createTexts, openTexts } from './texts.ts';

/** Rows of one group in one partition: key, ordinal of the first, their number, the columns, and the row itself if it must be folded. */
type Part = readonly [key: unknown, ordinal: number, count: number, columns: Column[], row: object | null];

/** A `reduce` may refuse a row, so its rows travel one by one. */
function isFolded({ fields }: GroupOperator): boolean {
  return fields.some(([, { fold }]) => fold !== null);
}

export function runGroupKeys(context: Context, operator: GroupOperator): void {
  const { io } = context;
  const header = openRowset(io, FIRST_INPUT);
  const texts = createTexts(header.out, operator.buckets + 1);
  const aggregations = operator.fields.map(([, aggregation]) => aggregation);
  const isSingle = isFolded(operator);
  const parts = new Map<string, { readonly ordinal: number; count: number; readonly columns: Column[] }>();
  const send = (key: string, ordinal: number, count: number, columns: readonly Column[], row: string): void => {
    texts.add(bucketOf(key, operator.buckets), `[${key},${ordinal},${count},${JSON.stringify(columns)},${row}]`);
  };
  let key = '';
  let values: unknown[] = [];
  eachLiveRow(context, header, {
    attempt: (row) => {
      key = keyText((operator.key as (row: object) => unknown)(row));
      values = valuesOf(aggregations, row);
    },
    commit: (_index, ordinal) => {
      if (isSingle) {
        const columns = values.map((value) => (value === undefined ? [] : [value]));
        send(key, ordinal, 1, columns, rowText(io.line()));
        return;
      }
      let part = parts.get(key);
      if (part === undefined) {
        part = { ordinal, count: 0, columns: aggregations.map(() => []) };
        parts.set(key, part);
      }
      part.count++;
      for (let i = 0; i < values.length; i++) {
        if (values[i] !== undefined) keepValue(aggregations[i]!, part.columns[i]!, values[i]);
      }
    },
    made: operator.made,
    refuse: (reason, ordinal) => addFailure(texts, operator.buckets, ordinal, reason),
  });
  for (const [text, { ordinal, count, columns }] of parts) send(text, ordinal, count, columns, 'null');
  texts.finish(io);
}

type Group = {
  readonly key: unknown;
  readonly partition: number;
  readonly ordinal: number;
  count: number;
  readonly columns: Column[];
  /** Of each field that is a `reduce`: what it has come to. */
  folded: unknown[];
};

/** One bucket: the row of each group goes to the place of the group's first row. */
export function runGroupReduce(context: Context, operator: GroupOperator, bucket: number): void {
  const { io } = context;
  const partitions = io.inputCount() - FIRST_INPUT;
  const homes = createTexts(0, partitions);
  const groups = new Map<string, Group>();
  const initial = operator.fields.map(([, aggregation]) => aggregation.initial);
  const add = (partition: number, [key, ordinal, count, columns]: Part, folded: unknown[]): void => {
    const text = JSON.stringify(key);
    let group = groups.get(text);
    if (group === undefined) {
      group = { key, partition, ordinal, count: 0, columns: operator.fields.map(() => []), folded };
      groups.set(text, group);
    }
    group.count += count;
    group.folded = folded;
    for (let i = 0; i < columns.length; i++) {
      for (const value of columns[i]!) addValue(operator.fields[i]![1], group.columns[i]!, value);
    }
  };
  for (let partition = 0; partition < partitions; partition++) {
    const texts = openTexts(io, FIRST_INPUT + partition);
    if (!isFolded(operator)) {
      texts.each(bucket, (value) => add(partition, value as Part, initial));
      continue;
    }
    const parts: Part[] = [];
    texts.each(bucket, (value) => parts.push(value as Part));
    let at = 0;
    let folded: unknown[] = [];
    runAttempts(context, {
      attempt: () => {
        const part = parts[at];
        if (part === undefined) return false;
        folded = foldRow(operator, groups.get(JSON.stringify(part[0]))?.folded ?? initial, freezeJson(part[4]!));
        return true;
      },
      commit: () => add(partition, parts[at++]!, folded),
      refuse: (reason) => addFailure(homes, partition, parts[at++]![1], reason),
      made: () => operator.made,
    });
  }
  for (const { key, partition, ordinal, count, columns, folded } of groups.values()) {
    const fields = operator.fields.map(([field, aggregation], i) => {
      return [field, aggregation.fold === null ? resultOf(aggregation, columns[i]!, count) : folded[i]];
    });
    addHome(homes, partition, ordinal, { key, ...Object.fromEntries(fields) });
  }
  homes.finish(io);
}

/** What each `reduce` comes to with one more row, of which nobody knows yet. */
function foldRow(operator: GroupOperator, before: readonly unknown[], row: object): unknown[] {
  return operator.fields.map(([field, { fold }], i) => {
    if (fold === null) return null;
    const value = (fold as (before: unknown, row: object) => unknown)(before[i], row);
    if (value === undefined) throw new TypeError(`the reduce of '${field}' returned undefined`);
    return seal(value);
  });
}
