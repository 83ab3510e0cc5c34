// docs/disputes.md#calls: the name of the error with which L1 refuses a call.
import type { ContractCall } from '../../service/l1/call.ts';
import { ContractRevert } from '../../service/l1/revert.ts';
import type { Sender } from '../../service/l1/send.ts';

/** Undefined if L1 takes the call. */
export async function refusalOf(sender: Sender, call: Omit<ContractCall, 'isDone'>): Promise<string | undefined> {
  try {
    await sender.sendAndWait(call);
    return undefined;
  } catch (error) {
    if (error instanceof ContractRevert) return error.errorName;
    throw error;
  }
}
