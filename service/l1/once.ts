// What is loaded when it is first asked for: an L1 that is down then is asked again.

/** Loads at the first call, for all who call. A failure is told to them, and not kept. */
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
