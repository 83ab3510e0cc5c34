// docs/rpc.md: tells event streams that there is a new step, or that steps were taken back.

export type StepSignal = {
  announce(step: number): void;
  /** Resolves when there is a step after this one, or the signal aborts. */
  after(step: number, signal: AbortSignal): Promise<void>;
  rollBack(toStep: number): void;
  /** Returns what ends the subscription. */
  onRollBack(listener: (toStep: number) => void): () => void;
};

export function createStepSignal(): StepSignal {
  const waiting = new Set<() => void>();
  const listeners = new Set<(toStep: number) => void>();
  let last = 0;
  return {
    announce: (step) => {
      last = step;
      for (const wake of [...waiting]) wake();
    },
    rollBack: (toStep) => {
      last = toStep;
      for (const listener of [...listeners]) listener(toStep);
      for (const wake of [...waiting]) wake();
    },
    onRollBack: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
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
