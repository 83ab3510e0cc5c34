// docs/machine.md#proof: which steps of a call are proven in the verifier.
import { createRandom } from '../differential/random.ts';
import type { Sampler } from './sampled-step.ts';

export type SamplerOptions = {
  /** Of so many calls one is proven. */
  readonly every: number;
  /** Steps of one call: all of a shorter one, else the last and a seeded choice of the others. */
  readonly samples: number;
  readonly seed: number;
};

export function createProofSampler({ every, samples, seed }: SamplerOptions): Sampler {
  const random = createRandom(seed);
  return {
    steps: [],
    wantsCall: () => random.below(every) === 0,
    pick(length) {
      if (length <= BigInt(samples)) return Array.from({ length: Number(length) }, (_, i) => BigInt(i));
      const picked = new Set([samples > 1 ? length - 1n : random.below64(length)]);
      while (picked.size < samples) picked.add(random.below64(length));
      return [...picked].sort((a, b) => (a < b ? -1 : 1));
    },
  };
}
