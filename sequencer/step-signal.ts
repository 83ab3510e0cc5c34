// docs/rpc.md: tells event streams that there is a new step.

export type StepSignal = {
  announce(step: number): void;
  /** Resolves when there is a step after this one, or the signal aborts. */
  after(step: number, signal: AbortSignal): Promise<void>;
};

export function createStepSignal(): StepSignal {
  const waiting = new Set<() => void>();
  let last = 0;
  return {
    announce: (step) => {
      last = step;
      for (const wake of [...waiting]) wake();
    },
    after: (step, signal) =>
      new Promise<void>((resolve) => {
        if (last > step || signal.aborted) return resolve();
        const finish = () => {
          waiting.delete(finish);
          signal.removeEventListener('abort', finish);
          resolve();
        };
        waiting.add(finish);
        signal.addEventListener('abort', finish);
      }),
  };
}
