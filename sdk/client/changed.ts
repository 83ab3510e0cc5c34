// docs/sdk.md#changed: which row and field of a folder somebody has changed, by the object as it was.
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { MizuError } from '../../protocol/errors.ts';
import type { DatasetEntry } from '../../protocol/state.ts';
import { FolderChanged } from '../output/check-folder.ts';
import { findDifference } from '../output/difference.ts';

/** Rows that somebody has made longer are shown as far as this beyond the object's length. */
const MORE_BYTES = 1024 * 1024;

/** The same change, with row and field if `read` gives the object as it was; else with why they cannot be told. */
export async function explainChange(
  changed: FolderChanged,
  folder: string,
  read: (entry: DatasetEntry) => Promise<Uint8Array>,
): Promise<FolderChanged> {
  const { place, manifest } = changed;
  if (place === undefined) return changed;
  const { path, entry, offset, firstRow } = place;
  let right: Uint8Array;
  try {
    right = await read(entry);
  } catch (error) {
    if (!(error instanceof MizuError)) throw error;
    const { expected, actual } = changed;
    const where = `${changed.message.replace(/^[^:]*: /, '')}; which row cannot be told: ${error.message}`;
    return new FolderChanged(folder, manifest, { where, expected: String(expected), actual: String(actual) });
  }
  const found = await readPart(join(folder, path), offset, entry.length + MORE_BYTES);
  const decoder = new TextDecoder();
  const { row, field, expected, actual } = findDifference(decoder.decode(right), decoder.decode(found), firstRow);
  return new FolderChanged(folder, manifest, {
    where: `${path}, row ${row}${field === undefined ? '' : `, field ${field}`}`,
    expected: `${expected} (the dataset, by its root ${entry.root})`,
    actual: `${actual} (this file)`,
  });
}

async function readPart(path: string, offset: number, length: number): Promise<Uint8Array> {
  const file = await open(path);
  try {
    const { size } = await file.stat();
    const bytes = new Uint8Array(Math.max(0, Math.min(length, size - offset)));
    const { bytesRead } = await file.read(bytes, 0, bytes.length, offset);
    return bytes.subarray(0, bytesRead);
  } finally {
    await file.close();
  }
}
