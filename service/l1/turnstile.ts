// docs/operations.md#l1: lets at most `places` tasks run at one time, in the order of the calls.

export type Turnstile = <T>(task: () => Promise<T>) => Promise<T>;

export function createTurnstile(places: number): Turnstile {
  const waiting: (() => void)[] = [];
  let free = places;
  return async (task) => {
    if (free > 0) free--;
    else await new Promise<void>((resolve) => waiting.push(resolve));
    try {
      return await task();
    } finally {
      const next = waiting.shift();
      if (next === undefined) free++;
      else next();
    }
  };
}
