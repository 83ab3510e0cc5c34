// docs/vm.md#engines: a little of `npm run fuzz`; the seed of a program that differs is in the message.
import { expect, it } from 'vitest';
import { createOneStepVerifier } from '../../dispute/osp.ts';
import { compareEnds, compareProofs, createSubject } from './compare.ts';
import { createRandom } from './random.ts';

const PROGRAMS = 25;
const PROVEN_STEPS = 4;

it('random programs end the same in every engine, and their steps are proven', async () => {
  const verifier = await createOneStepVerifier();
  for (let seed = 100_001; seed <= 100_000 + PROGRAMS; seed++) {
    const subject = createSubject(seed);
    const complaint =
      compareEnds(subject) ?? (await compareProofs(subject, verifier, PROVEN_STEPS, createRandom(seed)));
    expect({ seed, complaint }).toEqual({ seed, complaint: undefined });
  }
});
