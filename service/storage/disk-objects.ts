// docs/operations.md#objects: keeps each object in a file of its own; a file that has an object's name is whole.
import { randomUUID } from 'node:crypto';
import { createReadStream, existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { open, readFile, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { MizuError } from '../../protocol/errors.ts';
import type { Hex } from '../../protocol/hex.ts';
import { type ObjectRef, objectRef, objectRoot } from '../../protocol/tree.ts';
import { createByteCache, type ObjectStore } from './objects.ts';
import { syncFolder } from './sync-folder.ts';

export type DiskObjectsOptions = {
  /**
   * Whether files and folders are synced before `put` resolves. It is false where every object can be fetched again.
   * Default true.
   */
  readonly durable?: boolean;
  /** The memory for objects that were read or written lately. Default 64 MiB. */
  readonly cacheBytes?: number;
};

export type DiskObjects = ObjectStore & {
  /** The length of a stored object in bytes, or undefined. */
  size(root: Hex): Promise<number | undefined>;
  /** The number of stored objects and their bytes. */
  usage(): { objects: number; bytes: number };
  /** Stores bytes whose root the caller has just computed: hashing them takes longer than writing them. */
  putHashed(root: Hex, bytes: Uint8Array): Promise<void>;
  delete(root: Hex): Promise<void>;
  /** Bytes `first` to `last` of a stored object, unverified. It takes little memory, however long the object is. */
  stream(root: Hex, first: number, last: number): Readable;
};

const WRITES_AT_ONCE = 32;

/**
 * Objects lie under `path`, in a folder for each first byte of a root. Files left over from a crash are removed at
 * opening.
 */
export async function openDiskObjects(path: string, options: DiskObjectsOptions = {}): Promise<DiskObjects> {
  const { durable = true, cacheBytes = 64 * 1024 * 1024 } = options;
  const cache = createByteCache(cacheBytes);
  const scratch = join(path, 'tmp');
  rmSync(scratch, { recursive: true, force: true });
  mkdirSync(scratch, { recursive: true });
  const usage = await measure(path);

  const folderOf = (root: Hex) => join(path, root.slice(2, 4));
  const fileOf = (root: Hex) => join(folderOf(root), root.slice(2));

  const checked = (root: Hex, bytes: Uint8Array): Uint8Array => {
    if (objectRoot(bytes) !== root) throw damaged(fileOf(root));
    cache.set(root, bytes);
    return bytes;
  };

  const writeFile = async (root: Hex, bytes: Uint8Array): Promise<void> => {
    const temporary = join(scratch, randomUUID());
    try {
      const handle = await open(temporary, 'wx');
      try {
        await handle.writeFile(bytes);
        if (durable) await handle.sync();
      } finally {
        await handle.close();
      }
      const folder = folderOf(root);
      if (!existsSync(folder)) {
        mkdirSync(folder, { recursive: true });
        if (durable) await syncFolder(path);
      }
      await rename(temporary, fileOf(root));
    } catch (error) {
      // A file written in part is no object, and its room is needed, most of all when the disk is full.
      await rm(temporary, { force: true });
      throw error;
    }
    usage.objects += 1;
    usage.bytes += bytes.length;
  };

  // Two writers of the same bytes share one write: else the bytes would be counted twice.
  const writing = new Map<Hex, Promise<void>>();
  const write = (root: Hex, bytes: Uint8Array): Promise<void> => {
    const running = writing.get(root) ?? writeFile(root, bytes).finally(() => writing.delete(root));
    writing.set(root, running);
    return running;
  };

  const putAll = async (objects: readonly Uint8Array[]) => {
    const refs = objects.map(objectRef);
    await putRefs(refs, objects);
    return refs;
  };

  const putRefs = async (refs: readonly ObjectRef[], objects: readonly Uint8Array[]): Promise<void> => {
    const missing = new Map<Hex, Uint8Array>();
    const touched = new Set<string>();
    for (const [i, ref] of refs.entries()) {
      if ((await size(ref.root)) === ref.length) touched.add(folderOf(ref.root));
      else missing.set(ref.root, objects[i] as Uint8Array);
    }
    const queue = [...missing];
    for (let at = 0; at < queue.length; at += WRITES_AT_ONCE) {
      await Promise.all(queue.slice(at, at + WRITES_AT_ONCE).map(([root, bytes]) => write(root, bytes)));
    }
    for (const [root, bytes] of queue) {
      touched.add(folderOf(root));
      cache.set(root, bytes);
    }
    // Folders of objects that were there already are synced, too: the process that wrote them may have died before its
    // own sync.
    if (durable) await Promise.all([...touched].map(syncFolder));
  };

  const size = async (root: Hex): Promise<number | undefined> => {
    const found = await stat(fileOf(root)).catch(ignoreMissing);
    return found?.size;
  };

  return {
    get: async (root) => {
      const cached = cache.get(root);
      if (cached !== undefined) return cached;
      const bytes = await readFile(fileOf(root)).catch(ignoreMissing);
      return bytes === undefined
        ? undefined
        : checked(root, new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length));
    },
    getSync: (root) => {
      const cached = cache.get(root);
      if (cached !== undefined) return cached;
      if (!existsSync(fileOf(root))) return undefined;
      return checked(root, new Uint8Array(readFileSync(fileOf(root))));
    },
    put: async (bytes) => (await putAll([bytes]))[0]!,
    putAll,
    putHashed: (root, bytes) => putRefs([{ root, length: bytes.length }], [bytes]),
    has: async (root) => (await size(root)) !== undefined,
    size,
    usage: () => ({ ...usage }),
    stream: (root, first, last) => createReadStream(fileOf(root), { start: first, end: last }),
    delete: async (root) => {
      const length = await size(root);
      if (length === undefined) return;
      rmSync(fileOf(root), { force: true });
      usage.objects -= 1;
      usage.bytes -= length;
    },
  };
}

async function measure(path: string): Promise<{ objects: number; bytes: number }> {
  const usage = { objects: 0, bytes: 0 };
  for (const shard of readdirSync(path).filter((name) => /^[0-9a-f]{2}$/.test(name))) {
    for (const file of readdirSync(join(path, shard))) {
      usage.objects += 1;
      usage.bytes += (await stat(join(path, shard, file))).size;
    }
  }
  return usage;
}

function ignoreMissing(error: unknown): undefined {
  if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
  throw error;
}

function damaged(file: string): MizuError {
  return new MizuError({
    code: 'store/corrupt',
    message: 'A stored object is damaged.',
    expected: 'bytes whose root is the name of the file',
    actual: `other bytes in ${file}`,
    hint: 'The disk has lost data: delete that file, the object is fetched again from DA.',
  });
}
