// docs/attestations.md#validator: the validator's part in attestations, put together.
import type { LocalAccount } from 'viem';
import type { ContractAddresses } from '../../contracts/deploy.ts';
import type { Oracles } from '../../dispute/oracles.ts';
import { commitmentOf, sampleMachines } from '../../dispute/samples.ts';
import { type AttestationWeights, createAttestationWeights } from '../../node/attestations/weights.ts';
import type { LoopRound } from '../../node/loop.ts';
import type { NetworkNode } from '../../node/node.ts';
import { rollupAbi } from '../../protocol/generated/abi.ts';
import type { Address } from '../../protocol/hex.ts';
import { createDomain, TYPES } from '../../protocol/typed-data.ts';
import type { Logger } from '../../service/process/log.ts';
import type { Caller } from '../caller.ts';
import { type AttestCounts, createAttester } from './attester.ts';
import { createKnown, type Known } from './known.ts';
import { createProsecutor, type ProsecutionCounts } from './prosecutor.ts';
import { createRelay } from './relay.ts';

export type AttestOptions = {
  readonly node: NetworkNode;
  readonly contracts: ContractAddresses;
  readonly caller: Caller;
  readonly oracles: Oracles;
  /** The staked account, which signs. */
  readonly account: LocalAccount;
  /** Where attestations are left and found: RPCs of sequencers. */
  readonly relays: readonly string[];
  readonly payoutWei: bigint;
  readonly log: Logger;
  readonly dryRun: boolean;
};

export type Attesting = {
  readonly tasks: readonly LoopRound[];
  readonly attest: Readonly<AttestCounts>;
  readonly prosecution: Readonly<ProsecutionCounts>;
  /** What others are told by, who ask about attestations. */
  readonly known: Known;
  readonly weights: AttestationWeights;
};

export async function openAttesting(options: AttestOptions): Promise<Attesting> {
  const { node, contracts, caller, oracles, account, log, dryRun, payoutWei } = options;
  const attester = account.address.toLowerCase() as Address;
  const domain = createDomain(node.l1.chainId, contracts.attestations);
  const rollup = { address: contracts.rollup, abi: rollupAbi } as const;
  const windowSeconds = await node.l1.client.readContract({ ...rollup, functionName: 'window' });
  const weights = createAttestationWeights(node.l1, contracts);
  const known = createKnown({ node, relays: options.relays.map(createRelay), domain, log });
  const attesting = createAttester({
    node,
    contracts,
    caller,
    known,
    weights,
    log,
    dryRun,
    windowSeconds,
    payoutWei,
    sign: (message) => account.signTypedData({ domain, types: TYPES, primaryType: 'Attestation', message }),
    async commit(assertion) {
      const machines = await sampleMachines(oracles, assertion, attester);
      return machines === undefined ? undefined : commitmentOf(assertion.id, attester, machines);
    },
  });
  const prosecutor = createProsecutor({ node, contracts, caller, known, weights, log });
  return {
    tasks: [...attesting.tasks, ...prosecutor.tasks],
    attest: attesting.counts,
    prosecution: prosecutor.counts,
    known,
    weights,
  };
}
