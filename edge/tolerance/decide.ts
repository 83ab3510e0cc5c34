// docs/court.md#samples: what ten answers say about an item.

/** A sample that was scored. */
export type JudgedSample = {
  /** Whether it is a row of the item that is judged; the others are earlier ones of its gateway. */
  readonly isOwn: boolean;
  readonly isBeyond: boolean;
};

export const SAMPLES = 10;
/** So many samples beyond their thresholds are no accident. */
export const MIN_BEYOND = 4;

export type ToleranceDecision = 'same' | 'other' | 'unknown';

/**
 * `left`: samples that are not scored yet, the item's own ones first. Undefined: what is left decides.
 */
export function decide(
  judged: readonly JudgedSample[],
  left: { readonly own: number; readonly others: number },
): ToleranceDecision | undefined {
  const beyond = judged.filter(({ isBeyond }) => isBeyond);
  const isOwnBeyond = beyond.some(({ isOwn }) => isOwn);
  if (isOwnBeyond && beyond.length >= MIN_BEYOND) return 'other';
  if (left.own > 0) return undefined;
  if (!isOwnBeyond) return judged.some(({ isOwn }) => isOwn) ? 'same' : 'unknown';
  const all = judged.length + left.others;
  if (beyond.length + left.others >= MIN_BEYOND) return undefined;
  return all < SAMPLES ? 'unknown' : 'same';
}

/**
 * The odds that at least four of ten samples are beyond, if each is with the chance `share`, one independent of
 * another.
 */
export function oddsOfConviction(share: number, samples: number = SAMPLES): number {
  let odds = 0;
  for (let beyond = MIN_BEYOND; beyond <= samples; beyond++)
    odds += choose(samples, beyond) * share ** beyond * (1 - share) ** (samples - beyond);
  return odds;
}

function choose(n: number, k: number): number {
  let ways = 1;
  for (let i = 0; i < k; i++) ways = (ways * (n - i)) / (i + 1);
  return ways;
}
