// docs/sdk.md#csv: lines of a CSV file as text, which can be put back to be read again.
import { decodePiece } from './broken.ts';
import { splitLines } from './lines.ts';
import { MAX_ROW_BYTES } from './rowset.ts';
import type { Text } from './source.ts';

export type TextLine = {
  readonly text: string;
  /** Line feed, with a carriage return before it or not; nothing at the end of the file. */
  readonly ending: string;
  /** 1-based. */
  readonly number: number;
  readonly bytes: number;
  /** Why it can be in no row. */
  readonly flaw?: string;
  /** Its end is not there. */
  readonly isCut: boolean;
};

export type TextLines = {
  next(): Promise<TextLine | undefined>;
  putBack(lines: readonly TextLine[]): void;
};

export function textLines(text: Text): TextLines {
  const iterator = splitLines(text, MAX_ROW_BYTES, text.startsAt);
  const again: TextLine[] = [];
  let number = 0;
  return {
    async next() {
      const before = again.pop();
      if (before !== undefined) return before;
      const { done, value: line } = await iterator.next();
      if (done === true) return undefined;
      const { text: whole, flaw } = decodePiece(line, text);
      const isReturned = whole.endsWith('\r') && line.length <= MAX_ROW_BYTES;
      return {
        text: isReturned ? whole.slice(0, -1) : whole,
        ending: `${isReturned ? '\r' : ''}${line.isEnded ? '\n' : ''}`,
        number: ++number,
        bytes: line.length,
        ...(flaw === undefined ? {} : { flaw }),
        isCut: line.length > MAX_ROW_BYTES,
      };
    },
    putBack(lines) {
      for (let i = lines.length - 1; i >= 0; i--) again.push(lines[i]!);
    },
  };
}
