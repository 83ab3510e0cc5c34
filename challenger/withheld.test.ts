// docs/disputes.md#bytes: an asserter who lies and has given its step list to nobody is rejected all the same.
import type { Abi } from 'viem';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { demandsAbi, mizuTokenAbi, stakeManagerAbi } from '../protocol/generated/abi.ts';
import { ASSERTION_STATUS } from '../protocol/generated/enums.ts';
import type { Address, Hex } from '../protocol/hex.ts';
import { withAccount } from '../service/l1/l1.ts';
import { createSender } from '../service/l1/send.ts';
import { createLogger } from '../service/process/log.ts';
import { keyOf, LIAR, until, VALIDATOR } from '../test/network/network.fixture.ts';
import { createProcess, type TestProcess } from '../test/network/process.fixture.ts';
import { createWithheld, DEMAND_SECONDS, WINDOW_SECONDS, type Withheld } from '../test/network/withheld.fixture.ts';
import { startValidator, type Validator } from './main.ts';

const SCRIPT = new URL('../test/network/validator-process.fixture.ts', import.meta.url);
const MIZU = 10n ** 18n;
const log = createLogger('test', process.env.MIZU_LOG ?? 'silent');

let world: Withheld;
let validator: Validator | undefined;
let child: TestProcess | undefined;

beforeAll(async () => {
  world = await createWithheld();
});

afterEach(async () => {
  await validator?.close();
  validator = undefined;
  await child?.kill('SIGTERM');
});

afterAll(() => world?.close());

const contracts = () => world.network.deployment.addresses;
const read = <T>(request: unknown) => world.network.l1.client.readContract(request as never) as Promise<T>;
const tokensOf = (account: Address) =>
  read<bigint>({ address: contracts().token, abi: mizuTokenAbi, functionName: 'balanceOf', args: [account] });
const stakeOf = (account: Address) =>
  read<bigint>({
    address: contracts().stakeManager,
    abi: stakeManagerAbi,
    functionName: 'activeOf',
    args: [account, 0],
  });
const isRejected = async (id: Hex) => (await world.statusOf(id)) === ASSERTION_STATUS.rejected || undefined;

/** DA is tried for a quarter of the window. */
const endPatience = () => world.network.clock.advance(Math.ceil(WINDOW_SECONDS / 4));

const demandsOf = async (assertion: Hex) =>
  world.network.l1.client.getContractEvents({
    address: contracts().demands,
    abi: demandsAbi,
    eventName: 'BytesDemanded',
    args: { assertion },
    fromBlock: 0n,
  });

test('a liar who stays silent is expired and slashed, and the challenger is richer', async () => {
  validator = await startValidator({ ...world.network.config('validator'), key: keyOf(4), log });
  const [stake, tokens] = await Promise.all([stakeOf(LIAR.address), tokensOf(VALIDATOR.address)]);
  const id = await world.assertFrom(300);
  await endPatience();
  const { demands, attack } = validator.fight!;
  await until('a demand', () => demands.demanded === 1 && demands.bonds === 1);
  expect(await tokensOf(VALIDATOR.address)).toBe(tokens - 5n * MIZU);
  await world.network.clock.advance(DEMAND_SECONDS);
  await until('rejection', () => isRejected(id));
  await until('the money', async () => (await tokensOf(VALIDATOR.address)) > tokens);
  expect(await stakeOf(LIAR.address)).toBe(stake - 100n * MIZU);
  await until('no bond', () => demands.bonds === 0);
  expect(demands).toEqual({ demanded: 1, expired: 1, bonds: 0, bondsWei: 0n });
  expect(attack).toEqual({ opened: 0, leavesRejected: 0 });
  expect(validator.counts).toMatchObject({ faults: 1 });
});

test('a liar who publishes loses the game about what he has shown', async () => {
  validator = await startValidator({ ...world.network.config('validator'), key: keyOf(4), log });
  const [stake, tokens] = await Promise.all([stakeOf(LIAR.address), tokensOf(VALIDATOR.address)]);
  const id = await world.assertFrom(417);
  await endPatience();
  await until('rejection', async () => {
    await world.publish();
    await world.play();
    return isRejected(id);
  });
  const { attack, demands, games } = validator.fight!;
  await until('the count of the proof', () => games.proofs === 1);
  expect(attack.opened).toBe(1);
  expect(games).toMatchObject({ proofs: 1, timeouts: 0 });
  expect(demands).toMatchObject({ demanded: 3, expired: 0 });
  expect(await stakeOf(LIAR.address)).toBe(stake - 100n * MIZU);
  await until(
    'what is left of the bonds',
    async () => demands.bonds === 0 && (await world.node.mirror.demandBonds(VALIDATOR.address)).length === 0,
  );
  // The bonds have paid the liar for publishing; the game's costs were paid one and a half times.
  await until('the money', async () => (await tokensOf(VALIDATOR.address)) > tokens - 2n * MIZU);
});

test('where demands are dear it waits until those that are open are answered', async () => {
  const id = await world.assertFrom(450);
  // Somebody else has one demand open: the next costs 10 MIZU.
  const other = createSender(withAccount(world.network.l1, keyOf(3)));
  const token = { address: contracts().token, abi: mizuTokenAbi as Abi };
  const demands = { address: contracts().demands, abi: demandsAbi as Abi };
  await other.sendAndWait({ ...token, functionName: 'approve', args: [contracts().demands, 5n * MIZU] });
  await other.sendAndWait({ ...demands, functionName: 'demandStep', args: [id, 7n] });
  const log = createLogger('test', 'silent');
  const waits: unknown[] = [];
  log.warn = ((fields: { maxBondWei?: bigint }) => {
    if (fields.maxBondWei !== undefined) waits.push(fields);
  }) as typeof log.warn;
  const config = { ...world.network.config('validator'), key: keyOf(4), maxDemandBondWei: 9n * MIZU, log };
  validator = await startValidator(config);
  await endPatience();
  await until('the wait', () => waits.length === 1);
  expect(waits).toEqual([
    { assertion: id, bondWei: 10n * MIZU, maxBondWei: 9n * MIZU, secondsLeft: expect.any(BigInt) },
  ]);
  expect(validator.fight!.demands.demanded).toBe(0);
  await world.publish();
  await until('a demand', () => validator!.fight!.demands.demanded === 1);
  expect(await read({ ...demands, functionName: 'bondFor', args: [id] })).toBe(10n * MIZU);
  // The contract may take no more for one demand, however dear it becomes while the call is under way.
  const allowed = { ...token, functionName: 'allowance', args: [VALIDATOR.address, contracts().demands] };
  expect(await read<bigint>(allowed)).toBeLessThanOrEqual(9n * MIZU);
  await world.network.clock.advance(DEMAND_SECONDS);
  await until('rejection', () => isRejected(id));
  expect(waits).toHaveLength(1);
});

test('killed between the demands it goes on, and demands nothing twice', async () => {
  child = createProcess(SCRIPT, world.network.config('validator'), { key: keyOf(4) });
  child.start();
  const id = await world.assertFrom(600);
  await endPatience();
  for (const shown of [1, 2, 3]) {
    await until(`demand ${shown}`, async () => (await world.node.mirror.openDemands()).length === 1);
    await child.kill('SIGKILL');
    await world.publish();
    await until(`publication ${shown}`, async () => (await world.node.mirror.publications(id)).length === shown);
    child.start();
  }
  await until('rejection', async () => {
    await world.play();
    return isRejected(id);
  });
  const places = (await demandsOf(id)).map(({ args }) => [args.depth, args.index]);
  expect(places).toEqual([
    [0, 0n],
    [8, 150n],
    [10, 600n],
  ]);
});

test('what many demand at once is published in a few transactions', async () => {
  const id = await world.assertFrom(500);
  const sender = createSender(withAccount(world.network.l1, keyOf(4)));
  const demands = { address: contracts().demands, abi: demandsAbi as Abi };
  // Together they cost 5 * (1 + 2 + ... + 14) MIZU.
  const leaves = Array.from({ length: 14 }, (_, i) => BigInt(i * 30));
  const token = { address: contracts().token, abi: mizuTokenAbi as Abi };
  const tokens = await tokensOf(VALIDATOR.address);
  await sender.sendAndWait({ ...token, functionName: 'approve', args: [contracts().demands, 525n * MIZU] });
  for (const leaf of leaves) await sender.sendAndWait({ ...demands, functionName: 'demandStep', args: [id, leaf] });
  expect(tokens - (await tokensOf(VALIDATOR.address))).toBe(525n * MIZU);
  await until('the demands', async () => (await world.node.mirror.openDemands()).length === leaves.length);
  const nonceOf = () => world.network.l1.client.getTransactionCount({ address: LIAR.address });
  const nonce = await nonceOf();
  for (const [round, left] of [leaves.length - 12, 0].entries()) {
    await world.publish();
    await until(`round ${round}`, async () => (await world.node.mirror.openDemands()).length === left);
  }
  expect(await nonceOf()).toBe(nonce + 2);
  const shown = await world.node.mirror.publications(id);
  expect(shown.map(({ index }) => BigInt(index)).sort((a, b) => Number(a - b))).toEqual(leaves);
});
