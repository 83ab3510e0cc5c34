// docs/rows.md#header: the first line of an object of rows. The SDK's programs, gateways and readers write and read it
// by this file.
import { LEAF_BYTES } from './leaf.ts';

/**
 * The most bytes of the line with its end. A rowset's header names every operator: some 8,000 of the longest names have
 * room.
 */
export const MAX_HEADER_BYTES = 1 << 20;

const LINE_END = 10;
const FIRST_KEY = '{"mizu":';
const ESCAPE = /\\(?:u[0-9a-f]{4}|.)/g;
/** JSON.stringify writes half a surrogate pair so, and nothing else. */
const HALF = '\\ud';

const encoder = new TextEncoder();

/** Rows that came into an operator or a stage, rows that it put out, and rows that it rejected. */
export type RowCounts = { readonly in: number; readonly out: number; readonly rejected: number };

/** What an object says of itself in its first line. */
export type ObjectHeader = { readonly mizu: string; readonly [field: string]: unknown };

/**
 * The header's line: its JSON, with the keys in the order given, then spaces, then the line end as the last byte of a
 * leaf of 128 bytes of UTF-8. Half a surrogate pair, which has no UTF-8, becomes U+FFFD.
 */
export function padHeader(header: ObjectHeader): string {
  const json = JSON.stringify(header);
  const text = json.includes(HALF) ? json.replace(ESCAPE, (one) => (one.startsWith(HALF) ? '\ufffd' : one)) : json;
  const sizeBytes = encoder.encode(text).length + 1;
  return `${text}${' '.repeat(Math.ceil(sizeBytes / LEAF_BYTES) * LEAF_BYTES - sizeBytes)}\n`;
}

/**
 * The header and the bytes of its line. It is undefined if the line is longer than `maxBytes`, or if the object begins
 * with anything else, as a sink does, whose lines are all rows.
 */
export function readHeader(
  object: Uint8Array,
  maxBytes = MAX_HEADER_BYTES,
): { readonly header: ObjectHeader; readonly sizeBytes: number } | undefined {
  const sizeBytes = object.subarray(0, maxBytes).indexOf(LINE_END) + 1;
  if (sizeBytes === 0 || sizeBytes % LEAF_BYTES !== 0) return undefined;
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(object.subarray(0, sizeBytes));
    // A row in canonical JSON that has this field too has `count`, `in` and `input` before it.
    if (!text.startsWith(FIRST_KEY)) return undefined;
    const header = JSON.parse(text) as ObjectHeader;
    return typeof header.mizu === 'string' ? { header, sizeBytes } : undefined;
  } catch {
    return undefined;
  }
}
