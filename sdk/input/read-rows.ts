// docs/sdk.md#input: JSONL and CSV files as a stream of rows. A broken line is a row of its own kind: nothing is lost.
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { extname } from 'node:path';
import { CsvError, parse } from 'csv-parse';
import { MizuError } from '../../protocol/errors.ts';
import { splitLines } from './lines.ts';
import type { InputRow } from './rowset.ts';

export type InputFormat = 'jsonl' | 'csv';

const ENDINGS: Readonly<Record<string, InputFormat>> = {
  '.jsonl': 'jsonl',
  '.ndjson': 'jsonl',
  '.json': 'jsonl',
  '.csv': 'csv',
};
/** A row that is larger would fill most of a partition of 1 MiB. */
export const MAX_ROW_BYTES = 512 * 1024;
const SHOWN_BYTES = 2_000;

/** @throws MizuError `sdk/no-input`, `sdk/input-format` */
export async function inputFormat(file: string): Promise<InputFormat> {
  const info = await stat(file).catch(() => null);
  if (info === null || !info.isFile()) throw noInput(file, info === null ? 'no such file' : 'not a file');
  const format = ENDINGS[extname(file).toLowerCase()];
  if (format === undefined) throw unknownFormat(file);
  return format;
}

/** Rows with their 0-based place among the file's lines (JSONL) or records (CSV). */
export async function* readRows(file: string): AsyncGenerator<InputRow> {
  const format = await inputFormat(file);
  yield* format === 'csv' ? readCsv(file) : readJsonLines(file);
}

async function* readJsonLines(file: string): AsyncGenerator<InputRow> {
  let index = -1;
  for await (const { text, bytes } of splitLines(createReadStream(file), MAX_ROW_BYTES)) {
    index++;
    if (bytes <= MAX_ROW_BYTES && text.trim() === '') continue;
    yield parseLine(text, index, bytes);
  }
}

function parseLine(text: string, index: number, bytes: number): InputRow {
  const broken = (reason: string): InputRow => {
    return { kind: 'broken', index, text: text.slice(0, SHOWN_BYTES), reason: `line ${index + 1}: ${reason}` };
  };
  if (bytes > MAX_ROW_BYTES) return broken(`expected at most ${MAX_ROW_BYTES} bytes, got ${bytes}`);
  let row: unknown;
  try {
    row = JSON.parse(text);
  } catch (error) {
    return broken(`not JSON: ${(error as Error).message}`);
  }
  if (typeof row === 'object' && row !== null && !Array.isArray(row)) return { kind: 'row', index, row };
  return broken(
    `expected a JSON object, got ${Array.isArray(row) ? 'an array' : row === null ? 'null' : `a ${typeof row}`}`,
  );
}

// Every value is a string; `z.coerce.number()` in the workflow's schema makes numbers.
async function* readCsv(file: string): AsyncGenerator<InputRow> {
  const skipped: InputRow[] = [];
  let header: string[] | undefined;
  let count = 0;
  const parser = createReadStream(file).pipe(
    parse({
      bom: true,
      info: true,
      raw: true,
      skip_empty_lines: true,
      skip_records_with_error: true,
      relax_column_count: true,
      max_record_size: MAX_ROW_BYTES,
      on_skip: (error) => {
        const text = error instanceof CsvError ? error.message : String(error);
        skipped.push({ kind: 'broken', index: count, text: '', reason: `record ${count + 1}: ${text}` });
        count++;
        return undefined;
      },
    }),
  );
  for await (const item of parser as AsyncIterable<{ record: string[]; raw: string; info: { lines: number } }>) {
    while (skipped.length > 0) yield skipped.shift()!;
    if (header === undefined) {
      header = item.record;
      assertHeader(file, header);
      continue;
    }
    yield toRow(header, item, count++);
  }
  yield* skipped;
}

function toRow(
  header: readonly string[],
  { record, raw, info }: { record: string[]; raw: string; info: { lines: number } },
  index: number,
): InputRow {
  if (record.length === header.length) {
    return { kind: 'row', index, row: Object.fromEntries(header.map((name, i) => [name, record[i]])) };
  }
  const reason = `line ${info.lines}: expected ${header.length} columns, got ${record.length}`;
  return { kind: 'broken', index, text: raw.trimEnd().slice(0, SHOWN_BYTES), reason };
}

function assertHeader(file: string, header: readonly string[]): void {
  if (header.every((name) => name.trim() !== '') && new Set(header).size === header.length) return;
  throw new MizuError({
    code: 'sdk/csv-header',
    message: `${file}: the first line does not name the columns.`,
    expected: 'different names, none empty',
    actual: header.join(',').slice(0, 200),
    hint: 'Put a line with the names of the columns first.',
  });
}

function noInput(file: string, actual: string): MizuError {
  return new MizuError({
    code: 'sdk/no-input',
    message: `The input cannot be read: ${file}`,
    expected: 'a JSONL or CSV file',
    actual,
    hint: 'Check the path given with --input.',
  });
}

function unknownFormat(file: string): MizuError {
  return new MizuError({
    code: 'sdk/input-format',
    message: `The format of ${file} is not known.`,
    expected: `a name that ends in ${Object.keys(ENDINGS).join(', ')}`,
    actual: extname(file) || 'no ending',
    hint: 'Rename the file by what is in it: one JSON object a line, or CSV with a header.',
  });
}
