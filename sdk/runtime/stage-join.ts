// docs/sdk.md#join: rows that are matched by key: (other,) keys (per partition) -> reduce (per bucket) -> apply (per partition).
import type { JoinOperator } from '../workflow/operator.ts';
import { type Context, eachLiveRow } from './attempts.ts';
import { kindOf } from './canonical.ts';
import { bucketOf } from './hash.ts';
import { addFailure } from './homes.ts';
import { FIRST_INPUT, type GuestIo } from './io.ts';
import { joinKey, joinRow } from './join.ts';
import { createPlaces } from './places.ts';
import { openAnyRowset, openRowset, rowText } from './rowset.ts';
import { createTexts, openTexts } from './texts.ts';
import { DROP, type StageOperator } from './verdict.ts';

/** What a partition sends: a key with the places of its rows, or with a row of the other side. */
type Sent = readonly [key: string, left: readonly number[]] | readonly [key: string, right: object];
/** What comes back: places of rows, and their matches. */
type Matched = readonly [left: readonly number[], found: readonly object[]];

/**
 * What a partition of the other input sends; one of the dataset sends nothing. Its rows have come through the operator of their input, which
 * has asked for this key already.
 */
export function runJoinOther(context: Context, operator: JoinOperator): void {
  const { io } = context;
  const { input, ...header } = openAnyRowset(io, FIRST_INPUT);
  const texts = createTexts(0, operator.buckets);
  let key: string | null = null;
  if (operator.right.kind === 'input' && input === operator.right.name) {
    eachLiveRow(context, header, {
      attempt: (row) => {
        key = joinKey(operator.key, row);
      },
      commit: () => {
        if (key !== null) texts.add(bucketOf(key, operator.buckets), sentRow(io, key));
      },
      made: operator.made,
      refuse: (reason) => {
        throw new Error(`join '${operator.name}': a key of '${input}' fails that has not failed before: ${reason}`);
      },
    });
  }
  texts.finish(io);
}

function sentRow(io: GuestIo, key: string): string {
  return `[${JSON.stringify(key)},${rowText(io.line())}]`;
}

export function runJoinKeys(context: Context, operator: JoinOperator): void {
  const { io } = context;
  const header = openRowset(io, FIRST_INPUT);
  const texts = createTexts(header.out, operator.buckets + 1);
  const left = new Map<string, number[]>();
  let isRight = false;
  let key: string | null = null;
  eachLiveRow(context, header, {
    attempt: (row) => {
      isRight = isOther(operator, row);
      key = joinKey(isRight ? operator.key : operator.on, row);
    },
    commit: (_index, ordinal) => {
      if (key === null) return;
      if (isRight) texts.add(bucketOf(key, operator.buckets), sentRow(io, key));
      else if (left.has(key)) left.get(key)!.push(ordinal);
      else left.set(key, [ordinal]);
    },
    made: operator.made,
    refuse: (reason, ordinal) => addFailure(texts, operator.buckets, ordinal, reason),
  });
  for (const [text, places] of left) texts.add(bucketOf(text, operator.buckets), JSON.stringify([text, places]));
  texts.finish(io);
}

/** One bucket: first the other side of all partitions, then who asks for it. With another input its `others` partitions come first. */
export function runJoinReduce({ io }: Context, operator: JoinOperator, bucket: number, others: number): void {
  const first = FIRST_INPUT + others;
  const partitions = io.inputCount() - first;
  const found = createTexts(0, partitions);
  const rights = new Map<string, string[]>();
  const eachOf = (input: number, visit: (sent: Sent) => void): void =>
    openTexts(io, input).each(bucket, (value) => visit(value as Sent));
  for (let input = FIRST_INPUT; input < io.inputCount(); input++) {
    eachOf(input, ([key, sent]) => {
      if (Array.isArray(sent)) return;
      const same = rights.get(key);
      if (same === undefined) rights.set(key, [JSON.stringify(sent)]);
      else if (!operator.isFirst) same.push(JSON.stringify(sent));
    });
  }
  for (let partition = 0; partition < partitions; partition++) {
    eachOf(first + partition, ([key, sent]) => {
      const same = Array.isArray(sent) ? rights.get(key) : undefined;
      if (same !== undefined) found.add(partition, `[${JSON.stringify(sent)},[${same.join(',')}]]`);
    });
  }
  found.finish(io);
}

export function createTakeMatches(io: GuestIo, operator: JoinOperator, partition: number): StageOperator {
  const failures = createPlaces<string>(io);
  const matches = createPlaces<readonly object[]>(io);
  const own = openTexts(io, FIRST_INPUT + 1);
  own.each(own.groups - 1, (value) => {
    const [ordinal, reason] = value as [number, string];
    failures[ordinal] = reason;
  });
  for (let input = FIRST_INPUT + 2; input < io.inputCount(); input++) {
    openTexts(io, input).each(partition, (value) => {
      const [left, found] = value as Matched;
      for (const ordinal of left) matches[ordinal] = found;
    });
  }
  return {
    name: operator.name,
    made: operator.made,
    apply: (row, { ordinal }) => {
      const reason = failures[ordinal];
      if (reason !== undefined) return { kind: 'reject', reason };
      return isOther(operator, row) ? DROP : joinRow(operator, row, matches[ordinal] ?? []);
    },
  };
}

function isOther({ right }: JoinOperator, row: object): boolean {
  if (right.kind === 'input') return false;
  const told = (right.isRight as (row: object) => unknown)(row);
  if (typeof told !== 'boolean') throw new TypeError(`which side a row is on is true or false, not ${kindOf(told)}`);
  return told;
}
