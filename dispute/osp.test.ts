// docs/machine.md#proof: the verifier's bytecode on proofs of the reference machine.
import { beforeAll, describe, expect, test } from 'vitest';
import { INSTRUCTIONS } from '../protocol/isa.ts';
import { createStepVector, type StepCase } from '../test/vectors/plain-step.fixture.ts';
import { createStepCases } from '../test/vectors/step-cases.fixture.ts';
import { SIGNATURE } from '../test/vectors/step-vectors.ts';
import { createOneStepVerifier, type OneStepVerifier } from './osp.ts';

// Each case hashes whole machines several times.
const CASES_PER_TEST = 60;
const cases = createStepCases(SIGNATURE);

let verifier: OneStepVerifier;

beforeAll(async () => {
  verifier = await createOneStepVerifier();
});

test('every instruction has a case', () => {
  const covered = new Set(cases.map(({ op }) => op));
  expect(INSTRUCTIONS.map(({ name }) => name).filter((name) => !covered.has(name))).toEqual([]);
});

describe('a proof yields the hashes of the reference machine', () => {
  const groups = Array.from({ length: Math.ceil(cases.length / CASES_PER_TEST) }, (_, i) =>
    cases.slice(i * CASES_PER_TEST, (i + 1) * CASES_PER_TEST),
  );
  test.each(groups.map((group) => [group[0]!.name, group] as const))(
    'from "%s"',
    async (_, group: readonly StepCase[]) => {
      for (const given of group) {
        const { name, proof, before, after } = createStepVector(given);
        expect({ name, ...(await verifier.step(proof)) }).toMatchObject({ name, kind: 'step', before, after });
      }
    },
  );
});

test('a malformed proof has a reason', async () => {
  const { proof } = createStepVector(cases.find(({ name }) => name === 'mov')!);
  const longer = new Uint8Array(proof.length + 3);
  longer.set(proof);
  expect(await verifier.step(longer)).toEqual({ kind: 'revert', reason: 'WitnessTooLong(0, 3)' });
  expect(await verifier.step(proof.subarray(0, -1))).toEqual({ kind: 'revert', reason: 'WitnessTooShort(384, 383)' });
  const changed = proof.slice();
  changed[300]! ^= 1;
  expect(await verifier.step(changed)).toMatchObject({
    kind: 'revert',
    reason: expect.stringMatching(/^RootMismatch\(0x/),
  });
  expect(await verifier.step(new Uint8Array([8, 2]))).toEqual({
    kind: 'revert',
    reason: 'HaltMalformed(2, 2, 0x0802)',
  });
});

test('gas of a transaction is what is executed and sent, but not below the floor of its calldata', async () => {
  const { proof } = createStepVector(cases.find(({ name }) => name === 'select, four leaves')!);
  const verdict = await verifier.step(proof);
  if (verdict.kind !== 'step') throw new Error(verdict.reason);
  expect(verdict.gas.transaction).toBe(verdict.gas.floor);
  expect(verdict.gas.execution).toBeLessThan(43_000n);
  expect(verdict.gas.transaction).toBeLessThan(130_000n);
});
