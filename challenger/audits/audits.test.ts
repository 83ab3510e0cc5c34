// docs/audits.md#bot: validators that look find a canary and keep their share; one that does not loses it. Whoever lies beside
// the canary is disputed.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { DEVNET_CONFIG } from '../../contracts/config.ts';
import type { Planted } from '../../edge/canaries/audits.ts';
import { auditsAbi, inferenceCourtAbi } from '../../protocol/generated/abi.ts';
import { CASE_STATUS } from '../../protocol/generated/enums.ts';
import type { Address } from '../../protocol/hex.ts';
import { createLogger } from '../../service/process/log.ts';
import { type Actor, createActor, MIZU } from '../../test/lies/court/actors.ts';
import { createPeriods, createPlanter, type Periods, type Planter } from '../../test/lies/court/canaries.fixture.ts';
import { BUILTIN, createItems, type Items, type Posted, PRICES } from '../../test/lies/court/items.ts';
import { joinGateway } from '../../test/network/inference.fixture.ts';
import { startTestNetwork, type TestNetwork, until } from '../../test/network/network.fixture.ts';
import { runMain } from '../../test/network/run-main.fixture.ts';
import { startValidator, type Validator } from '../main.ts';

/** Of each of those that look: two thirds of all, so that they can decide a case. */
const STAKE = 20_000n * MIZU;
/** Everything is drawn for everybody, so that the test hangs on no hash. */
const AUDITS = { ...DEVNET_CONFIG.audits, rateBasisPoints: 10_000 };
const log = createLogger('test', process.env.MIZU_LOG ?? 'silent');

let network: TestNetwork;
let items: Items;
let periods: Periods;
let planter: Planter;
let idle: Address;
let actors: Actor[];
let validators: Validator[];

const seatOf = ({ fight }: Validator) => fight!.court!;
const audits = () => ({ address: network.deployment.addresses.audits, abi: auditsAbi }) as const;
const court = () => ({ address: network.deployment.addresses.inferenceCourt, abi: inferenceCourtAbi }) as const;
const losesShare = async (account: Address) => {
  const args = [account, await network.clock.now()] as const;
  return network.l1.client.readContract({ ...audits(), functionName: 'losesShare', args });
};
const cases = () => network.l1.client.readContract({ ...court(), functionName: 'caseCount' });

async function attest(account: Address): Promise<string> {
  const flags = ['--l1', network.anvil.url, '--rollup', network.deployment.addresses.rollup, '--chain-id', '31337'];
  return (await runMain('attest', '--account', account, ...flags)).text;
}

/** None of them audits by itself. */
const startOne = (i: number) =>
  startValidator({
    ...network.config(`validator-${i}`),
    key: actors[i]!.key,
    relays: [],
    court: { auditRate: 0 },
    log,
  });

async function postCanary(): Promise<{ posted: Posted; planted: Planted }> {
  const planted: Planted[] = [];
  const [posted] = await items.post('lie', 1, async (asked) => {
    planted.push(...(await planter.plant(asked)));
  });
  return { posted: posted!, planted: planted[0]! };
}

/** Everybody has committed: they reveal, nobody appeals, and somebody executes it. */
async function endCase(id: bigint, expected: number): Promise<void> {
  const { client } = network.l1;
  const ends = await client.readContract({ ...court(), functionName: 'deadlinesOf', args: [id] });
  await network.clock.advanceTo(ends.commit);
  await until('all have revealed', async () => {
    const tally = await client.readContract({ ...court(), functionName: 'tallyOf', args: [id, 1n] });
    return tally.upheld + tally.wrong === 3n * STAKE || undefined;
  });
  await network.clock.advanceTo(ends.reveal);
  await network.clock.advanceTo(ends.appeal);
  await network.clock.advance(DEVNET_CONFIG.court.vetoSeconds);
  await until('it is closed', async () => {
    const { status } = await client.readContract({ ...court(), functionName: 'caseOf', args: [id] });
    return status === expected || undefined;
  });
}

beforeAll(async () => {
  network = await startTestNetwork({ audits: AUDITS });
  periods = createPeriods(network);
  const { inferenceCourt } = network.deployment.addresses;
  const gateway = await createActor(network, 0n, []);
  idle = (await createActor(network, 0n, [])).address;
  actors = [];
  for (let i = 0; i < 3; i++) actors.push(await createActor(network, 1_000n * MIZU, [inferenceCourt]));
  for (const { address } of actors) await network.stake(address, 'validator', STAKE);
  await network.stake(idle, 'validator', STAKE / 20n);
  await joinGateway(network, BUILTIN, gateway.account, PRICES);
  await network.deposit(100n * MIZU);
  items = await createItems(network, gateway);
  planter = createPlanter(network, await createActor(network, 0n, []), gateway);
  validators = await Promise.all(actors.map((_, i) => startOne(i)));
});

afterAll(async () => {
  await Promise.all((validators ?? []).map((validator) => validator.close()));
  await network?.close();
});

test('who looks finds a canary, who does not loses its share, and a lie beside it is disputed afterwards', async () => {
  const period = await periods.start();
  const { posted, planted } = await postCanary();
  const [lie] = await items.post('lie');
  await items.post('truth');
  const phases = await periods.phasesOf(period);
  await network.clock.advanceTo(phases.from);
  await until('all have committed', () => validators.every((one) => seatOf(one).exams.committed === 1));
  expect(validators.map((one) => ({ ...seatOf(one).looks }))).toEqual(Array(3).fill({ looked: 3, found: 2 }));
  // A validator that is killed now reveals all the same: what it has committed to lies in its store.
  await validators[2]!.close();
  validators[2] = await startOne(2);
  await network.clock.advanceTo(phases.commit);
  expect(await planter.open(posted, planted)).toBe(undefined);
  expect(await cases()).toBe(0n);
  await network.clock.advanceTo(phases.open);
  await until('all have revealed', () => validators.every((one) => seatOf(one).exams.revealed === 1));
  await until('the lie is disputed', async () => ((await cases()) === 1n ? true : undefined));
  const about = await network.l1.client.readContract({
    ...court(),
    functionName: 'caseAbout',
    args: [await planter.placeOf(lie!)],
  });
  expect(about).toBe(1n);
  await until('all have voted', () => validators.every((one) => seatOf(one).votes.committed === 1));
  await network.clock.advanceTo(phases.reveal);
  expect(await Promise.all(actors.map(({ address }) => losesShare(address)))).toEqual([false, false, false]);
  expect(await losesShare(idle)).toBe(true);
  expect(await attest(actors[0]!.address)).toContain(
    'audits    1 found of 1 canaries that were drawn for it within 8 min 0 s: it keeps its share',
  );
  expect(await attest(idle)).toContain(
    'audits    0 found of 1 canaries that were drawn for it within 8 min 0 s: what it attests now earns it nothing',
  );
  await endCase(1n, CASE_STATUS.voided);
});

test('a canary that is disputed at once is opened, and upheld', async () => {
  await periods.start();
  const { posted, planted } = await postCanary();
  await until(
    'it is executed',
    () => validators.every(({ node }) => node.execution.batches() === items.batches()) || undefined,
  );
  const hasty = await createActor(network, 1_000n * MIZU, [court().address]);
  await hasty.send(court(), 'open', [posted.shown]);
  const id = await cases();
  const committed = validators.map((one) => seatOf(one).votes.committed);
  // Whoever has found it wrong waits until the commit phase is nearly over; then it was opened.
  expect(await planter.open(posted, planted)).toBe(undefined);
  await until('all have voted', () => validators.every((one, i) => seatOf(one).votes.committed > committed[i]!));
  await endCase(id, CASE_STATUS.upheld);
});
