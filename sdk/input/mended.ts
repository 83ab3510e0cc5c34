// docs/sdk.md#retry-input: the rows of a corrected file that stand where broken ones stood.
import { MizuError } from '../../protocol/errors.ts';
import { rowIndex } from '../runtime/rowset.ts';
import type { InputSource } from './named.ts';
import { readRows } from './read-rows.ts';
import { encodeInputRow, type InputRow } from './rowset.ts';

/** The rows of the file at these places, in its order. */
export async function* rowsAt({ file, options }: InputSource, places: ReadonlySet<number>): AsyncGenerator<InputRow> {
  for await (const row of readRows(file, options)) if (places.has(row.index)) yield row;
}

/**
 * That all rows besides the `rejected` ones are as an earlier run has read them, whose live lines these are: else a row might stand in
 * another's place, or be one that was changed and is not run. @throws MizuError `sdk/input-changed`
 */
export async function assertOnlyMended(
  { file, options }: InputSource,
  rejected: ReadonlySet<number>,
  lines: AsyncIterable<string>,
): Promise<void> {
  // What the schema had refused was a row.
  const before = without(lines, rejected);
  let [found, last] = [0, -1];
  for await (const row of readRows(file, options)) {
    last = row.index;
    if (rejected.has(row.index)) {
      found++;
      continue;
    }
    const { value } = await before.next();
    if (value !== encodeInputRow(row).line) throw changed(file, row.index, value as string | undefined);
  }
  const { value, done } = await before.next();
  if (done !== true) throw changed(file, rowIndex(value), value);
  if (found < rejected.size) throw tooShort(file, rejected.size - found, last);
}

async function* without(
  lines: AsyncIterable<string>,
  rejected: ReadonlySet<number>,
): AsyncGenerator<string, undefined> {
  for await (const line of lines) if (!rejected.has(rowIndex(line))) yield line;
  return undefined;
}

const SHOWN = 200;

function changed(file: string, index: number, line: string | undefined): MizuError {
  return new MizuError({
    code: 'sdk/input-changed',
    message: `${file} is another one at row ${index}, which was not rejected.`,
    expected: line === undefined ? 'no row there' : `${line.slice(0, SHOWN)}, as the run before has read it`,
    actual: 'another row, or none',
    hint: 'Correct the rejected rows alone, each in its place. If rows have moved, run the workflow on the whole input.',
  });
}

function tooShort(file: string, missing: number, last: number): MizuError {
  return new MizuError({
    code: 'sdk/input-changed',
    message: `${file} has no row at ${missing} of the places where rows were rejected.`,
    expected: 'a row for each of them, corrected or as it was',
    actual: `the last row is ${last}`,
    hint: 'Correct the rejected rows, each in its place, and delete none.',
  });
}
