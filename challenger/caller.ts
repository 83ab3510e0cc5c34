// docs/prover.md#validator: sends the validator's calls and counts their gas; in a dry run it only says what it would send.
import type { Abi } from 'viem';
import { createDryRun } from '../dispute/dry-run.ts';
import { mizuTokenAbi } from '../protocol/generated/abi.ts';
import type { Address } from '../protocol/hex.ts';
import type { ContractCall } from '../service/l1/call.ts';
import type { L1 } from '../service/l1/l1.ts';
import type { Sender } from '../service/l1/send.ts';
import type { Logger } from '../service/process/log.ts';

export type CallerParts = {
  readonly l1: L1;
  readonly token: Address;
  readonly sender: Sender;
  readonly log: Logger;
  readonly dryRun?: boolean | undefined;
};

export type Caller = {
  /** The account that pays. */
  readonly address: Address;
  /** The result is true if the call was mined now. It is false if its effect was there already, and in a dry run. */
  send(call: ContractCall, about: string): Promise<boolean>;
  /**
   * Lets a contract take bonds of `bondWei` each and, if `limitWei` is given, no more than that in all until the next
   * call.
   */
  allowBond(contract: Address, bondWei: bigint, limitWei?: bigint): Promise<void>;
  gasUsed(): bigint;
};

const MAX_ALLOWANCE = 2n ** 256n - 1n;

export function createCaller({ l1, token, sender, log, dryRun }: CallerParts): Caller {
  const tellDryRun = createDryRun(log);
  /** Allowances under way, by contract: one allowance serves many bonds that are put down at once. */
  const allowing = new Map<Address, Promise<void>>();
  let gasUsed = 0n;

  async function send(call: ContractCall, about: string): Promise<boolean> {
    if (dryRun) {
      tellDryRun(call.functionName, about);
      return false;
    }
    const sent = await sender.sendAndWait(call);
    if (sent.kind === 'mined') gasUsed += sent.receipt.gasUsed;
    return sent.kind === 'mined';
  }

  async function allow(contract: Address, bondWei: bigint, limitWei: bigint): Promise<void> {
    const allowance = { address: token, abi: mizuTokenAbi, functionName: 'allowance' } as const;
    const args = [sender.address, contract] as const;
    const isDone = async () => {
      const allowed = await l1.client.readContract({ ...allowance, args });
      return allowed >= bondWei && allowed <= limitWei;
    };
    if (await isDone()) return;
    const approve = { address: token, abi: mizuTokenAbi as Abi, functionName: 'approve' };
    await send({ ...approve, args: [contract, limitWei], isDone }, contract);
  }

  return {
    address: sender.address,
    send,
    gasUsed: () => gasUsed,
    allowBond(contract, bondWei, limitWei = MAX_ALLOWANCE) {
      const known = allowing.get(contract);
      if (known !== undefined) return known;
      const asked = allow(contract, bondWei, limitWei).finally(() => allowing.delete(contract));
      allowing.set(contract, asked);
      return asked;
    },
  };
}
