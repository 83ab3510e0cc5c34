// docs/disputes.md#playing: the dispute that `npm run bench -- dispute` measures, about a shorter step.
import { expect, test } from 'vitest';
import { loopProgram } from '../../bench/dispute.ts';
import { playDuel } from './duel.ts';

test('two processes play a dispute to its one instruction, and every transaction is told', async () => {
  const duel = await playDuel(await loopProgram(100_000));
  expect(duel).toMatchObject({ rejected: true, instructions: expect.any(BigInt) });
  expect(duel.instructions).toBeGreaterThan(400_000n);
  expect(duel.liesAt).toMatch(/ of program 0x[0-9a-f]{64}, /);
  const game = duel.transactions.filter(({ call }) => ['open', 'move', 'prove'].includes(call));
  expect(game.map(({ by, call }) => `${by} ${call}`)).toEqual([
    'challenger open',
    ...['liar', 'challenger', 'liar', 'challenger', 'liar', 'challenger', 'liar'].map((by) => `${by} move`),
    'challenger prove',
  ]);
  for (const { traceSeconds, gas, floorGas } of game) {
    expect(traceSeconds).toBeGreaterThan(0);
    expect(gas).toBeGreaterThanOrEqual(floorGas);
  }
  expect(duel.seconds).toBeGreaterThan(duel.otherSeconds);
  expect(duel.sides.map(({ transactions }) => transactions)).toEqual([8, 4]);
});
