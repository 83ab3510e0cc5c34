// docs/disputes.md#lies: moves that L1 refuses: late, of a closed game, to another list, out of turn, with a wrong proof.
import { encodeGameKey, encodePosted, encodeSegment } from '../../dispute/calls.ts';
import type { GameRecord } from '../../node/l1/game-record.ts';
import { ASSERTION_STATUS } from '../../protocol/generated/enums.ts';
import { bytesToHex, type Hex } from '../../protocol/hex.ts';
import type { Sender } from '../../service/l1/send.ts';
import { encodeHalted } from '../../vm/step/encode.ts';
import { LIAR, VALIDATOR } from '../network/network.fixture.ts';
import { type Lie, scramble } from './lie.ts';
import { CLOCK_SECONDS } from './play.ts';
import { refusalOf } from './refusal.ts';
import { disputeCall, type Ring } from './ring.ts';
import { type LieOutcome, measure, type Row } from './row.ts';

const PARTIES = { honest: [VALIDATOR.address], liars: [LIAR.address] };
const WORD: Hex = `0x${'44'.repeat(32)}`;
export const GARBAGE = Array.from({ length: 32 }, (_, i) => scramble(WORD, BigInt(i)));

const FAILED_MACHINE = bytesToHex(encodeHalted({ kind: 'failed' }));

type Attempt = readonly [name: string, error: string, by: Sender, functionName: string, args: readonly unknown[]];

/** `lieOf`: a lie that has not been told yet. */
export async function* playMoves(ring: Ring, lieOf: (name: string) => Lie): AsyncGenerator<Row> {
  const { network, sender } = ring.world;
  const row = (name: string, play: () => Promise<LieOutcome>) => measure(network, `move: ${name}`, PARTIES, play);
  const refuse = async ([, error, by, functionName, args]: Attempt): Promise<LieOutcome> => {
    const said = await refusalOf(by, disputeCall(ring.world, functionName, args));
    return { caught: said === error, how: `refused by L1: ${said ?? 'it is not'}`, lists: 0 };
  };

  const tried: Row[] = [];
  let closed: { readonly key: ReturnType<typeof encodeGameKey>; readonly lastMove: readonly unknown[] } | undefined;
  const whole = await row('the game in which all these were tried', async () => {
    const assertion = await ring.assert(lieOf('moves that L1 refuses'));
    const early = encodePosted(await ring.playTo(assertion, 1));
    const third = await ring.playTo(assertion, 3);
    for (const attempt of attemptsAt(third, early, sender, ring.honestSender))
      tried.push(await row(attempt[0], () => refuse(attempt)));
    const lastMove = await ring.moveOf(await ring.playTo(assertion, 7));
    const eighth = await ring.playTo(assertion, 8);
    for (const attempt of attemptsAtEnd(eighth, lastMove, sender, ring.honestSender))
      tried.push(await row(attempt[0], () => refuse(attempt)));
    closed = { key: encodeGameKey(eighth), lastMove };
    return { caught: (await ring.playOut(assertion)) === ASSERTION_STATUS.rejected, how: 'one-step proof', lists: 8 };
  });
  yield* tried;
  yield whole;
  if (closed === undefined) throw new Error('the game has not been played');
  const { key, lastMove } = closed;
  yield await row('in a closed game', () => refuse(['', 'GameStatusMismatch', sender, 'move', lastMove]));
  yield await row('timeout of a closed game', () => refuse(['', 'GameStatusMismatch', sender, 'timeout', [key]]));

  for (const lists of [1, 5]) {
    yield await row(`late, in answer to list ${lists}`, async () => {
      const late = await ring.assert(lieOf(`late to list ${lists}`));
      const game = await ring.playTo(late, lists);
      const args = await ring.moveOf(game);
      await ring.wait(CLOCK_SECONDS);
      const { caught, how } = await refuse(['', 'TimeIsUp', sender, 'move', args]);
      const status = await ring.playOut(late);
      return { caught: caught && status === ASSERTION_STATUS.rejected, how: `${how}, then time`, lists };
    });
  }
}

/** The asserter is to answer list 3. */
function attemptsAt(game: GameRecord, early: ReturnType<typeof encodePosted>, liar: Sender, honest: Sender): Attempt[] {
  const { list, start } = game;
  const key = encodeGameKey(game);
  const posted = encodePosted(game);
  const segment = encodeSegment(list, { index: 0, start, end: list[0] as Hex });
  const agreed = [...GARBAGE.slice(0, 31), list[0] as Hex];
  return [
    ['to an earlier list', 'ListMismatch', liar, 'move', [key, early, segment, GARBAGE]],
    ['to another list', 'ListMismatch', liar, 'move', [key, { ...posted, root: WORD }, segment, GARBAGE]],
    ['from another start', 'ListMismatch', liar, 'move', [key, { ...posted, start: WORD }, segment, GARBAGE]],
    [
      'about a segment whose end is not in the list',
      'EntriesMismatch',
      liar,
      'move',
      [key, posted, { ...segment, end: WORD }, GARBAGE],
    ],
    [
      'about a segment whose start is not in the list',
      'StartMismatch',
      liar,
      'move',
      [key, posted, { ...segment, start: WORD }, GARBAGE],
    ],
    ['about a 33rd segment', 'SegmentOutOfRange', liar, 'move', [key, posted, { ...segment, index: 32n }, GARBAGE]],
    ['that disputes nothing', 'EndsAgree', liar, 'move', [key, posted, segment, agreed]],
    ['a proof before the last list', 'ListCountMismatch', liar, 'prove', [key, posted, segment, '0x0902']],
    ['a timeout while there is time', 'TimeIsLeft', liar, 'timeout', [key]],
    ['out of turn', 'NotPlayer', honest, 'move', [key, posted, segment, GARBAGE]],
    ['a refund of a game that goes on', 'AssertionStatusMismatch', honest, 'refund', [key]],
    [
      'of a game that there is not',
      'GameStatusMismatch',
      liar,
      'move',
      [{ ...key, index: key.index + 1n }, posted, segment, GARBAGE],
    ],
  ];
}

/** The challenger is to prove. */
function attemptsAtEnd(game: GameRecord, lastMove: readonly unknown[], liar: Sender, honest: Sender): Attempt[] {
  const { list, start } = game;
  const key = encodeGameKey(game);
  const posted = encodePosted(game);
  const segment = encodeSegment(list, { index: 0, start, end: list[0] as Hex });
  return [
    ['a proof about another machine', 'StartMismatch', honest, 'prove', [key, posted, segment, FAILED_MACHINE]],
    ['a ninth list', 'ListCountMismatch', honest, 'move', [key, posted, segment, GARBAGE]],
    ['the last move once more', 'NotPlayer', liar, 'move', lastMove],
  ];
}
