// docs/sdk.md#input-json: cuts an array into its elements in bounded memory, by its brackets, commas and strings alone.
import { MizuError } from '../../protocol/errors.ts';
import { createPieces } from './pieces.ts';

export type Element = {
  /** At most as many as are kept. */
  readonly bytes: Uint8Array;
  readonly length: number;
  readonly offset: number;
  /** 1-based, of its first byte. */
  readonly line: number;
  /** Nothing but white space: between two commas, or before the bracket. */
  readonly isBlank: boolean;
};

const [NEWLINE, QUOTE, BACKSLASH, COMMA] = [10, 0x22, 0x5c, 0x2c];
const [OPEN_ARRAY, CLOSE_ARRAY, OPEN_OBJECT, CLOSE_OBJECT] = [0x5b, 0x5d, 0x7b, 0x7d];

/** @throws MizuError `sdk/input-json` if the array does not end, or something stands behind it */
export async function* splitArray(
  file: string,
  source: AsyncIterable<Uint8Array>,
  limitBytes: number,
  startsAt = 0,
): AsyncGenerator<Element> {
  const pieces = createPieces(limitBytes);
  let [offset, elementLine] = [0, 0];
  let [depth, line, position, count] = [0, 1, startsAt, 0];
  let [isString, isEscaped, isBlank, isDone] = [false, false, true, false];
  const take = (): Element => {
    const element = { ...pieces.take(), offset, line: isBlank ? line : elementLine, isBlank };
    count++;
    isBlank = true;
    return element;
  };
  for await (const chunk of source) {
    let from = 0;
    for (let at = 0; at < chunk.length; at++) {
      const byte = chunk[at]!;
      if (byte === NEWLINE) {
        // No string of JSON has a newline. The element is broken, and must not take its neighbours with it: it ends here.
        if (isString) {
          pieces.keep(chunk.subarray(from, at));
          from = at;
          [isString, isEscaped, depth] = [false, false, 1];
          yield take();
          offset = position + from;
        }
        line++;
      } else if (isString) {
        if (isEscaped) isEscaped = false;
        else if (byte === BACKSLASH) isEscaped = true;
        else if (byte === QUOTE) isString = false;
      } else if (byte !== 32 && byte !== 9 && byte !== 13) {
        if (isDone) throw notOneArray(file, line, 'other text behind the array');
        if (depth === 1 && (byte === COMMA || byte === CLOSE_ARRAY)) {
          pieces.keep(chunk.subarray(from, at));
          from = at + 1;
          isDone = byte === CLOSE_ARRAY;
          if (!(isDone && isBlank && count === 0)) yield take();
          offset = position + from;
          continue;
        }
        if (depth === 0) {
          from = at + 1;
          offset = position + from;
        } else if (isBlank) {
          isBlank = false;
          elementLine = line;
        }
        if (byte === QUOTE) isString = true;
        else if (byte === OPEN_ARRAY || byte === OPEN_OBJECT) depth++;
        else if ((byte === CLOSE_ARRAY || byte === CLOSE_OBJECT) && depth > 1) depth--;
      }
    }
    if (!isDone && depth > 0) pieces.keep(chunk.subarray(from));
    position += chunk.length;
  }
  if (!isDone) throw notOneArray(file, isBlank ? line : elementLine, `the element ${count + 1} and no end`);
}

function notOneArray(file: string, line: number, actual: string): MizuError {
  return new MizuError({
    code: 'sdk/input-json',
    message: `${file} is not one array: line ${line}.`,
    expected: 'one array, closed by its bracket',
    actual,
    hint: 'Repair the file at that line, or write one object a line and name it .jsonl.',
  });
}
