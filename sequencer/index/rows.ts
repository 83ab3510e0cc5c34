// docs/rows.md#rowset: how many rows an object holds, from its header or, for a sink, its lines.
import { type RowCounts, readHeader } from '../../protocol/rows.ts';

const NEWLINE = 10;
/** The most bytes of a line: a row has at most 2^20 characters of at most three bytes, and a newline. */
const MAX_LINE_BYTES = 3 * 2 ** 20 + 1;
/** Kinds of objects whose header says how many rows they are of; what follows it in `facts` and `texts` is binary. */
const COUNTED: readonly string[] = ['requests', 'results', 'facts', 'texts'];

/** The number of rows of an object. It is undefined if the object is no text of rows. */
export function countRows(bytes: Uint8Array): RowCounts | undefined {
  const header = readHeader(bytes)?.header;
  if (header?.mizu === 'rows')
    return { in: toCount(header.in), out: toCount(header.out), rejected: toCount(header.rejected) };
  if (header === undefined && !isLines(bytes)) return undefined;
  const count = header !== undefined && COUNTED.includes(header.mizu) ? toCount(header.count) : countLines(bytes);
  return { in: count, out: count, rejected: 0 };
}

export function addRows(a: RowCounts, b: RowCounts | undefined): RowCounts {
  if (b === undefined) return a;
  return { in: a.in + b.in, out: a.out + b.out, rejected: a.rejected + b.rejected };
}

/** What is left without `b`. */
export function subtractRows(a: RowCounts, b: RowCounts | undefined): RowCounts {
  if (b === undefined) return a;
  return { in: a.in - b.in, out: a.out - b.out, rejected: a.rejected - b.rejected };
}

// Decides by the first line: it must be JSON, and no longer than a row may be.
function isLines(bytes: Uint8Array): boolean {
  if (bytes.length === 0) return true;
  const end = bytes.subarray(0, MAX_LINE_BYTES).indexOf(NEWLINE);
  if (end === -1) return false;
  try {
    JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes.subarray(0, end)));
    return true;
  } catch {
    return false;
  }
}

function toCount(value: unknown): number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? value : 0;
}

function countLines(bytes: Uint8Array): number {
  if (bytes.length === 0) return 0;
  let count = 0;
  for (let at = bytes.indexOf(NEWLINE); at !== -1; at = bytes.indexOf(NEWLINE, at + 1)) count += 1;
  return bytes.at(-1) === NEWLINE ? count : count + 1;
}
