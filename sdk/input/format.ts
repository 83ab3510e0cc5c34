// docs/sdk.md#input: which format a file has, and the options that say so.
import { extname } from 'node:path';
import { MizuError } from '../../protocol/errors.ts';

export const INPUT_FORMATS = ['jsonl', 'json', 'csv', 'tsv'] as const;
/** The formats of files of rows. */
export type InputFormat = (typeof INPUT_FORMATS)[number];

/** Standard input, as a file's name. */
export const STDIN = '-';

/** How a file of rows is read. */
export type InputOptions = {
  /** Default: by the ending of the name; of a name that ends in none of them, JSON by its first byte. */
  readonly format?: InputFormat | undefined;
  /** Of CSV and TSV: one character. Default: a comma, of TSV a tab. */
  readonly delimiter?: string | undefined;
  /** Of CSV and TSV: one character, or nothing if no character quotes. Default: `"`. */
  readonly quote?: string | undefined;
  /** Default: utf-8. Any that iconv-lite knows. */
  readonly encoding?: string | undefined;
  /** Most rows of a partition. Default: 1,000 in the first 128 partitions, and fewer if a task would need too much gas. */
  readonly partitionRows?: number | undefined;
};

export type Dialect = {
  readonly delimiter: string;
  readonly quote: string;
  /** Whether the delimiter was named: then a header of one column means it. */
  readonly isNamed: boolean;
};

const ENDINGS: Readonly<Record<string, InputFormat>> = {
  '.jsonl': 'jsonl',
  '.ndjson': 'jsonl',
  '.json': 'json',
  '.csv': 'csv',
  '.tsv': 'tsv',
};
const SPACE = [9, 10, 13, 32];

/** @throws MizuError `sdk/input-format` */
export function chooseFormat(file: string, { format }: InputOptions, head: Uint8Array): InputFormat {
  const chosen = format ?? ENDINGS[endingOf(file)];
  if (chosen !== undefined && INPUT_FORMATS.includes(chosen)) return chosen;
  // Nothing is nothing in every format.
  if (chosen === undefined && head.length === 0) return 'jsonl';
  if (chosen === undefined && ['[', '{'].includes(String.fromCharCode(firstByte(head) ?? 0))) return 'json';
  throw new MizuError({
    code: 'sdk/input-format',
    message: `The format of ${file} is not known.`,
    expected: `a name that ends in ${Object.keys(ENDINGS).join(', ')} (and .gz), or --format ${INPUT_FORMATS.join('|')}`,
    actual: format ?? (endingOf(file) || 'no ending'),
    hint: 'Name the format with --format: jsonl is one JSON object a line, json an array or one object, csv and tsv have a header.',
  });
}

/** @throws MizuError `sdk/input-options` */
export function chooseDialect(format: InputFormat, { delimiter, quote }: InputOptions): Dialect {
  const dialect = {
    delimiter: delimiter ?? (format === 'tsv' ? '\t' : ','),
    quote: quote ?? '"',
    isNamed: delimiter !== undefined,
  };
  if (!/^[^\r\n]$/.test(dialect.delimiter)) throw badOption('delimiter', 'one character', dialect.delimiter);
  if (!/^[^\r\n]?$/.test(dialect.quote)) throw badOption('quote', 'one character, or none', dialect.quote);
  if (dialect.quote === dialect.delimiter)
    throw badOption('quote', 'another character than the delimiter', quote ?? '"');
  return dialect;
}

/** @throws MizuError `sdk/input-options` */
export function assertNoDialect(format: InputFormat, { delimiter, quote }: InputOptions): void {
  if (delimiter !== undefined) throw badOption('delimiter', 'none: the format is not csv or tsv', format);
  if (quote !== undefined) throw badOption('quote', 'none: the format is not csv or tsv', format);
}

/** The first byte that is not white space. */
export function firstByte(head: Uint8Array): number | undefined {
  return head.find((byte) => !SPACE.includes(byte));
}

function endingOf(file: string): string {
  return extname(file.toLowerCase().replace(/\.gz$/, ''));
}

function badOption(name: string, expected: string, actual: string): MizuError {
  return new MizuError({
    code: 'sdk/input-options',
    message: `--${name} does not fit the input.`,
    expected,
    actual,
    hint: `Leave --${name} out, or name what stands in the file: --${name} ';'`,
  });
}
