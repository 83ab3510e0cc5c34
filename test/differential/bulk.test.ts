// docs/vm.md#code: bulk transfers of any alignment end the same and cost the same in every engine, and are proven in the verifier.
import { expect, it } from 'vitest';
import { createOneStepVerifier } from '../../dispute/osp.ts';
import { compareEnds, compareProofs, createRandomBulkSubject } from './compare.ts';
import { createRandom } from './random.ts';

const PROGRAMS = 40;
const PROOFS = 6;

it('cost the ends of leaves that they cross, of their target and of their source', async () => {
  const verifier = await createOneStepVerifier();
  for (let seed = 1; seed <= PROGRAMS; seed++) {
    const random = createRandom(seed);
    const subject = createRandomBulkSubject(random);
    expect({ seed, complaint: compareEnds(subject) }).toEqual({ seed, complaint: undefined });
    const complaint = await compareProofs(subject, verifier, PROOFS, random);
    expect({ seed, complaint }).toEqual({ seed, complaint: undefined });
  }
});
