// docs/sdk.md#input: what stands in a file, and which rows are read of it.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MizuError } from '../../protocol/errors.ts';
import { readRows } from '../../sdk/input/read-rows.ts';
import { type Case, type CaseKind, told } from './case.ts';
import { INPUT_CASES, type InputCase } from './input-table.ts';

const SHOWN = 120;

async function tryCase(folder: string, [name, file, content, wanted, options = {}]: InputCase): Promise<Case> {
  const path = join(folder, file);
  await writeFile(path, content);
  const text = Buffer.from(content).toString('latin1');
  const said = JSON.stringify(typeof content === 'string' ? content.slice(0, SHOWN) : text.slice(0, SHOWN)).slice(
    1,
    -1,
  );
  const given = Object.entries(options).map(([option, value]) => ` --${option} ${JSON.stringify(value)}`);
  const input = `${file}${given.join('')}: ${said}${text.length > SHOWN ? `… (${text.length} bytes)` : ''}`;
  return { name, input, came: await cameOf(path, options), wanted };
}

/** Rows, the index and the reason of what is none, or why the file is refused. */
async function cameOf(path: string, options: InputCase[4]): Promise<string> {
  const all: string[] = [];
  try {
    for await (const row of readRows(path, options ?? {}))
      all.push(row.kind === 'row' ? told([row.row], []) : told([], [`${row.index} ${row.reason}`]));
  } catch (error) {
    if (!(error instanceof MizuError)) throw error;
    return `refused: ${error.code}: ${error.actual} (${error.hint})`;
  }
  return all.length === 0 ? 'no row' : all.join(' · ');
}

export const INPUTS: CaseKind = {
  kind: 'inputs',
  page: 'docs/sdk.md#input',
  run: async () => {
    const folder = await mkdtemp(join(tmpdir(), 'mizu-cases-'));
    try {
      const cases: Case[] = [];
      for (const one of INPUT_CASES) cases.push(await tryCase(folder, one));
      return cases;
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  },
};
