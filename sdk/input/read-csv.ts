// docs/sdk.md#csv: CSV and TSV with a header. A record that is broken costs itself, and never the ones behind it.
import { brokenRow, rowTooLong } from './broken.ts';
import { type ReadRecord, readCsvHeader } from './csv-header.ts';
import { type TextLine, type TextLines, textLines } from './csv-lines.ts';
import { addLine, type CsvRecord, createRecord } from './csv-record.ts';
import type { Dialect } from './format.ts';
import { type InputRow, MAX_ROW_BYTES } from './rowset.ts';
import type { Text } from './source.ts';

/** A quote that is not closed by then is taken for a stray one. Above a row's limit: a record that is only too large costs itself alone. */
const MAX_OPEN_BYTES = 16 * MAX_ROW_BYTES;
/** Of each line on top of its text: a million empty ones are not nothing. */
const LINE_BYTES = 16;

/** The index of a row is the number of records before it, broken ones too. */
export async function* readCsv(file: string, text: Text, dialect: Dialect): AsyncGenerator<InputRow> {
  const lines = textLines(text);
  const first = await readRecord(lines, dialect);
  if (first === undefined) return;
  const header = readCsvHeader(file, first, dialect);
  let index = 0;
  for (let read = await readRecord(lines, dialect); read !== undefined; read = await readRecord(lines, dialect))
    yield toRow(header, read, index++);
}

/** The next record that is not an empty line. Of one that is broken off only the first line is taken. */
async function readRecord(lines: TextLines, dialect: Dialect): Promise<ReadRecord | undefined> {
  let line = await lines.next();
  while (line?.text === '') line = await lines.next();
  if (line === undefined) return undefined;
  const record = createRecord();
  const taken: TextLine[] = [];
  let [bytes, held] = [0, 0];
  let flaw: string | undefined;
  for (;;) {
    taken.push(line);
    bytes += line.bytes + line.ending.length;
    held += line.bytes + LINE_BYTES;
    const wrong = line.isCut ? line.flaw : addLine(record, line.text, line.ending, dialect);
    if (wrong !== undefined) return breakOff(lines, record, taken, wrong);
    flaw ??= line.flaw;
    if (!record.isOpen) break;
    if (held > MAX_OPEN_BYTES) return breakOff(lines, record, taken, `${MAX_OPEN_BYTES} bytes and no end`);
    line = await lines.next();
    if (line === undefined) return breakOff(lines, record, taken, 'the end of the file');
  }
  if (bytes > MAX_ROW_BYTES + 2) flaw ??= rowTooLong(bytes);
  return { record, lines: taken, ...(flaw === undefined ? {} : { flaw }) };
}

// The quote that opened a field was none, so the lines behind its own are records of their own.
function breakOff(lines: TextLines, record: CsvRecord, taken: readonly TextLine[], wrong: string): ReadRecord {
  const [first, ...others] = taken as [TextLine, ...TextLine[]];
  lines.putBack(others);
  const opened = 'a quote opens a field and none closes it';
  const last = others.at(-1);
  const flaw =
    last === undefined
      ? record.isOpen
        ? `${opened}: got ${wrong}`
        : wrong
      : `${opened}: got ${/^(the end|\d)/.test(wrong) ? wrong : `in line ${last.number} ${wrong}`}`;
  return { record, lines: [first], flaw };
}

function toRow(header: readonly string[], { record, lines, flaw }: ReadRecord, index: number): InputRow {
  const { fields } = record;
  const wrong =
    flaw ?? (fields.length === header.length ? undefined : `expected ${header.length} columns, got ${fields.length}`);
  if (wrong === undefined)
    return { kind: 'row', index, row: Object.fromEntries(header.map((name, i) => [name, fields[i]])) };
  return brokenRow(index, textOf(lines), `record ${index + 1}, line ${lines[0]!.number}: ${wrong}`);
}

function textOf(lines: readonly TextLine[]): string {
  let text = '';
  for (const line of lines) {
    if (text.length > MAX_ROW_BYTES) break;
    text += line.text + line.ending;
  }
  return text.replace(/\r?\n$/, '');
}
