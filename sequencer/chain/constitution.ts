// docs/operations.md#sequencer: reads the times that the contracts were deployed with, and checks that the account is staked.
import type { ContractAddresses } from '../../contracts/deploy.ts';
import { MizuError } from '../../protocol/errors.ts';
import { inboxAbi, stakeManagerAbi } from '../../protocol/generated/abi.ts';
import type { Address } from '../../protocol/hex.ts';
import type { L1 } from '../../service/l1/l1.ts';
import { createStakeReader } from '../../service/l1/stakes.ts';

export type Terms = {
  /** For how long bytes must be promised. */
  readonly retentionSeconds: number;
  /** The age of a delayed message from which on L1 takes no batch that leaves it out. */
  readonly delaySeconds: number;
  /** By how much a batch's timestamp may be before L1's. */
  readonly maxBehindSeconds: number;
};

/** @throws MizuError `sequencer/not-staked` */
export async function readTerms(l1: L1, contracts: ContractAddresses, account: Address): Promise<Terms> {
  const stakes = { address: contracts.stakeManager, abi: stakeManagerAbi } as const;
  const inbox = { address: contracts.inbox, abi: inboxAbi } as const;
  const [timing, delaySeconds, maxBehindSeconds, isStaked] = await Promise.all([
    l1.client.readContract({ ...stakes, functionName: 'timing' }),
    l1.client.readContract({ ...inbox, functionName: 'delaySeconds' }),
    l1.client.readContract({ ...inbox, functionName: 'maxBehindSeconds' }),
    createStakeReader(l1.client, contracts.stakeManager)(account, 'sequencer'),
  ]);
  if (!isStaked) throw notStaked(account);
  return {
    retentionSeconds: Number(timing.retention),
    delaySeconds: Number(delaySeconds),
    maxBehindSeconds: Number(maxBehindSeconds),
  };
}

function notStaked(account: Address): MizuError {
  return new MizuError({
    code: 'sequencer/not-staked',
    message: 'The account of this sequencer is not staked.',
    expected: 'an account staked as a sequencer',
    actual: account,
    hint: 'Stake for the role first, or use the key of the staked account.',
  });
}
