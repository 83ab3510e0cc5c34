// docs/sdk.md#input: files that are no text, known by their first bytes.
import { MizuError } from '../../protocol/errors.ts';

/** By the bytes that they begin with, as Latin-1. */
const KINDS: readonly (readonly [begin: string, kind: string])[] = [
  ['PK\x03\x04', 'a Zip archive, as .xlsx is'],
  // What follows is the length of a structure; of a column with this name, a delimiter.
  ['PAR1\x15', 'Parquet'],
  ['ARROW1\0', 'Arrow'],
  ['Obj\x01', 'Avro'],
  ['SQLite format 3\0', 'an SQLite database'],
  ['%PDF-', 'PDF'],
  ['\x28\xb5\x2f\xfd', 'data packed by zstd'],
  ['BZh91AY&SY', 'data packed by bzip2'],
  ['\xfd7zXZ\0', 'data packed by xz'],
  ['\x1f\x8b', 'data packed by gzip twice'],
];
const LONGEST = Math.max(...KINDS.map(([begin]) => begin.length));

/** @throws MizuError `sdk/input-format` if the first bytes are those of a file that is no text */
export function assertText(file: string, head: Uint8Array): void {
  const bytes = Buffer.from(head.subarray(0, LONGEST)).toString('latin1');
  const kind = KINDS.find(([begin]) => bytes.startsWith(begin))?.[1];
  if (kind === undefined) return;
  throw new MizuError({
    code: 'sdk/input-format',
    message: `${file} is no text.`,
    expected: 'JSON or CSV, as it is or packed by gzip once',
    actual: kind,
    hint: 'Export its rows as JSON lines or CSV, and give that file.',
  });
}
