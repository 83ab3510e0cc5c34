// docs/court.md#money: who disputes himself, appeals against what is so, or disputes what is right again and again.
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

const BRIBED: readonly VoterName[] = ['c', 'd'];
const DISPUTED = 3;

export async function* playDisputes(world: CourtWorld): AsyncGenerator<AttackRow> {
  yield await ownLie(world);
  yield await ownTruth(world);
  yield await bribedAppeal(world);
  yield await griefing(world);
  await world.stopBots();
  yield await withoutVoters(world);
  await world.startBots();
}

async function ownLie(world: CourtWorld) {
  const { network, cases, gateway, stranger } = world;
  const posted = await postOne(world, 'lie');
  return playAttack(network, {
    name: 'a gateway disputes its own lie by a second account',
    attackers: [party('gateway', 'loses', [gateway]), party('second account', 'gains', [stranger])],
    together: 'loses',
    others: [party('voters', 'gains', votersOf(world, othersThan([]))), runParty(world, 'gains')],
    outcome: 'voided',
    play: async () => {
      const id = await cases.open(stranger, posted);
      return sayOutcome(await playOne(world, id, { ballots: ballotsOf(world, [], UPHELD, WRONG) }));
    },
  });
}

async function ownTruth(world: CourtWorld) {
  const { network, cases, gateway, stranger } = world;
  const posted = await postOne(world, 'truth');
  return playAttack(network, {
    name: 'a gateway disputes its own truth, so that nobody else can',
    attackers: [party('gateway', 'keeps', [gateway]), party('second account', 'loses', [stranger])],
    others: [party('voters', 'gains', votersOf(world, othersThan([]))), runParty(world, 'keeps')],
    outcome: 'upheld',
    play: async () => {
      const id = await cases.open(stranger, posted);
      return sayOutcome(await playOne(world, id, { ballots: ballotsOf(world, [], UPHELD, UPHELD) }));
    },
  });
}

/** The others are 67 %. */
async function bribedAppeal(world: CourtWorld) {
  const { network, cases, gateway, stranger } = world;
  const posted = await postOne(world, 'lie');
  const all = ballotsOf(world, [], UPHELD, WRONG);
  return playAttack(network, {
    name: 'a convicted gateway appeals, and bribes 33 % of the stake',
    attackers: [party('gateway and appellant', 'loses', [gateway]), party('bribed', 'gains', votersOf(world, BRIBED))],
    together: 'loses',
    others: [
      party('challenger', 'gains', [stranger]),
      party('voters', 'gains', votersOf(world, othersThan(BRIBED))),
      runParty(world, 'gains'),
    ],
    outcome: 'voided',
    play: async () => {
      const id = await cases.open(stranger, posted);
      const second = ballotsOf(world, BRIBED, UPHELD, WRONG);
      return sayOutcome(await playOne(world, id, { ballots: all, second, appellant: gateway }));
    },
  });
}

async function griefing(world: CourtWorld) {
  const { network, cases, gateway, stranger } = world;
  const posted = await world.items.post('truth', DISPUTED);
  await world.caughtUp();
  return playAttack(network, {
    name: `${DISPUTED} items that are right are disputed`,
    attackers: [party('challenger', 'loses', [stranger])],
    others: [
      party('gateway', 'keeps', [gateway]),
      party('voters', 'gains', votersOf(world, othersThan([]))),
      runParty(world, 'keeps'),
    ],
    outcome: 'upheld',
    play: async () => {
      const ids: bigint[] = [];
      for (const each of posted) ids.push(await cases.open(stranger, each));
      const plan = { ballots: ballotsOf(world, [], UPHELD, UPHELD) };
      return sayOutcome(await cases.play(new Map(ids.map((id) => [id, plan]))));
    },
  });
}

/** All processes are down; then all vote about the item that the next one disputes. */
async function withoutVoters(world: CourtWorld) {
  const { network, cases, gateway, stranger, watcher } = world;
  const posted = await postOne(world, 'lie');
  return playAttack(network, {
    name: 'a gateway disputes its own lie while nobody votes; another disputes it again',
    attackers: [party('gateway', 'loses', [gateway]), party('second account', 'loses', [stranger])],
    others: [
      party('challenger', 'gains', [watcher]),
      party('voters', 'gains', votersOf(world, othersThan([]))),
      runParty(world, 'gains'),
    ],
    outcome: 'dismissed; then voided',
    play: async () => {
      const first = await cases.open(stranger, posted);
      const blocked = await playOne(world, first, { ballots: ballotsOf(world, [], WRONG, STAYS_AWAY) });
      const second = await cases.open(watcher, posted);
      const again = await playOne(world, second, { ballots: ballotsOf(world, [], UPHELD, WRONG) });
      return `${sayOutcome(blocked)}; then ${sayOutcome(again)}`;
    },
  });
}
