// docs/disputes.md#lies: one pass over the whole corpus: lies about steps, claims, moves, thieves, rivals, fake challengers, floods of demands, hostile programs.
import type { Address } from '../../protocol/hex.ts';
import { LIAR, type TestNetwork } from '../network/network.fixture.ts';
import { allLies } from './corpus.ts';
import { type CorpusWorld, createCorpusWorld } from './corpus-world.ts';
import { openDefended } from './defended.ts';
import { openFlooded, playFloods } from './floods.ts';
import { slashedAccounts } from './funds.ts';
import { createHostileWorld, hostileLies, openHostileDefended, playHostileDefended } from './hostile.ts';
import { hostilePrograms } from './hostile-programs.ts';
import type { Lie } from './lie.ts';
import { playMoves } from './moves.ts';
import { openStage } from './play.ts';
import { playRefused } from './refused.ts';
import { openRing, type Ring } from './ring.ts';
import { playRivals } from './rivals.ts';
import type { Row } from './row.ts';
import { createSteps } from './steps.ts';
import { playThieves } from './thieves.ts';
import type { LieWorld } from './world.ts';

export type Pass = {
  readonly rows: readonly Row[];
  /** Slashes on L1 of anybody but the liar, over all networks of the pass. */
  readonly slashedHonest: readonly Address[];
};

const GROUPS = {
  claim: 'claim: ',
  move: 'move: ',
  thief: 'thief: ',
  rival: 'rival: ',
  fake: 'fake: ',
  flood: 'flood: ',
  hostile: 'hostile: ',
} as const;

/** `wanted`: part of the name of a lie about a step, or how the name of a group begins; empty: all. */
export async function playPass(wanted: string, onRow: (row: Row) => void): Promise<Pass> {
  const rows: Row[] = [];
  const slashedHonest: Address[] = [];
  const tell = (row: Row) => {
    rows.push(row);
    onRow(row);
  };
  const isWanted = (group: string) => group.startsWith(wanted) || wanted.startsWith(group);
  const check = async (network: TestNetwork) => {
    slashedHonest.push(...(await slashedAccounts(network)).filter((account) => account !== LIAR.address));
  };

  const world = await createCorpusWorld();
  try {
    if (isWanted(GROUPS.claim)) for await (const row of playRefused(world)) tell(row);
    const lies = (await allLies(world)).filter(({ name }) => name.includes(wanted));
    if (lies.length > 0) await playStage(world, lies, tell);
    if ([GROUPS.move, GROUPS.thief, GROUPS.rival].some(isWanted)) {
      const ring = await openRing(world);
      try {
        for (const [group, play] of ringGroups(ring)) if (isWanted(group)) for await (const row of play()) tell(row);
      } finally {
        await ring.close();
      }
    }
    await check(world.network);
  } finally {
    await world.close();
  }
  if (isWanted(GROUPS.fake)) {
    const defended = await openDefended();
    try {
      for await (const row of defended.rows((name) => name.startsWith(wanted))) tell(row);
      await check(defended.network);
    } finally {
      await defended.close();
    }
  }
  if (isWanted(GROUPS.flood)) {
    const flooded = await openFlooded();
    try {
      for await (const row of playFloods(flooded)) tell(row);
      await check(flooded.network);
    } finally {
      await flooded.close();
    }
  }
  if (isWanted(GROUPS.hostile)) {
    const hostile = await createHostileWorld(hostilePrograms());
    try {
      await playStage(
        hostile,
        (await hostileLies(hostile)).filter(({ name }) => name.startsWith(wanted)),
        tell,
      );
      await check(hostile.network);
    } finally {
      await hostile.close();
    }
    const defended = await openHostileDefended(hostilePrograms());
    try {
      for await (const row of playHostileDefended(defended)) tell(row);
      await check(defended.network);
    } finally {
      await defended.close();
    }
  }
  return { rows, slashedHonest };
}

async function playStage(world: LieWorld, lies: readonly Lie[], tell: (row: Row) => void): Promise<void> {
  const stage = await openStage(world);
  try {
    for (const lie of lies) tell(await stage.play(lie));
  } finally {
    await stage.close();
  }
}

/** The rivals last: they confirm the range. */
export function ringGroups(ring: Ring<CorpusWorld>): [string, () => AsyncGenerator<Row>][] {
  const step = ring.world.stepOf('run');
  const { changed } = createSteps(ring.world);
  let told = 0;
  // Leaves that the corpus does not claim: one content is asserted once.
  const lieOf = (name: string): Lie => ({ name, step, leaf: changed(step, 8 + (told % 8), 1 + told++) });
  let malformed = 99;
  const malformedOf = (name: string): Lie => ({ name, step, leaf: changed(step, malformed++) });
  return [
    [GROUPS.move, () => playMoves(ring, lieOf)],
    [GROUPS.thief, () => playThieves(ring, lieOf, malformedOf)],
    [GROUPS.rival, () => playRivals(ring, lieOf)],
  ];
}
