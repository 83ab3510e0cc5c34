// docs/operations.md#sequencer: kernel and genesis must be those that the Rollup began with, and the account a staked one.
import type { ContractAddresses } from '../../contracts/deploy.ts';
import { assertConstitution, type Own } from '../../node/constitution.ts';
import { MizuError } from '../../protocol/errors.ts';
import { inboxAbi, stakeManagerAbi } from '../../protocol/generated/abi.ts';
import type { Address } from '../../protocol/hex.ts';
import type { L1 } from '../../service/l1/l1.ts';
import { createStakeReader } from '../../service/l1/stakes.ts';

export type Constitution = {
  readonly retentionSeconds: number;
  /** After which L1 takes no batch that leaves a delayed message out. */
  readonly delaySeconds: number;
  /** By which a batch's timestamp may be before L1's. */
  readonly maxBehindSeconds: number;
};

/** @throws MizuError `sequencer/other-kernel`, `sequencer/other-genesis`, `sequencer/not-staked` */
export async function checkConstitution(
  l1: L1,
  contracts: ContractAddresses,
  own: Own & { readonly account: Address },
): Promise<Constitution> {
  await assertConstitution(l1, contracts.rollup, own, 'sequencer');
  const stakes = { address: contracts.stakeManager, abi: stakeManagerAbi } as const;
  const inbox = { address: contracts.inbox, abi: inboxAbi } as const;
  const [timing, delaySeconds, maxBehindSeconds, isStaked] = await Promise.all([
    l1.client.readContract({ ...stakes, functionName: 'timing' }),
    l1.client.readContract({ ...inbox, functionName: 'delaySeconds' }),
    l1.client.readContract({ ...inbox, functionName: 'maxBehindSeconds' }),
    createStakeReader(l1.client, contracts.stakeManager)(own.account, 'sequencer'),
  ]);
  if (!isStaked) throw notStaked(own.account);
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
