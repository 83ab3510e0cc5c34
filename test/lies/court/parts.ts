// docs/court.md#attacks: what the attacks in a court are put together of: who says what, and whose tokens are looked at.
import { formatEther } from 'viem';
import { VERDICT } from '../../../protocol/generated/enums.ts';
import type { Actor } from './actors.ts';
import type { AttackParty, Change } from './attack.ts';
import type { Plan, Played, VoterConduct } from './cases.ts';
import type { Kind, Posted } from './items.ts';
import { type CourtWorld, VOTERS, type VoterName } from './world.ts';

export const UPHELD: VoterConduct = { kind: 'votes', verdict: VERDICT.upheld };
export const WRONG: VoterConduct = { kind: 'votes', verdict: VERDICT.wrong };
export const UNAVAILABLE: VoterConduct = { kind: 'votes', verdict: VERDICT.unavailable };
export const STAYS_AWAY: VoterConduct = { kind: 'absent' };
export const SILENT: VoterConduct = { kind: 'silent', verdict: VERDICT.upheld };
export const LATE: VoterConduct = { kind: 'late', verdict: VERDICT.upheld };

export const party = (name: string, change: Change, actors: readonly Pick<Actor, 'address'>[]): AttackParty => ({
  name,
  change,
  accounts: actors.map(({ address }) => address),
});

export const votersOf = ({ voters }: CourtWorld, names: readonly VoterName[]): readonly Actor[] =>
  names.map((name) => voters[name]);

export const othersThan = (liars: readonly VoterName[]): readonly VoterName[] =>
  VOTERS.filter((name) => !liars.includes(name));

/** What the voters that are no processes do: the liars this, all others that. */
export function ballotsOf(
  world: CourtWorld,
  liars: readonly VoterName[],
  lie: VoterConduct,
  honest: VoterConduct,
): Plan['ballots'] {
  const bots: readonly VoterName[] = world.bots();
  const scripted = VOTERS.filter((name) => !bots.includes(name));
  return new Map(scripted.map((name) => [world.voters[name], liars.includes(name) ? lie : honest] as const));
}

/** The refund of an item comes to the Bridge. */
export const runParty = ({ bridge }: CourtWorld, change: Change): AttackParty => ({
  name: "the item's run",
  change,
  accounts: [bridge],
});

/** An item that the processes have executed. */
export async function postOne(world: CourtWorld, kind: Kind): Promise<Posted> {
  const [posted] = await world.items.post(kind);
  await world.caughtUp();
  return posted as Posted;
}

export const playOne = ({ cases }: CourtWorld, id: bigint, plan: Plan): Promise<Played> =>
  cases.play(new Map([[id, plan]]));

export const sayOutcome = ({ statuses, refused, rewardsWei }: Played): string =>
  [
    ...new Set(statuses),
    ...refused.map((error) => `refused: ${error}`),
    ...(rewardsWei === 0n ? [] : [`${formatEther(rewardsWei)} MIZU for penalties to processes`]),
  ].join('; ');
