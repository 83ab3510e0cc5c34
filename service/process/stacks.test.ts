// docs/operations.md#stacks: an error is told by its place in the source, and nothing is read for it before.
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { mapStack } from './stacks.mjs';

const LOADER = new URL('../../scripts/ts.mjs', import.meta.url).href;
const LOG = fileURLToPath(new URL('./log.ts', import.meta.url));
const MIZU = fileURLToPath(new URL('../../bin/mizu.mjs', import.meta.url));
const BUNDLES = fileURLToPath(new URL('../../build/bundle/', import.meta.url));
/** A source with lines that are not in the code that is made of it. The error comes from line 6. */
const FAILS = `
export type Word = {
  readonly text: string;
};
export function fail(word: Word): never {
  throw new Error(word.text, { cause: new Error('for a reason') });
}
`;
let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(realpathSync(tmpdir()), 'mizu-stacks-'));
  write('fails.ts', FAILS);
});

afterEach(() => {
  for (const name of mine()) rmSync(join(BUNDLES, name), { recursive: true, force: true });
  rmSync(folder, { recursive: true, force: true });
});

const write = (name: string, text: string) => writeFileSync(join(folder, name), text);
const mine = () => readdirSync(BUNDLES).filter((name) => name.includes(folder.split('-').at(-1) as string));
const place = (name: string, at: string) => `${join(folder, name)}:${at}`;

function start() {
  return spawnSync(process.execPath, ['--import', LOADER, join(folder, 'main.ts')], { encoding: 'utf8' });
}

// Another process seems to build the bundle, so that there is none.
function lock(): void {
  write('main.ts', '');
  expect(start().status).toBe(0);
  const manifest = mine().find((name) => name.endsWith('.json')) as string;
  mkdirSync(join(BUNDLES, manifest.replace('.json', '.lock')));
}

describe.each([
  ['of a bundle', () => undefined],
  ['of modules one by one', lock],
])('a stack %s', (_name, prepare) => {
  beforeEach(prepare);

  test('is that of the source when an exception that nobody catches ends the process, and so are its causes', () => {
    write('main.ts', "import { fail } from './fails.ts';\n\ntype Text = string;\nfail({ text: 'the text' as Text });");
    const { stderr, status } = start();
    expect(status).toBe(1);
    expect(stderr).toMatch(/Error: the text\n {4}at fail /);
    expect(stderr).toContain(place('fails.ts', '6:9'));
    expect(stderr).toContain(place('main.ts', '4:1'));
    expect(stderr).toContain('[cause]: Error: for a reason');
    expect(stderr).toContain(place('fails.ts', '6:39'));
  });

  test('is that of the source when a promise that nobody waits for ends the process', () => {
    write('main.ts', "import { fail } from './fails.ts';\nvoid (async () => fail({ text: 'later' }))();");
    const { stderr, status } = start();
    expect(status).toBe(1);
    expect(stderr).toContain(place('fails.ts', '6:9'));
  });

  test('is that of the source in the log', () => {
    write(
      'main.ts',
      `import { createLogger } from ${JSON.stringify(LOG)};
       import { fail } from './fails.ts';
       try { fail({ text: 'logged' }); } catch (err) { createLogger('x').error({ err }, 'it failed'); }`,
    );
    const { stderr, status } = start();
    expect(status, stderr).toBe(0);
    expect(JSON.parse(stderr).err.stack).toContain(`at fail (${place('fails.ts', '6:9')})`);
  });

  test('is that of the source when it comes from a thread', () => {
    write('thread.ts', "import { fail } from './fails.ts';\ninterface Unused { a: 1 }\nfail({ text: 'in a thread' });");
    write(
      'main.ts',
      `import { Worker } from 'node:worker_threads';
       const worker = new Worker(new URL('./thread.ts', import.meta.url), { execArgv: ['--import', ${JSON.stringify(LOADER)}] });
       worker.on('error', (error: Error) => console.log(error.stack));`,
    );
    const { stdout, stderr, status } = start();
    expect(status, stderr).toBe(0);
    expect(stdout).toContain(place('fails.ts', '6:9'));
    expect(stdout).toContain(place('thread.ts', '3:1'));
  });

  test('is not looked up before it is shown', () => {
    write(
      'main.ts',
      `import { fail } from './fails.ts';
       try { fail({ text: 'raw' }); } catch (error) { console.log((error as Error).stack); }`,
    );
    const { stdout, stderr, status } = start();
    expect(status, stderr).toBe(0);
    expect(stdout).toContain('at fail (file:');
    expect(stdout).not.toContain(place('fails.ts', '6:9'));
    expect(mapStack(stdout)).toContain(`at fail (${place('fails.ts', '6:9')})`);
    expect(mapStack(mapStack(stdout))).toBe(mapStack(stdout));
  });
});

test('the command line shows that of the source for an error that it does not expect', () => {
  const preload = "process.stdout.write = () => { throw new Error('nobody reads'); };";
  const { stderr, status } = spawnSync(process.execPath, ['--import', `data:text/javascript,${preload}`, MIZU], {
    encoding: 'utf8',
    env: { ...process.env, MIZU_DEBUG: '1' },
  });
  expect(status).toBe(1);
  expect(stderr).toMatch(/^nobody reads\nError: nobody reads\n/);
  expect(stderr).toMatch(/at .*runCommandLine \(\/.*\/cli\/main\.ts:\d+:\d+\)/);
  expect(stderr).not.toContain('build/bundle');
});

test('a place in a library is that in its installed file', () => {
  write(
    'main.ts',
    `import { hexToBytes } from ${JSON.stringify(fileURLToPath(import.meta.resolve('viem')))};
     hexToBytes('0xzz');`,
  );
  const { stderr, status } = start();
  expect(status).toBe(1);
  expect(stderr).toMatch(/at hexToBytes \(\/.*\/node_modules\/viem\/_esm\/utils\/encoding\/toBytes\.js:\d+:\d+\)/);
  expect(stderr).toContain(place('main.ts', '2:6'));
});

test('a place that nothing is known about stays as it is', () => {
  const part = (name: string) => pathToFileURL(join(BUNDLES, name)).href;
  const source = pathToFileURL(join(folder, 'fails.ts')).href;
  for (const text of [
    'at a (/home/b.ts:1:2)',
    'at file:///home/b.mjs:1:2',
    `at a (${part('none/main.mjs')}:1:2)`,
    `at a (${part('../../../package.mjs')}:1:2)`,
    `at a (${source}:1:2)`,
    `at a (${source}?${'0'.repeat(64)}:1:2)`,
    `at a (${source}?${'0'.repeat(64)}:1:2… (9000 characters)`,
    'file://',
    '',
  ]) {
    expect(mapStack(text)).toBe(text);
  }
});

test('a text of nothing but beginnings of places takes no longer than its length allows', () => {
  const text = 'file://'.repeat(20_000);
  expect(mapStack(text)).toBe(text);
});
