// docs/rows.md#rowset: rows of an input file as a rowset partition.
import { padHeader } from '../../protocol/rows.ts';
import { canonicalRow } from '../runtime/canonical.ts';
import { type RowsetTag, rejectLine, wellFormed } from '../runtime/rowset.ts';

export type InputRow =
  | { readonly kind: 'row'; readonly index: number; readonly row: object }
  /** A line that is no row: it becomes a rejected row of the operator `input`, its text kept. */
  | { readonly kind: 'broken'; readonly index: number; readonly text: string; readonly reason: string };

/** Of a line of the input and of a row in canonical JSON: a larger one would fill most of a partition of 1 MiB. */
export const MAX_ROW_BYTES = 512 * 1024;
/** Of the text of a broken row, that are kept. */
export const SHOWN_CHARACTERS = 2_000;

export type InputLine = { readonly line: string; readonly live: boolean };

/** Line of a rowset, without its newline. A row that is no JSON, nested too deeply or too large is a broken one. `name`: of another input. */
export function encodeInputRow(row: InputRow, name?: string): InputLine {
  if (row.kind === 'broken') return { line: brokenLine(row.index, row.text, row.reason, name), live: false };
  try {
    const text = canonicalRow(row.row);
    const bytes = Buffer.byteLength(text);
    if (bytes > MAX_ROW_BYTES) throw new TypeError(`expected at most ${MAX_ROW_BYTES} bytes of JSON, got ${bytes}`);
    return { line: `[${row.index},${text}]`, live: true };
  } catch (error) {
    const reason = `row ${row.index + 1}: ${(error as Error).message}`;
    return { line: brokenLine(row.index, preview(row.row), reason, name), live: false };
  }
}

// What a program hands over may be anything.
function preview(row: object): string {
  try {
    return (JSON.stringify(row) ?? '').slice(0, SHOWN_CHARACTERS);
  } catch {
    return '';
  }
}

export function encodeRowset(rows: readonly InputRow[], tag: RowsetTag = {}): Uint8Array {
  const lines = rows.map((row) => encodeInputRow(row, tag.input));
  return joinRowset(
    lines.filter(({ live }) => live).map(({ line }) => line),
    lines.filter(({ live }) => !live).map(({ line }) => line),
    tag,
  );
}

function brokenLine(index: number, text: string, reason: string, name = 'input'): string {
  return rejectLine(index, JSON.stringify({ text: wellFormed(text) }), name, reason);
}

export function joinRowset(live: readonly string[], broken: readonly string[], tag: RowsetTag = {}): Uint8Array {
  const counts = { in: live.length + broken.length, out: live.length, rejected: broken.length };
  const header = padHeader({ mizu: 'rows', ...counts, operators: {}, ...tag });
  return new TextEncoder().encode(header + [...live, ...broken].map((line) => `${line}\n`).join(''));
}
