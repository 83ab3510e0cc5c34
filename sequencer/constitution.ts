// docs/operations.md#sequencer: kernel and genesis must be those that the Rollup began with.
import type { ContractAddresses } from '../contracts/deploy.ts';
import { ROLE } from '../contracts/roles.ts';
import { MizuError } from '../protocol/errors.ts';
import { inboxAbi, rollupAbi, stakeManagerAbi } from '../protocol/generated/abi.ts';
import type { Address, Hex } from '../protocol/hex.ts';
import type { L1 } from '../service/l1.ts';

export type Constitution = { readonly retentionSeconds: number; readonly maxAheadSeconds: number };

/** @throws MizuError `sequencer/other-kernel`, `sequencer/other-genesis`, `sequencer/not-staked` */
export async function checkConstitution(
  { client }: L1,
  contracts: ContractAddresses,
  own: { readonly kernelProgramId: Hex; readonly stateRoot: Hex; readonly account: Address },
): Promise<Constitution> {
  const rollup = { address: contracts.rollup, abi: rollupAbi } as const;
  const stakes = { address: contracts.stakeManager, abi: stakeManagerAbi } as const;
  const [kernel, genesis, timing, isStaked, maxAhead] = await Promise.all([
    client.readContract({ ...rollup, functionName: 'kernelProgramId' }),
    client.readContract({ ...rollup, functionName: 'genesis' }),
    client.readContract({ ...stakes, functionName: 'timing' }),
    client.readContract({ ...stakes, functionName: 'isActive', args: [own.account, ROLE.sequencer] }),
    client.readContract({ address: contracts.inbox, abi: inboxAbi, functionName: 'maxAheadSeconds' }),
  ]);
  const stateRoot = await client.readContract({ ...rollup, functionName: 'confirmedStateRoot', args: [genesis] });
  if (kernel !== own.kernelProgramId)
    throw differs(
      'other-kernel',
      'kernel',
      kernel,
      own.kernelProgramId,
      'Check out the version that the network runs, and build the kernel again.',
    );
  if (stateRoot !== own.stateRoot)
    throw differs(
      'other-genesis',
      'genesis',
      stateRoot,
      own.stateRoot,
      'Take the genesis as it was when the contracts were deployed.',
    );
  if (!isStaked)
    throw differs(
      'not-staked',
      'stake',
      'an account staked as a sequencer',
      own.account,
      'Stake for the role first, or use the key of the staked account.',
    );
  return { retentionSeconds: Number(timing.retention), maxAheadSeconds: Number(maxAhead) };
}

function differs(code: string, what: string, expected: string, actual: string, hint: string): MizuError {
  return new MizuError({
    code: `sequencer/${code}`,
    message: `The ${what} of this sequencer is not the network's.`,
    expected,
    actual,
    hint,
  });
}
