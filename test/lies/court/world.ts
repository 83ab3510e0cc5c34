// docs/court.md#attacks: an L1 with a gateway, a court and seven validators, two of whom are processes that run items again.
import type { Abi } from 'viem';
import { startValidator, type Validator } from '../../../challenger/main.ts';
import { stakeManagerAbi } from '../../../protocol/generated/abi.ts';
import type { Address } from '../../../protocol/hex.ts';
import { ROLE } from '../../../protocol/roles.ts';
import { createLogger } from '../../../service/process/log.ts';
import { joinGateway } from '../../network/inference.fixture.ts';
import { keyOf, startTestNetwork, type TestNetwork, until } from '../../network/network.fixture.ts';
import { type Actor, actorOf, allow, createActor, MIZU } from './actors.ts';
import { type Cases, createCases } from './cases.ts';
import { BUILTIN, createItems, type Items, PRICES } from './items.ts';

/** Percent of the validators' stake. Sums of some of them are 10, 20, 33, 34, 50, 51, 66, 67, 80 and 90. */
export const SHARES = { a: 20, b: 14, c: 17, d: 16, e: 13, f: 10, g: 10 } as const;
export type VoterName = keyof typeof SHARES;
export const VOTERS = Object.keys(SHARES) as readonly VoterName[];
/** Those whose validators are processes; `f` is the one that every test network has. */
const BOTS = ['e', 'f'] as const;

export type CourtWorld = {
  readonly network: TestNetwork;
  readonly items: Items;
  readonly cases: Cases;
  readonly gateway: Actor;
  readonly guardian: Actor;
  /** Makes the calls that are anyone's, such as `draw`. */
  readonly watcher: Actor;
  /** Without stake: for bonds. */
  readonly stranger: Actor;
  readonly voters: Readonly<Record<VoterName, Actor>>;
  /** Voters whose processes run. */
  bots(): readonly VoterName[];
  startBots(): Promise<void>;
  stopBots(): Promise<void>;
  /** A validator's stake, of its own tokens. */
  stake(actor: Actor, amountWei: bigint): Promise<void>;
  unbond(actor: Actor, amountWei: bigint): Promise<void>;
  /** Every process has executed all batches. */
  caughtUp(): Promise<void>;
  /** Tokens that an item's run gets back lie here: the Bridge. */
  readonly bridge: Address;
  close(): Promise<void>;
};

const FUNDS = 10_000n * MIZU;
const PERCENT = 1_000n * MIZU;
const GUARDIAN = 15;
const DEPOSIT = 900n * MIZU;

export async function createCourtWorld(): Promise<CourtWorld> {
  const network = await startTestNetwork();
  const { inferenceCourt, bridge, stakeManager } = network.deployment.addresses;
  const stakes = { address: stakeManager, abi: stakeManagerAbi as Abi };
  const create = () => createActor(network, FUNDS, [inferenceCourt]);
  const [gateway, watcher, stranger] = [await create(), await create(), await create()];
  const voters: Partial<Record<VoterName, Actor>> = {};
  for (const name of VOTERS) {
    const voter = name === 'f' ? actorOf(network, keyOf(4)) : await create();
    if (name === 'f') await allow(network, voter, inferenceCourt);
    else await network.stake(voter.address, 'validator', BigInt(SHARES[name]) * PERCENT);
    voters[name] = voter;
  }
  await joinGateway(network, BUILTIN, gateway.account, PRICES);
  await network.deposit(DEPOSIT);
  let running: readonly Validator[] = [];
  const bots = () => (running.length === 0 ? [] : BOTS);
  const named = voters as Record<VoterName, Actor>;
  const items = await createItems(network, gateway);
  const start = (name: VoterName) =>
    startValidator({
      ...network.config(`validator-${name}`),
      key: named[name].key,
      relays: [],
      court: { auditRate: 0 },
      log: createLogger('lies', process.env.MIZU_LOG ?? 'silent'),
    });
  return {
    network,
    items,
    gateway,
    watcher,
    stranger,
    guardian: actorOf(network, keyOf(GUARDIAN)),
    voters: named,
    bridge,
    cases: createCases({ network, watcher, bots: () => bots().map((name) => named[name].address) }),
    bots,
    async startBots() {
      running = await Promise.all(BOTS.map(start));
    },
    async stopBots() {
      await Promise.all(running.map((validator) => validator.close()));
      running = [];
    },
    stake: (actor, amountWei) => actor.send(stakes, 'stake', [actor.address, ROLE.validator, amountWei]),
    async unbond(actor, amountWei) {
      await actor.send(stakes, 'unbond', [ROLE.validator, amountWei]);
      // Who has a vote is decided a second before a batch.
      await network.clock.advance(1);
    },
    async caughtUp() {
      const isThere = ({ node }: Validator) => node.execution.batches() === items.batches();
      await until('execution', () => running.every(isThere) || undefined);
    },
    async close() {
      await Promise.all(running.map((validator) => validator.close()));
      await network.close();
    },
  };
}
