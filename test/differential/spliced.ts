// docs/machine.md#proof: the same step of two machines that hold other bytes: proofs that are true in themselves, cut together.
import {
  buildPlainMachine,
  createStepVector,
  pattern,
  type StepCase,
  type StepVector,
} from '../vectors/plain-step.fixture.ts';
import { createStepCases } from '../vectors/step-cases.fixture.ts';
import { SIGNATURE } from '../vectors/step-vectors.ts';

const OPS = [
  'load64',
  'store64',
  'memory_fill',
  'memory_copy',
  'memory_init',
  'dot_i8',
  'input_read',
  'output_write',
  'preimage',
];
const CASES_OF_AN_OP = 3;

/** Each step, and the same one where inputs or memory hold other bytes of the same lengths. */
export function splicedCases(): [StepVector, StepVector][] {
  const cases = createStepCases(SIGNATURE);
  return OPS.flatMap((name) => cases.filter(({ op }) => op === name).slice(0, CASES_OF_AN_OP)).flatMap((given) => {
    const step = createStepVector(given);
    return [withOtherInputs(given), withOtherMemory(given)]
      .map(createStepVector)
      .filter(({ proof }) => proof.length === step.proof.length)
      .map((other): [StepVector, StepVector] => [step, other]);
  });
}

function withOtherInputs(given: StepCase): StepCase {
  const { inputs } = buildPlainMachine(given).state.request;
  return { ...given, inputs: inputs.map(({ length }) => pattern(length, 6)) };
}

function withOtherMemory(given: StepCase): StepCase {
  const { memory } = buildPlainMachine(given).state;
  return { ...given, memory: { 0: pattern(memory.length, 7), ...given.memory } };
}
