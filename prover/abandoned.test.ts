import { expect, test } from 'vitest';
import type { ContractAddresses } from '../contracts/deploy.ts';
import type { NetworkNode } from '../node/node.ts';
import { DEMAND_STATUS, GAME_STATUS } from '../protocol/generated/enums.ts';
import type { Hex } from '../protocol/hex.ts';
import { createAbandonment } from './abandoned.ts';

const GAME: Hex = '0x01';
const ASSERTION: Hex = '0x02';
const DEMAND: Hex = '0x03';
const LIMITS = { clockSeconds: 60, demandSeconds: 20 };

type Game = { readonly lists: number; readonly spent: number; readonly status?: number; readonly mirrored?: number };
type Demand = { readonly deadline: bigint; readonly status?: number };

/**
 * A game about the assertion, whose turn began at second 100. `spent`: the asserter's seconds. `mirrored`: the lists
 * that the mirror has seen.
 */
function abandonedAt({ lists, spent, status = GAME_STATUS.open, mirrored = lists }: Game, demand?: Demand) {
  // The lower 80 bits are the challenger's; then come the asserter's clock and what the asserter has paid.
  const players = 60n | (BigInt(spent) << 80n) | (1_000_000n << 120n);
  const demandOf = { status: demand?.status ?? DEMAND_STATUS.open };
  const answers = { ...LIMITS, gameOf: { status, lists, players, turnedAt: 100 }, demandOf };
  const demands = demand === undefined ? [] : [{ id: DEMAND, assertion: ASSERTION, deadline: demand.deadline }];
  const node = {
    l1: {
      client: { readContract: async (call: { functionName: keyof typeof answers }) => answers[call.functionName] },
    },
    mirror: {
      openGames: async () => [{ id: GAME, assertion: ASSERTION, lists: mirrored }],
      openDemands: async () => demands,
    },
  };
  const ask = createAbandonment(node as unknown as NetworkNode, {} as ContractAddresses);
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
  expect(await abandonedAt({ lists: 1, spent: 0, status: GAME_STATUS.challengerWon })(100n)).toBe(true);
  expect(await abandonedAt({ lists: 1, spent: 0, status: GAME_STATUS.asserterWon })(1000n)).toBe(false);
});

test('an asserter that has let half of the time of a demand pass may lose', async () => {
  const demanded = abandonedAt({ lists: 2, spent: 0 }, { deadline: 120n });
  expect(await demanded(109n)).toBe(false);
  expect(await demanded(110n)).toBe(true);
});

test('what was answered on L1 and not yet in the mirror is not late', async () => {
  expect(await abandonedAt({ lists: 2, mirrored: 1, spent: 20 })(1000n)).toBe(false);
  expect(await abandonedAt({ lists: 2, spent: 0 }, { deadline: 120n, status: DEMAND_STATUS.published })(119n)).toBe(
    false,
  );
});

test('a game that was once on time is read again when it looks late', async () => {
  const game = { lists: 1, spent: 0 };
  const seen = { status: GAME_STATUS.open, lists: 1, players: 60n, turnedAt: 100 };
  const node = {
    l1: {
      client: {
        readContract: async ({ functionName }: { functionName: string }) =>
          functionName === 'gameOf' ? { ...seen } : LIMITS[functionName as keyof typeof LIMITS],
      },
    },
    mirror: {
      openGames: async () => [{ id: GAME, assertion: ASSERTION, lists: game.lists }],
      openDemands: async () => [],
    },
  };
  const ask = createAbandonment(node as unknown as NetworkNode, {} as ContractAddresses);
  expect((await ask(101n)).size).toBe(0);
  // The answer is in a block that the mirror has not seen; L1's head is far later.
  seen.lists = 2;
  expect((await ask(1000n)).size).toBe(0);
});
