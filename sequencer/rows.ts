// docs/rows.md#rowset: how many rows an object holds, from its header or, for a sink, its lines.
import type { RowCounts } from './tables.ts';

const HEADER_BYTES = 64 * 1024;
const NEWLINE = 10;
/** Kinds of objects whose header says how many rows they are of; what follows it in `facts` and `texts` is binary. */
const COUNTED: readonly unknown[] = ['requests', 'results', 'facts', 'texts'];

/** Undefined if the object is no text of rows. */
export function countRows(bytes: Uint8Array): RowCounts | undefined {
  const end = bytes.subarray(0, HEADER_BYTES).indexOf(NEWLINE);
  if (end === -1) return bytes.length === 0 ? { in: 0, out: 0, rejected: 0 } : undefined;
  const header = parseHeader(bytes.subarray(0, end));
  if (header === undefined) return undefined;
  if (header.mizu === 'rows')
    return { in: toCount(header.in), out: toCount(header.out), rejected: toCount(header.rejected) };
  const count = COUNTED.includes(header.mizu) ? toCount(header.count) : countLines(bytes);
  return { in: count, out: count, rejected: 0 };
}

export function addRows(a: RowCounts, b: RowCounts | undefined): RowCounts {
  if (b === undefined) return a;
  return { in: a.in + b.in, out: a.out + b.out, rejected: a.rejected + b.rejected };
}

function parseHeader(line: Uint8Array): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(line));
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    return undefined;
  }
}

function toCount(value: unknown): number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? value : 0;
}

function countLines(bytes: Uint8Array): number {
  let count = 0;
  for (let at = bytes.indexOf(NEWLINE); at !== -1; at = bytes.indexOf(NEWLINE, at + 1)) count += 1;
  return bytes.at(-1) === NEWLINE ? count : count + 1;
}
