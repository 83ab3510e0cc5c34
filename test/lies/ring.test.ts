// docs/disputes.md#lies: what L1 refuses, who steals from the mempool, and what stands beside and behind a false assertion.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type CorpusWorld, createCorpusWorld } from './corpus-world.ts';
import { slashedAccounts } from './funds.ts';
import { ringGroups } from './pass.ts';
import { playRefused } from './refused.ts';
import { openRing, type Ring } from './ring.ts';
import type { Row } from './row.ts';

let world: CorpusWorld;
let ring: Ring<CorpusWorld>;

beforeAll(async () => {
  world = await createCorpusWorld();
  ring = await openRing(world);
});

afterAll(async () => {
  await ring?.close();
  await world?.close();
});

async function rowsOf(rows: AsyncGenerator<Row>): Promise<Row[]> {
  const all: Row[] = [];
  for await (const row of rows) all.push(row);
  return all;
}

test('every wrong claim is refused', async () => {
  const rows = await rowsOf(playRefused(world));
  expect(rows.filter(({ caught }) => !caught)).toEqual([]);
  expect(rows).toHaveLength(21);
});

test('every group of games ends with the lie caught, the honest side not poorer, and nobody else slashed', async () => {
  for (const [, play] of ringGroups(ring)) {
    const rows = await rowsOf(play());
    expect(rows.filter(({ caught, honest }) => !caught || honest.wonWei < 0n)).toEqual([]);
    expect(rows.length).toBeGreaterThan(2);
  }
  expect(new Set(await slashedAccounts(world.network))).toEqual(new Set([world.sender.address]));
});
