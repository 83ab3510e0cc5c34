import { expect, test } from 'vitest';
import type { ContractAddresses } from '../contracts/deploy.ts';
import type { Hex } from '../protocol/hex.ts';
import { createAbandonment } from './abandoned.ts';
import type { ProverNode } from './node.ts';

const GAME: Hex = '0x01';
const ASSERTION: Hex = '0x02';
const LIMITS = { clockSeconds: 60, demandSeconds: 20 };

/** A game about the assertion that took its turn at second 100; `spent` of the asserter. */
function abandonedAt(game: { lists: number; spent: number; status?: number }, demandDeadline?: bigint) {
  const { lists, spent, status = 1 } = game;
  // The challenger's clock is spent, in the lower 80 bits; what the asserter has paid is above his.
  const players = 60n | (BigInt(spent) << 80n) | (1_000_000n << 120n);
  const answers = { ...LIMITS, gameOf: { status, lists, players, turnedAt: 100 } };
  const demands = demandDeadline === undefined ? [] : [{ assertion: ASSERTION, deadline: demandDeadline }];
  const node = {
    l1: {
      client: { readContract: async (call: { functionName: keyof typeof answers }) => answers[call.functionName] },
    },
    mirror: {
      openGames: async () => [{ id: GAME, assertion: ASSERTION, lists }],
      openDemands: async () => demands,
    },
  };
  const ask = createAbandonment(node as unknown as ProverNode, {} as ContractAddresses);
  return async (seconds: bigint) => (await ask(seconds)).has(ASSERTION);
}

test('an asserter that has used up half of its clock may lose', async () => {
  const first = abandonedAt({ lists: 1, spent: 0 });
  expect(await first(129n)).toBe(false);
  expect(await first(130n)).toBe(true);
  const second = abandonedAt({ lists: 3, spent: 20 });
  expect(await second(109n)).toBe(false);
  expect(await second(110n)).toBe(true);
});

test('the time of the challenger is not the asserter’s', async () => {
  expect(await abandonedAt({ lists: 2, spent: 29 })(1000n)).toBe(false);
  expect(await abandonedAt({ lists: 2, spent: 30 })(100n)).toBe(true);
});

test('a game that is won on L1 and still open in the mirror counts by its winner', async () => {
  expect(await abandonedAt({ lists: 1, spent: 0, status: 2 })(100n)).toBe(true);
  expect(await abandonedAt({ lists: 1, spent: 0, status: 3 })(1000n)).toBe(false);
});

test('so may one that leaves half of the time for a demand', async () => {
  const demanded = abandonedAt({ lists: 2, spent: 0 }, 120n);
  expect(await demanded(109n)).toBe(false);
  expect(await demanded(110n)).toBe(true);
});
