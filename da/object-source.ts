// docs/da.md#client: a local object store that fetches from DA what it does not have.
import { MizuError } from '../protocol/errors.ts';
import { type HashedStore, type ObjectStore, withFallback } from '../service/storage/objects.ts';
import type { DaClient } from './client.ts';

/** `get` of an object that no member has gives undefined; other failures throw (retryable). */
export function createObjectSource(local: ObjectStore | HashedStore, da: Pick<DaClient, 'get'>): ObjectStore {
  return withFallback(local, (root) =>
    da.get(root).catch((error: unknown) => {
      if (error instanceof MizuError && error.code === 'da/unavailable') return undefined;
      throw error;
    }),
  );
}
