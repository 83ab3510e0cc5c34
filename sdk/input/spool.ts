// docs/sdk.md#input-stdin: standard input as a file: a quote and a run read their input twice, and the same run is found again.
import { createHash } from 'node:crypto';
import { mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { MizuError } from '../../protocol/errors.ts';
import { STDIN } from './format.ts';

export const SPOOL_FOLDER = join('.mizu', 'input');
/** Fits every input that fits a run. */
export const MAX_SPOOL_BYTES = 1024 ** 3;
/** The newest ones are kept, so that the command that was printed for them can be typed. */
const KEPT = 8;

/** The input's file: as it is, or for `-` one that now holds what standard input had, named by its hash. @throws MizuError `sdk/input-too-large` */
export async function inputFile(
  input: string,
  source: AsyncIterable<Uint8Array> = process.stdin,
  folder = SPOOL_FOLDER,
): Promise<string> {
  if (input !== STDIN) return input;
  await mkdir(folder, { recursive: true });
  const draft = join(folder, `draft-${process.pid}`);
  const hash = createHash('sha256');
  try {
    const file = await open(draft, 'w', 0o600);
    try {
      let bytes = 0;
      for await (const chunk of source) {
        bytes += chunk.length;
        if (bytes > MAX_SPOOL_BYTES) throw tooLarge();
        hash.update(chunk);
        await file.writeFile(chunk);
      }
    } finally {
      await file.close();
    }
    const name = join(folder, hash.digest('hex').slice(0, 32));
    await rename(draft, name);
    await forgetOld(folder);
    return name;
  } finally {
    await rm(draft, { force: true });
  }
}

async function forgetOld(folder: string): Promise<void> {
  const names = await readdir(folder);
  const files = await Promise.all(
    names.map(async (name) => ({ name, time: (await stat(join(folder, name)).catch(() => null))?.mtimeMs ?? 0 })),
  );
  files.sort((a, b) => b.time - a.time);
  for (const { name } of files.slice(KEPT)) await rm(join(folder, name), { force: true });
}

function tooLarge(): MizuError {
  return new MizuError({
    code: 'sdk/input-too-large',
    message: 'Standard input is too large to be kept.',
    expected: `at most ${MAX_SPOOL_BYTES} bytes`,
    actual: 'more',
    hint: 'Write it to a file, packed with gzip if need be, and give its name with --input.',
  });
}
