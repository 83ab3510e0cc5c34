import type { Hex } from '../../protocol/hex.ts';
import type { ContractEvent } from '../../service/l1/logs.ts';

/** A hash of 32 bytes that ends with the number. */
export const fakeHash = (n: number): Hex => `0x${n.toString(16).padStart(64, '0')}`;

/** An event of some contract as a follower of L1 hands it on: decoded, from a transaction of no interest. */
export const event = (eventName: string, args: Record<string, unknown>): ContractEvent => ({
  address: `0x${'11'.repeat(20)}`,
  eventName,
  args,
  transactionHash: fakeHash(77),
  logIndex: 0,
});
