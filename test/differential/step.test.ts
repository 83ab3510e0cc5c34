// docs/machine.md: the step machine against the other engines, a plain hash of the reference machine's state, and a second prover.
import { describe, expect, it } from 'vitest';
import { createOneStepVerifier } from '../../dispute/osp.ts';
import { objectRoot } from '../../protocol/tree.ts';
import { loadModule } from '../../vm/load.ts';
import { createNativeEngine } from '../../vm/native/engine.ts';
import { createProgram } from '../../vm/program.ts';
import { runReference, step as stepReference } from '../../vm/reference/machine.ts';
import { createReferenceState, type State } from '../../vm/reference/state.ts';
import { createStepMachine } from '../../vm/step/step-machine.ts';
import { hashPlain, type PlainMachine, provePlain } from '../vectors/plain-proof.fixture.ts';
import { compareProofs, compareTrace, createBulkSubject, REQUEST } from './compare.ts';
import { runBoth } from './engines.ts';
import { createRandom } from './random.ts';
import { randomModule } from './random-module.ts';

const MODULES = 80;
const TRACED = 6;
const TRACED_STEPS = 40;
const SAMPLES = 100;
/** The program has about 60. */
const BULK_STEPS = 100;
const FLIPS = 60;

function stepper(seed: number) {
  return createStepMachine({ program: createProgram({ module: loadModule(randomModule(seed)) }), ...REQUEST });
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

describe('the step machine', () => {
  it('ends random modules as the native engine and the reference machine do', () => {
    for (let seed = 1; seed <= MODULES; seed++) {
      const { status, output, gasUsed } = runBoth(randomModule(seed));
      expect({ seed, ...stepper(seed).runToEnd() }).toEqual({ seed, status, output, gasUsed });
    }
  });

  it('has the hash and the proof of the reference machine at every step', () => {
    let compared = 0;
    for (let seed = 1; seed <= TRACED; seed++) {
      const steps = stepper(seed);
      const { program } = steps.machine()!.options;
      const before = createReferenceState(program, REQUEST);
      const after = createReferenceState(program, REQUEST);
      // Not always the beginning: that is the same in all.
      const first = (seed * 137) % 400;
      let ended = false;
      for (let i = 0; i < first && !ended; i++) ended = ends(after);
      if (ended) continue;
      for (let i = 0; i < first; i++) stepReference(before);
      steps.runTo(BigInt(first));
      const plain: PlainMachine = { kind: 0, state: before, resultAddress: 0, programs: [], preimages: [] };
      for (let i = 0; i < TRACED_STEPS && !ended; i++) {
        expect(steps.hash()).toBe(hashPlain(plain));
        ended = ends(after);
        expect(Buffer.from(steps.prove()).equals(provePlain(plain, ended))).toBe(true);
        compared++;
        steps.runTo(steps.position() + 1n);
        expect(steps.result() !== undefined).toBe(ended);
        if (!ended) stepReference(before);
      }
    }
    expect(compared).toBeGreaterThan((TRACED * TRACED_STEPS) / 3);
  });

  it('runs a program that its module does not lower to, which the native engine refuses', () => {
    const wasm = randomModule(4);
    const lowered = createProgram({ module: loadModule(wasm) });
    // One more instruction behind the last: never reached, but not what the module lowers to.
    const code = Uint8Array.from([...lowered.code, ...new Uint8Array(16)]);
    const program = { ...lowered, code, header: { ...lowered.header, codeRoot: objectRoot(code) } };
    const refused = createNativeEngine().load({ ...program, wasm, fromImage: false });
    expect(refused).toMatchObject({ kind: 'mismatch', reason: 'code' });
    const { status, output, gasUsed } = runReference(program, REQUEST);
    expect(createStepMachine({ program, ...REQUEST }).runToEnd()).toEqual({ status, output, gasUsed });
  });

  it('has them within instructions that repeat, and these are proven', async () => {
    const subject = createBulkSubject();
    expect(compareTrace(subject, 0, BULK_STEPS)).toBe(undefined);
    expect(await compareProofs(subject, await createOneStepVerifier(), BULK_STEPS, createRandom(1))).toBe(undefined);
  });

  it('goes back to snapshots: hashes and ends are the same again', () => {
    for (let seed = 1; seed <= 20; seed++) {
      const steps = stepper(seed);
      const positions = [0n, 3n, 50n, 200n, 1000n, 5000n];
      const snapshots = positions.map((position) => {
        steps.runTo(position);
        // Some are taken with the hash up to date, others with leaves still to be hashed.
        return { hash: position % 2n === 0n ? steps.hash() : undefined, snapshot: steps.snapshot() };
      });
      const result = steps.runToEnd();
      const last = steps.hash();
      const fresh = stepper(seed).hashesAt(positions);
      for (const index of [4, 1, 5, 0, 3, 2]) {
        const { hash, snapshot } = snapshots[index]!;
        steps.restore(snapshot);
        expect(steps.hash()).toBe(fresh[index]);
        if (hash !== undefined) expect(hash).toBe(fresh[index]);
        if (index === 1) steps.runTo(steps.position() + 40n);
      }
      expect([steps.runToEnd(), steps.hash()]).toEqual([result, last]);
    }
  });
});

describe('the verifier in its real bytecode', () => {
  it('gives the next hash for proofs of random modules, and none for a proof that was changed', async () => {
    const verifier = await createOneStepVerifier();
    const seen = new Set<string>();
    let proof = new Uint8Array(0);
    for (let seed = 1; seed <= SAMPLES; seed++) {
      const steps = stepper(seed);
      steps.runTo(BigInt((seed * 7919) % 3000));
      const before = steps.hash();
      proof = new Uint8Array(steps.prove());
      steps.runTo(steps.position() + 1n);
      const verdict = await verifier.step(proof);
      expect({ seed, ...verdict, gas: 0 }).toEqual({ seed, kind: 'step', before, after: steps.hash(), gas: 0 });
      seen.add(steps.result() === undefined ? 'runs' : 'ended');
    }
    expect([...seen].sort()).toEqual(['ended', 'runs']);
  });

  it('refuses a proof with any bit changed, cut off or added', async () => {
    const verifier = await createOneStepVerifier();
    const steps = stepper(2);
    steps.runTo(64n);
    const before = steps.hash();
    const proof = steps.prove();
    for (let i = 0; i < FLIPS; i++) {
      const changed = proof.slice();
      const at = Math.floor((i * proof.length) / FLIPS) + (i % 7);
      changed[at]! ^= 1 << (i % 8);
      const verdict = await verifier.step(changed);
      // The machine's own bytes are what its hash is of: another machine is another hash.
      expect(verdict.kind === 'revert' || verdict.before !== before).toBe(true);
    }
    for (const changed of [proof.subarray(0, -1), proof.subarray(0, -32), Uint8Array.from([...proof, 0])])
      expect((await verifier.step(changed)).kind).toBe('revert');
  });
});
