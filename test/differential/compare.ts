// docs/machine.md#running: one random program in all engines; what differs is told, with the seed that shows it.
import { isDeepStrictEqual } from 'node:util';
import type { OneStepVerifier } from '../../dispute/osp.ts';
import { loadModule } from '../../vm/load.ts';
import { createNativeEngine } from '../../vm/native/engine.ts';
import { createProgram, type Program } from '../../vm/program.ts';
import { runReference, step as stepReference } from '../../vm/reference/machine.ts';
import { createReferenceState, type State } from '../../vm/reference/state.ts';
import type { ProgramRun } from '../../vm/run.ts';
import { createStepMachine, type StepMachine } from '../../vm/step/step-machine.ts';
import { assemble } from '../modules/test-modules.fixture.ts';
import { hashPlain, type PlainMachine, provePlain } from '../vectors/plain-proof.fixture.ts';
import type { Random } from './random.ts';
import { randomModule } from './random-module.ts';

export type Subject = { readonly wasm: Uint8Array; readonly program: Program; readonly request: ProgramRun };

const INPUT = new TextEncoder().encode('the first input'.repeat(20));

export const REQUEST: ProgramRun = {
  inputs: [INPUT, new Uint8Array(0)],
  gasLimit: 300_000n,
  timestampNs: 1_700_000_000_000_000_000n,
  seed: new Uint8Array(32).fill(7),
};

/** A random program. */
export function createSubject(seed: number): Subject {
  return subjectOf(randomModule(seed));
}

/** Instructions that repeat, over several leaves each, forwards and backwards: leaves are read again before a whole instruction is done. */
export function createBulkSubject(): Subject {
  return subjectOf(
    assemble(`(module (import "mizu" "output_write" (func $write (param i32 i32)))
      (import "mizu" "input_read" (func $read (param i32 i32 i64 i32)))
      (import "mizu" "dot_i8" (func $dot (param i32 i32 i32 i32) (result i32)))
      (memory 1 2) (data "${'some passive bytes '.repeat(20)}")
      (func (export "_start")
        (memory.fill (i32.const 100) (i32.const 7) (i32.const 300))
        (memory.copy (i32.const 90) (i32.const 130) (i32.const 250))
        (memory.copy (i32.const 150) (i32.const 90) (i32.const 250))
        (memory.init 0 (i32.const 380) (i32.const 3) (i32.const 200))
        (drop (memory.grow (i32.const 1)))
        (memory.fill (i32.const 65500) (i32.const 9) (i32.const 200))
        (call $read (i32.const 1000) (i32.const 0) (i64.const 5) (i32.const 270))
        (i32.store (i32.const 96) (call $dot (i32.const -5) (i32.const 400) (i32.const 1001) (i32.const 300)))
        (call $write (i32.const 100) (i32.const 300))
        (call $write (i32.const 1) (i32.const 100))))`),
  );
}

const BULK_CALLS = 12;
const BULK_ADDRESS = 2_000;
const BULK_LENGTH = 700;
const SEGMENT_BYTES = [45, 620];

/** Bulk instructions of every kind with any alignment of target, source and segment; the output is what they leave in memory. */
export function createRandomBulkSubject(random: Random): Subject {
  const calls = Array.from({ length: BULK_CALLS }, () => {
    const [dst, src, n] = [random.below(BULK_ADDRESS), random.below(BULK_ADDRESS), random.below(BULK_LENGTH)];
    const three = `(i32.const ${dst}) (i32.const ${src}) (i32.const ${n})`;
    const segment = random.below(SEGMENT_BYTES.length);
    const from = random.below(SEGMENT_BYTES[segment]!);
    const part = Math.min(n, SEGMENT_BYTES[segment]! - from);
    const offset = random.below(INPUT.length);
    const sum = `(i32.load (i32.const ${random.below(BULK_ADDRESS)}))`;
    return [
      `(i32.store (i32.const ${random.below(BULK_ADDRESS)}) (call $dot ${sum} ${three}))`,
      `(memory.fill ${three})`,
      `(memory.copy ${three})`,
      `(memory.init ${segment} (i32.const ${dst}) (i32.const ${from}) (i32.const ${part}))`,
      `(call $read (i32.const ${dst}) (i32.const 0) (i64.const ${offset}) (i32.const ${Math.min(n, INPUT.length - offset)}))`,
      `(call $write (i32.const ${src}) (i32.const ${n}))`,
    ][random.below(6)];
  });
  const segments = SEGMENT_BYTES.map((length) => `(data "${'any passive bytes'.repeat(40).slice(0, length)}")`);
  return subjectOf(
    assemble(`(module (import "mizu" "output_write" (func $write (param i32 i32)))
      (import "mizu" "input_read" (func $read (param i32 i32 i64 i32)))
      (import "mizu" "dot_i8" (func $dot (param i32 i32 i32 i32) (result i32)))
      (memory 1) ${segments.join(' ')}
      (func (export "_start") ${calls.join('\n')} (call $write (i32.const 0) (i32.const 3000))))`),
  );
}

function subjectOf(wasm: Uint8Array): Subject {
  return { wasm, program: createProgram({ module: loadModule(wasm) }), request: REQUEST };
}

/** Status, output and gas of native engine, reference machine and step machine. Undefined: all the same. */
export function compareEnds({ wasm, program, request }: Subject): string | undefined {
  const engine = createNativeEngine();
  const handle = engine.load({ ...program, wasm, fromImage: false });
  if (handle.kind !== 'native') return `not the same program: ${handle.reason}`;
  const native = engine.run(handle, request);
  const stepped = createStepMachine({ program, ...request }).runToEnd();
  for (const [name, other] of [
    ['reference', runReference(program, request)],
    ['step', stepped],
  ] as const) {
    const same =
      other.status === native.status &&
      other.gasUsed === native.gasUsed &&
      isDeepStrictEqual(other.output, native.output);
    if (!same) return `native ends with ${describe(native)}, ${name} with ${describe(other)}`;
  }
  return undefined;
}

/** Hash and proof at `count` steps from `first` against those of the reference machine's whole state. */
export function compareTrace({ program, request }: Subject, first: number, count: number): string | undefined {
  const steps = createStepMachine({ program, ...request });
  const before = createReferenceState(program, request);
  const after = createReferenceState(program, request);
  for (let i = 0; i < first; i++) if (ends(after)) return undefined;
  for (let i = 0; i < first; i++) stepReference(before);
  steps.runTo(BigInt(first));
  const plain: PlainMachine = { kind: 0, state: before, resultAddress: 0, programs: [], preimages: [] };
  for (let i = 0; i < count; i++) {
    if (steps.hash() !== hashPlain(plain)) return `step ${first + i}: another hash than the reference machine's`;
    const ended = ends(after);
    if (!isDeepStrictEqual(new Uint8Array(steps.prove()), new Uint8Array(provePlain(plain, ended))))
      return `step ${first + i}: another proof than the reference machine's`;
    steps.runTo(steps.position() + 1n);
    if ((steps.result() !== undefined) !== ended) return `step ${first + i}: only one machine ends`;
    if (ended) return undefined;
    stepReference(before);
  }
  return undefined;
}

/** `count` steps by chance, and the last one, in the verifier's bytecode. */
export async function compareProofs(
  { program, request }: Subject,
  verifier: OneStepVerifier,
  count: number,
  random: Random,
): Promise<string | undefined> {
  const end = createStepMachine({ program, ...request });
  end.runToEnd();
  const length = end.position();
  const positions = [...Array.from({ length: count }, () => random.below64(length)), length - 1n];
  return compareProofsAt({ program, request }, verifier, positions);
}

/** The steps at these positions in the verifier's bytecode. */
export async function compareProofsAt(
  { program, request }: Pick<Subject, 'program' | 'request'>,
  verifier: OneStepVerifier,
  positions: readonly bigint[],
): Promise<string | undefined> {
  const steps = createStepMachine({ program, ...request });
  for (const position of positions.toSorted((a, b) => Number(a - b))) {
    steps.runTo(position);
    const snapshot = steps.snapshot();
    const before = steps.hash();
    const verdict = await verifier.step(steps.prove());
    steps.runTo(position + 1n);
    const after = steps.hash();
    if (verdict.kind === 'revert') return `step ${position}: the proof is refused: ${verdict.reason}`;
    if (verdict.before !== before || verdict.after !== after) return `step ${position}: the verifier goes elsewhere`;
    steps.restore(snapshot);
  }
  return undefined;
}

/** Goes back to snapshots in another order; hashes and the end must be the same again. */
export function compareSnapshots({ program, request }: Subject, random: Random): string | undefined {
  const steps = createStepMachine({ program, ...request });
  const positions = Array.from({ length: 6 }, () => BigInt(random.below(3000))).sort((a, b) => Number(a - b));
  const taken = positions.map((position) => {
    steps.runTo(position);
    // Some are taken with the hash up to date, others with leaves still to be hashed.
    if (random.chance(2)) steps.hash();
    return steps.snapshot();
  });
  const result = steps.runToEnd();
  const last = steps.hash();
  const fresh = createStepMachine({ program, ...request }).hashesAt(positions);
  for (let i = 0; i < 2 * taken.length; i++) {
    const index = random.below(taken.length);
    steps.restore(taken[index]!);
    if (steps.hash() !== fresh[index]) return `another hash at ${positions[index]} after going back`;
    if (random.chance(2)) steps.runTo(steps.position() + 40n);
  }
  return sameEnd(steps, result, last) ? undefined : 'another end after going back';
}

function sameEnd(steps: StepMachine, result: unknown, hash: string): boolean {
  return isDeepStrictEqual(steps.runToEnd(), result) && steps.hash() === hash;
}

/** True if the step ended the run. */
function ends(state: State): boolean {
  try {
    stepReference(state);
    return state.halted;
  } catch {
    return true;
  }
}

function describe({ status, gasUsed, output }: { status: number; gasUsed: bigint; output: Uint8Array }): string {
  return `status ${status}, ${gasUsed} gas, ${output.length} bytes`;
}
