// docs/audits.md#periods: an L1 with a gateway, a validator's process that looks at all items, and the phases of a period.

import type { Abi } from 'viem';
import { startValidator, type Validator } from '../../../challenger/main.ts';
import { DEVNET_CONFIG } from '../../../contracts/config.ts';
import type { Planted } from '../../../edge/canaries/audits.ts';
import { attestationsAbi, auditsAbi } from '../../../protocol/generated/abi.ts';
import type { Address } from '../../../protocol/hex.ts';
import { createLogger } from '../../../service/process/log.ts';
import type { AskedRun } from '../../network/infer-workflow.fixture.ts';
import { joinGateway } from '../../network/inference.fixture.ts';
import { keyOf, startTestNetwork, type TestNetwork, until } from '../../network/network.fixture.ts';
import { type Actor, actorOf, allow, type Call, createActor, MIZU } from './actors.ts';
import { createPeriods, createPlanter, type Planter } from './canaries.fixture.ts';
import { type Cases, createCases } from './cases.ts';
import { BUILTIN, createItems, type Items, type Kind, type Posted, PRICES } from './items.ts';

/** Every item is drawn for everybody, and no attestation is asked about, so that no row hangs on a hash. */
const SETTINGS = {
  audits: { ...DEVNET_CONFIG.audits, rateBasisPoints: 10_000 },
  sampleOdds: 1_000_000n,
  unbondingSeconds: 3_000,
  // Else the fees would be some wei.
  gasPrice: DEVNET_CONFIG.gasPrice,
};
const FUNDS = 1_000n * MIZU;

export type Canary = { readonly posted: Posted; readonly planted: Planted };

export type AuditWorld = {
  readonly network: TestNetwork;
  readonly items: Items;
  readonly cases: Cases;
  readonly planter: Planter;
  readonly gateway: Actor;
  readonly watcher: Actor;
  /** Of the process: nearly all stake is its own. */
  readonly looker: Actor;
  readonly validator: Validator;
  readonly audits: Call;
  readonly attestations: Call;
  /** Waits for the beginning of a period: all that follows fits into it. */
  startPeriod(): Promise<bigint>;
  /** An item in a run of the user, which is planted before. */
  postCanary(kind: Kind, plant?: (asked: AskedRun) => Promise<readonly Planted[]>): Promise<Canary>;
  /** The process has run the period's items again, and committed to what it has found. */
  lookedAt(period: bigint): Promise<void>;
  /** The phase of the period begins. */
  reach(period: bigint, phase: 'commit' | 'open' | 'reveal'): Promise<void>;
  revealed(period: bigint): Promise<void>;
  /** How many of the period's canaries that count were drawn for the account, and how many it has found. */
  scoreOf(period: bigint, account: Address): Promise<string>;
  close(): Promise<void>;
};

export async function openAuditWorld(): Promise<AuditWorld> {
  const network = await startTestNetwork(SETTINGS);
  try {
    return await buildWorld(network);
  } catch (error) {
    await network.close();
    throw error;
  }
}

async function buildWorld(network: TestNetwork): Promise<AuditWorld> {
  const { clock, deployment, l1 } = network;
  const { inferenceCourt } = deployment.addresses;
  const audits = { address: deployment.addresses.audits, abi: auditsAbi } as const;
  const looker = actorOf(network, keyOf(4));
  await allow(network, looker, inferenceCourt);
  const [gateway, watcher] = [await createActor(network, 0n, []), await createActor(network, FUNDS, [])];
  await joinGateway(network, BUILTIN, gateway.account, PRICES);
  await network.deposit(100n * MIZU);
  const items = await createItems(network, gateway);
  const planter = createPlanter(network, gateway, gateway);
  const log = createLogger('lies', process.env.MIZU_LOG ?? 'silent');
  const settings = { relays: [], payoutWei: 1n, court: { auditRate: 0 }, log };
  const validator = await startValidator({ ...network.config('validator'), key: looker.key, ...settings });
  const periods = createPeriods(network);
  const lookOf = (period: bigint) =>
    l1.client.readContract({ ...audits, functionName: 'lookOf', args: [period, looker.address] });
  return {
    ...{ network, items, planter, gateway, watcher, looker, validator },
    cases: createCases({ network, watcher, bots: () => [looker.address] }),
    audits: { ...audits, abi: auditsAbi as Abi },
    attestations: { address: deployment.addresses.attestations, abi: attestationsAbi as Abi },
    startPeriod: periods.start,
    async postCanary(kind, plant = planter.plant) {
      const planted: Planted[] = [];
      const [posted] = await items.post(kind, 1, async (asked) => void planted.push(...(await plant(asked))));
      return { posted: posted!, planted: planted[0]! };
    },
    async lookedAt(period) {
      await clock.advanceTo((await periods.phasesOf(period)).from);
      await until('a commitment', async () => BigInt((await lookOf(period)).commitment) > 0n);
    },
    async reach(period, phase) {
      const phases = await periods.phasesOf(period);
      // A phase begins when the one before it ends.
      const begin = { commit: phases.from, open: phases.commit, reveal: phases.open }[phase];
      await clock.advanceTo(begin);
    },
    async revealed(period) {
      await until('the findings', async () => (await lookOf(period)).revealed);
      // What is made from now on is made by who had this standing a second before.
      await clock.advanceTo((await periods.phasesOf(period)).reveal + 1n);
    },
    async scoreOf(period, account) {
      const args = [period, account] as const;
      const [examined, found] = await l1.client.readContract({ ...audits, functionName: 'scoreOf', args });
      return `${found} of ${examined}`;
    },
    async close() {
      await validator.close();
      await network.close();
    },
  };
}
