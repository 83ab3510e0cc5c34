// docs/sdk.md#cli: help and usage errors load the definitions of commands, and nothing that commands work with.
import { spawnSync } from 'node:child_process';
import { relative } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { expect, test } from 'vitest';

const root = fileURLToPath(new URL('../', import.meta.url));
const COMMANDS = ['devnet', 'demo', 'dev', 'quote', 'deploy', 'run', 'watch', 'renew', 'runs', 'why', 'dataset get'];
const STAKES = ['stake', 'delegate', 'unbond', 'claim', 'stakes'];
const OTHERS = [
  'verify',
  'attest',
  'court',
  'court show',
  'court open',
  'court vote',
  'court appeal',
  'court execute',
  'court claim',
  'settle',
  'escape',
  'invite',
  'model show',
  'vm run',
  'da',
  'sequencer',
  'executor',
  'validator',
  'gateway',
  'edge',
];
const MISTAKES = [
  'rnus',
  'run',
  'run a.ts',
  'watch nonsense',
  'runs --rpc nonsense',
  'vm prove a.wasm',
  'verify --nope',
];

// What compiles the sources for this test is no part of the command.
const HOOK = `
import { writeSync } from 'node:fs';
export async function resolve(specifier, context, next) {
  const found = await next(specifier, context);
  if (!context.parentURL?.endsWith('/scripts/ts-loader.mjs')) writeSync(3, found.url + '\\n');
  return found;
}`;

/** All modules that a process loads for these command lines, and its exit codes. */
function load(lines: readonly string[]): { modules: string[]; codes: number[]; out: string } {
  const asUrl = (text: string) => `data:text/javascript,${encodeURIComponent(text)}`;
  const register = `import { register } from 'node:module'; register(${JSON.stringify(asUrl(HOOK))});`;
  const main = pathToFileURL(`${root}bin/main.ts`).href;
  const script = `const { main } = await import(${JSON.stringify(main)});
const codes = [];
for (const line of ${JSON.stringify(lines)}) codes.push(await main(line.split(' ').filter((word) => word !== '')));
process.stdout.write('\\n' + JSON.stringify(codes));`;
  const loader = pathToFileURL(`${root}scripts/ts.mjs`).href;
  const { stdout, stderr, output } = spawnSync(
    process.execPath,
    ['--import', loader, '--import', asUrl(register), '--input-type=module', '-e', script],
    {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
      env: { ...process.env, NO_COLOR: '1' },
      timeout: 300_000,
    },
  );
  const out = stdout + stderr;
  const modules = [...new Set((output[3] ?? '').split('\n'))].filter((url) => url.startsWith('file:'));
  return {
    modules: modules.map((url) => relative(root, fileURLToPath(url))),
    codes: JSON.parse(stdout.split('\n').at(-1) ?? ''),
    out,
  };
}

test('help and mistakes load no L1 client, no compiler, no schema library, and no part of the network', () => {
  const help = ['', '--help', ...[...COMMANDS, ...STAKES, ...OTHERS].map((name) => `${name} --help`)];
  const { modules, codes, out } = load([...help, ...MISTAKES]);
  expect(codes, out).toEqual([...help.map(() => 0), ...MISTAKES.map(() => 1)]);
  const isLibrary = (path: string) => path.includes('node_modules/');
  const libraries = modules.filter(isLibrary).map((path) => path.replace(/^.*node_modules\//, '').split('/')[0]);
  expect([...new Set(libraries)].sort()).toEqual(['commander', 'picocolors']);
  const own = modules.filter((path) => !isLibrary(path));
  const ALLOWED =
    /^((cli|bin|devnet\/(command|services)|demo\/demo)|sdk\/(output\/shell-word|stakes\/role-name|client\/money|input\/(format|words)|workflow\/model-names)|protocol|scripts\/ts|service\/process\/(process|stacks))/;
  expect(own.filter((path) => !ALLOWED.test(path))).toEqual([]);
  expect(own.length).toBeLessThanOrEqual(59);
});
