// Writes the 728 licence texts of npm's spdx-license-list (CC0) as JSONL.
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { isStarted } from '../started.ts';

export type LicenceRow = {
  readonly id: string;
  readonly name: string;
  readonly osiApproved: boolean;
  readonly text: string;
};

export async function readLicences(): Promise<LicenceRow[]> {
  const folder = dirname(createRequire(import.meta.url).resolve('spdx-license-list/package.json'));
  const all = JSON.parse(await readFile(join(folder, 'spdx-full.json'), 'utf8')) as Record<
    string,
    { name: string; osiApproved: boolean; licenseText: string }
  >;
  return Object.entries(all).map(([id, { name, osiApproved, licenseText }]) => ({
    id,
    name,
    osiApproved,
    text: licenseText,
  }));
}

if (isStarted(import.meta.url)) {
  const file = process.argv[2] ?? 'out/licences/licences.jsonl';
  const rows = await readLicences();
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, rows.map((row) => `${JSON.stringify(row)}\n`).join(''));
  console.log(`${rows.length} licences in ${file}`);
}
