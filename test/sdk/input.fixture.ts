// Inputs for the tests of this folder: written to a folder of their own, read as a command reads them.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll } from 'vitest';
import type { InputOptions } from '../../sdk/input/format.ts';
import { readRows } from '../../sdk/input/read-rows.ts';
import type { InputRow } from '../../sdk/input/rowset.ts';

export type InputFolder = {
  folder: string;
  write(name: string, content: string | Uint8Array): Promise<string>;
  read(name: string, content: string | Uint8Array, options?: InputOptions): Promise<InputRow[]>;
};

export function useInputs(): InputFolder {
  const inputs: InputFolder = {
    folder: '',
    async write(name, content) {
      const file = join(inputs.folder, name);
      await writeFile(file, content);
      return file;
    },
    async read(name, content, options = {}) {
      return readAll(await inputs.write(name, content), options);
    },
  };
  beforeAll(async () => {
    inputs.folder = await mkdtemp(join(tmpdir(), 'mizu-input-'));
  });
  afterAll(() => rm(inputs.folder, { recursive: true, force: true }));
  return inputs;
}

export async function readAll(file: string, options: InputOptions = {}): Promise<InputRow[]> {
  const rows: InputRow[] = [];
  for await (const row of readRows(file, options)) rows.push(row);
  return rows;
}

export function good(index: number, row: object): InputRow {
  return { kind: 'row', index, row };
}

export function broken(index: number, text: string, reason: string): InputRow {
  return { kind: 'broken', index, text, reason };
}

/** Each row, or why it is none. */
export function short(rows: readonly InputRow[]): unknown[] {
  return rows.map((one) => (one.kind === 'row' ? [one.index, one.row] : [one.index, one.reason]));
}
