// docs/rows.md#sinks: the last stages: the rows of one part of the split, and the rejects.
import type { SortOperator, SplitOperator } from '../workflow/operator.ts';
import { type Context, eachLiveRow } from './attempts.ts';
import { FIRST_INPUT, type GuestIo } from './io.ts';
import { createPlaces } from './places.ts';
import { openRowset, type RowsetHeader, rowText, writeLines } from './rowset.ts';
import { rejectedText } from './seal.ts';
import { createPartOf, keyText } from './split.ts';
import { openTexts } from './texts.ts';

/** `split` null: all live rows. A row's part depends on its index (or key) and the seed only. */
export function runSink(context: Context, split: SplitOperator | null, part: number): void {
  const { io } = context;
  const header = openRowset(io, FIRST_INPUT);
  if (split === null)
    writeLines(
      io,
      readTexts(io, header, () => true),
    );
  else if (split.key === null) writeLines(io, readTexts(io, header, createIndexFilter(io, split, part)));
  else writeLines(io, readByKey(context, header, split, part));
}

function readTexts(io: GuestIo, { out }: RowsetHeader, isHere: (index: number) => boolean): string[] {
  const lines: string[] = [];
  for (let ordinal = 0; ordinal < out && io.next(); ordinal++) {
    if (isHere(io.index())) lines.push(rowText(io.line()));
  }
  return lines;
}

// The rows of one index follow each other.
function createIndexFilter(io: GuestIo, split: SplitOperator, part: number): (index: number) => boolean {
  const partOf = createPartOf(io, split);
  let last = -1;
  let lastIsHere = false;
  return (index) => {
    if (index !== last) lastIsHere = partOf(String(index)) === part;
    last = index;
    return lastIsHere;
  };
}

function readByKey(context: Context, header: RowsetHeader, split: SplitOperator, part: number): string[] {
  const { io } = context;
  const partOf = createPartOf(io, split);
  const lines: string[] = [];
  let isHere = false;
  eachLiveRow(context, header, {
    attempt: (row) => {
      isHere = partOf(keyText((split.key as (row: object) => unknown)(row))) === part;
    },
    commit: () => {
      if (isHere) lines.push(rowText(io.line()));
    },
    // The operator 'split' of a stage before has rejected the rows whose key fails. Should it fail here alone, all sinks agree on where the row is.
    made: split.made,
    refuse: () => {
      if (partOf(String(io.index())) === part) lines.push(rowText(io.line()));
    },
  });
  return lines;
}

/** In the order of the rows, so that the number of partitions does not show. `sort`: its rejects are input 2. */
export function runRejects(io: GuestIo, sort: SortOperator | null): void {
  const failures = createPlaces<string>(io);
  if (sort !== null) {
    openTexts(io, FIRST_INPUT + 1).each(sort.buckets, (value) => {
      const [ordinal, reason] = value as [number, string];
      failures[ordinal] = reason;
    });
  }
  const header = openRowset(io, FIRST_INPUT);
  const rejects: [number, string][] = [];
  const add = (index: number, row: string, operator: string, reason: string, answer?: number): void => {
    const [why, where] = [JSON.stringify(reason), JSON.stringify(operator)];
    const which = answer === undefined ? '' : `"answer":${answer},`;
    rejects.push([index, `{${which}"index":${index},"operator":${where},"reason":${why},"row":${row}}`]);
  };
  for (let ordinal = 0; io.next(); ordinal++) {
    if (ordinal < header.out) {
      const reason = failures[ordinal];
      if (reason !== undefined) add(io.index(), rowText(io.line()), sort!.name, reason);
      continue;
    }
    const [index, row, operator, reason, answer] = io.json() as [number, unknown, string, string, number?];
    add(index, rejectedText(row), operator, reason, answer);
  }
  rejects.sort((a, b) => a[0] - b[0]);
  writeLines(
    io,
    rejects.map(([, line]) => line),
  );
}
