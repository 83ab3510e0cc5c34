// docs/sdk.md#answers-kept, docs/sdk.md#reuse: a folder of files that may be deleted at any time, within its bounds.
import { readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';

export type FolderBounds = { readonly maxBytes: number; readonly maxEntries: number };

/** What is left of the bounds when a folder was beyond them, in percent: so that it is not done again at once. */
const PRUNE_TO = 90;

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
