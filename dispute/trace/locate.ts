// docs/disputes.md#judged: where a step of an assertion stands in the inbox, and our own state before it.
import { isExecuted } from '../../node/agreement.ts';
import type { MessagePlace } from '../../node/l1/message-place.ts';
import type { AssertionRecord } from '../../node/l1/mirror.ts';
import type { NetworkNode } from '../../node/node.ts';
import { leafBefore, type StepInAssertion } from '../../protocol/step-numbers.ts';
import { LEAF_BYTES } from '../../protocol/tree.ts';

export type StepPlace = {
  /** 128 bytes: our own state leaf before the step. */
  readonly stateLeaf: Uint8Array;
  readonly message: MessagePlace;
};

/** The result is undefined while we have not executed the assertion's range as L1 has it now. */
export async function locateStep(
  { mirror, execution }: Pick<NetworkNode, 'mirror' | 'execution'>,
  assertion: AssertionRecord,
  step: StepInAssertion,
): Promise<StepPlace | undefined> {
  const parent = await mirror.assertion(assertion.parent);
  if (parent === undefined || !(await isExecuted(mirror, execution, assertion.post.batch - 1n))) return undefined;
  const before = parent.post.step + BigInt(leafBefore(step));
  for (let index = assertion.firstBatch; index < assertion.post.batch; index++) {
    const batch = await execution.batch(index);
    if (batch === undefined) return undefined;
    if (before >= batch.toStep) continue;
    const leaves = await execution.leaves(before, before);
    return {
      stateLeaf: leaves.slice(0, LEAF_BYTES),
      message: { batch: index, message: Number(before - batch.fromStep) },
    };
  }
  throw new Error(`assertion ${assertion.id} has no step ${step}`);
}
