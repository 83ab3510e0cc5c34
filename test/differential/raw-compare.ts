// docs/vm.md#checks: one raw program in the reference, the step machine and the verifier; what differs is told.
import { isDeepStrictEqual } from 'node:util';
import { hashPlain, type PlainMachine, provePlain } from '../../contracts/plain-proof.fixture.ts';
import { encodeExecResult } from '../../protocol/state.ts';
import { objectRef } from '../../protocol/tree.ts';
import type { OneStepVerifier } from '../../prover/osp.ts';
import { runReference, step as stepReference } from '../../vm/reference/machine.ts';
import { createState, type State } from '../../vm/reference/state.ts';
import { hashHalted } from '../../vm/step/encode.ts';
import { createStepMachine } from '../../vm/step/step-machine.ts';
import type { Random } from './random.ts';
import { compareStarted } from './raw-started.ts';
import type { RawSubject } from './raw-subject.ts';

/** Runs of up to so many steps are compared at each step. */
const WHOLE_STEPS = 8;
const SAMPLES = 4;
/** The plain prover hashes whole regions: it is asked at one step of so many. */
const PLAIN_PROOFS = 3;

/** What was compared, for the figures of the fuzz. */
export type RawCounts = { steps: number; hashes: number; proofs: number };

export async function compareRaw(
  { program, request }: Pick<RawSubject, 'program' | 'request'>,
  verifier: OneStepVerifier,
  random: Random,
  counts: RawCounts = { steps: 0, hashes: 0, proofs: 0 },
): Promise<string | undefined> {
  const { status, output, gasUsed } = runReference(program, request);
  const machine = createStepMachine({ program, ...request });
  const stepped = machine.runToEnd();
  if (!isDeepStrictEqual(stepped, { status, output, gasUsed }))
    return `reference ends with ${tell({ status, output, gasUsed })}, step machine with ${tell(stepped)}`;
  const length = countSteps(createState(program, request));
  if (machine.position() !== BigInt(length))
    return `reference ends after ${length} steps, step machine after ${machine.position()}`;
  const { root, length: outputLength } = objectRef(output);
  const leaf = encodeExecResult({ status, outputRoot: root, outputLength, gasUsed });
  if (machine.hash() !== hashHalted({ kind: 'result', leaf })) return 'another halted machine';
  counts.steps += length;

  const steps = createStepMachine({ program, ...request });
  const state = createState(program, request);
  const plain: PlainMachine = { kind: 0, state, resultAddress: 0, programs: [], preimages: [] };
  let at = 0;
  for (const position of positionsOf(length, random)) {
    for (; at < position; at++) stepReference(state);
    steps.runTo(BigInt(position));
    const before = steps.hash();
    if (before !== hashPlain(plain)) return `step ${position}: another hash than the reference machine's`;
    const proof = new Uint8Array(steps.prove());
    const asked = random.chance(PLAIN_PROOFS);
    if (asked && !isDeepStrictEqual(proof, new Uint8Array(provePlain(plain, position === length - 1))))
      return `step ${position}: another proof than the reference machine's`;
    if (steps.hash() !== before) return `step ${position}: another hash after proving`;
    const verdict = await verifier.step(proof);
    if (verdict.kind === 'revert') return `step ${position}: the verifier refuses the proof: ${verdict.reason}`;
    steps.runTo(BigInt(position + 1));
    if (verdict.before !== before || verdict.after !== steps.hash())
      return `step ${position}: the verifier goes elsewhere`;
    counts.hashes++;
    counts.proofs++;
  }
  return compareStarted(program, request, verifier, { stepped, root, outputLength });
}

/** Steps until the run has ended, the last one included. */
function countSteps(state: State): number {
  for (let steps = 1; ; steps++) {
    try {
      stepReference(state);
    } catch {
      return steps;
    }
    if (state.halted) return steps;
  }
}

function positionsOf(length: number, random: Random): number[] {
  if (length <= WHOLE_STEPS) return Array.from({ length }, (_, i) => i);
  const some = Array.from({ length: SAMPLES }, () => random.below(length));
  return [...new Set([0, ...some, length - 1])].sort((left, right) => left - right);
}

function tell({ status, gasUsed, output }: { status: number; gasUsed: bigint; output: Uint8Array }): string {
  return `status ${status}, ${gasUsed} gas, ${output.length} bytes`;
}
