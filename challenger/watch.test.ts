// docs/prover.md#validator: what a validator says it would send, and what its metrics page says of a game.
import pino from 'pino';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { DEVNET_CONFIG } from '../contracts/config.ts';
import type { Seat } from '../dispute/seat.ts';
import { takeSeat } from '../dispute/seat.ts';
import type { Hex } from '../protocol/hex.ts';
import { LEAF_BYTES } from '../protocol/tree.ts';
import { createLogger, type Logger } from '../service/process/log.ts';
import { type Lie, lyingOracle } from '../test/lies/lie.ts';
import { createLieWorld, type LieWorld, trueLeafAfter } from '../test/lies/world.ts';
import { keyOf, until, VALIDATOR } from '../test/network/network.fixture.ts';
import { startValidator, type Validator } from './main.ts';

const STEP = 3;
const BOND = 50e18;
const CLOCK_SECONDS = DEVNET_CONFIG.clockSeconds;
const silent = createLogger('test', process.env.MIZU_LOG ?? 'silent');
let world: LieWorld;
let seat: Seat;
let validator: Validator | undefined;
let wrong: Hex;

beforeAll(async () => {
  world = await createLieWorld();
  const leaf = trueLeafAfter(world, STEP);
  leaf[63] = (leaf[63] as number) ^ 1;
  const lie: Lie = { name: 'a receipt', step: STEP, leaf, from: 50_000n };
  const { node, sender, network } = world;
  const contracts = network.deployment.addresses;
  seat = await takeSeat({
    node,
    contracts,
    sender,
    side: 'asserter',
    log: silent,
    told: (own) => lyingOracle(own, lie, trueLeafAfter(world, STEP)),
  });
  const steps = world.steps.slice();
  steps.set(leaf, (STEP + 1) * LEAF_BYTES);
  wrong = await world.assert(steps);
});

afterAll(async () => {
  await validator?.close();
  await seat?.close();
  await world?.close();
});

const start = (changes: { dryRun?: boolean; log?: Logger }) =>
  startValidator({ ...world.network.config('validator'), key: keyOf(4), http: { port: 0 }, log: silent, ...changes });

const sent = () => world.network.l1.client.getTransactionCount({ address: VALIDATOR.address });

/** Waits for a list of the game, whether it is open or not: the proof may follow list 8 at once. */
async function liarMoves(lists: number): Promise<void> {
  const { mirror } = world.node;
  const { id } = await until('the game', async () => (await mirror.openGames())[0]);
  await until(`list ${lists}`, async () => {
    await seat.player.playNext((await world.network.l1.client.getBlock()).timestamp);
    return ((await mirror.game(id))?.lists ?? 0) >= lists || undefined;
  });
}

/** The values of the metrics page whose names begin with `mizu_validator_`. */
async function metricsOf({ url }: Validator): Promise<Record<string, number>> {
  const page = await (await fetch(`${url}/metrics`)).text();
  return Object.fromEntries(
    [...page.matchAll(/^mizu_validator_(\w+) (\S+)$/gm)].map(([, name, value]) => [name, Number(value)]),
  );
}

const metric = (name: string, isSo: (value: number) => boolean) =>
  until(`${name}`, async () => {
    const metrics = await metricsOf(validator as Validator);
    return isSo(metrics[name] as number) ? metrics : undefined;
  });

test('a dry run sends nothing, and says once what it would send', async () => {
  const said: string[] = [];
  const read = (line: string) => {
    const { msg, call, about } = JSON.parse(line) as Record<string, string>;
    if (msg?.startsWith('dry run')) said.push(`${call} ${about}`);
  };
  const log = pino({ level: 'info' }, { write: read });
  validator = await start({ dryRun: true, log });
  await until('what it would send', () => said.length >= 2);
  const lastBlock = (await world.network.l1.client.getBlockNumber()) + 5n;
  await until('five more blocks', async () => (await world.network.l1.client.getBlockNumber()) >= lastBlock);
  expect(said).toEqual([`approve ${world.network.deployment.addresses.dispute}`, `open ${wrong}`]);
  expect(await sent()).toBe(0);
  expect(await metricsOf(validator)).toMatchObject({ games_open: 0, games_opened: 0, bond_at_risk_wei: 0 });
  await validator.close();
});

test('the page tells of an open game, after a restart too, and of its end', async () => {
  validator = await start({});
  await metric('games_opened', (opened) => opened === 1);
  expect(await metric('games_open', (open) => open === 1)).toMatchObject({ games_opened: 1, bond_at_risk_wei: BOND });
  await liarMoves(2);
  await metric('game_moves', (moves) => moves === 1);
  await metric('clock_left_seconds', (left) => left === CLOCK_SECONDS);
  await validator.close();
  validator = await start({});
  const again = await metric('games_open', (open) => open === 1);
  expect(again).toMatchObject({ games_opened: 0, game_moves: 0, bond_at_risk_wei: BOND });
  await metric('clock_left_seconds', (left) => left === CLOCK_SECONDS);
  for (const lists of [4, 6, 8]) await liarMoves(lists);
  const after = await metric('game_proofs', (proofs) => proofs === 1);
  expect(after.game_moves).toBe(2);
  expect(await metric('games_open', (open) => open === 0)).toMatchObject({
    bond_at_risk_wei: 0,
    clock_left_seconds: 0,
  });
});
