// docs/disputes.md#trial: what the transaction of a one-step proof will cost, or why it would fail, told before it is sent.
import { type Abi, encodeFunctionData } from 'viem';
import { mizuTokenAbi, rollupAbi, stakeManagerAbi } from '../protocol/generated/abi.ts';
import type { Address, Hex } from '../protocol/hex.ts';
import type { Logger } from '../service/process/log.ts';
import type { L1Trial } from './l1-trial.ts';
import { STEP_ERRORS } from './osp.ts';

/**
 * `args`: those of `prove`. The result is the gas of the transaction. If it fails or cannot be tried, that is
 * logged, and the result is undefined.
 */
export type ProofTrial = (game: Hex, args: readonly unknown[]) => Promise<number | undefined>;

export type ProofTrialParts = {
  readonly trial: L1Trial;
  readonly from: Address;
  /** The contract that the games are played on. */
  readonly arena: { readonly address: Address; readonly abi: Abi };
  readonly log: Logger;
};

/** The errors of all contracts that a proof reaches. */
const errorsOf = (arena: Abi): Abi => [
  ...[arena, rollupAbi, stakeManagerAbi, mizuTokenAbi].flatMap((abi) => abi.filter((entry) => entry.type === 'error')),
  ...STEP_ERRORS,
];

/**
 * L1 has the last word, not the trial: a proof that is held back loses the game, and one that L1 refuses costs nothing,
 * because the sender asks L1 for an estimate first.
 */
export function createProofTrial({ trial, from, arena, log }: ProofTrialParts): ProofTrial {
  const errors = errorsOf(arena.abi);
  return async (game, args) => {
    try {
      const data = encodeFunctionData({ abi: arena.abi, functionName: 'prove', args });
      const outcome = await trial({ name: 'prove', from, to: arena.address, data, errors });
      if (outcome.kind === 'success') return Number(outcome.gas.transaction);
      log.warn({ game, err: outcome.error }, 'the transaction of a proof fails in its trial; L1 is asked');
    } catch (err) {
      log.warn({ game, err }, 'the transaction of a proof cannot be tried; L1 is asked');
    }
    return undefined;
  };
}
