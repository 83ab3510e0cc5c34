// docs/rows.md#rowset: rows of an input file as a rowset partition.
import { canonicalRow } from '../runtime/canonical.ts';
import { padHeader, rejectLine, wellFormed } from '../runtime/rowset.ts';

export type InputRow =
  | { readonly kind: 'row'; readonly index: number; readonly row: object }
  /** A line that is no row: it becomes a rejected row of the step `input`, its text kept. */
  | { readonly kind: 'broken'; readonly index: number; readonly text: string; readonly reason: string };

export type InputLine = { readonly line: string; readonly live: boolean };

/** Line of a rowset, without its newline. A row with a number beyond doubles, or nested too deeply, is a broken one. */
export function encodeInputRow(row: InputRow): InputLine {
  if (row.kind === 'broken') return { line: brokenLine(row.index, row.text, row.reason), live: false };
  try {
    return { line: `[${row.index},${canonicalRow(row.row)}]`, live: true };
  } catch (error) {
    return { line: brokenLine(row.index, '', `row ${row.index + 1}: ${(error as Error).message}`), live: false };
  }
}

export function encodeRowset(rows: readonly InputRow[]): Uint8Array {
  const lines = rows.map(encodeInputRow);
  return joinRowset(
    lines.filter(({ live }) => live).map(({ line }) => line),
    lines.filter(({ live }) => !live).map(({ line }) => line),
  );
}

function brokenLine(index: number, text: string, reason: string): string {
  return rejectLine(index, JSON.stringify({ text: wellFormed(text) }), 'input', reason);
}

export function joinRowset(live: readonly string[], broken: readonly string[]): Uint8Array {
  const counts = { in: live.length + broken.length, out: live.length, rejected: broken.length };
  const header = padHeader({ mizu: 'rows', ...counts, steps: {} });
  return new TextEncoder().encode(header + [...live, ...broken].map((line) => `${line}\n`).join(''));
}
