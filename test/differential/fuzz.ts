// docs/vm.md#checks: `npm run fuzz -- [--raw] [--seconds N] [--seed S]` runs random programs in every engine until time is up
// (`--seconds Infinity`: until it is stopped); with `--raw` such as no lowering made.
// A failure names the seed of its program: `--seed S --seconds 0` runs that one alone.
import { parseArgs } from 'node:util';
import { createOneStepVerifier } from '../../dispute/osp.ts';
import { compareEnds, compareProofs, compareSnapshots, compareTrace, createSubject, type Subject } from './compare.ts';
import { createRandom, type Random } from './random.ts';
import { createRawCounts } from './raw-compare.ts';
import { summarise } from './raw-coverage.ts';
import { compareRawSeed } from './raw-fuzz.ts';

const TRACED_STEPS = 6;
const TRACE_START_MAX = 2000;
const PROVEN_STEPS = 8;

const { values } = parseArgs({
  options: {
    raw: { type: 'boolean', default: false },
    seconds: { type: 'string', default: '60' },
    seed: { type: 'string', default: '1' },
  },
});
const first = Number(values.seed);
const until = performance.now() + Number(values.seconds) * 1000;
if (!Number.isSafeInteger(first) || Number.isNaN(until)) throw new Error('--seconds and --seed are numbers');

const verifier = await createOneStepVerifier();
const failures: string[] = [];
const counts = createRawCounts();
let seed = first;
do {
  const complaint = values.raw
    ? await compareRawSeed(seed, verifier, counts)
    : await compareAll(createSubject(seed), createRandom(seed));
  if (complaint !== undefined) {
    failures.push(`seed ${seed}: ${complaint}`);
    console.log(failures.at(-1));
  }
  seed++;
} while (performance.now() < until);
const compared = values.raw
  ? `${counts.steps} steps in both machines, ${counts.hashes} of their hashes, ${counts.proofs} steps in the verifier, with each program's start and end under a kernel besides`
  : 'of each the ends with two gas limits in three engines, ' +
    `snapshots, ${TRACED_STEPS} steps against the reference machine, ${PROVEN_STEPS + 1} steps in the verifier`;
console.log(`${seed - first} programs (seeds ${first} to ${seed - 1}), ${failures.length} differ; ${compared}`);
if (values.raw) {
  console.log(['Reached in the machines:', ...summarise(counts.shown)].join('\n'));
  console.log(['Judged by the verifier:', ...summarise(counts.judged)].join('\n'));
}
process.exitCode = failures.length === 0 ? 0 : 1;

async function compareAll(subject: Subject, random: Random): Promise<string | undefined> {
  const gasLimit = BigInt(1 + random.below(Number(subject.request.gasLimit)));
  return (
    compareEnds(subject) ??
    compareEnds({ ...subject, request: { ...subject.request, gasLimit } }) ??
    compareSnapshots(subject, random) ??
    compareTrace(subject, random.below(TRACE_START_MAX), TRACED_STEPS) ??
    (await compareProofs(subject, verifier, PROVEN_STEPS, random))
  );
}
