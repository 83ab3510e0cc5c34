// docs/court.md#outvote: plays what each part of the stake can do against all others, who vote: all cases side by side.
import { inferenceCourtAbi } from '../../../protocol/generated/abi.ts';
import type { VoterConduct } from './cases.ts';
import { type Luck, luckOf } from './luck.ts';
import { ballotsOf, othersThan, STAYS_AWAY, UPHELD, votersOf, WRONG } from './parts.ts';
import { type CourtWorld, SHARES, type VoterName } from './world.ts';

export type Outvoted = {
  readonly percent: number;
  /** A lie stands. */
  readonly saves: boolean;
  /** A case about a lie is not decided. */
  readonly stalls: boolean;
  /** A true item is void, and its gateway slashed, unless the guardian vetoes. */
  readonly convicts: boolean;
  /** Whoever has voted for the truth in that case is slashed. */
  readonly punishes: boolean;
};

/** What is played, and what luck can do in a first round of many small voters. */
export type Outvoting = { readonly played: readonly Outvoted[]; readonly drawn: readonly Luck[] };

/** By the rules of docs/court.md#outcome and #penalties: no more and no less than this is possible. */
export function isAsRuled({ percent, saves, stalls, convicts, punishes }: Outvoted): boolean {
  const isOverAThird = 3 * percent > 100;
  const isTwoThirds = 3 * percent >= 200;
  return saves === isOverAThird && stalls === isOverAThird && convicts === isTwoThirds && punishes === percent >= 90;
}

/** Below and above each threshold. */
const LIARS: readonly (readonly VoterName[])[] = [
  ['g'],
  ['a'],
  ['c', 'd'],
  ['a', 'b'],
  ['a', 'c', 'e'],
  ['a', 'b', 'c'],
  ['a', 'c', 'd', 'e'],
  ['a', 'b', 'c', 'd'],
  ['a', 'b', 'c', 'd', 'e'],
  ['a', 'b', 'c', 'd', 'e', 'f'],
];
const TRIES: readonly (readonly [lie: VoterConduct, honest: VoterConduct])[] = [
  [UPHELD, WRONG],
  [STAYS_AWAY, WRONG],
  [WRONG, UPHELD],
];

/** No process may vote meanwhile. */
export async function playOutvoting(world: CourtWorld): Promise<Outvoting> {
  const { network, items, cases, stranger, watcher } = world;
  const posted = await items.post('truth', LIARS.length * TRIES.length);
  const plans = new Map(
    await Promise.all(
      posted.map(async (item, i) => {
        const liars = LIARS[Math.floor(i / TRIES.length)] as readonly VoterName[];
        const [lie, honest] = TRIES[i % TRIES.length] as (typeof TRIES)[number];
        return [await cases.open(stranger, item), { ballots: ballotsOf(world, liars, lie, honest) }] as const;
      }),
    ),
  );
  const { statuses } = await cases.play(plans);
  const ids = [...plans.keys()];
  const outvoted: Outvoted[] = [];
  for (const [i, liars] of LIARS.entries()) {
    const at = i * TRIES.length;
    const [saved, stalled, convicted] = statuses.slice(at, at + TRIES.length);
    const [honest] = votersOf(world, othersThan(liars));
    const refusal = await watcher.try(cases.court, 'punish', [ids[at + 2], 1n, honest!.address]);
    outvoted.push({
      percent: liars.reduce((sum, name) => sum + SHARES[name], 0),
      saves: saved === 'upheld',
      stalls: stalled === 'dismissed',
      convicts: convicted === 'voided',
      punishes: refusal === undefined,
    });
  }
  const court = { address: cases.court.address, abi: inferenceCourtAbi } as const;
  const seats = await network.l1.client.readContract({ ...court, functionName: 'SEATS' });
  return { played: outvoted, drawn: luckOf(outvoted, Number(seats)) };
}
