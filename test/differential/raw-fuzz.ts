// docs/vm.md#checks: `npm run fuzz -- --raw`: programs that no lowering made, and programs that are nearly their module's.
import type { OneStepVerifier } from '../../dispute/osp.ts';
import { loadModule } from '../../vm/load.ts';
import { createProgram } from '../../vm/program.ts';
import { REQUEST } from './compare.ts';
import { almost, compareNearly } from './nearly.ts';
import { createRandom } from './random.ts';
import { randomModule } from './random-module.ts';
import { compareRaw, type RawCounts } from './raw-compare.ts';
import { describeSubject, minimise } from './raw-minimise.ts';
import { createRawSubject, type RawSubject } from './raw-subject.ts';

/** One seed in so many is a program beside its module, run natively too if the engine takes it. */
const NEARLY = 8;

/** What differs for this seed, with the smallest program that shows it; undefined if nothing does. */
export async function compareRawSeed(
  seed: number,
  verifier: OneStepVerifier,
  counts: RawCounts,
): Promise<string | undefined> {
  if (seed % NEARLY === 0) return compareNearlySeed(seed);
  const subject = createRawSubject(seed);
  const complaintOf = (given: RawSubject) => guarded(() => compareRaw(given, verifier, createRandom(seed), counts));
  const complaint = await complaintOf(subject);
  if (complaint === undefined) return undefined;
  const smallest = await minimise(subject, async (smaller) => (await complaintOf(smaller)) !== undefined);
  return `${complaint} (${subject.kind})\n  smallest: ${await complaintOf(smallest)}\n${describeSubject(smallest)}`;
}

function compareNearlySeed(seed: number): Promise<string | undefined> {
  const random = createRandom(seed);
  const wasm = randomModule(seed);
  const program = almost(createProgram({ module: loadModule(wasm) }), random);
  return guarded(async () => compareNearly({ wasm, program }, REQUEST));
}

// An engine that throws at a program is a difference, too.
async function guarded(compare: () => Promise<string | undefined>): Promise<string | undefined> {
  try {
    return await compare();
  } catch (error) {
    return error instanceof Error ? `thrown: ${error.message}` : String(error);
  }
}
