// docs/sdk.md#input: what is read and is no row keeps its place, its text and the reason.
import { decodeUtf8, UTF8 } from './encoding.ts';
import { type InputRow, MAX_ROW_BYTES, SHOWN_CHARACTERS } from './rowset.ts';
import type { Text } from './source.ts';

export function brokenRow(index: number, text: string, reason: string): InputRow {
  return { kind: 'broken', index, text: text.slice(0, SHOWN_CHARACTERS), reason };
}

export type InputPiece = { readonly bytes: Uint8Array; readonly length: number; readonly offset: number };

/** The text of a line or an element, and why it can be no row whatever it says. */
export function decodePiece(piece: InputPiece, { encoding }: Pick<Text, 'encoding'>): { text: string; flaw?: string } {
  const { text, brokenAt } = decodeUtf8(piece.bytes);
  if (piece.length > MAX_ROW_BYTES) return { text, flaw: rowTooLong(piece.length) };
  if (brokenAt === undefined) return { text };
  if (encoding !== UTF8) return { text, flaw: `not ${encoding}: a sequence of bytes that it does not have` };
  const byte = piece.bytes[brokenAt]!.toString(16).padStart(2, '0');
  return {
    text,
    flaw: `not UTF-8: byte ${piece.offset + brokenAt} of the text (0x${byte}); another encoding is named with --encoding`,
  };
}

export function rowTooLong(bytes: number): string {
  return `expected at most ${MAX_ROW_BYTES} bytes, got ${bytes}`;
}
