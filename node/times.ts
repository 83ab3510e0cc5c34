// docs/prover.md#executor: the two clocks of a node.
import type { NetworkNode } from './node.ts';

/** Unix seconds. `clockSeconds`: of this machine's clock, or of the head if that is later. */
export type Times = { readonly headSeconds: bigint; readonly clockSeconds: bigint };

/**
 * The head's time decides what the contracts allow. The clock decides what is old: a quiet chain may have no new block
 * for long.
 */
export async function readTimes(node: NetworkNode): Promise<Times> {
  const headSeconds = await node.headSeconds();
  const clock = BigInt(Math.floor(Date.now() / 1000));
  return { headSeconds, clockSeconds: headSeconds > clock ? headSeconds : clock };
}
