// docs/operations.md#l1: loads something when it is first asked for. If L1 is down then, it is asked again.

/**
 * Loads at the first call, once for all callers. A failure is told to those who wait for it, and the next call loads
 * again.
 */
export function loadOnce<T>(load: () => Promise<T>): () => Promise<T> {
  let loaded: Promise<T> | undefined;
  return () => {
    loaded ??= load().catch((error: unknown) => {
      loaded = undefined;
      throw error;
    });
    return loaded;
  };
}
