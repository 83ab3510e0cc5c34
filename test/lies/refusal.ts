// docs/disputes.md#calls: the name of the error with which L1 refuses a call.
import { BaseError, ContractFunctionRevertedError } from 'viem';
import { MizuError } from '../../protocol/errors.ts';
import type { Call, Sender } from '../../service/l1-send.ts';

/** Undefined if L1 takes the call. */
export async function refusalOf(sender: Sender, call: Omit<Call, 'isDone'>): Promise<string | undefined> {
  try {
    await sender.sendAndWait(call);
    return undefined;
  } catch (error) {
    if (!(error instanceof MizuError) || error.code !== 'l1/reverted') throw error;
    const { cause } = error;
    const found =
      cause instanceof BaseError ? cause.walk((inner) => inner instanceof ContractFunctionRevertedError) : undefined;
    if (found instanceof ContractFunctionRevertedError && found.data !== undefined) return found.data.errorName;
    throw error;
  }
}
