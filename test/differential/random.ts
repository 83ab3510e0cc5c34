// Numbers for tests: the same seed gives the same ones.

export type Random = {
  u32(): number;
  below(n: number): number;
  below64(n: bigint): bigint;
  chance(n: number): boolean;
  pick<T>(items: readonly T[]): T;
};

/** mulberry32 */
export function createRandom(seed: number): Random {
  let state = (seed * 2654435761 + 12345) >>> 0;
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return (t ^ (t >>> 14)) >>> 0;
  };
  return {
    u32: next,
    below: (n) => next() % n,
    below64: (n) => ((BigInt(next()) << 32n) | BigInt(next())) % n,
    chance: (n) => next() % n === 0,
    pick: (items) => items[next() % items.length]!,
  };
}
