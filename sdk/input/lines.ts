// docs/sdk.md#input: cuts a stream of bytes into lines in bounded memory.

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
  let parts: Uint8Array[] = [];
  let kept = 0;
  let length = 0;
  let offset = startsAt;
  const keep = (part: Uint8Array): void => {
    length += part.length;
    if (kept >= limitBytes) return;
    const fitting = part.subarray(0, limitBytes - kept);
    parts.push(fitting);
    kept += fitting.length;
  };
  const take = (isEnded: boolean): Line => {
    const line = { bytes: parts.length === 1 ? parts[0]! : Buffer.concat(parts), length, offset, isEnded };
    offset += length + 1;
    parts = [];
    kept = 0;
    length = 0;
    return line;
  };
  for await (const chunk of source) {
    let from = 0;
    for (let end = chunk.indexOf(NEWLINE); end >= 0; end = chunk.indexOf(NEWLINE, from)) {
      keep(chunk.subarray(from, end));
      yield take(true);
      from = end + 1;
    }
    if (from < chunk.length) keep(chunk.subarray(from));
  }
  if (length > 0) yield take(false);
}
