// docs/sdk.md#compile: checks the types of a workflow file with TypeScript's own compiler, in a process of its own.
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join, relative, resolve } from 'node:path';
import { MizuError } from '../../protocol/errors.ts';
import { killChild, startChild } from '../../service/process/child.ts';
import { fixOf } from '../runtime/refused.ts';
import { isUserFile } from './bundle.ts';
import { createLibrary } from './lib-types.ts';
import { SDK } from './own-files.ts';

const TIMEOUT_MS = 120_000;
const MAX_OUTPUT_BYTES = 4 * 1024 * 1024;
const SHOWN = 8;

/**
 * Checks the types of a workflow file with the TypeScript that is installed beside mizu or beside the file.
 *
 * @example
 * await assertTypes('workflow.ts');
 * @throws MizuError `sdk/types` with file, line and TypeScript's message of each error; `sdk/no-typescript` if it is
 * not installed
 */
export async function assertTypes(file: string): Promise<void> {
  const typescript = findTypeScript(resolve(file));
  const folder = await mkdtemp(join(tmpdir(), 'mizu-types-'));
  try {
    const project = join(folder, 'tsconfig.json');
    const library = join(folder, 'library.d.ts');
    await writeFile(library, await createLibrary(typescript));
    await writeFile(project, JSON.stringify(createConfig(resolve(file), library)));
    const output = await runCompiler(typescript, project, dirname(resolve(file)));
    const errors = parseErrors(output, dirname(resolve(file)));
    if (errors.length > 0)
      throw typeErrors(file, await Promise.all(errors.slice(0, SHOWN).map(withSource)), errors.length);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function createConfig(file: string, library: string) {
  const require = createRequire(import.meta.url);
  return {
    files: [library, resolve(SDK, 'workflow/globals.d.ts'), file],
    compilerOptions: {
      target: 'es2022',
      noLib: true,
      module: 'esnext',
      moduleResolution: 'bundler',
      allowImportingTsExtensions: true,
      resolveJsonModule: true,
      strict: true,
      noEmit: true,
      skipLibCheck: true,
      types: [],
      paths: { mizu: [resolve(SDK, 'workflow/authoring.ts')], zod: [dirname(require.resolve('zod/package.json'))] },
    },
  };
}

// It weighs as much as all the rest, and is there where people write TypeScript: whoever installs mizu need not install it.
function findTypeScript(file: string): string {
  for (const place of [import.meta.url, file]) {
    try {
      return createRequire(place).resolve('typescript/package.json');
    } catch {}
  }
  throw new MizuError({
    code: 'sdk/no-typescript',
    message: 'The types of the workflow are not checked: TypeScript is not installed.',
    expected: `the package 'typescript' beside mizu or ${file}`,
    actual: 'none',
    hint: 'npm install --save-dev typescript',
  });
}

function runCompiler(typescript: string, project: string, cwd: string): Promise<string> {
  const args = [join(dirname(typescript), 'bin', 'tsc'), '-p', project, '--pretty', 'false'];
  const child = startChild(process.execPath, args, { cwd, stdio: ['ignore', 'pipe', 'ignore'] });
  const output: Buffer[] = [];
  let bytes = 0;
  child.stdout.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes > MAX_OUTPUT_BYTES) killChild(child);
    else output.push(chunk);
  });
  const timer = setTimeout(() => killChild(child), TIMEOUT_MS);
  return new Promise<string>((resolvePromise, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) => {
      // Exit code 1 or 2 is what errors in the file give.
      if (code !== null) return resolvePromise(Buffer.concat(output).toString());
      reject(noVerdict(bytes > MAX_OUTPUT_BYTES ? `${bytes} bytes of complaints` : `ended by ${signal}`));
    });
  }).finally(() => clearTimeout(timer));
}

function noVerdict(actual: string): MizuError {
  return new MizuError({
    code: 'sdk/types-unknown',
    message: 'TypeScript has not checked the workflow.',
    expected: `an answer within ${TIMEOUT_MS / 1000} s, of at most ${MAX_OUTPUT_BYTES} bytes`,
    actual,
    hint: 'Run tsc on the file; a type that unfolds without end can cause this.',
  });
}

type TypeError = { readonly path: string; readonly place: string; readonly line: number; readonly text: string };

function parseErrors(output: string, folder: string): TypeError[] {
  const errors: TypeError[] = [];
  for (const line of output.split('\n')) {
    const match = /^(.+?)\((\d+),(\d+)\): error TS(?!7016:)\d+: (.*)$/.exec(line);
    // 7016: a package without types, which is `any`.
    if (match === null) continue;
    const path = resolve(folder, match[1]!);
    if (!isUserFile(path)) continue;
    errors.push({
      path,
      place: `${relative(folder, path)}:${match[2]}:${match[3]}`,
      line: Number(match[2]),
      text: withFix(match[4]!),
    });
  }
  return errors;
}

/** Of what an operator has not, TypeScript's suggestion would be something else that is like it by name. */
function withFix(text: string): string {
  const name = /^(?:Property|Cannot find name) '(\w+)'/.exec(text)?.[1];
  const fix = name === undefined ? undefined : fixOf(name);
  return fix === undefined ? text : `${name} is not there in an operator: ${fix}`;
}

async function withSource({ path, place, line, text }: TypeError): Promise<string> {
  const source = (await readFile(path, 'utf8')).split('\n')[line - 1]?.trim() ?? '';
  return `${place}: ${text}\n              ${source.slice(0, 120)}`;
}

function typeErrors(file: string, shown: readonly string[], count: number): MizuError {
  const more = count > shown.length ? [`and ${count - shown.length} more`] : [];
  return new MizuError({
    code: 'sdk/types',
    message: `${file} has ${count === 1 ? 'a type error' : `${count} type errors`}.`,
    expected: 'a workflow whose types fit from operator to operator',
    actual: [...shown, ...more].join('\n            '),
    hint: 'Each operator gets the row type that the operator before it returns.',
  });
}
