// docs/sdk.md#package: the package is packed, installed by a stranger, and does there what its page says. test/pack/smoke.ts does so on other
// lines of Node.js, and goes through what `mizu init` makes.
import { cpSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { createRequire, isBuiltin } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { checkPackage, createPackageFromTarballData } from '@arethetypeswrong/core';
import { build } from 'esbuild';
import { publint } from 'publint';
import { formatMessage } from 'publint/utils';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startDevnet } from '../../devnet/devnet.ts';
import { compileWorkflow } from '../../sdk/compile/compile.ts';
import type { Ended } from '../e2e/mizu.fixture.ts';
import { createStranger, type Stranger, sizeOf } from './install.fixture.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const WORKFLOW = join(ROOT, 'examples/first/workflow.ts');
const ROWS = join(ROOT, 'examples/first/words.jsonl');

/** All that npm installs for it. */
const MAX_INSTALLED_BYTES = 60e6;
const MAX_INSTALLED_PACKAGES = 25;
const MAX_TARBALL_BYTES = 4e6;
/** Told, and not judged: it hangs on the machine and the registry. */
const GOAL_INSTALL_SECONDS = 15;

let stranger: Stranger;
let folder = '';
let tarball = '';
let installed: Ended;

beforeAll(async () => {
  stranger = createStranger();
  const packed = await stranger.run([process.execPath, join(ROOT, 'scripts/pack.mjs'), stranger.home], ROOT);
  expect(packed.code, packed.stderr).toBe(0);
  folder = join(stranger.home, 'package');
  tarball = join(stranger.home, readdirSync(stranger.home).find((name) => name.endsWith('.tgz')) as string);
  const start = Date.now();
  installed = await stranger.run(['npm', 'install', tarball]);
  const seconds = Math.round((Date.now() - start) / 1000);
  console.log(`npm install of the package: ${seconds} s (goal: ${GOAL_INSTALL_SECONDS} s on an idle machine)`);
  cpSync(WORKFLOW, join(stranger.project, 'workflow.ts'));
  cpSync(ROWS, join(stranger.project, 'words.jsonl'));
});

afterAll(() => stranger.remove());

const mizu = (...args: string[]): Promise<Ended> => stranger.run(['npx', 'mizu', ...args]);

test('it is small, and so is what it needs', () => {
  expect(installed.code, installed.stderr).toBe(0);
  const modules = join(stranger.project, 'node_modules');
  expect(statSync(tarball).size).toBeLessThan(MAX_TARBALL_BYTES);
  expect(sizeOf(modules)).toBeLessThan(MAX_INSTALLED_BYTES);
  const { packages } = JSON.parse(readFileSync(join(modules, '.package-lock.json'), 'utf8')) as { packages: object };
  expect(
    Object.keys(packages).filter((path) => statSync(join(stranger.project, path), { throwIfNoEntry: false })).length,
  ).toBeLessThanOrEqual(MAX_INSTALLED_PACKAGES);
});

test('it depends on what its files import, and on nothing else', async () => {
  const files = filesBelow(join(folder, 'dist')).filter(
    (path) => /(?<!\.d)\.[jt]s$/.test(path) && !path.includes('/template/'),
  );
  const { metafile } = await build({
    entryPoints: files,
    outdir: join(stranger.home, 'none'),
    bundle: true,
    packages: 'external',
    platform: 'node',
    format: 'esm',
    metafile: true,
    write: false,
    logLevel: 'error',
    tsconfigRaw: '{}',
  });
  const imported = Object.values(metafile.inputs).flatMap(({ imports }) =>
    imports.flatMap(({ path, external }) => (external === true && !isBuiltin(path) ? [packageOf(path)] : [])),
  );
  // By createRequire, for the path or the version of what is there.
  const required = files.flatMap((path) =>
    [...readFileSync(path, 'utf8').matchAll(/\)\("([\w@/-]+)\/package\.json"\)|\brequire\d\("([\w@-]+)\//g)].map(
      ([, one, other]) => packageOf((one ?? other) as string),
    ),
  );
  const { dependencies } = readManifest();
  expect([...new Set([...imported, ...required])].sort()).toEqual(Object.keys(dependencies).sort());
});

test('versions are those of the repository', () => {
  const versions = readJson<{ dependencies: Versions; devDependencies: Versions }>(join(ROOT, 'package.json'));
  const pinned = { ...versions.devDependencies, ...versions.dependencies };
  const { dependencies } = readManifest();
  const template = readJson<{ devDependencies: Versions }>(join(ROOT, 'cli/template/package.json'));
  for (const [name, version] of Object.entries({ ...template.devDependencies, ...dependencies }))
    expect(pinned[name] ?? installedVersion(name), name).toBe(version);
});

test('publint and attw find nothing', async () => {
  const { messages, pkg } = await publint({ pkgDir: folder, pack: false, strict: true });
  expect(messages.map((message) => formatMessage(message, pkg))).toEqual([]);
  const bytes = readFileSync(tarball);
  const analysis = await checkPackage(createPackageFromTarballData(bytes));
  if (analysis.types === false) throw new Error('attw finds no types');
  // It is made of ES modules: how TypeScript resolved before these, or resolves for CommonJS, is no matter.
  const problems = analysis.problems.filter(
    (problem) => !('resolutionKind' in problem) || ['node16-esm', 'bundler'].includes(problem.resolutionKind),
  );
  expect(problems).toEqual([]);
});

const USE = `import { connectNetwork, dataset, runLocal, z, type LocalRun } from 'mizu';
import { verifyTarget, type Verified } from 'mizu/verify';
import { tryWorkflow } from 'mizu/testing';

const workflow = dataset('use', z.object({ id: z.string() })).map('twice', (row) => ({ id: row.id + row.id }));
// @ts-expect-error the row has no such field
workflow.filter('none', (row) => row.name === '');
export const run: Promise<LocalRun> = runLocal('workflow.ts', [{ id: 'a' }]);
export const verified: Promise<Verified> = verifyTarget('out', true, {}, (line: string) => line);
export const network = connectNetwork({ rpcUrl: 'http://127.0.0.1:1' });
export const kinds = tryWorkflow<{ id: string }>('workflow.ts', [], { answers: { kind: ({ prompt }) => prompt } }).then(
  ({ rows }) => rows.map(({ id }) => id),
);
export default workflow;
`;

test.each([
  ['nodenext', 'nodenext'],
  ['esnext', 'bundler'],
])(
  'TypeScript checks what imports it, declarations and all: module %s, resolution %s',
  async (module, moduleResolution) => {
    const file = join(stranger.project, `use-${moduleResolution}.ts`);
    writeFileSync(file, USE);
    writeFileSync(
      join(stranger.project, 'package.json'),
      JSON.stringify({ type: 'module', dependencies: { mizu: tarball } }),
    );
    const project = join(stranger.project, `tsconfig-${moduleResolution}.json`);
    const compilerOptions = {
      module,
      moduleResolution,
      target: 'es2022',
      strict: true,
      noEmit: true,
      types: [],
      skipLibCheck: false,
    };
    writeFileSync(
      project,
      JSON.stringify({ compilerOptions: { ...compilerOptions, lib: ['es2023', 'dom'] }, files: [file] }),
    );
    const compiler = join(dirname(createRequire(import.meta.url).resolve('typescript/package.json')), 'bin/tsc');
    const { stdout } = await stranger.run([process.execPath, compiler, '-p', project]);
    expect(stdout).toBe('');
  },
);

test('mizu dev shows the README’s workflow, and says that nobody has checked its types', async () => {
  const without = await mizu('dev', 'workflow.ts', '--input', 'words.jsonl');
  expect(without.stdout, without.stderr).toMatch(/result {2}train \d+ .*\n\nNext:\n {2}npx mizu quote /);
  expect(without.stderr).toContain('TypeScript is not installed');
  expect(without.code).toBe(0);
});

test('a workflow has the id that the repository gives it', async () => {
  const script =
    "import { compileWorkflow } from 'mizu'; console.log((await compileWorkflow('workflow.ts')).workflowId);";
  const { stdout, stderr } = await stranger.run([process.execPath, '--input-type=module', '-e', script]);
  expect(stdout.trim(), stderr).toBe((await compileWorkflow(WORKFLOW)).workflowId);
});

test('a command of the network says in one line where it is', async () => {
  const { code, stdout, stderr } = await mizu('devnet', '--keep');
  expect([code, stdout, stderr]).toEqual([
    1,
    '',
    "'mizu devnet' starts a network or a part of one, which this package cannot: type it in a clone of the repository (mizu-network).\n",
  ]);
  const help = await mizu('--help');
  expect(help.stdout).toContain('verify');
  expect(help.stdout).not.toContain('devnet');
});

test('mizu init leaves a folder alone in which something lies', async () => {
  const made = await mizu('init', 'My Workflow');
  expect(made.code, made.stderr).toBe(0);
  const again = await mizu('init', 'My Workflow');
  expect([again.code, again.stderr.split('\n')[0]]).toEqual([1, 'My Workflow is there already.']);
});

describe('on a network', () => {
  test('it runs a workflow, fetches the dataset and verifies it', async () => {
    const place = join(stranger.home, 'network');
    mkdirSync(place);
    const devnet = await startDevnet({ folder: place });
    try {
      // As on the machine of a network: its file says where it is.
      cpSync(join(place, '.mizu/devnet.json'), join(stranger.project, '.mizu/devnet.json'));
      const run = await mizu('run', 'workflow.ts', '--input', 'words.jsonl', '--output', 'words');
      expect(run.code, run.stdout + run.stderr).toBe(0);
      const verified = await mizu('verify', 'words', '--replay');
      expect(verified.stdout, verified.stderr).toMatch(/verified {2}dataset 0x[0-9a-f]{64} of run 0x[0-9a-f]{64}/);
      expect(verified.code).toBe(0);
      const script =
        "import { verifyTarget } from 'mizu/verify'; console.log((await verifyTarget('words', true, {}, () => undefined)).datasetRoot);";
      const inCode = await stranger.run([process.execPath, '--input-type=module', '-e', script]);
      expect(verified.stdout, inCode.stderr).toContain(inCode.stdout.trim());
    } finally {
      await devnet.close();
    }
  });
});

type Versions = Readonly<Record<string, string>>;

function readJson<T>(path: string): T {
  return JSON.parse(readFileSync(path, 'utf8')) as T;
}

function readManifest(): { dependencies: Versions } {
  return readJson(join(folder, 'package.json'));
}

function installedVersion(name: string): string {
  return readJson<{ version: string }>(join(ROOT, 'node_modules', name, 'package.json')).version;
}

function filesBelow(path: string): string[] {
  return readdirSync(path, { withFileTypes: true }).flatMap((entry) =>
    entry.isDirectory() ? filesBelow(join(path, entry.name)) : [join(path, entry.name)],
  );
}

function packageOf(specifier: string): string {
  return specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/');
}
