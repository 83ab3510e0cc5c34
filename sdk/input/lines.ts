// docs/sdk.md#input: cuts a stream of bytes into lines in bounded memory.
import { createPieces } from './pieces.ts';

export type Line = {
  /** Without the newline, at most as many as are kept. */
  readonly bytes: Uint8Array;
  /** How many it really has. */
  readonly length: number;
  /** Of its first byte. */
  readonly offset: number;
  /** False for a last line without a newline. */
  readonly isEnded: boolean;
};

const NEWLINE = 10;

/** Of a line longer than `limitBytes` only that much is kept. */
export async function* splitLines(
  source: AsyncIterable<Uint8Array>,
  limitBytes: number,
  startsAt = 0,
): AsyncGenerator<Line> {
  const pieces = createPieces(limitBytes);
  let offset = startsAt;
  const take = (isEnded: boolean): Line => {
    const line = { ...pieces.take(), offset, isEnded };
    offset += line.length + 1;
    return line;
  };
  for await (const chunk of source) {
    let from = 0;
    for (let end = chunk.indexOf(NEWLINE); end >= 0; end = chunk.indexOf(NEWLINE, from)) {
      pieces.keep(chunk.subarray(from, end));
      yield take(true);
      from = end + 1;
    }
    if (from < chunk.length) pieces.keep(chunk.subarray(from));
  }
  if (pieces.length() > 0) yield take(false);
}
