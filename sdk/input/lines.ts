// docs/sdk.md#input: cuts a stream of bytes into lines in bounded memory.

export type Line = { readonly text: string; readonly bytes: number };

const NEWLINE = 10;

/** Of a line longer than `limitBytes` only that much is kept; `bytes` tells its real length. */
export async function* splitLines(source: AsyncIterable<Uint8Array>, limitBytes: number): AsyncGenerator<Line> {
  let parts: Uint8Array[] = [];
  let kept = 0;
  let bytes = 0;
  const keep = (part: Uint8Array): void => {
    bytes += part.length;
    if (kept >= limitBytes) return;
    const fitting = part.subarray(0, limitBytes - kept);
    parts.push(fitting);
    kept += fitting.length;
  };
  const take = (): Line => {
    const text = new TextDecoder().decode(Buffer.concat(parts)).replace(/\r$/, '');
    const line = { text, bytes };
    parts = [];
    kept = 0;
    bytes = 0;
    return line;
  };
  for await (const chunk of source) {
    let from = 0;
    for (let end = chunk.indexOf(NEWLINE); end >= 0; end = chunk.indexOf(NEWLINE, from)) {
      keep(chunk.subarray(from, end));
      yield take();
      from = end + 1;
    }
    if (from < chunk.length) keep(chunk.slice(from));
  }
  if (bytes > 0) yield take();
}
