// docs/machine.md#proof: sampled steps in the verifier's real bytecode.
import { createOneStepVerifier } from '../../prover/osp.ts';
import type { SampledStep } from './step-engine.ts';

/** Returns a function that tells what is wrong with steps. */
export async function createStepCheck(): Promise<(steps: readonly SampledStep[]) => Promise<string[]>> {
  const verifier = await createOneStepVerifier();
  return async (steps) => {
    const wrong: string[] = [];
    for (const { name, before, after, proof } of steps) {
      const verdict = await verifier.step(proof);
      if (verdict.kind === 'revert') wrong.push(`${name}: the proof is refused: ${verdict.reason}`);
      else if (verdict.before !== before || verdict.after !== after)
        wrong.push(
          `${name}: the verifier comes from ${verdict.before} to ${verdict.after}, not from ${before} to ${after}`,
        );
    }
    return wrong;
  };
}
