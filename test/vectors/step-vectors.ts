// docs/machine.md#proof: one-step proofs with the hashes they must yield, for the forge tests.
import { bytesToHex, type Hex } from '../../protocol/hex.ts';
import { createStepVector } from './plain-step.fixture.ts';
import { createStepCases, type EcrecoverSignature } from './step-cases.fixture.ts';

export type StepVectors = {
  readonly names: string[];
  readonly proofs: Hex[];
  readonly befores: Hex[];
  readonly afters: Hex[];
};

/** Proofs of one instruction that stand for all of it; vitest replays every case on the same bytecode. */
const PER_INSTRUCTION = 3;
const ARITHMETIC = /^[if](32|64)_/;
/** Always taken: nothing else comes near them. */
const RARE =
  /debt|two pages|owes|of 63 slots|of 64 slots|with one gas|parent|two slot leaves|grows|without gas|seventh leaf|high s|hash at the|hash behind/;

// By the private key 1 over keccak256("mizu"), RFC 6979.
export const SIGNATURE: EcrecoverSignature = {
  hash: '0x11c71f79c3967b4ee6c25112898564a9d4614ae4a2073bfdfc99e38493adcc93',
  r: '0xe72637ab7efc7c2f378d43ad76f9c403d834f4b2703a6dfa5a23befe139c5de2',
  s: '0x190072e2540e62054a0dbe8fe04715a6eb78e867b21de1a678d87df0daae8203',
  v: 28,
  signer: '0x7e5f4552091a69125d5dfcb7b8c2659029395bdf',
};

export function createStepVectors(): StepVectors {
  const taken = new Map<string, number>();
  const vectors = createStepCases(SIGNATURE)
    .filter(({ name, op }) => {
      if (ARITHMETIC.test(name) && name === op) return false;
      if (RARE.test(name)) return true;
      const count = taken.get(op) ?? 0;
      taken.set(op, count + 1);
      return count < PER_INSTRUCTION;
    })
    .map(createStepVector);
  return {
    names: vectors.map(({ name }) => name),
    proofs: vectors.map(({ proof }) => bytesToHex(proof)),
    befores: vectors.map(({ before }) => before),
    afters: vectors.map(({ after }) => after),
  };
}
