// docs/vm.md#engines: `npm run mutation [-- TEXT] [--continue] [--jobs N]` breaks lines of the contracts, the step machine and the kernel,
// one at a time and in a copy, and says whether a check notices. Exits 1 if not all are caught. TEXT: only mutants whose file contains it.
// --continue: those that were judged before, with the same sources, are not judged again. The whole list is written to bench/results.
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { availableParallelism, cpus } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { type Copy, createCopy } from './copy.ts';
import type { CheckName, Mutant } from './mutant.ts';
import { MUTANTS } from './mutants.ts';
import { type MutantVerdict, openRecord } from './record.ts';
import { createSourcesOf } from './sources.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const RECORD = join(ROOT, 'bench/results/mutation.jsonl');
const RESULT = join(ROOT, 'bench/results/mutation.txt');
const JOBS = String(Math.min(2, availableParallelism()));

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: { continue: { type: 'boolean', default: false }, jobs: { type: 'string', default: JOBS } },
});
const [only = ''] = positionals;
const chosen = MUTANTS.filter(({ file }) => file.includes(only));
if (chosen.length === 0) throw new Error(`expected a part of a mutant's file, got ${only}`);
if (!/^[1-9]$/.test(values.jobs)) throw new Error(`expected 1 to 9 jobs, got ${values.jobs}`);
const record = openRecord(RECORD, MUTANTS, createSourcesOf(ROOT), values.continue);
/** Those of one file have the same checks, and forge keeps what it has compiled for them. */
const waiting = groupByFile(chosen.filter((mutant) => record.of(mutant) === undefined));
const copies: Copy[] = [];
const passed = new Set<CheckName>();
for (const signal of ['SIGINT', 'SIGTERM'] as const)
  process.once(signal, () => {
    for (const copy of copies) copy.remove();
    process.exit(1);
  });
try {
  await Promise.all(Array.from({ length: Math.min(Number(values.jobs), waiting.length) }, work));
} finally {
  for (const copy of copies) copy.remove();
}
const table = report(chosen);
console.log(table);
if (only === '') writeFileSync(RESULT, `npm run mutation\n${describeRun()}\n\n${table}\n`);
process.exitCode = chosen.every((mutant) => record.of(mutant)?.kind === 'caught') ? 0 : 1;

async function work(): Promise<void> {
  const copy = createCopy(ROOT);
  copies.push(copy);
  for (let group = waiting.shift(); group !== undefined; group = waiting.shift()) {
    for (const check of group[0]!.checks) {
      if (!passed.has(check)) await copy.passes(check);
      passed.add(check);
    }
    for (const mutant of group) {
      const verdict = await copy.judge(mutant);
      record.add(mutant, verdict);
      console.error(`${mutant.file}: ${mutant.text}\n      ${describe(verdict)}`);
    }
  }
}

function groupByFile(mutants: readonly Mutant[]): Mutant[][] {
  const groups = new Map<string, Mutant[]>();
  for (const mutant of mutants) {
    const key = `${mutant.file} ${mutant.checks.join()}`;
    groups.set(key, [...(groups.get(key) ?? []), mutant]);
  }
  return [...groups.values()];
}

function report(mutants: readonly Mutant[]): string {
  const judged = mutants.map((mutant) => ({ mutant, verdict: record.of(mutant)! }));
  const of = (wanted: MutantVerdict['kind']) => judged.filter(({ verdict }) => verdict.kind === wanted);
  const rows = judged.map(
    ({ mutant: { file, text, replacement }, verdict }, i) =>
      `${String(i + 1).padStart(3)} ${file}: ${text}\n      -> ${replacement}\n      ${describe(verdict)}`,
  );
  const bad = judged.filter(({ verdict }) => verdict.kind !== 'caught');
  const counts = (['caught', 'survived', 'invalid', 'undecided'] as const).map((kind) => `${of(kind).length} ${kind}`);
  return [
    ...rows,
    `${judged.length} mutants, ${counts.join(', ')}`,
    ...bad.map(({ mutant: { file, text }, verdict }) => `  ${verdict.kind}: ${file}: ${text}`),
  ].join('\n');
}

function describe(verdict: MutantVerdict): string {
  if (verdict.kind === 'survived') return 'SURVIVED';
  return verdict.kind === 'caught'
    ? `caught by ${verdict.by}: ${verdict.said}`
    : `${verdict.kind.toUpperCase()}: ${verdict.said}`;
}

function describeRun(): string {
  const commit = execFileSync('git', ['rev-parse', '--short', 'HEAD'], { cwd: ROOT, encoding: 'utf8' }).trim();
  const machine = `${cpus()[0]?.model ?? 'unknown'}, ${availableParallelism()} cores`;
  return `${new Date().toISOString().slice(0, 10)}, ${machine}, node ${process.version}, commit ${commit}`;
}
