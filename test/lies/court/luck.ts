// docs/court.md#draw: what luck can do in a first round: seats are drawn of many small voters, each by itself.

export type Luck = { readonly percent: number; readonly saves: number; readonly convicts: number };

/** The chance of more is below 10^-12. */
const MOST = 80;

/**
 * Chances, 0 to 1, that a first round is decided for the liars, if all that are drawn vote. `seats`: how many are drawn on average;
 * of a part of many small voters the number is Poisson distributed.
 */
export function luckOf(shares: readonly { readonly percent: number }[], seats: number): Luck[] {
  return shares.map(({ percent }) => {
    const liars = poisson((seats * percent) / 100);
    const honest = poisson((seats * (100 - percent)) / 100);
    let [saves, convicts] = [0, 0];
    for (const [l, ofLiars] of liars.entries())
      for (const [h, ofHonest] of honest.entries()) {
        if (3 * (l + h) < 2 * seats) continue;
        if (!isFaulty(h, l + h, seats)) saves += ofLiars * ofHonest;
        if (isFaulty(l, l + h, seats)) convicts += ofLiars * ofHonest;
      }
    return { percent, saves, convicts };
  });
}

/** docs/court.md#outcome, of seats. */
function isFaulty(faulty: number, revealed: number, seats: number): boolean {
  return 3 * faulty >= 2 * revealed && 2 * faulty > seats;
}

function poisson(mean: number): number[] {
  const chances = [Math.exp(-mean)];
  for (let k = 1; k <= MOST; k++) chances.push(((chances[k - 1] as number) * mean) / k);
  return chances;
}
