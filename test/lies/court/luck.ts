// docs/court.md#draw: what luck can do in a first round: seats are drawn of many small voters, each by itself.

export type Luck = { readonly percent: number; readonly saves: number; readonly convicts: number };

/** As in Ballots.sol: seats on average. The number that is drawn of a part of many small voters is Poisson distributed. */
const SEATS = 21;
/** The chance of more is below 10^-12. */
const MOST = 80;

/** Chances, 0 to 1, that a first round is decided for the liars, if all that are drawn vote. */
export function luckOf(shares: readonly { readonly percent: number }[]): Luck[] {
  return shares.map(({ percent }) => {
    const liars = poisson((SEATS * percent) / 100);
    const honest = poisson((SEATS * (100 - percent)) / 100);
    let [saves, convicts] = [0, 0];
    for (const [l, ofLiars] of liars.entries())
      for (const [h, ofHonest] of honest.entries()) {
        if (3 * (l + h) < 2 * SEATS) continue;
        if (!isFaulty(h, l + h)) saves += ofLiars * ofHonest;
        if (isFaulty(l, l + h)) convicts += ofLiars * ofHonest;
      }
    return { percent, saves, convicts };
  });
}

/** docs/court.md#outcome, of seats. */
function isFaulty(faulty: number, revealed: number): boolean {
  return 3 * faulty >= 2 * revealed && 2 * faulty > SEATS;
}

function poisson(mean: number): number[] {
  const chances = [Math.exp(-mean)];
  for (let k = 1; k <= MOST; k++) chances.push(((chances[k - 1] as number) * mean) / k);
  return chances;
}
