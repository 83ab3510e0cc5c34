// docs/prover.md#validator: the step list as it was asserted, if DA gives it in time.
import type { AssertionRecord } from '../node/l1/mirror.ts';
import type { NetworkNode } from '../node/node.ts';
import { MizuError } from '../protocol/errors.ts';
import { LEAF_BYTES } from '../protocol/tree.ts';

/** Members that do not answer must not keep us from the clocks of other games. */
const TRY_MS = 5_000;

/** The step list, or undefined if no DA member has given it within five seconds. */
export async function fetchStepList(
  { objects, da }: Pick<NetworkNode, 'objects' | 'da'>,
  { stepRoot, stepCount }: AssertionRecord,
): Promise<Uint8Array | undefined> {
  const local = objects.getSync(stepRoot);
  if (local !== undefined) return local;
  const signal = AbortSignal.timeout(TRY_MS);
  try {
    const steps = await da.get(stepRoot, { length: (stepCount + 1) * LEAF_BYTES, signal });
    await objects.put(steps);
    return steps;
  } catch (error) {
    if (error instanceof MizuError || signal.aborted) return undefined;
    throw error;
  }
}
