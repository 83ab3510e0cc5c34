// docs/operations.md#objects: stores of bytes that are named by their roots, and where bytes come from that a store lacks.
import type { Hex } from '../../protocol/hex.ts';
import { type ObjectRef, objectRef } from '../../protocol/tree.ts';

export type ObjectStore = {
  /** The bytes with this root, or undefined. What is returned has been verified against the root. */
  get(root: Hex): Promise<Uint8Array | undefined>;
  /** The same without waiting, from memory or the local disk only. */
  getSync(root: Hex): Uint8Array | undefined;
  put(bytes: Uint8Array): Promise<ObjectRef>;
  /** All are stored when the promise resolves. */
  putAll(objects: readonly Uint8Array[]): Promise<ObjectRef[]>;
  has(root: Hex): Promise<boolean>;
};

/** A store that trusts its caller to have verified the bytes against the root. */
export type HashedStore = ObjectStore & { putHashed(root: Hex, bytes: Uint8Array): Promise<void> };

/** Keeps everything in memory: for tests and short-lived commands. */
export function createMemoryObjects(): ObjectStore {
  const objects = new Map<Hex, Uint8Array>();
  const add = (bytes: Uint8Array): ObjectRef => {
    const ref = objectRef(bytes);
    objects.set(ref.root, bytes);
    return ref;
  };
  return {
    get: async (root) => objects.get(root),
    getSync: (root) => objects.get(root),
    put: async (bytes) => add(bytes),
    putAll: async (all) => all.map(add),
    has: async (root) => objects.has(root),
  };
}

/**
 * Reads go to `local` first, then to `fetchRemote` (whose answer is verified and kept in `local`).
 * Simultaneous reads of one object fetch it once.
 */
export function withFallback(
  local: ObjectStore | HashedStore,
  fetchRemote: (root: Hex) => Promise<Uint8Array | undefined>,
): ObjectStore {
  const pending = new Map<Hex, Promise<Uint8Array | undefined>>();
  const load = async (root: Hex): Promise<Uint8Array | undefined> => {
    const bytes = await fetchRemote(root);
    if (bytes === undefined || objectRef(bytes).root !== root) return undefined;
    await ('putHashed' in local ? local.putHashed(root, bytes) : local.put(bytes));
    return bytes;
  };
  return {
    ...local,
    get: async (root) => {
      const found = await local.get(root);
      if (found !== undefined) return found;
      const running = pending.get(root) ?? load(root).finally(() => pending.delete(root));
      pending.set(root, running);
      return running;
    },
  };
}

/** Above `limitBytes` the least recently used objects go first. */
export function createByteCache(limitBytes: number): {
  get(root: Hex): Uint8Array | undefined;
  set(root: Hex, bytes: Uint8Array): void;
} {
  const entries = new Map<Hex, Uint8Array>();
  let size = 0;
  return {
    get: (root) => {
      const bytes = entries.get(root);
      if (bytes === undefined) return undefined;
      entries.delete(root);
      entries.set(root, bytes);
      return bytes;
    },
    set: (root, bytes) => {
      if (bytes.length > limitBytes || entries.has(root)) return;
      entries.set(root, bytes);
      size += bytes.length;
      for (const [oldest, old] of entries) {
        if (size <= limitBytes) break;
        entries.delete(oldest);
        size -= old.length;
      }
    },
  };
}
