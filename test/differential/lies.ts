// docs/machine.md#proof: proofs that were changed, and whether the verifier takes one for a step of the same machine.
import type { OneStepVerifier } from '../../dispute/osp.ts';
import { MACHINE_BYTES } from '../../vm/step/encode.ts';
import type { Random } from './random.ts';

export type ProofLie = { readonly what: string; readonly proof: Uint8Array };

const WORD = 32;

/** Every bit, each one in turn. */
export function* flippedBits(proof: Uint8Array): Generator<ProofLie> {
  for (let bit = 0; bit < proof.length * 8; bit++) yield flipBit(proof, bit);
}

/** `count` bits by chance. */
export function* someFlippedBits(proof: Uint8Array, count: number, random: Random): Generator<ProofLie> {
  for (let i = 0; i < count; i++) yield flipBit(proof, random.below(proof.length * 8));
}

/** At every word: one cut out, one doubled, a byte less, a byte more, and everything behind it cut off. Lengths of fields are words, but for a few numbers. */
export function* changedLengths(proof: Uint8Array): Generator<ProofLie> {
  for (let at = 0; at < proof.length; at += WORD) {
    const word = proof.subarray(at, at + WORD);
    yield { what: `word at ${at} cut out`, proof: splice(proof, at, word.length) };
    yield { what: `word at ${at} doubled`, proof: splice(proof, at, 0, word) };
    yield { what: `byte at ${at} cut out`, proof: splice(proof, at, 1) };
    yield { what: `byte at ${at} added`, proof: splice(proof, at, 0, Uint8Array.of(0)) };
    yield { what: `cut off at ${at}`, proof: proof.slice(0, at) };
  }
  yield { what: 'a byte added at the end', proof: splice(proof, proof.length, 0, Uint8Array.of(0)) };
}

/** Two proofs of one shape cut together: the first one's beginning with the other one's end, at every word from the end that leaves a difference on both sides. */
export function* splicedProofs(proof: Uint8Array, other: Uint8Array): Generator<ProofLie> {
  if (proof.length !== other.length) throw new Error(`proofs of ${proof.length} and ${other.length} bytes`);
  const differ = (from: number, to: number): boolean =>
    Buffer.compare(proof.subarray(from, to), other.subarray(from, to)) !== 0;
  for (let at = proof.length - WORD; at > 0; at -= WORD) {
    if (!differ(0, at) || !differ(at, proof.length)) continue;
    const spliced = proof.slice();
    spliced.set(other.subarray(at), at);
    yield { what: `the end of another proof from byte ${at} on`, proof: spliced };
  }
}

/** Which of the lies the verifier takes. Bytes of the machine itself may be another machine's: that has another hash. */
export async function acceptedLies(
  verifier: OneStepVerifier,
  before: string,
  lies: Iterable<ProofLie>,
): Promise<{ tried: number; accepted: string[] }> {
  const accepted: string[] = [];
  let tried = 0;
  for (const { what, proof } of lies) {
    tried++;
    const verdict = await verifier.step(proof);
    if (verdict.kind === 'step' && verdict.before === before) accepted.push(what);
  }
  return { tried, accepted };
}

function flipBit(proof: Uint8Array, bit: number): ProofLie {
  const changed = proof.slice();
  const at = bit >> 3;
  changed[at]! ^= 0x80 >> (bit & 7);
  return { what: `bit ${bit & 7} of byte ${at}${at < MACHINE_BYTES ? ' (machine)' : ''} flipped`, proof: changed };
}

function splice(bytes: Uint8Array, at: number, removed: number, added: Uint8Array = new Uint8Array(0)): Uint8Array {
  const changed = new Uint8Array(bytes.length - removed + added.length);
  changed.set(bytes.subarray(0, at));
  changed.set(added, at);
  changed.set(bytes.subarray(at + removed), at + added.length);
  return changed;
}
