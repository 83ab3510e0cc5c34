// docs/rows.md#rowset: rows of an input file as a rowset partition.
import { canonicalRow } from '../runtime/canonical.ts';
import { padHeader, rejectLine } from '../runtime/rowset.ts';

export type InputRow =
  | { readonly kind: 'row'; readonly index: number; readonly row: object }
  /** A line that is no row: it becomes a rejected row of the step `input`, its text kept. */
  | { readonly kind: 'broken'; readonly index: number; readonly text: string; readonly reason: string };

/** Line of a rowset, without its newline. */
export function encodeInputRow(row: InputRow): string {
  if (row.kind === 'row') return `[${row.index},${canonicalRow(row.row)}]`;
  return rejectLine(row.index, JSON.stringify({ text: row.text }), 'input', row.reason);
}

export function encodeRowset(rows: readonly InputRow[]): Uint8Array {
  return joinRowset(
    rows.filter((row) => row.kind === 'row').map(encodeInputRow),
    rows.filter((row) => row.kind === 'broken').map(encodeInputRow),
  );
}

export function joinRowset(live: readonly string[], broken: readonly string[]): Uint8Array {
  const counts = { in: live.length + broken.length, out: live.length, rejected: broken.length };
  const header = padHeader({ mizu: 'rows', ...counts, steps: {} });
  return new TextEncoder().encode(header + [...live, ...broken].map((line) => `${line}\n`).join(''));
}
