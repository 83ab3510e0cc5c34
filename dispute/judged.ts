// docs/disputes.md#moot: whether L1 still judges anything about an assertion.
import { rollupAbi } from '../protocol/generated/abi.ts';
import { ASSERTION_STATUS } from '../protocol/generated/enums.ts';
import type { Address, Hex } from '../protocol/hex.ts';
import type { L1 } from '../service/l1/l1.ts';

/**
 * An assertion is decided when it has been rejected, confirmed or orphaned. Nobody wins a game about a moot one any
 * more.
 */
export async function isJudged({ client }: L1, address: Address, assertion: Hex): Promise<boolean> {
  const rollup = { address, abi: rollupAbi } as const;
  const [status, isMoot] = await Promise.all([
    client.readContract({ ...rollup, functionName: 'statusOf', args: [assertion] }),
    client.readContract({ ...rollup, functionName: 'isMoot', args: [assertion] }),
  ]);
  return status === ASSERTION_STATUS.pending && !isMoot;
}

/** True if no game about the assertion may be opened any more. `now`: L1's time, unix seconds. */
export async function isWindowOver({ client }: L1, address: Address, assertion: Hex, now: bigint): Promise<boolean> {
  return now >= (await client.readContract({ address, abi: rollupAbi, functionName: 'deadlineOf', args: [assertion] }));
}
