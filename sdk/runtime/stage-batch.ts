// docs/sdk.md#batch: several rows become one. Without a key each partition needs the first rows of those behind it; with one they meet in buckets.
import type { BatchOperator, LimitOperator } from '../workflow/operator.ts';
import { type Context, eachLiveRow } from './attempts.ts';
import { bucketOf } from './hash.ts';
import { addFailure, addHome, createTakeHomes } from './homes.ts';
import { FIRST_INPUT, type GuestIo } from './io.ts';
import { openRowset, rowText } from './rowset.ts';
import { sealRow } from './seal.ts';
import { keyText } from './split.ts';
import { createTexts, openTexts } from './texts.ts';
import { becomes, DROP, KEEP, type StageOperator } from './verdict.ts';

export function runBatchKeys(context: Context, operator: BatchOperator): void {
  const { io } = context;
  const { key, size, buckets } = operator;
  const header = openRowset(io, FIRST_INPUT);
  if (key === null) {
    // No batch that began before has more of these rows.
    const heads = createTexts(header.out, 1);
    for (let ordinal = 0; ordinal < Math.min(header.out, size - 1) && io.next(); ordinal++) {
      heads.add(0, rowText(io.line()));
    }
    heads.finish(io);
    return;
  }
  const texts = createTexts(header.out, buckets + 1);
  let text = '';
  eachLiveRow(context, header, {
    attempt: (row) => {
      text = keyText((key as (row: object) => unknown)(row));
    },
    commit: (_index, ordinal) => texts.add(bucketOf(text, buckets), `[${text},${ordinal},${rowText(io.line())}]`),
    made: operator.made,
    refuse: (reason, ordinal) => addFailure(texts, buckets, ordinal, reason),
  });
  texts.finish(io);
}

/** One bucket of keys: a batch takes the place of its first row. */
export function runBatchReduce({ io }: Context, { name, size }: BatchOperator, bucket: number): void {
  const partitions = io.inputCount() - FIRST_INPUT;
  const homes = createTexts(0, partitions);
  type Open = { readonly key: unknown; readonly partition: number; readonly ordinal: number; readonly rows: object[] };
  const open = new Map<string, Open>();
  const close = ({ key, partition, ordinal, rows }: Open): void =>
    addHome(homes, partition, ordinal, { key, [name]: rows });
  for (let partition = 0; partition < partitions; partition++) {
    openTexts(io, FIRST_INPUT + partition).each(bucket, (value) => {
      const [key, ordinal, row] = value as [unknown, number, object];
      const text = JSON.stringify(key);
      const batch = open.get(text) ?? { key, partition, ordinal, rows: [] };
      batch.rows.push(row);
      if (batch.rows.length < size) open.set(text, batch);
      else {
        close(batch);
        open.delete(text);
      }
    });
  }
  for (const batch of open.values()) close(batch);
  homes.finish(io);
}

export function createTakeBatches(io: GuestIo, operator: BatchOperator, partition: number): StageOperator {
  const { name, made, key, size } = operator;
  if (key !== null) return createTakeHomes(io, operator, partition);
  const before = rowsBefore(io, partition);
  const own: string[] = [];
  const { out } = openRowset(io, FIRST_INPUT);
  while (own.length < out && io.next()) own.push(rowText(io.line()));
  // What the last batch of this partition lacks.
  const behind: string[] = [];
  for (let input = FIRST_INPUT + 2 + partition; input < io.inputCount() && behind.length < size - 1; input++) {
    openTexts(io, input).eachLine(0, (line) => behind.push(line));
  }
  return {
    name,
    made,
    blind: true,
    apply: (_row, { ordinal }) => {
      if ((before + ordinal) % size !== 0) return DROP;
      const rows = own.slice(ordinal, ordinal + size);
      rows.push(...behind.slice(0, size - rows.length));
      return becomes(sealRow(JSON.parse(`{${JSON.stringify(name)}:[${rows.join(',')}]}`), 'a batch'));
    },
  };
}

/** Each partition tells how many rows it has. */
export function runLimitKeys({ io }: Context): void {
  createTexts(openRowset(io, FIRST_INPUT).out, 0).finish(io);
}

export function createTakeFirst(io: GuestIo, { name, made, count }: LimitOperator, partition: number): StageOperator {
  const before = rowsBefore(io, partition);
  return { name, made, blind: true, apply: (_row, { ordinal }) => (before + ordinal < count ? KEEP : DROP) };
}

/** Input 1 are the rows, what each partition has sent follows. */
function rowsBefore(io: GuestIo, partition: number): number {
  let before = 0;
  for (let i = 0; i < partition; i++) before += openTexts(io, FIRST_INPUT + 1 + i).count;
  return before;
}
