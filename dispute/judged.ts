// docs/disputes.md#moot: whether L1 still judges anything about an assertion.
import { rollupAbi } from '../protocol/generated/abi.ts';
import { ASSERTION_STATUS } from '../protocol/generated/enums.ts';
import type { Address, Hex } from '../protocol/hex.ts';
import type { L1 } from '../service/l1/l1.ts';

/** What has been rejected, confirmed or orphaned is decided; about what is moot nobody wins any more. */
export async function isJudged({ client }: L1, address: Address, assertion: Hex): Promise<boolean> {
  const rollup = { address, abi: rollupAbi } as const;
  const [status, isMoot] = await Promise.all([
    client.readContract({ ...rollup, functionName: 'statusOf', args: [assertion] }),
    client.readContract({ ...rollup, functionName: 'isMoot', args: [assertion] }),
  ]);
  return status === ASSERTION_STATUS.pending && !isMoot;
}

/** Whether no game may be opened about it any more. `now`: unix seconds of L1. */
export async function isWindowOver({ client }: L1, address: Address, assertion: Hex, now: bigint): Promise<boolean> {
  return now >= (await client.readContract({ address, abi: rollupAbi, functionName: 'deadlineOf', args: [assertion] }));
}
