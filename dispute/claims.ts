// docs/disputes.md#money: claims what games and demands have paid, and rewards out of slashed stakes.
import type { Abi } from 'viem';
import type { Mirror } from '../node/l1/mirror.ts';
import { disputeAbi, stakeManagerAbi } from '../protocol/generated/abi.ts';
import type { Address } from '../protocol/hex.ts';
import type { ContractCall } from '../service/l1/call.ts';
import type { L1 } from '../service/l1/l1.ts';
import type { Sender } from '../service/l1/send.ts';

export type ClaimsParts = {
  readonly l1: L1;
  readonly mirror: Pick<Mirror, 'heard'>;
  /** Contracts that hold returned bonds and awards: each has the calls of contracts/src/dispute/Ledger.sol. */
  readonly ledgers: readonly Address[];
  readonly stakeManager: Address;
  /** The account that is paid. */
  readonly owner: Sender;
  /** Told of the gas of each claim. */
  readonly onGas: (gasUsed: bigint) => void;
};

/** The result of a call is true if something was sent. */
export function createClaims({ l1, mirror, ledgers, stakeManager, owner, onGas }: ClaimsParts): () => Promise<boolean> {
  const args = [owner.address] as const;
  let nothingOwedAt: number | undefined;

  async function send(call: ContractCall): Promise<boolean> {
    const sent = await owner.sendAndWait(call);
    if (sent.kind === 'mined') onGas(sent.receipt.gasUsed);
    return sent.kind === 'mined';
  }

  async function claimWhere(
    owed: () => Promise<bigint>,
    call: Omit<ContractCall, 'args' | 'isDone'>,
  ): Promise<boolean> {
    if ((await owed()) === 0n) return false;
    return send({ ...call, args: [], isDone: async () => (await owed()) === 0n });
  }

  return async () => {
    // A call that changes what is owed writes an event. Nothing was owed at the last look, and no event has come since.
    const heard = mirror.heard();
    if (heard === nothingOwedAt) return false;
    let sent = false;
    for (const address of ledgers) {
      const balanceOf = () => l1.client.readContract({ address, abi: disputeAbi, functionName: 'balanceOf', args });
      const call = { address, abi: disputeAbi as Abi, functionName: 'withdraw' };
      sent = (await claimWhere(balanceOf, call)) || sent;
    }
    const rewards = { address: stakeManager, abi: stakeManagerAbi } as const;
    const rewardOf = () => l1.client.readContract({ ...rewards, functionName: 'rewardOf', args });
    const call = { ...rewards, abi: stakeManagerAbi as Abi, functionName: 'claimReward' };
    sent = (await claimWhere(rewardOf, call)) || sent;
    if (!sent) nothingOwedAt = heard;
    return sent;
  };
}
