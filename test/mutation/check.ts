// One set of checks, run in a copy of the repository in which a line is broken: `check.ts NAME` exits 1 if something is noticed.

import { spawnSync } from 'node:child_process';
import { createOneStepVerifier } from '../../dispute/osp.ts';
import { hexToBytes } from '../../protocol/hex.ts';
import { failuresOf } from '../conformance/result.ts';
import { readStepVectors, runOpVectors, runStepVectors } from '../conformance/vectors.ts';
import { firstComplaint } from '../conformance/verify.ts';
import {
  compareEnds,
  compareSnapshots,
  compareTrace,
  createBulkSubject,
  createSubject,
} from '../differential/compare.ts';
import { compareHaltInFarFrame, compareHandmade, compareStep, handmadeCases } from '../differential/handmade.ts';
import { acceptedLies, changedLengths, someFlippedBits, splicedProofs } from '../differential/lies.ts';
import { createRandom } from '../differential/random.ts';
import { splicedCases } from '../differential/spliced.ts';
import { createStepVector, type StepCase } from '../vectors/plain-step.fixture.ts';
import { createStepCases } from '../vectors/step-cases.fixture.ts';
import { SIGNATURE } from '../vectors/step-vectors.ts';

type VitestReport = {
  readonly testResults?: readonly {
    readonly message: string;
    readonly assertionResults: readonly { readonly fullName: string; readonly status: string }[];
  }[];
};

const PROGRAMS = 120;
const TRACED = 4;
const TRACED_STEPS = 25;
const BITS = 24;
const BULK_STEPS = 100;
/** Exit code where nothing can be said. */
const UNUSABLE = 2;

const [name = ''] = process.argv.slice(2);
const complaint = await check(name);
console.log(complaint ?? 'nothing noticed');
process.exitCode = complaint === undefined ? 0 : 1;

async function check(wanted: string): Promise<string | undefined> {
  const [set, prefix = ''] = wanted.split(':');
  switch (set) {
    case 'vectors':
      return failuresOf(await runStepVectors())[0];
    case 'ops':
      return failuresOf(await runOpVectors(['evm'], 1, (op) => op.startsWith(prefix)))[0];
    case 'core':
      return failuresOf(await runOpVectors(['step'], 1, (op) => op.startsWith(prefix)))[0];
    case 'proofs':
      return checkProofs();
    case 'lies':
      return checkLies();
    case 'traces':
      return (
        compareTrace(createBulkSubject(), 0, BULK_STEPS) ??
        firstOf(1, PROGRAMS, (seed) => compareEnds(createSubject(seed))) ??
        firstOf(1, TRACED, (seed) => compareTrace(createSubject(seed), seed * 137, TRACED_STEPS))
      );
    case 'handmade':
      return checkHandmade();
    case 'cases':
      return checkCases();
    case 'snapshots':
      return firstOf(1, 40, (seed) => compareSnapshots(createSubject(seed), createRandom(seed)));
    case 'forge':
      return checkForge(prefix);
    case 'kernel':
      return checkKernel(prefix);
    default:
      throw new Error(`no checks ${wanted}`);
  }
}

// In the copy, as all of this: forge compiles what has changed there.
function checkForge(name: string): string | undefined {
  const args = ['scripts/forge.mjs', 'test', '--match-path', `contracts/test/${name}.t.sol`];
  // What a mutant leaves unused is only a warning.
  const env = { ...process.env, FOUNDRY_DENY: 'never' };
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { env, encoding: 'utf8', maxBuffer: 2 ** 26 });
  if (status === 0) return undefined;
  const said = `${stdout}\n${stderr}`.split('\n').filter((line) => /^\[FAIL|^Error/.test(line.trim()));
  const failed = said.find((line) => line.startsWith('[FAIL'));
  if (failed !== undefined) return failed;
  // A mutant that does not compile proves nothing.
  console.error(`${said[0] ?? `Error: forge has ended with ${status}`}\n${stderr.slice(-500)}`);
  process.exit(UNUSABLE);
}

function checkKernel(name: string): string | undefined {
  const args = ['node_modules/vitest/vitest.mjs', 'run', `kernel/${name}.test.ts`, '--bail=1', '--reporter=json'];
  const { stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8', maxBuffer: 2 ** 26 });
  const start = stdout.indexOf('{"');
  const { testResults = [] } = start < 0 ? {} : (JSON.parse(stdout.slice(start)) as VitestReport);
  const tests = testResults.flatMap(({ assertionResults }) => assertionResults);
  const failed = tests.find(({ status }) => status === 'failed');
  if (failed !== undefined) return failed.fullName;
  if (tests.some(({ status }) => status === 'passed')) return undefined;
  console.error(`Error: kernel/${name}.test.ts has run no test\n${testResults[0]?.message ?? stderr.slice(-500)}`);
  process.exit(UNUSABLE);
}

async function checkLies(): Promise<string | undefined> {
  const { names, proofs, befores } = readStepVectors();
  const verifier = await createOneStepVerifier();
  const random = createRandom(1);
  for (const [i, name] of names.entries()) {
    const proof = hexToBytes(proofs[i]!);
    const lies = [...someFlippedBits(proof, BITS, random), ...[...changedLengths(proof)].slice(-6)];
    const { accepted } = await acceptedLies(verifier, befores[i]!, lies);
    const cut = await verifier.step(proof.subarray(0, -1));
    if (cut.kind !== 'revert' || !/^(WitnessTooShort|HaltMalformed)/.test(cut.reason))
      return `${name}: cut off is no short witness`;
    if (accepted.length > 0) return `${name}: ${accepted[0]} is taken`;
  }
  for (const [step, other] of splicedCases()) {
    const { accepted } = await acceptedLies(verifier, step.before, splicedProofs(step.proof, other.proof));
    if (accepted.length > 0) return `${step.name}: ${accepted[0]} is taken`;
  }
  return undefined;
}

function firstOf(from: number, to: number, run: (seed: number) => string | undefined): string | undefined {
  for (let seed = from; seed <= to; seed++) {
    const complaint = run(seed);
    if (complaint !== undefined) return `seed ${seed}: ${complaint}`;
  }
  return undefined;
}

function checkHandmade(): string | undefined {
  const { names, proofs, befores, afters } = readStepVectors();
  for (const given of handmadeCases()) {
    const i = names.indexOf(given.name);
    if (i < 0) continue;
    const vector = { ...given, proof: hexToBytes(proofs[i]!), before: befores[i]!, after: afters[i]! };
    const complaint = compareStep(given, vector);
    if (complaint !== undefined) return complaint;
  }
  return compareHaltInFarFrame();
}

/** Those that are not committed too, but for plain arithmetic. */
function checkCases(): string | undefined {
  for (const given of handmadeCases().filter(isSpecial)) {
    const complaint = compareHandmade(given);
    if (complaint !== undefined) return complaint;
  }
  return undefined;
}

/** The same in the verifier. */
async function checkProofs(): Promise<string | undefined> {
  const verifier = await createOneStepVerifier();
  for (const given of createStepCases(SIGNATURE).filter(isSpecial)) {
    const complaint = await firstComplaint(verifier, [createStepVector(given)]);
    if (complaint !== undefined) return complaint;
  }
  return undefined;
}

function isSpecial({ op }: StepCase): boolean {
  return !/^[if](32|64)_/.test(op);
}
