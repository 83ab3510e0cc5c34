// docs/machine.md#proof: sampled steps in the verifier's real bytecode.
import { createOneStepVerifier, type OneStepVerifier } from '../../dispute/osp.ts';
import type { ConformanceEngine, Engines } from './engines.ts';
import type { SampledStep } from './sampled-step.ts';
import { createProofSampler, type SamplerOptions } from './sampler.ts';

/** With the verifier deployed if evm is among the engines. */
export async function createEngines(names: readonly ConformanceEngine[], options: SamplerOptions): Promise<Engines> {
  const verifier = names.includes('evm') ? await createOneStepVerifier() : undefined;
  const sampler = createProofSampler(options);
  return {
    names,
    sampler,
    async checkProofs(result) {
      const steps = sampler.steps.splice(0);
      result.proven += steps.length;
      return verifier && firstComplaint(verifier, steps);
    },
  };
}

/** What is wrong with the first step that the verifier does not take, or takes elsewhere. */
export async function firstComplaint(
  verifier: OneStepVerifier,
  steps: readonly SampledStep[],
): Promise<string | undefined> {
  for (const { name, before, after, proof } of steps) {
    const verdict = await verifier.step(proof);
    if (verdict.kind === 'revert') return `${name}: the proof is refused: ${verdict.reason}`;
    if (verdict.before !== before || verdict.after !== after)
      return `${name}: the verifier comes from ${verdict.before} to ${verdict.after}, not from ${before} to ${after}`;
  }
  return undefined;
}
