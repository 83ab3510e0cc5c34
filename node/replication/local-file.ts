// docs/prover.md#replication: a file on this machine against the partitions that it should consist of.
import { open } from 'node:fs/promises';
import type { DatasetEntry } from '../../protocol/state.ts';

/** The first place where a file is not as it should be. */
export type FileDifference = {
  readonly partition: number;
  /** The line of the file, from 1. */
  readonly row: number;
  /** The offset in the file, in bytes. */
  readonly byte: number;
  readonly expected: string;
  readonly actual: string;
};

/** `rows` and `bytes`: how much of the file is equal. */
export type FileReport = { readonly rows: number; readonly bytes: number; readonly difference?: FileDifference };

const NEWLINE = 10;
const SHOWN_BYTES = 120;

/** `entries`: the partitions of one stage, in order; `read` returns their verified bytes. */
export async function compareFile(
  path: string,
  entries: readonly DatasetEntry[],
  read: (entry: DatasetEntry) => Promise<Uint8Array>,
): Promise<FileReport> {
  const file = await open(path, 'r');
  let rows = 0;
  let offset = 0;
  try {
    for (const entry of entries) {
      const wanted = await read(entry);
      const found = new Uint8Array(wanted.length);
      const { bytesRead } = await file.read(found, 0, found.length, offset);
      const at = firstDifference(wanted, found.subarray(0, bytesRead));
      if (at !== undefined) {
        const row = rows + countRows(wanted.subarray(0, at)) + 1;
        const { partition } = entry;
        const actual = bytesRead < wanted.length && at === bytesRead ? 'the end of the file' : lineAt(found, at);
        return {
          rows,
          bytes: offset,
          difference: { partition, row, byte: offset + at, expected: lineAt(wanted, at), actual },
        };
      }
      rows += countRows(wanted);
      offset += wanted.length;
    }
    const { size } = await file.stat();
    if (size === offset) return { rows, bytes: offset };
    const partition = entries.at(-1)?.partition ?? 0;
    const difference = {
      partition,
      row: rows + 1,
      byte: offset,
      expected: 'the end of the file',
      actual: `${size - offset} more bytes`,
    };
    return { rows, bytes: offset, difference };
  } finally {
    await file.close();
  }
}

function firstDifference(wanted: Uint8Array, found: Uint8Array): number | undefined {
  if (Buffer.compare(wanted, found) === 0) return undefined;
  let at = 0;
  while (at < found.length && wanted[at] === found[at]) at++;
  return at;
}

function countRows(bytes: Uint8Array): number {
  let rows = 0;
  for (let at = bytes.indexOf(NEWLINE); at >= 0; at = bytes.indexOf(NEWLINE, at + 1)) rows++;
  return rows;
}

function lineAt(bytes: Uint8Array, at: number): string {
  const start = at === 0 ? 0 : bytes.lastIndexOf(NEWLINE, at - 1) + 1;
  const end = bytes.indexOf(NEWLINE, at);
  const line = new TextDecoder().decode(bytes.subarray(start, end < 0 ? bytes.length : end));
  return line.length > SHOWN_BYTES ? `${line.slice(0, SHOWN_BYTES)}…` : line;
}
