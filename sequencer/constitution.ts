// docs/operations.md#sequencer: kernel and genesis must be those that the Rollup began with, and the account a staked one.
import type { ContractAddresses } from '../contracts/deploy.ts';
import { MizuError } from '../protocol/errors.ts';
import { stakeManagerAbi } from '../protocol/generated/abi.ts';
import type { Address } from '../protocol/hex.ts';
import { assertConstitution, type Own } from '../prover/constitution.ts';
import type { L1 } from '../service/l1.ts';
import { createStakeReader } from '../service/stakes.ts';

export type Constitution = { readonly retentionSeconds: number };

/** @throws MizuError `sequencer/other-kernel`, `sequencer/other-genesis`, `sequencer/not-staked` */
export async function checkConstitution(
  l1: L1,
  contracts: ContractAddresses,
  own: Own & { readonly account: Address },
): Promise<Constitution> {
  await assertConstitution(l1, contracts.rollup, own, 'sequencer');
  const stakes = { address: contracts.stakeManager, abi: stakeManagerAbi } as const;
  const [timing, isStaked] = await Promise.all([
    l1.client.readContract({ ...stakes, functionName: 'timing' }),
    createStakeReader(l1.client, contracts.stakeManager)(own.account, 'sequencer'),
  ]);
  if (!isStaked) throw notStaked(own.account);
  return { retentionSeconds: Number(timing.retention) };
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
