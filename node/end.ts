// docs/prover.md#end: L1 has ended the network: executors and validators say so, and begin nothing new.
import type { Logger } from '../service/process/log.ts';
import type { Mirror } from './l1/mirror.ts';

/**
 * The function says whether the network has ended. It logs the end once it is known, and again if a reorganisation
 * takes it back.
 */
export function createEndWatch(mirror: Pick<Mirror, 'head'>, log: Logger): () => Promise<boolean> {
  let told: bigint | undefined;
  return async () => {
    const { endedAt } = await mirror.head();
    if (endedAt !== told && endedAt === undefined) log.warn('L1 has taken back the end of the network');
    if (endedAt !== told && endedAt !== undefined) {
      const what =
        'the network has ended: nothing is asserted, confirmed or challenged any more; leave with mizu escape';
      log.error({ endedAt: Number(endedAt) }, what);
    }
    told = endedAt;
    return endedAt !== undefined;
  };
}
