// docs/court.md#outvote: a part of the stake votes against what is so: for a gateway that lies, or against one that does not.
import type { Address } from '../../../protocol/hex.ts';
import { createActor, MIZU } from './actors.ts';
import { type AttackRow, playAttack } from './attack.ts';
import {
  ballotsOf,
  othersThan,
  party,
  playOne,
  postOne,
  runParty,
  STAYS_AWAY,
  sayOutcome,
  UPHELD,
  votersOf,
  WRONG,
} from './parts.ts';
import type { CourtWorld, VoterName } from './world.ts';

const TENTH: readonly VoterName[] = ['g'];
const FIFTH: readonly VoterName[] = ['a'];
const OVER_A_THIRD: readonly VoterName[] = ['a', 'b'];
const MAJORITY: readonly VoterName[] = ['a', 'b', 'c'];
const TWO_THIRDS: readonly VoterName[] = ['a', 'b', 'c', 'd'];
const STUFFING = 300_000n * MIZU;

export async function* playVotes(world: CourtWorld): AsyncGenerator<AttackRow> {
  yield await minority(world, '10 % of the stake', TENTH, 'loses', 'voided; 50 MIZU for penalties to processes');
  yield await minority(world, '20 % of the stake', FIFTH, 'keeps', 'voided');
  yield await lieSaved(world, '34 % of the stake', OVER_A_THIRD);
  yield await lieSaved(world, '67 % of the stake', TWO_THIRDS);
  yield await stayAway(world);
  yield await accusedByHalf(world);
  yield await accusedByTwoThirds(world, false);
  yield await accusedByTwoThirds(world, true);
  yield await stuffed(world);
}

/** Liars who are too few. Only one who is nearly alone is a punished minority. */
async function minority(
  world: CourtWorld,
  who: string,
  liars: readonly VoterName[],
  change: 'loses' | 'keeps',
  outcome: string,
) {
  const { network, cases, gateway, stranger } = world;
  const posted = await postOne(world, 'lie');
  return playAttack(network, {
    name: `${who} votes for a lie`,
    attackers: [party('gateway', 'loses', [gateway]), party('liars', change, votersOf(world, liars))],
    others: [
      party('challenger', 'gains', [stranger]),
      party('voters', 'gains', votersOf(world, othersThan(liars))),
      runParty(world, 'gains'),
    ],
    outcome,
    play: async () => {
      const id = await cases.open(stranger, posted);
      return sayOutcome(await playOne(world, id, { ballots: ballotsOf(world, liars, UPHELD, WRONG) }));
    },
  });
}

/** The honest ones appeal, and are not two thirds. */
async function lieSaved(world: CourtWorld, who: string, liars: readonly VoterName[]) {
  const { network, cases, gateway, stranger } = world;
  const posted = await postOne(world, 'lie');
  return playAttack(network, {
    name: `${who} votes for a lie`,
    attackers: [party('gateway', 'keeps', [gateway]), party('liars', 'gains', votersOf(world, liars))],
    others: [
      party('challenger', 'loses', [stranger]),
      party('voters, of whom one appeals', 'loses', votersOf(world, othersThan(liars))),
      runParty(world, 'keeps'),
    ],
    outcome: 'upheld',
    play: async () => {
      const id = await cases.open(stranger, posted);
      return sayOutcome(await playOne(world, id, { ballots: ballotsOf(world, liars, UPHELD, WRONG) }));
    },
  });
}

async function stayAway(world: CourtWorld) {
  const { network, cases, gateway, stranger } = world;
  const posted = await postOne(world, 'lie');
  return playAttack(network, {
    name: '34 % of the stake stays away from a case about a lie',
    attackers: [party('gateway', 'keeps', [gateway]), party('absent', 'loses', votersOf(world, OVER_A_THIRD))],
    others: [
      party('challenger', 'loses', [stranger]),
      party('voters', 'keeps', votersOf(world, othersThan([...OVER_A_THIRD, ...world.bots()]))),
      party('whose processes have them punished', 'gains', votersOf(world, world.bots())),
      runParty(world, 'keeps'),
    ],
    outcome: 'dismissed; 20 MIZU for penalties to processes',
    play: async () => {
      const id = await cases.open(stranger, posted);
      const ballots = ballotsOf(world, OVER_A_THIRD, STAYS_AWAY, WRONG);
      return sayOutcome(await playOne(world, id, { ballots }));
    },
  });
}

async function accusedByHalf(world: CourtWorld) {
  const { network, cases, gateway, stranger } = world;
  const posted = await postOne(world, 'truth');
  return playAttack(network, {
    name: '51 % of the stake accuses an honest gateway',
    attackers: [party('challenger', 'loses', [stranger]), party('liars', 'keeps', votersOf(world, MAJORITY))],
    others: [
      party('gateway', 'keeps', [gateway]),
      party('voters', 'gains', votersOf(world, othersThan(MAJORITY))),
      runParty(world, 'keeps'),
    ],
    outcome: 'upheld',
    play: async () => {
      const id = await cases.open(stranger, posted);
      return sayOutcome(await playOne(world, id, { ballots: ballotsOf(world, MAJORITY, WRONG, UPHELD) }));
    },
  });
}

async function accusedByTwoThirds(world: CourtWorld, isVetoed: boolean) {
  const { network, cases, gateway, guardian, stranger } = world;
  const posted = await postOne(world, 'truth');
  const [gains, loses] = isVetoed ? (['keeps', 'keeps'] as const) : (['gains', 'loses'] as const);
  return playAttack(network, {
    name: `67 % of the stake accuses an honest gateway${isVetoed ? ', and the guardian vetoes' : ''}`,
    attackers: [party('challenger', gains, [stranger]), party('liars', gains, votersOf(world, TWO_THIRDS))],
    others: [
      party('gateway', loses, [gateway]),
      party('voters, of whom one appeals', loses, votersOf(world, othersThan(TWO_THIRDS))),
      party('guardian', 'keeps', [guardian]),
      runParty(world, gains),
    ],
    outcome: isVetoed ? 'vetoed' : 'voided',
    play: async () => {
      const id = await cases.open(stranger, posted);
      const plan = { ballots: ballotsOf(world, TWO_THIRDS, WRONG, UPHELD), ...(isVetoed && { guardian }) };
      return sayOutcome(await playOne(world, id, plan));
    },
  });
}

/** Three times the stake of all others is bought once the lie is in a batch, and leaves again. */
async function stuffed(world: CourtWorld) {
  const { network, cases, gateway, stranger } = world;
  const stuffer = await createActor(network, STUFFING, [network.deployment.addresses.stakeManager as Address]);
  const posted = await postOne(world, 'lie');
  return playAttack(network, {
    name: 'three times all stake is bought once a lie is out',
    attackers: [party('gateway', 'loses', [gateway]), party('buyer', 'keeps', [stuffer])],
    others: [
      party('challenger', 'gains', [stranger]),
      party('voters', 'gains', votersOf(world, othersThan([]))),
      runParty(world, 'gains'),
    ],
    outcome: 'NotDrawn; voided',
    play: async () => {
      await world.stake(stuffer, STUFFING);
      const id = await cases.open(stranger, posted);
      const refusal = await stuffer.try(cases.court, 'commit', [id, 1n, `0x${'01'.repeat(32)}`]);
      const played = await playOne(world, id, { ballots: ballotsOf(world, [], UPHELD, WRONG) });
      await world.unbond(stuffer, STUFFING);
      return `${refusal}; ${sayOutcome(played)}`;
    },
  });
}
