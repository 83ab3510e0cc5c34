// docs/disputes.md: some of the lies of `npm run lies`, and a game that L1 takes back in the middle.
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Hex } from '../../protocol/hex.ts';
import { leafLies } from './leaves.ts';
import type { Lie } from './lie.ts';
import { openStage, type Stage } from './play.ts';
import { createWorld, type World } from './world.ts';

const MIZU = 10n ** 18n;
let world: World;
let stage: Stage;
let lies: Lie[];

beforeAll(async () => {
  world = await createWorld();
  stage = await openStage(world);
  lies = await leafLies(world);
}, 120_000);

afterAll(async () => {
  await stage?.close();
  await world?.close();
}, 60_000);

const lie = (name: string): Lie => lies.find((each) => each.name === name) as Lie;

test('no two lies have a name, and there are enough of them', () => {
  expect(new Set(lies.map(({ name }) => name)).size).toBe(lies.length);
  expect(lies.length).toBeGreaterThanOrEqual(50);
});

test.each(['program: one byte of the output', 'plays garbage in every list'])(
  'caught by a one-step proof: %s',
  async (name) => {
    const told = await stage.play(lie(name));
    expect(told).toMatchObject({ caught: true, how: 'one-step proof', lists: 8, liar: { lostWei: 100n * MIZU } });
    expect(told.challenger.wonWei).toBeGreaterThan(0n);
  },
  120_000,
);

test('caught by its leaf alone', async () => {
  const told = await stage.play(lie('leaf: its step number'));
  expect(told).toMatchObject({ caught: true, how: 'leaf', lists: 0, liar: { transactions: 0, lostWei: 100n * MIZU } });
}, 120_000);

test('a reorganisation of L1 in the middle of a game is survived', async () => {
  const { chain } = world.network;
  let snapshot: Hex | undefined;
  let isBack = false;
  const told = await stage.play(lie('deploy: one bit of the state root'), async (lists) => {
    if (lists >= 2) snapshot ??= await chain.snapshot();
    if (lists < 5 || isBack || snapshot === undefined) return;
    await chain.revert({ id: snapshot });
    isBack = true;
  });
  expect(isBack).toBe(true);
  expect(told).toMatchObject({ caught: true, lists: 8, liar: { lostWei: 100n * MIZU } });
}, 180_000);

test('caught by the clock: silence', async () => {
  const told = await stage.play(lie('is silent'));
  expect(told).toMatchObject({ caught: true, how: 'time', lists: 1 });
}, 120_000);
