// docs/prover.md#validator: what the validator does about wrong assertions: attacks them, plays the games, claims the money.
import type { ContractAddresses } from '../contracts/deploy.ts';
import type { Player } from '../dispute/player.ts';
import { takeSeat } from '../dispute/seat.ts';
import type { LoopRound } from '../node/loop.ts';
import type { NetworkNode } from '../node/node.ts';
import { readTimes } from '../node/times.ts';
import { demandsAbi, disputeAbi } from '../protocol/generated/abi.ts';
import { createDomain } from '../protocol/typed-data.ts';
import type { Sender } from '../service/l1/send.ts';
import type { Logger } from '../service/process/log.ts';
import { type AttackCounts, createAttacker } from './attack.ts';
import { type Attesting, type AttestOptions, openAttesting } from './attest/open.ts';
import { createCaller } from './caller.ts';
import { type CourtOptions, type CourtSeat, openCourtSeat } from './court/open.ts';
import { createDemander, type DemandCounts } from './demand.ts';
import { createDoubleNonceWatch, type DoubleNonceWatch } from './double-nonces.ts';
import { openSampling, type Sampling } from './samples/open.ts';

export type FightOptions = {
  readonly node: NetworkNode;
  readonly contracts: ContractAddresses;
  readonly sender: Sender;
  readonly log: Logger;
  /** Says what would be sent, and sends nothing. */
  readonly dryRun?: boolean | undefined;
  /** The most that the bond of one demand may be. Default: 40 times the base bond. */
  readonly maxDemandBondWei?: bigint | undefined;
  /** The number of threads for traces. Default 1. */
  readonly threads?: number | undefined;
  /** How it attests what it agrees with. Without it nothing is attested. */
  readonly attest?: Pick<AttestOptions, 'account' | 'relays' | 'payoutWei'> | undefined;
  /** How it takes part in the court. Without it nothing is audited and no vote is cast. */
  readonly court?:
    | Pick<CourtOptions, 'fromBlock' | 'auditRate' | 'appeal' | 'simulatorThreads' | 'backends' | 'manifests'>
    | undefined;
};

export type Fight = {
  /** These rounds run side by side: a move must not wait for what another round has sent. */
  readonly tasks: readonly LoopRound[];
  readonly attack: Readonly<AttackCounts>;
  readonly demands: Readonly<DemandCounts>;
  readonly games: Readonly<Player['counts']>;
  readonly doubleNonces: Readonly<DoubleNonceWatch['counts']>;
  readonly attesting: Attesting | undefined;
  /** Undefined if nothing is attested. */
  readonly sampling: Sampling | undefined;
  readonly court: CourtSeat | undefined;
  /** The bond of one game. */
  readonly bondWei: bigint;
  /** The L1 gas used since the start. */
  gasUsed(): bigint;
  /** Resolves when nothing is under way, and after some seconds at the latest. */
  idle(): Promise<void>;
  close(): Promise<void>;
};

/**
 * An asserter may demand bytes of itself so that our demands become dearer. Once they cost more than this, it has
 * burned 780 base bonds by the time it has answered its own.
 */
const MAX_DEMAND_BONDS = 40n;

export async function createFight(options: FightOptions): Promise<Fight> {
  const { node, contracts } = options;
  const { client } = node.l1;
  const [bondWei, demandBondWei] = await Promise.all([
    client.readContract({ address: contracts.dispute, abi: disputeAbi, functionName: 'bond' }),
    client.readContract({ address: contracts.demands, abi: demandsAbi, functionName: 'bond' }),
  ]);
  const caller = createCaller({ ...options, l1: node.l1, token: contracts.token });
  const seat = await takeSeat({ ...options, side: 'challenger' });
  const { player, oracles, close } = seat;
  const demander = createDemander({
    ...options,
    caller,
    maxBondWei: options.maxDemandBondWei ?? MAX_DEMAND_BONDS * demandBondWei,
  });
  const registry = contracts.gatewayRegistry;
  const domain = createDomain(node.l1.chainId, registry);
  const doubleNonces = createDoubleNonceWatch({ ...options, registry, domain, caller });
  const attacker = createAttacker({ ...options, caller, demander, oracles, bondWei });
  const attesting =
    options.attest === undefined
      ? undefined
      : await openAttesting({ ...options, ...options.attest, caller, oracles, dryRun: options.dryRun ?? false });
  const sampling =
    attesting === undefined
      ? undefined
      : await openSampling({ ...options, known: attesting.known, weights: attesting.weights, caller, seat });
  const court = options.court === undefined ? undefined : await openCourtSeat({ ...options, ...options.court, caller });
  return {
    attack: attacker.counts,
    demands: demander.counts,
    games: player.counts,
    doubleNonces: doubleNonces.counts,
    attesting,
    sampling,
    court,
    bondWei,
    gasUsed: () => caller.gasUsed() + player.counts.gasUsed + (sampling?.gasUsed() ?? 0n),
    tasks: [
      async () => player.playNext((await readTimes(node)).headSeconds),
      async () => attacker.attackNext((await readTimes(node)).headSeconds),
      () => seat.claim(),
      doubleNonces.lookThrough,
      ...(attesting?.tasks ?? []),
      ...(sampling?.tasks ?? []),
      ...(court?.tasks ?? []),
    ],
    async idle() {
      await Promise.all([player.idle(), attacker.idle(), sampling?.idle()]);
    },
    async close() {
      await court?.close();
      await close();
      await Promise.all([attacker.idle(), sampling?.idle()]);
    },
  };
}
