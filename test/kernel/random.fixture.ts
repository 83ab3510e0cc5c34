// Numbers by chance that a seed repeats, for tests.

/** xorshift32: a number below `below`. */
export function createXorshift(seed: number): (below: number) => number {
  let state = Math.imul(seed, 0x9e3779b1) | 1;
  return (below) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % below;
  };
}
