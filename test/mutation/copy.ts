// A copy of the repository in which one mutant after another is put in, compiled, checked and taken out.
import { once } from 'node:events';
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startChild } from '../../service/process/child.ts';
import { BYTECODE_FILE, CORE_FILE, KERNEL_FILE } from './generated.ts';
import type { CheckName, Mutant } from './mutant.ts';
import type { MutantVerdict } from './record.ts';

const COPIED = [
  'contracts',
  'protocol',
  'vm',
  'kernel',
  'node',
  'dispute',
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
/** Only a last net: what does not end in it is no verdict. */
const TIMEOUT_MS = 1_800_000;
const SAID_LENGTH = 160;
/** Exit code of compile.ts and check.ts where nothing can be said. */
const UNUSABLE = 2;

type Outcome =
  | { readonly kind: 'passed' }
  | { readonly kind: 'failed' | 'unusable' | 'endless'; readonly said: string };

export type Copy = {
  judge(mutant: Mutant): Promise<MutantVerdict>;
  /** A check without a mutant must pass. @throws Error if it does not */
  passes(check: CheckName): Promise<void>;
  remove(): void;
};

export function createCopy(root: string): Copy {
  const folder = mkdtempSync(join(tmpdir(), 'mizu-mutation-'));
  for (const name of COPIED) cpSync(join(root, name), join(folder, name), { recursive: true });
  optimizeLess(join(folder, 'scripts/generate/step-core.mjs'));
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'), 'dir');
  const generated = [BYTECODE_FILE, CORE_FILE, KERNEL_FILE].map(
    (path) => [join(folder, path), readFileSync(join(folder, path))] as const,
  );
  const run = (program: 'compile' | 'check', argument: string) => runProgram(folder, program, argument);

  async function verdictOn(mutant: Mutant): Promise<MutantVerdict> {
    const compiled = await run('compile', mutant.file);
    if (compiled.kind !== 'passed') return { kind: 'invalid', said: compiled.said };
    for (const check of mutant.checks) {
      const outcome = await run('check', check);
      if (outcome.kind === 'failed') return { kind: 'caught', by: check, said: outcome.said };
      if (outcome.kind === 'unusable') return { kind: 'invalid', said: outcome.said };
      if (outcome.kind === 'endless') return { kind: 'undecided', said: `${check}: ${outcome.said}` };
    }
    return { kind: 'survived' };
  }

  return {
    async judge(mutant) {
      const path = join(folder, mutant.file);
      const source = readFileSync(path, 'utf8');
      const places = source.split(mutant.text).length - 1;
      if (places !== 1)
        return { kind: 'invalid', said: `expected this text once in the file, it is there ${places} times` };
      writeFileSync(
        path,
        source.replace(mutant.text, () => mutant.replacement),
      );
      try {
        return await verdictOn(mutant);
      } finally {
        writeFileSync(path, source);
        for (const [file, content] of generated) writeFileSync(file, content);
      }
    },
    async passes(check) {
      const outcome = await run('check', check);
      if (outcome.kind !== 'passed') throw new Error(`${check} fails without a mutant: ${outcome.said}`);
    },
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}

/** The core does the same, and is built in a third of the time. */
function optimizeLess(path: string): void {
  const source = readFileSync(path, 'utf8');
  const changed = source.replace("'-O3', ", "'-O1', ").replace(", '--converge'", '');
  if (changed === source) throw new Error(`${path} has other flags than it had`);
  writeFileSync(path, changed);
}

async function runProgram(cwd: string, program: 'compile' | 'check', argument: string): Promise<Outcome> {
  const args = ['--import', './scripts/ts.mjs', `test/mutation/${program}.ts`, argument];
  const child = startChild(process.execPath, args, {
    cwd,
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: TIMEOUT_MS,
    killSignal: 'SIGKILL',
  });
  const texts = { stdout: '', stderr: '' };
  child.stdout.on('data', (bytes: Buffer) => {
    texts.stdout += bytes.toString();
  });
  child.stderr.on('data', (bytes: Buffer) => {
    texts.stderr += bytes.toString();
  });
  const [status, signal] = (await once(child, 'close')) as [number | null, NodeJS.Signals | null];
  if (status === 0) return { kind: 'passed' };
  if (status === null)
    return { kind: 'endless', said: `ended by ${signal}, after ${TIMEOUT_MS / 60_000} minutes at most` };
  const error = texts.stderr.split('\n').find((line) => /error/i.test(line)) ?? texts.stderr.trim();
  const said = status === UNUSABLE ? error : texts.stdout.trim() || error;
  return {
    kind: status === UNUSABLE ? 'unusable' : 'failed',
    said: (said.split('\n')[0] || `exit code ${status}`).trim().slice(0, SAID_LENGTH),
  };
}
