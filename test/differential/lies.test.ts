// docs/machine.md#proof: no changed proof is a step of the same machine.
import { beforeAll, expect, it } from 'vitest';
import { createOneStepVerifier, type OneStepVerifier } from '../../dispute/osp.ts';
import { hexToBytes } from '../../protocol/hex.ts';
import { hashHalted } from '../../vm/step/encode.ts';
import { readStepVectors } from '../conformance/vectors.ts';
import { acceptedLies, changedLengths, flippedBits, someFlippedBits, splicedProofs } from './lies.ts';
import { createRandom } from './random.ts';
import { splicedCases } from './spliced.ts';

const BITS_EACH = 8;
const LENGTHS_OF_EVERY = 12;

const { names, proofs, befores } = readStepVectors();
let verifier: OneStepVerifier;

beforeAll(async () => {
  verifier = await createOneStepVerifier();
});

it('refuses committed proofs with a bit flipped', async () => {
  const random = createRandom(1);
  for (const [i, name] of names.entries()) {
    const lies = someFlippedBits(hexToBytes(proofs[i]!), BITS_EACH, random);
    expect({ name, ...(await acceptedLies(verifier, befores[i]!, lies)) }).toEqual({
      name,
      tried: BITS_EACH,
      accepted: [],
    });
  }
});

it('refuses committed proofs with a field cut out, doubled, shortened or lengthened, and cut off anywhere', async () => {
  for (const [i, name] of names.entries()) {
    if (i % LENGTHS_OF_EVERY !== 0) continue;
    const { accepted } = await acceptedLies(verifier, befores[i]!, changedLengths(hexToBytes(proofs[i]!)));
    expect({ name, accepted }).toEqual({ name, accepted: [] });
  }
});

it('refuses proofs that are cut together from those of two machines', async () => {
  let tried = 0;
  for (const [{ name, proof, before }, other] of splicedCases()) {
    const told = await acceptedLies(verifier, before, splicedProofs(proof, other.proof));
    expect({ name, accepted: told.accepted }).toEqual({ name, accepted: [] });
    tried += told.tried;
  }
  expect(tried).toBeGreaterThan(1_000);
});

it('refuses every change of a halted machine', async () => {
  const halted = Uint8Array.from([9, 0, ...new Uint8Array(128).fill(7)]);
  const before = hashHalted({ kind: 'result', leaf: halted.subarray(2) });
  expect(await verifier.step(halted)).toMatchObject({ kind: 'step', before, after: before });
  expect((await acceptedLies(verifier, before, flippedBits(halted))).accepted).toEqual([]);
  expect((await acceptedLies(verifier, before, changedLengths(halted))).accepted).toEqual([]);
});
