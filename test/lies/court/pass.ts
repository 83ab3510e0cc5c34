// docs/court.md#attacks: one pass over the table of attacks, network by network, and who can outvote whom.
import type { AttackRow } from './attack.ts';
import { playAttestations } from './attestations.ts';
import { playAudits } from './audits.ts';
import { playBallots } from './ballots.ts';
import { playDelegation } from './delegation.ts';
import { playDisputes } from './disputes.ts';
import { playEigen } from './eigen.ts';
import { playGateways } from './gateways.ts';
import { type Outvoting, playOutvoting } from './outvote.ts';
import { playServices } from './services.ts';
import { playTolerance } from './tolerance.ts';
import { playVotes } from './votes.ts';
import { createCourtWorld } from './world.ts';

export type AttackPass = { readonly rows: readonly AttackRow[]; readonly outvoting: Outvoting | undefined };

/** Gives rows; what it returns is kept too. */
type Group = () => AsyncGenerator<AttackRow, Outvoting | undefined>;

const GROUPS: Readonly<Record<string, Group>> = {
  votes: playCourt,
  gateways: playGateways,
  tolerance: playTolerance,
  services: playServices,
  attestations: playAttestations,
  audits: playAudits,
  delegation: playDelegation,
  eigen: playEigen,
};

export const GROUP_NAMES = Object.keys(GROUPS);

/** `wanted`: the name of a group; without it all are played. @throws Error if there is no such group */
export async function playAttacks(wanted: string | undefined, onRow: (row: AttackRow) => void): Promise<AttackPass> {
  if (wanted !== undefined && GROUPS[wanted] === undefined)
    throw new Error(`no attacks are called "${wanted}"; expected one of ${GROUP_NAMES.join(', ')}`);
  const rows: AttackRow[] = [];
  let outvoting: Outvoting | undefined;
  for (const [name, play] of Object.entries(GROUPS)) {
    if (wanted !== undefined && name !== wanted) continue;
    const group = play();
    let next = await group.next();
    for (; next.done !== true; next = await group.next()) {
      rows.push(next.value);
      onRow(next.value);
    }
    outvoting = next.value ?? outvoting;
  }
  return { rows, outvoting };
}

async function* playCourt(): AsyncGenerator<AttackRow, Outvoting> {
  const world = await createCourtWorld();
  try {
    await world.startBots();
    yield* playVotes(world);
    yield* playBallots(world);
    yield* playDisputes(world);
    await world.stopBots();
    return await playOutvoting(world);
  } finally {
    await world.close();
  }
}
