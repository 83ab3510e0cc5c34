// docs/vm.md#checks: one raw program in the reference, the step machine and the verifier; what differs is told.
import { isDeepStrictEqual } from 'node:util';
import type { OneStepVerifier } from '../../dispute/osp.ts';
import { encodeExecResult } from '../../protocol/state.ts';
import { objectRef } from '../../protocol/tree.ts';
import { runReference, step as stepReference } from '../../vm/reference/machine.ts';
import { createReferenceState, type State } from '../../vm/reference/state.ts';
import { hashHalted } from '../../vm/step/encode.ts';
import { createStepMachine } from '../../vm/step/step-machine.ts';
import { hashPlain, type PlainMachine, provePlain } from '../vectors/plain-proof.fixture.ts';
import type { Random } from './random.ts';
import { type Coverage, createObserver, observeHeader, reach } from './raw-coverage.ts';
import { compareStarted } from './raw-started.ts';
import type { RawSubject } from './raw-subject.ts';

/** Runs of up to so many steps are compared at each step. */
const WHOLE_STEPS = 8;
const SAMPLES = 4;
/** The plain prover hashes whole regions: it is asked at one step of so many. */
const PLAIN_PROOFS = 3;

/** The plain prover and its hashes take all pages that the program may have. */
const PLAIN_PAGES = 8;

/** What was compared, for the figures of the fuzz: of the goals what a run showed, and what of them L1 judged. */
export type RawCounts = { steps: number; hashes: number; proofs: number; shown: Coverage; judged: Coverage };

export function createRawCounts(): RawCounts {
  return { steps: 0, hashes: 0, proofs: 0, shown: new Map(), judged: new Map() };
}

export async function compareRaw(
  { program, request }: Pick<RawSubject, 'program' | 'request'>,
  verifier: OneStepVerifier,
  random: Random,
  counts: RawCounts = createRawCounts(),
): Promise<string | undefined> {
  const { status, output, gasUsed } = runReference(program, request);
  const machine = createStepMachine({ program, ...request });
  const stepped = machine.runToEnd();
  if (!isDeepStrictEqual(stepped, { status, output, gasUsed }))
    return `reference ends with ${tell({ status, output, gasUsed })}, step machine with ${tell(stepped)}`;
  const { length, shown } = watch(createReferenceState(program, request));
  for (const goal of [...observeHeader(program, request), ...shown.keys()]) reach(counts.shown, goal);
  if (machine.position() !== BigInt(length))
    return `reference ends after ${length} steps, step machine after ${machine.position()}`;
  const { root, length: outputLength } = objectRef(output);
  const leaf = encodeExecResult({ status, outputRoot: root, outputLength, gasUsed });
  if (machine.hash() !== hashHalted({ kind: 'result', leaf })) return 'another halted machine';
  counts.steps += length;

  const steps = createStepMachine({ program, ...request });
  const state = createReferenceState(program, request);
  const plain: PlainMachine = { kind: 0, state, resultAddress: 0, programs: [], preimages: [] };
  let at = 0;
  const isPlain = program.header.pagesMax <= PLAIN_PAGES;
  const positions = positionsOf(length, shown, random);
  for (const [goal, position] of shown) if (positions.includes(position)) reach(counts.judged, goal);
  for (const position of positions) {
    for (; at < position; at++) stepReference(state);
    steps.runTo(BigInt(position));
    const before = steps.hash();
    if (isPlain && before !== hashPlain(plain)) return `step ${position}: another hash than the reference machine's`;
    const proof = new Uint8Array(steps.prove());
    const asked = isPlain && random.chance(PLAIN_PROOFS);
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
  const complaint = await compareStarted(program, request, verifier, { stepped, root, outputLength });
  for (const goal of observeHeader(program, request)) reach(counts.judged, goal);
  return complaint;
}

/** Steps until the run has ended, the last one included, and a step for each goal that it shows. */
function watch(state: State): { length: number; shown: Map<string, number> } {
  const shown = new Map<string, number>();
  const observer = createObserver(state);
  for (let length = 1; ; length++) {
    try {
      observer.step((goal) => shown.set(goal, length - 1));
    } catch {
      return { length, shown };
    }
    if (state.halted) return { length, shown };
  }
}

/** The first step, the last one, some by chance, and some of those that show something. */
function positionsOf(length: number, shown: ReadonlyMap<string, number>, random: Random): number[] {
  if (length <= WHOLE_STEPS) return Array.from({ length }, (_, i) => i);
  const goals = [...shown.values()];
  const some = Array.from({ length: SAMPLES }, (_, i) =>
    i % 2 === 0 || goals.length === 0 ? random.below(length) : random.pick(goals),
  );
  return [...new Set([0, ...some, length - 1])].sort((left, right) => left - right);
}

function tell({ status, gasUsed, output }: { status: number; gasUsed: bigint; output: Uint8Array }): string {
  return `status ${status}, ${gasUsed} gas, ${output.length} bytes`;
}
