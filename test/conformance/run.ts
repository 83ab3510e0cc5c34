// docs/vm.md#engines: `npm run conformance -- [FOLDER|FILE.json]... [--engine native|reference|step|evm] [--samples N] [--every N] [--seed N]`
// runs files that wast2json wrote, the core test suite if none is named, and prints a table by file. In evm, of every Nth call all
// steps are proven in the verifier's bytecode, of a call with more than `samples` a choice.
import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { formatError, MizuError } from '../../protocol/errors.ts';
import { type ConformanceEngine, ENGINES } from './engines.ts';
import { addResult, createFileResult, type FileResult, failuresOf, formatHead, formatRow } from './result.ts';
import { runSuiteFile } from './suite.ts';
import { runLies, runOpVectors, runStepVectors } from './vectors.ts';
import { createEngines } from './verify.ts';

const SUITE = process.env.WASM_TESTSUITE ?? fileURLToPath(new URL('../../../shared/wasm-testsuite', import.meta.url));

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      engine: { type: 'string', multiple: true },
      samples: { type: 'string', default: '32' },
      every: { type: 'string', default: '1' },
      seed: { type: 'string', default: '1' },
    },
  });
  const names = values.engine === undefined ? ENGINES : ENGINES.filter((name) => values.engine!.includes(name));
  const unknown = values.engine?.find((name) => !ENGINES.includes(name as ConformanceEngine));
  if (unknown !== undefined) throw badArgument('--engine', ENGINES.join(', '), unknown);
  const number = (name: 'samples' | 'every' | 'seed'): number => {
    const value = Number(values[name]);
    if (!Number.isSafeInteger(value) || value < 1) throw badArgument(`--${name}`, 'a positive integer', values[name]);
    return value;
  };
  const engines = await createEngines(names, {
    samples: number('samples'),
    every: number('every'),
    seed: number('seed'),
  });
  const total = createFileResult('total', names);
  const add = (result: FileResult): void => {
    console.log(formatRow(result));
    addResult(total, result);
  };
  const files = (positionals.length === 0 ? [SUITE] : positionals).flatMap((path) =>
    filesOf(path, positionals.length > 0),
  );
  console.log(formatHead(names));
  for (const file of files) add(await runSuiteFile(file, engines));
  if (positionals.length === 0) {
    add(await runOpVectors(names, number('every')));
    if (names.includes('evm')) {
      add(await runStepVectors());
      add(await runLies());
    }
  }
  console.log(formatRow({ ...total, engines: new Map([...total.engines].map(withoutFailureTexts)) }));
  for (const [reason, count] of [...total.refusals].sort(([, a], [, b]) => b - a))
    console.log(`${String(count).padStart(8)} refused: ${reason}`);
  return failuresOf(total).length;
}

/** They have been printed with their files. */
function withoutFailureTexts([name, { passed, failures }]: [
  ConformanceEngine,
  { passed: number; failures: string[] },
]) {
  return [name, { passed, failures: failures.map(() => '') }] as const;
}

function filesOf(path: string, required: boolean): string[] {
  if (!existsSync(path)) {
    if (required) throw badArgument('a path', 'a folder or a file that wast2json wrote', `no ${path}`);
    console.log(`There is no ${path}: only the committed vectors are run. WASM_TESTSUITE names the suite's folder.`);
    return [];
  }
  if (!statSync(path).isDirectory()) return [path];
  return readdirSync(path)
    .filter((name) => name.endsWith('.json'))
    .sort()
    .map((name) => join(path, name));
}

function badArgument(name: string, expected: string, actual: string | undefined): MizuError {
  return new MizuError({
    code: 'cli/bad-option',
    message: `${name} cannot be used.`,
    expected,
    actual: actual ?? 'nothing',
    hint: 'npm run conformance -- [FOLDER|FILE.json]... [--engine NAME]... [--samples N] [--every N] [--seed N]',
  });
}

try {
  process.exitCode = (await main()) === 0 ? 0 : 1;
} catch (error) {
  if (!(error instanceof MizuError)) throw error;
  console.error(formatError(error));
  process.exitCode = 2;
}
