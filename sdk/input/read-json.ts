// docs/sdk.md#input-json: JSON Lines, an array, or one object.
import { MizuError } from '../../protocol/errors.ts';
import { brokenRow, decodePiece, type InputPiece } from './broken.ts';
import { decodeUtf8 } from './encoding.ts';
import { firstByte } from './format.ts';
import { splitArray } from './json-array.ts';
import { parseRow } from './json-row.ts';
import { splitLines } from './lines.ts';
import { type InputRow, MAX_ROW_BYTES } from './rowset.ts';
import type { Text } from './source.ts';

const BLANK = /^[ \t\r]*$/;
const OPEN_ARRAY = 0x5b;

/** The index of a row is the number of lines before it, blank ones too. */
export async function* readJsonLines(text: Text): AsyncGenerator<InputRow> {
  let index = -1;
  for await (const line of splitLines(text, MAX_ROW_BYTES, text.startsAt)) {
    index++;
    const row = toRow(line, index, `line ${index + 1}`, text);
    if (row !== undefined) yield row;
  }
}

/** @throws MizuError `sdk/input-json` */
export async function* readJson(file: string, text: Text): AsyncGenerator<InputRow> {
  const head = await text.head(MAX_ROW_BYTES + 1);
  if (firstByte(head) === OPEN_ARRAY) {
    yield* readArray(file, text);
    return;
  }
  const whole = decodeUtf8(head).text;
  const first = whole.split('\n').find((line) => !BLANK.test(line));
  if (first === undefined || isJson(first)) {
    yield* readJsonLines(text);
    return;
  }
  if (head.length > MAX_ROW_BYTES || !isJson(whole)) throw neither(file, first);
  const row = toRow({ bytes: head, length: head.length, offset: text.startsAt }, 0, 'the object', text);
  if (row !== undefined) yield row;
}

async function* readArray(file: string, text: Text): AsyncGenerator<InputRow> {
  let index = 0;
  for await (const element of splitArray(file, text, MAX_ROW_BYTES, text.startsAt)) {
    const place = `element ${index + 1}, line ${element.line}`;
    yield toRow(element, index, place, text) ?? brokenRow(index, '', `${place}: expected an element, got nothing`);
    index++;
  }
}

/** Undefined for white space. */
function toRow(piece: InputPiece, index: number, place: string, source: Text): InputRow | undefined {
  const { text, flaw } = decodePiece(piece, source);
  if (flaw !== undefined) return brokenRow(index, text, `${place}: ${flaw}`);
  if (text.trim() === '' && /^[ \t\r\n]*$/.test(text)) return undefined;
  const parsed = parseRow(text);
  return 'row' in parsed ? { kind: 'row', index, row: parsed.row } : brokenRow(index, text, `${place}: ${parsed.flaw}`);
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

function neither(file: string, first: string): MizuError {
  const parsed = parseRow(first);
  return new MizuError({
    code: 'sdk/input-json',
    message: `${file} is neither an array, nor one object, nor an object a line.`,
    expected: `one of them; one object of at most ${MAX_ROW_BYTES} bytes`,
    actual: `a first line that is no row: ${'flaw' in parsed ? parsed.flaw : ''}`,
    hint: 'Write an array, or one object a line; with --format jsonl the lines that are no rows become rejects.',
  });
}
