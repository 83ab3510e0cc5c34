// docs/sdk.md#csv: the first record names the columns. Without them nothing of the file can be read.
import { MizuError } from '../../protocol/errors.ts';
import type { TextLine } from './csv-lines.ts';
import type { CsvRecord } from './csv-record.ts';
import type { Dialect } from './format.ts';

export type ReadRecord = {
  readonly record: CsvRecord;
  readonly lines: readonly TextLine[];
  readonly flaw?: string;
};

const DELIMITERS = [',', ';', '\t', '|'];

/** @throws MizuError `sdk/csv-header`, `sdk/csv-delimiter` */
export function readCsvHeader(file: string, { record, lines, flaw }: ReadRecord, dialect: Dialect): string[] {
  const shown = lines[0]!.text;
  // A name in quotes ends where another delimiter stands behind it.
  const behind = DELIMITERS.find((one) => one !== dialect.delimiter && shown.match(/^"[^"]*"(.)/)?.[1] === one);
  if (flaw !== undefined && !dialect.isNamed && behind !== undefined)
    throw otherDelimiter(file, shown, dialect.delimiter, behind);
  if (flaw !== undefined) throw badHeader(file, shown, flaw);
  const names = record.fields.map((name, i) => (record.quoted.has(i) ? name : name.replace(/^[ \t]+|[ \t]+$/g, '')));
  const other = DELIMITERS.find((one) => one !== dialect.delimiter && names[0]!.includes(one));
  if (names.length === 1 && !record.quoted.has(0) && !dialect.isNamed && other !== undefined)
    throw otherDelimiter(file, shown, dialect.delimiter, other);
  if (names.some((name, i) => name.includes('\r') && !record.quoted.has(i)))
    throw badHeader(
      file,
      shown,
      'a carriage return within a name: lines end with a line feed, with or without one before it',
    );
  if (names.some((name) => name.trim() === '')) throw badHeader(file, shown, 'a column without a name');
  const seen = new Set<string>();
  const twice = names.find((name) => seen.size === seen.add(name).size);
  if (twice !== undefined) throw badHeader(file, shown, `the name ${JSON.stringify(twice).slice(0, 100)} twice`);
  return names;
}

function badHeader(file: string, shown: string, wrong: string): MizuError {
  return new MizuError({
    code: 'sdk/csv-header',
    message: `${file}: the first line does not name the columns.`,
    expected: 'different names, none empty',
    actual: `${wrong} in ${JSON.stringify(shown.slice(0, 200))}`,
    hint: hintFor(shown, wrong),
  });
}

function hintFor(shown: string, wrong: string): string {
  if (/^\s*[{[]/.test(shown)) return 'It looks like JSON: --format jsonl for an object a line, json for an array.';
  if (wrong.startsWith('not UTF-8')) return 'Name its encoding, like --encoding windows-1252. Or save it as UTF-8.';
  if (wrong.startsWith('a carriage return')) return 'Save it with line feeds at the ends of its lines.';
  return 'Put a line with the names of the columns first. If a quote means nothing in this file: --quote none';
}

function otherDelimiter(file: string, shown: string, delimiter: string, other: string): MizuError {
  const word = other === '\t' ? 'tab' : `'${other}'`;
  return new MizuError({
    code: 'sdk/csv-delimiter',
    message: `${file}: the first line names one column, and another delimiter stands in it.`,
    expected: `names with ${JSON.stringify(delimiter)} between them`,
    actual: JSON.stringify(shown.slice(0, 200)),
    hint: `Name the delimiter: --delimiter ${word}. If it is one column: --delimiter ${delimiter === '\t' ? 'tab' : `'${delimiter}'`}`,
  });
}
