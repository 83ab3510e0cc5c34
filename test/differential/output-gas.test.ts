// docs/vm.md#gas: a program that runs out of gas in the middle of an output ends the same in every engine, and L1 judges the step.
import { beforeAll, describe, expect, it } from 'vitest';
import { createOneStepVerifier, type OneStepVerifier } from '../../dispute/osp.ts';
import { loadModule } from '../../vm/load.ts';
import { createNativeEngine } from '../../vm/native/engine.ts';
import { createProgram } from '../../vm/program.ts';
import { runReference } from '../../vm/reference/machine.ts';
import type { ProgramRun, RunResult } from '../../vm/run.ts';
import { createStepMachine } from '../../vm/step/step-machine.ts';
import { assemble } from '../modules/test-modules.fixture.ts';
import { compareProofsAt, compareTrace, REQUEST, type Subject } from './compare.ts';

/** Gas before the first write: call, enter and two moves of arguments; behind the last one return and halt. */
const BEFORE = 4n;
const AFTER = 2n;
/** First 5 bytes over the end of a leaf of memory, by 3 and by 2, then 2 more. */
const PARTS = [3n, 2n, 2n];
const COSTS = PARTS.map((bytes) => 32n + 10n * bytes);
const MOVES = 2n;
const TOTAL = BEFORE + COSTS.reduce((sum, gas) => sum + gas, 0n) + MOVES + AFTER;
/** Where each repetition begins, and the first step behind the last one. */
const BEGINS = [BEFORE];
for (const [i, gas] of COSTS.entries()) BEGINS.push(BEGINS[i]! + gas + (i === 1 ? MOVES : 0n));

const writes = (...calls: readonly (readonly [src: number, n: number])[]): string =>
  `(module (import "mizu" "output_write" (func $write (param i32 i32))) (memory 1 1) (data (i32.const 0) "${'some bytes '.repeat(60)}")
    (func (export "_start") ${calls.map(([src, n]) => `(call $write (i32.const ${src}) (i32.const ${n}))`).join(' ')}))`;

function subjectOf(wat: string): Subject {
  const wasm = assemble(wat);
  return { wasm, program: createProgram({ module: loadModule(wasm) }), request: REQUEST };
}

const SUBJECT = subjectOf(writes([125, 5], [77, 2]));

/** Native engine and step machine, each loaded once, and the reference machine. */
function createRuns({ wasm, program }: Subject): (request: ProgramRun) => Record<string, RunResult> {
  const engine = createNativeEngine();
  const handle = engine.load({ ...program, wasm, fromImage: false });
  if (handle.kind !== 'native') throw new Error(handle.reason);
  const end = ({ status, output, gasUsed }: RunResult): RunResult => ({ status, output: output.slice(), gasUsed });
  return (request) => ({
    native: end(engine.run(handle, request)),
    reference: end(runReference(program, request)),
    step: end(createStepMachine({ program, ...request }).runToEnd()),
  });
}

function same(result: RunResult): Record<string, RunResult> {
  return { native: result, reference: result, step: result };
}

describe('an output pays 32 gas for each repetition and 10 for each byte', () => {
  const runs = createRuns(SUBJECT);
  const whole = runReference(SUBJECT.program, REQUEST);

  it('in every engine', () => {
    expect(whole).toMatchObject({ status: 0, gasUsed: TOTAL });
    expect(whole.output.length).toBe(7);
    expect(runs(REQUEST)).toEqual(same({ status: 0, output: whole.output.slice(), gasUsed: TOTAL }));
  });

  it('and without the last gas of it the run is a fault that takes all, at every limit', () => {
    for (let gasLimit = 1n; gasLimit <= TOTAL + 1n; gasLimit++) {
      const ended = gasLimit < TOTAL ? { status: 256, output: new Uint8Array(0), gasUsed: gasLimit } : undefined;
      expect({ gasLimit, ...runs({ ...REQUEST, gasLimit }) }).toEqual({
        gasLimit,
        ...same(ended ?? { status: 0, output: whole.output.slice(), gasUsed: TOTAL }),
      });
    }
  });

  it('whatever leaves of the output it ends', () => {
    // The output's leaf ends 28 bytes after the first 100, the source's 51 bytes after 77.
    const larger = subjectOf(writes([5, 100], [77, 57]));
    const gasUsed = BEFORE + MOVES + AFTER + 4n * 32n + 157n * 10n;
    for (const gasLimit of [gasUsed - 1n, gasUsed]) {
      const ended = runReference(larger.program, { ...REQUEST, gasLimit });
      expect(ended).toMatchObject({ status: gasLimit < gasUsed ? 256 : 0, gasUsed: gasLimit });
      expect(createRuns(larger)({ ...REQUEST, gasLimit })).toEqual(
        same({ status: ended.status, output: ended.output.slice(), gasUsed: gasLimit }),
      );
    }
  });

  it('and nothing for none, nor for what is refused', () => {
    const none = subjectOf(writes([5, 0]));
    expect(runReference(none.program, REQUEST).gasUsed).toBe(BEFORE + 32n + AFTER);
    expect(createRuns(none)(REQUEST)).toEqual(
      same({ status: 0, output: new Uint8Array(0), gasUsed: BEFORE + 32n + AFTER }),
    );
    // More than memory holds, and more than an output may have: a fault takes the limit, whatever the bytes would cost.
    for (const length of [65_536, 64 * 1024 * 1024 + 1, 0xffffffff])
      expect(createRuns(subjectOf(writes([5, length])))(REQUEST)).toEqual(
        same({ status: 256, output: new Uint8Array(0), gasUsed: REQUEST.gasLimit }),
      );
  });
});

describe('on L1', () => {
  let verifier: OneStepVerifier;

  beforeAll(async () => {
    verifier = await createOneStepVerifier();
  });

  it('the steps that write, that pay, and those that have nothing to pay with are those of the machine', async () => {
    const limits = new Set([...BEGINS.flatMap((at) => [at, at + 1n, at + 33n]).filter((at) => at < TOTAL), TOTAL]);
    for (const gasLimit of limits) {
      const subject = { ...SUBJECT, request: { ...REQUEST, gasLimit } };
      // The last step that has gas, and the one that has none.
      const last = Number(gasLimit) - 1;
      expect({ gasLimit, complaint: compareTrace(subject, last, 2) }).toEqual({ gasLimit });
      const positions = gasLimit < TOTAL ? [BigInt(last), gasLimit] : [BigInt(last)];
      expect({ gasLimit, complaint: await compareProofsAt(subject, verifier, positions) }).toEqual({ gasLimit });
    }
    expect(await compareProofsAt(SUBJECT, verifier, BEGINS)).toBe(undefined);
  });
});
