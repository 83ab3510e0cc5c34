// docs/disputes.md#game
import { describe, expect, test } from 'vitest';
import type { Side } from '../node/l1/game-record.ts';
import type { Hex } from '../protocol/hex.ts';
import { toStepInAssertion } from '../protocol/step-numbers.ts';
import {
  type Action,
  firstList,
  type Game,
  LIST_LENGTH,
  listPositions,
  nextAction,
  otherSide,
  segmentLength,
  TRACE_END,
  type TraceOracle,
} from './play.ts';

const word = (value: bigint, salt = 0): Hex => `0x${((BigInt(salt) << 64n) + value).toString(16).padStart(64, '0')}`;

/** A trace that halts after `length` instructions. From position `lieFrom` on it is another one than the true trace. */
function oracle(length: bigint, lieFrom = TRACE_END + 1n, salt = 0): TraceOracle {
  const hashAt = (position: bigint): Hex => {
    const at = position < length ? position : length;
    return position >= lieFrom ? word(at, salt) : word(at);
  };
  return {
    hashesAt: async (positions) => positions.map(hashAt),
    prove: async (position) => new TextEncoder().encode(`${hashAt(position)}>${hashAt(position + 1n)}`),
  };
}

const CLOCK = 1000n;
async function openGame(challenger: TraceOracle): Promise<Game> {
  return {
    id: word(1n, 9),
    assertion: word(2n, 9),
    step: toStepInAssertion(0),
    challenger: '0x00000000000000000000000000000000000000c1',
    turn: 'asserter',
    lists: 1,
    start: word(0n),
    message: word(0n),
    startPosition: 0n,
    list: await firstList(challenger),
    deadline: CLOCK,
  };
}

function apply(game: Game, action: Action & { kind: 'move' }): Game {
  const { segment, list } = action;
  expect(segment.length).toBe(segmentLength(game.lists));
  expect(list).toHaveLength(LIST_LENGTH);
  expect(list.at(-1)).not.toBe(segment.end);
  const { startPosition, start } = segment;
  return { ...game, turn: otherSide(game.turn), lists: game.lists + 1, start, startPosition, list };
}

/** Plays to the one-step proof. Whoever proves has won if the proof is one of the true trace. */
async function play(challenger: TraceOracle, asserter: TraceOracle) {
  let game = await openGame(challenger);
  for (let moves = 1; ; moves++) {
    const side = game.turn;
    const action = await nextAction(game, side, side === 'asserter' ? asserter : challenger, 0n);
    if (action.kind === 'move') game = apply(game, action);
    else return { action, side, moves, game };
  }
}

describe('a whole game', () => {
  for (const lieFrom of [1n, 2n, 31n, 32n, 33n, 1_000n, 999_999n, 1_000_000n, 5_000_000n, 1n << 35n, TRACE_END]) {
    test(`narrows to the instruction before position ${lieFrom}`, async () => {
      const { action, side, game, moves } = await play(oracle(1_000_000n), oracle(1_000_000n, lieFrom, 7));
      expect(moves).toBe(8);
      expect(side).toBe('challenger');
      expect(game.lists).toBe(8);
      if (action.kind !== 'prove') throw new Error(`ended with ${action.kind}`);
      expect(action.segment.startPosition).toBe(lieFrom - 1n);
      expect(action.segment.length).toBe(1n);
    });
  }

  test('behind the end both have the halted machine: the fixpoint is what is proven', async () => {
    const { action } = await play(oracle(10n), oracle(10n, 1n << 39n, 7));
    if (action.kind !== 'prove') throw new Error(`ended with ${action.kind}`);
    expect(action.segment.start).toBe(word(10n));
    expect(new TextDecoder().decode(action.proof)).toContain(`${word(10n)}>`);
  });
});

describe('an honest side against lists that lie', () => {
  const truth = oracle(1_000_000n);

  for (let lists = 1; lists <= 8; lists++) {
    const length = segmentLength(lists);
    for (const index of [0, 1, 17, 31]) {
      test(`list ${lists} wrong from entry ${index} on: that segment is disputed`, async () => {
        const game = await openGame(truth);
        const startPosition = 0n;
        const own = await truth.hashesAt(listPositions(startPosition, length));
        const list = own.map((hash, i) => (i < index ? hash : word(BigInt(i), 5)));
        const turn: Side = lists % 2 === 1 ? 'asserter' : 'challenger';
        const action = await nextAction({ ...game, lists, startPosition, list, turn }, turn, truth, 0n);
        if (action.kind !== 'move' && action.kind !== 'prove') throw new Error(action.kind);
        expect(action.kind).toBe(lists === 8 ? 'prove' : 'move');
        expect(action.segment).toEqual({
          index,
          start: index === 0 ? word(0n) : own[index - 1],
          end: word(BigInt(index), 5),
          startPosition: BigInt(index) * length,
          length,
        });
      });
    }
  }

  test('a single wrong entry between right ones is found', async () => {
    const list = [...(await firstList(truth))];
    list[12] = word(0n, 3);
    const action = await nextAction({ ...(await openGame(truth)), list }, 'asserter', truth, 0n);
    expect(action).toMatchObject({ kind: 'move', segment: { index: 12 } });
  });
});

describe('turns and clocks', () => {
  const truth = oracle(100n);
  const lie = oracle(100n, 50n, 1);

  test('waits for the other side, and claims its time when it is up', async () => {
    const game = await openGame(lie);
    expect(await nextAction(game, 'challenger', lie, CLOCK - 1n)).toEqual({ kind: 'wait' });
    expect(await nextAction(game, 'challenger', lie, CLOCK)).toEqual({ kind: 'timeout' });
  });

  test('moves in the last second and not after it', async () => {
    const game = await openGame(lie);
    expect((await nextAction(game, 'asserter', truth, CLOCK - 1n)).kind).toBe('move');
    expect((await nextAction(game, 'asserter', truth, CLOCK)).kind).toBe('lost');
  });

  test('has nothing to say against its own trace', async () => {
    const action = await nextAction(await openGame(truth), 'asserter', truth, 0n);
    expect(action.kind).toBe('lost');
  });
});
