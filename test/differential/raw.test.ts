// docs/vm.md#checks: a little of `npm run fuzz -- --raw`; the seed of a program that differs is in the message.
import { beforeAll, expect, it } from 'vitest';
import { INSTRUCTION_BYTES } from '../../protocol/isa.ts';
import { createOneStepVerifier, type OneStepVerifier } from '../../prover/osp.ts';
import type { RawCounts } from './raw-compare.ts';
import { compareRawSeed } from './raw-fuzz.ts';
import { minimise } from './raw-minimise.ts';
import { createRawSubject } from './raw-subject.ts';

/** Half a minute of one core. */
const PROGRAMS = 240;

let verifier: OneStepVerifier;

beforeAll(async () => {
  verifier = await createOneStepVerifier();
});

const NONE = new Uint8Array(0);

it('raw programs are the same in reference, step machine and verifier', async () => {
  const counts: RawCounts = { steps: 0, hashes: 0, proofs: 0 };
  for (let seed = 1; seed <= PROGRAMS; seed++) {
    const complaint = await compareRawSeed(seed, verifier, counts);
    expect({ seed, complaint }).toEqual({ seed, complaint: undefined });
  }
  // Not only programs that fault at once.
  expect(counts.steps).toBeGreaterThan(PROGRAMS * 100);
  expect(counts.proofs).toBeGreaterThan(PROGRAMS * 3);
});

it('a program that shows something is made as small as it can be', async () => {
  const subject = createRawSubject(17);
  const smallest = await minimise(subject, async ({ program }) => program.code.length >= INSTRUCTION_BYTES);
  expect(smallest.program.code.length).toBe(INSTRUCTION_BYTES);
  expect(smallest.request).toMatchObject({ gasLimit: 1n, inputs: [] });
  expect(smallest.program).toMatchObject({ memory: NONE, slots: NONE, data: NONE });
});
