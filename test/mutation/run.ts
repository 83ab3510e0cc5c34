// docs/vm.md#engines: `npm run mutation [-- TEXT]` breaks lines of the contracts, the step machine and the kernel, one at a time and in a
// copy, and says whether a check notices. Exits 1 if one survives. TEXT: only mutants whose file contains it.
import { once } from 'node:events';
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { startChild } from '../../service/child.ts';
import { compileMutant } from './compile.ts';
import { MUTANTS, type Mutant } from './mutants.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const COPIED = [
  'contracts',
  'protocol',
  'vm',
  'prover',
  'kernel',
  'sdk',
  'service',
  'da',
  'test',
  'scripts',
  'package.json',
  'tsconfig.json',
  'vitest.config.ts',
  'foundry.toml',
];
/** A mutant may never end. forge compiles the contracts first: a minute and a half. */
const CHECK_TIMEOUT_MS = 600_000;
const COMPLAINT_LENGTH = 160;

type Verdict =
  | { readonly kind: 'caught'; readonly by: string; readonly complaint: string }
  | { readonly kind: 'survived' };

const [only = ''] = process.argv.slice(2);
const mutants = MUTANTS.filter(({ file }) => file.includes(only));
const copy = mkdtempSync(join(tmpdir(), 'mizu-mutation-'));
const survivors: Mutant[] = [];
for (const signal of ['SIGINT', 'SIGTERM'] as const)
  process.once(signal, () => {
    rmSync(copy, { recursive: true, force: true });
    process.exit(1);
  });
try {
  for (const name of COPIED) cpSync(join(ROOT, name), join(copy, name), { recursive: true });
  optimizeLess(join(copy, 'vm/step/build.mjs'));
  symlinkSync(join(ROOT, 'node_modules'), join(copy, 'node_modules'), 'dir');
  for (const name of new Set(mutants.flatMap(({ checks }) => checks))) {
    const complaint = await runCheck(name);
    if (complaint !== undefined) throw new Error(`${name} fails without a mutant: ${complaint}`);
  }
  for (const [i, mutant] of mutants.entries()) {
    const verdict = await judge(mutant);
    if (verdict.kind === 'survived') survivors.push(mutant);
    console.log(
      `${String(i + 1).padStart(3)} ${mutant.file}: ${mutant.text}\n      -> ${mutant.replacement}\n      ${describe(verdict)}`,
    );
  }
} finally {
  rmSync(copy, { recursive: true, force: true });
}
console.log(`${mutants.length} mutants, ${mutants.length - survivors.length} caught, ${survivors.length} survived`);
for (const { file, text } of survivors) console.log(`  survived: ${file}: ${text}`);
process.exitCode = survivors.length === 0 ? 0 : 1;

async function judge(mutant: Mutant): Promise<Verdict> {
  const path = join(copy, mutant.file);
  const source = readFileSync(path, 'utf8');
  if (source.split(mutant.text).length !== 2) throw new Error(`${mutant.file} does not have this once: ${mutant.text}`);
  writeFileSync(
    path,
    source.replace(mutant.text, () => mutant.replacement),
  );
  const restore = compileMutant(copy, mutant.file);
  try {
    for (const check of mutant.checks) {
      const complaint = await runCheck(check);
      if (complaint !== undefined) return { kind: 'caught', by: check, complaint };
    }
    return { kind: 'survived' };
  } finally {
    writeFileSync(path, source);
    restore();
  }
}

/** The core does the same, and is built in a third of the time. */
function optimizeLess(path: string): void {
  const source = readFileSync(path, 'utf8');
  const changed = source.replace("'-O3', ", "'-O1', ").replace(", '--converge'", '');
  if (changed === source) throw new Error(`${path} has other flags than it had`);
  writeFileSync(path, changed);
}

/** What the check says if it notices something; a machine that hangs is noticed too. */
async function runCheck(name: string): Promise<string | undefined> {
  const args = ['--import', './scripts/ts.mjs', 'test/mutation/check.ts', name];
  const child = startChild(process.execPath, args, {
    cwd: copy,
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: CHECK_TIMEOUT_MS,
    killSignal: 'SIGKILL',
  });
  const texts = { stdout: '', stderr: '' };
  child.stdout.on('data', (bytes: Buffer) => {
    texts.stdout += bytes.toString();
  });
  child.stderr.on('data', (bytes: Buffer) => {
    texts.stderr += bytes.toString();
  });
  const [status] = (await once(child, 'close')) as [number | null];
  if (status === 0) return undefined;
  if (status === 2) throw new Error(`${name} could not be run: ${texts.stderr.slice(0, 1_000)}`);
  const error = texts.stderr.split('\n').find((line) => line.includes('Error'));
  return (texts.stdout || error || 'no end').trim().split('\n')[0]!.slice(0, COMPLAINT_LENGTH);
}

function describe(verdict: Verdict): string {
  return verdict.kind === 'survived' ? 'SURVIVED' : `caught by ${verdict.by}: ${verdict.complaint}`;
}
