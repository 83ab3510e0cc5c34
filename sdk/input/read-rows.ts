// docs/sdk.md#input: an input as a stream of rows. What is broken is a row of its own kind: nothing is lost.
import { assertNoDialect, chooseDialect, chooseFormat, type InputOptions } from './format.ts';
import { readCsv } from './read-csv.ts';
import { readJson, readJsonLines } from './read-json.ts';
import type { InputRow } from './rowset.ts';
import { inputName, openText } from './source.ts';

const HEAD_BYTES = 4_096;

/**
 * Rows of a file, or of standard input (`-`, once), with their 0-based place among its lines, elements or records.
 * @throws MizuError `sdk/no-input`, `sdk/input-…`, `sdk/csv-header`, `sdk/csv-delimiter`
 */
export async function* readRows(file: string, options: InputOptions = {}): AsyncGenerator<InputRow> {
  const text = await openText(file, options.encoding);
  const name = inputName(file);
  try {
    const format = chooseFormat(name, options, await text.head(HEAD_BYTES));
    if (format === 'csv' || format === 'tsv') {
      yield* readCsv(name, text, chooseDialect(format, options));
      return;
    }
    assertNoDialect(format, options);
    yield* format === 'json' ? readJson(name, text) : readJsonLines(text);
  } finally {
    await text.close();
  }
}
