// docs/operations.md#processes: a wait that ends early when there is something to do.

export type Sleeper = {
  /** Ends the present sleep, or the next one if none is under way. */
  wake(): void;
  sleep(ms: number, signal: AbortSignal): Promise<void>;
};

export function createSleeper(): Sleeper {
  let isAwake = false;
  let finish: (() => void) | undefined;
  return {
    wake: () => {
      isAwake = true;
      finish?.();
    },
    sleep: async (ms, signal) => {
      if (!isAwake && !signal.aborted) {
        await new Promise<void>((resolve) => {
          const timer = setTimeout(resolve, ms);
          finish = () => {
            clearTimeout(timer);
            resolve();
          };
          signal.addEventListener('abort', finish);
        });
        if (finish !== undefined) signal.removeEventListener('abort', finish);
        finish = undefined;
      }
      isAwake = false;
    },
  };
}
