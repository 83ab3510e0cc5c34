// docs/attestations.md#sample-games
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Hex } from '../protocol/hex.ts';
import { toStepInAssertion } from '../protocol/step-numbers.ts';
import { firstList, type Game, nextAction, otherSide, type TraceOracle } from './play.ts';
import { SAMPLE_RANGE, standStillFrom } from './sample-arena.ts';

const word = (value: bigint, salt = 0): Hex => `0x${((BigInt(salt) << 64n) + value).toString(16).padStart(64, '0')}`;

/** A trace that goes on for ever. From position `lieFrom` on it is another one. */
function trace(lieFrom = 1n << 60n, salt = 7): TraceOracle {
  const hashAt = (position: bigint) => (position < lieFrom ? word(position) : word(position, salt));
  return {
    hashesAt: async (positions) => positions.map(hashAt),
    prove: async (position) => new TextEncoder().encode(`${hashAt(position)}>${hashAt(position + 1n)}`),
  };
}

async function play(challenger: TraceOracle, attester: TraceOracle) {
  let game: Game = {
    id: word(1n, 9),
    assertion: word(2n, 9),
    step: toStepInAssertion(0),
    challenger: '0x00000000000000000000000000000000000000c1',
    turn: 'asserter',
    lists: 1,
    start: word(0n),
    message: word(0n),
    startPosition: 0n,
    list: await firstList(challenger, SAMPLE_RANGE),
    deadline: 1000n,
    range: SAMPLE_RANGE,
  };
  for (;;) {
    const action = await nextAction(game, game.turn, game.turn === 'asserter' ? attester : challenger, 0n);
    if (action.kind !== 'move') return { action, lists: game.lists, turn: game.turn };
    const { segment, list } = action;
    const moved = { start: segment.start, startPosition: segment.startPosition, list, lists: game.lists + 1 };
    game = { ...game, ...moved, turn: otherSide(game.turn) };
  }
}

const position = fc.bigInt({ min: 1n << 10n, max: (1n << 23n) - 1n });

test('the attester of a true machine answers the fifth list with the step where a challenge goes wrong', async () => {
  await fc.assert(
    fc.asyncProperty(position, fc.bigInt({ min: 1n, max: SAMPLE_RANGE }), async (sample, lieFrom) => {
      const truth = standStillFrom(trace(), sample);
      // Who lies from behind the sample on denies that the trace stands still there.
      const lie: TraceOracle = {
        ...truth,
        hashesAt: async (all) =>
          (await truth.hashesAt(all)).map((own, i) => (all[i]! < lieFrom ? own : word(all[i]!, 8))),
      };
      const { action, lists, turn } = await play(lie, truth);
      expect({ kind: action.kind, lists, turn }).toEqual({ kind: 'prove', lists: 5, turn: 'asserter' });
      if (action.kind !== 'prove') return;
      expect(action.segment.startPosition + 1n).toBe(lieFrom);
      const at = lieFrom - 1n;
      expect(new TextDecoder().decode(action.proof)).toBe(at < sample ? `${word(at)}>${word(at + 1n)}` : '');
    }),
    { numRuns: 50 },
  );
});

test('against a true list there is nothing to answer for who lies as well as he can', async () => {
  await fc.assert(
    fc.asyncProperty(position, fc.double({ min: 0, max: 1, noNaN: true }), async (sample, part) => {
      const lieFrom = 1n + BigInt(Math.floor(part * Number(sample - 1n)));
      const liar = standStillFrom(trace(lieFrom), sample);
      const { action, lists } = await play(standStillFrom(trace(), sample), liar);
      expect({ kind: action.kind, lists }).toEqual({ kind: 'prove', lists: 5 });
      if (action.kind !== 'prove') return;
      // His proof ends as the list says, if L1 executes the step.
      expect(action.segment).toMatchObject({ startPosition: lieFrom - 1n, end: word(lieFrom) });
    }),
    { numRuns: 50 },
  );
});
