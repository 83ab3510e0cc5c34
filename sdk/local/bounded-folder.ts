// docs/sdk.md#answers-kept, docs/sdk.md#reuse: a folder of files that may be deleted at any time, within its bounds.
import { mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';

export type FolderBounds = { readonly maxBytes: number; readonly maxEntries: number };

/** What is left of the bounds when a folder was beyond them, in percent: so that it is not done again at once. */
const PRUNE_TO = 90;

let drafts = 0;

/** The file appears under its name when it is whole, and only its owner can read it. @throws what the system says; nothing of it stays then */
export async function writePrivateFile(folder: string, name: string, content: string | Uint8Array): Promise<void> {
  const draft = join(folder, `draft-${process.pid}-${++drafts}`);
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    const file = await open(draft, 'wx', 0o600);
    try {
      await file.writeFile(content);
    } finally {
      await file.close();
    }
    await rename(draft, join(folder, name));
  } catch (error) {
    await rm(draft, { force: true }).catch(() => undefined);
    throw error;
  }
}

/** The oldest go first, drafts of processes that were killed among them. */
export async function pruneFolder(folder: string, { maxBytes, maxEntries }: FolderBounds): Promise<void> {
  const names = await readdir(folder).catch(() => []);
  const files: { path: string; bytes: number; time: number }[] = [];
  for (const name of names) {
    const path = join(folder, name);
    const info = await stat(path).catch(() => null);
    if (info?.isFile()) files.push({ path, bytes: info.size, time: info.mtimeMs });
  }
  let bytes = files.reduce((sum, file) => sum + file.bytes, 0);
  let entries = files.length;
  if (bytes <= maxBytes && entries <= maxEntries) return;
  files.sort((a, b) => a.time - b.time);
  for (const file of files) {
    if (bytes <= (maxBytes * PRUNE_TO) / 100 && entries <= (maxEntries * PRUNE_TO) / 100) return;
    await rm(file.path, { force: true });
    bytes -= file.bytes;
    entries -= 1;
  }
}
