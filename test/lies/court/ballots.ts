// docs/court.md#votes: a voter that does not do what a vote takes: it copies, is late, looks first and keeps silent, or stays away.
import { type AttackRow, playAttack } from './attack.ts';
import type { VoterConduct } from './cases.ts';
import {
  ballotsOf,
  LATE,
  othersThan,
  party,
  playOne,
  postOne,
  runParty,
  SILENT,
  STAYS_AWAY,
  sayOutcome,
  UNAVAILABLE,
  UPHELD,
  votersOf,
  WRONG,
} from './parts.ts';
import type { CourtWorld, VoterName } from './world.ts';

const CHEAT: VoterName = 'b';
const COPIED: VoterName = 'a';

export async function* playBallots(world: CourtWorld): AsyncGenerator<AttackRow> {
  yield await withheld(world);
  const copies: VoterConduct = { kind: 'copies', of: world.voters[COPIED] };
  const paid = '25 MIZU for penalties to processes';
  yield await cheat(
    world,
    'a voter copies the commitment of another',
    copies,
    `voided; refused: CommitmentMismatch; ${paid}`,
  );
  yield await cheat(world, 'a voter reveals late', LATE, `voided; refused: TooLate; ${paid}`);
  yield await cheat(world, 'a voter commits and does not reveal', SILENT, `voided; ${paid}`);
  yield await cheat(world, 'a voter does not commit', STAYS_AWAY, 'voided; 5 MIZU for penalties to processes');
}

async function cheat(world: CourtWorld, name: string, conduct: VoterConduct, outcome: string) {
  const { network, cases, gateway, stranger } = world;
  const posted = await postOne(world, 'lie');
  return playAttack(network, {
    name,
    attackers: [party('gateway', 'loses', [gateway]), party('the voter', 'loses', votersOf(world, [CHEAT]))],
    others: [
      party('challenger', 'gains', [stranger]),
      party('voters', 'gains', votersOf(world, othersThan([CHEAT]))),
      runParty(world, 'gains'),
    ],
    outcome,
    play: async () => {
      const id = await cases.open(stranger, posted);
      return sayOutcome(await playOne(world, id, { ballots: ballotsOf(world, [CHEAT], conduct, WRONG) }));
    },
  });
}

/** Its committee has promised the answer, and no member has it. */
async function withheld(world: CourtWorld) {
  const { network, cases, gateway, stranger } = world;
  const posted = await postOne(world, 'withheld');
  return playAttack(network, {
    name: 'the answer is withheld: it is UNAVAILABLE',
    attackers: [party('gateway', 'loses', [gateway])],
    others: [
      party('challenger', 'gains', [stranger]),
      party('voters', 'gains', votersOf(world, othersThan([]))),
      runParty(world, 'gains'),
    ],
    outcome: 'voided',
    play: async () => {
      const id = await cases.open(stranger, posted);
      return sayOutcome(await playOne(world, id, { ballots: ballotsOf(world, [], UPHELD, UNAVAILABLE) }));
    },
  });
}
