// docs/rows.md#rowset: reading and writing rowsets. Live rows come first, so that a reader knows a rejected line by its place.
import { padHeader } from '../../protocol/rows.ts';
import type { GuestIo } from './io.ts';

export type OperatorStats = { in: number; out: number; rejected: number };

export type RowsetHeader = OperatorStats & {
  readonly mizu: 'rows';
  readonly operators: Record<string, OperatorStats>;
} & RowsetTag;

/** What a partition of a run's input says of its rows. */
export type RowsetTag = {
  /** Name of the input that they are of; none: of the dataset's own. */
  readonly input?: string | undefined;
  /** Name of the operator that they have come to in an earlier run; none: they begin at the first one. */
  readonly at?: string | undefined;
};

type ResultsHeader = { readonly mizu: 'results'; readonly count: number };

/** Characters of the live lines of one task: below the 64 MiB of an output, so that the rejects have room beside them. */
export const MAX_LIVE_LENGTH = 48 << 20;
/** Lines are handed to the machine together: one string of a few hundred KB instead of a call per line. */
const WRITE_LENGTH = 1 << 18;

/**
 * Opens a rowset and reads its header; the first `out` lines that follow are live, the rest are rejected. Rows of another input are
 * none of the dataset: of them only the rejected lines are there.
 */
export function openRowset(io: GuestIo, input: number): RowsetHeader {
  const header = openAnyRowset(io, input);
  if (header.input === undefined) return header;
  for (let ordinal = 0; ordinal < header.out; ordinal++) io.next();
  return { mizu: 'rows', in: 0, out: 0, rejected: header.rejected, operators: header.operators };
}

/** The same, of whichever input its rows are. */
export function openAnyRowset(io: GuestIo, input: number): RowsetHeader {
  io.open(input);
  let header = io.next() ? (io.json() as RowsetHeader | ResultsHeader) : null;
  if (header?.mizu === 'results') {
    // The rows stand behind what a model has said to them: docs/rows.md#answered.
    for (let i = 0; i < header.count; i++) io.next();
    header = io.next() ? (io.json() as RowsetHeader) : null;
  }
  if (header?.mizu !== 'rows') throw new Error(`input ${input} is not a rowset`);
  return header;
}

/** `rejects` are complete lines without their newline. */
export function writeRowset(
  io: GuestIo,
  header: RowsetHeader,
  live: readonly string[],
  rejects: readonly string[],
): void {
  io.write(padHeader(header));
  writeLines(io, live);
  writeLines(io, rejects);
}

export function writeLines(io: GuestIo, lines: readonly string[]): void {
  let [from, length] = [0, 0];
  for (let i = 0; i < lines.length; i++) {
    length += lines[i]!.length;
    if (length < WRITE_LENGTH && i + 1 < lines.length) continue;
    io.write(`${lines.slice(from, i + 1).join('\n')}\n`);
    [from, length] = [i + 1, 0];
  }
}

/** `answer`: of the row's answers only this one is rejected, and the row goes on. */
export function rejectLine(index: number, rowText: string, operator: string, reason: string, answer?: number): string {
  const why = JSON.stringify(wellFormed(reason.slice(0, MAX_REASON)));
  return `[${index},${rowText},${JSON.stringify(operator)},${why}${answer === undefined ? '' : `,${answer}`}]`;
}

const MAX_REASON = 600;

/** A text that was cut, perhaps within a character, has half a surrogate pair at its end: it becomes U+FFFD. */
export function wellFormed(text: string): string {
  return (text as string & { toWellFormed(): string }).toWellFormed();
}

/** The row's text of a live line `[index,row]`. */
export function rowText(line: string): string {
  return line.slice(line.indexOf(',') + 1, -1);
}

export function rowIndex(line: string): number {
  return Number(line.slice(1, line.indexOf(',')));
}
