// docs/operations.md#storage: makes the names in a folder durable; a file's own sync does not.
import { open } from 'node:fs/promises';

export async function syncFolder(path: string): Promise<void> {
  // Windows cannot open a folder; NTFS journals its entries.
  if (process.platform === 'win32') return;
  const handle = await open(path, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
