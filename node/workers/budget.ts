// docs/prover.md#memory: bytes that jobs may take at one time; the first to ask is the first to get them.

export type Budget = {
  /**
   * Waits until there is room, or until nothing is taken: a job that is alone may have more than the whole. The
   * function that it gives returns the bytes; a second call does nothing.
   */
  take(bytes: number): Promise<() => void>;
  /** Counts bytes that are kept between jobs, without waiting for room. */
  keep(bytes: number): () => void;
  used(): number;
  total(): number;
};

/**
 * `total`: in bytes. `makeRoom` is asked for missing bytes before anybody waits for them: it gives up what is only
 * kept.
 */
export function createBudget(total: number, makeRoom: (missing: number) => void = () => undefined): Budget {
  const queue: { readonly bytes: number; readonly go: () => void }[] = [];
  let taken = 0;
  let kept = 0;

  const fits = (bytes: number): boolean => taken === 0 || taken + kept + bytes <= total;
  const give = (): void => {
    for (let first = queue[0]; first !== undefined; first = queue[0]) {
      if (!fits(first.bytes)) return;
      queue.shift();
      taken += first.bytes;
      first.go();
    }
  };
  const once = (undo: () => void): (() => void) => {
    let done = false;
    return () => {
      if (done) return;
      done = true;
      undo();
      give();
    };
  };
  return {
    async take(bytes) {
      const missing = taken + kept + bytes - total;
      if (missing > 0 && kept > 0) makeRoom(missing);
      if (queue.length > 0 || !fits(bytes)) await new Promise<void>((go) => queue.push({ bytes, go }));
      else taken += bytes;
      return once(() => {
        taken -= bytes;
      });
    },
    keep(bytes) {
      kept += bytes;
      return once(() => {
        kept -= bytes;
      });
    },
    used: () => taken + kept,
    total: () => total,
  };
}
