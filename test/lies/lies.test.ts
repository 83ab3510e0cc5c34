// docs/disputes.md#lies: some of the lies of `npm run lies`, and a game that L1 takes back in the middle.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startValidator } from '../../challenger/main.ts';
import { KIND } from '../../protocol/constants.ts';
import { mizuTokenAbi } from '../../protocol/generated/abi.ts';
import type { Hex } from '../../protocol/hex.ts';
import { createLogger } from '../../service/process/log.ts';
import { keyOf, USER, until } from '../network/network.fixture.ts';
import { allLies } from './corpus.ts';
import { type CorpusWorld, createCorpusWorld } from './corpus-world.ts';
import type { Lie } from './lie.ts';
import { type LiePlayer, openStage } from './play.ts';

const MIZU = 10n ** 18n;
let world: CorpusWorld;
let stage: LiePlayer;
let lies: Lie[];

beforeAll(async () => {
  world = await createCorpusWorld();
  stage = await openStage(world);
  lies = await allLies(world);
});

afterAll(async () => {
  await stage?.close();
  await world?.close();
});

const lie = (name: string): Lie => lies.find((each) => each.name === name) as Lie;

test('no two lies have a name, and there are enough of them', () => {
  expect(new Set(lies.map(({ name }) => name)).size).toBe(lies.length);
  expect(lies.length).toBeGreaterThanOrEqual(240);
});

test('the range has a step of every kind of message', () => {
  const kinds = new Set(world.inputs.map(({ message }) => message.bytes[0]));
  expect(Object.entries(KIND).filter(([, kind]) => !kinds.has(kind))).toEqual([]);
});

test.each([
  'program: one byte of the output',
  'model: a weight with one bit flipped',
  'model: another label, right up to the last instruction',
  'an item that was voided is refunded one wei more',
  'asserter: disputes and posts garbage from list 2 on',
])('caught by a one-step proof: %s', async (name) => {
  const told = await stage.play(lie(name));
  expect(told).toMatchObject({ caught: true, how: 'one-step proof', lists: 8, liar: { wonWei: -100n * MIZU } });
  expect(told.honest.wonWei).toBeGreaterThan(0n);
});

test('caught by its leaf alone', async () => {
  const told = await stage.play(lie('leaf: its step number'));
  expect(told).toMatchObject({ caught: true, how: 'leaf', lists: 0, liar: { transactions: 1, wonWei: -100n * MIZU } });
});

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
  expect(told).toMatchObject({ caught: true, lists: 8, liar: { wonWei: -100n * MIZU } });
});

test('of two challengers one wins, and the other has his bond back', async () => {
  const { network } = world;
  const { token, dispute } = network.deployment.addresses;
  const tokens = () =>
    network.l1.client.readContract({
      address: token,
      abi: mizuTokenAbi,
      functionName: 'balanceOf',
      args: [USER.address],
    });
  const before = await tokens();
  const second = await startValidator({
    ...network.config('second'),
    key: keyOf(3),
    log: createLogger('second', 'silent'),
  });
  try {
    const told = await stage.play(lie('run: one bit of the state root'));
    expect(told).toMatchObject({ caught: true, liar: { wonWei: -100n * MIZU } });
    await until('no open game', async () => (await second.node.mirror.openGames()).length === 0);
    await until('the bond', async () => (await tokens()) >= before);
    const left = await network.l1.client.readContract({
      address: token,
      abi: mizuTokenAbi,
      functionName: 'balanceOf',
      args: [dispute],
    });
    expect(left).toBe(0n);
  } finally {
    await second.close();
  }
});

test('caught by the clock: silence', async () => {
  const told = await stage.play(lie('asserter: is silent to list 1'));
  expect(told).toMatchObject({ caught: true, how: 'time', lists: 1 });
});
