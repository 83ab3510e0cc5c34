// docs/operations.md#children: a test run and a devnet that are killed, each on real processes.
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { startChild } from '../../service/process/child.ts';
import { gone, processes } from '../network/system-processes.fixture.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const LOADER = new URL('../../scripts/ts.mjs', import.meta.url).href;
const url = (path: string) => JSON.stringify(new URL(`../../${path}`, import.meta.url).href);

/** A test that starts a process, tells both ids, and does not end. */
const TEST = `
import { writeSync } from 'node:fs';
import { test } from 'vitest';
import { startChild } from ${url('service/process/child.ts')};
test('does not end', async () => {
  const child = startChild(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { stdio: 'ignore' });
  console.log('ids ' + JSON.stringify({ worker: process.pid, child: child.pid }));
  await new Promise(() => setInterval(() => {}, 1000));
}, 600_000);`;

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'mizu-killed-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** The first line that begins with `word`, without it. */
async function lineOf(output: Readable, word: string): Promise<string> {
  for await (const line of createInterface({ input: output }))
    if (line.includes(`${word} `)) return line.slice(line.indexOf(`${word} `) + word.length + 1);
  throw new Error(`it has ended without saying "${word}"`);
}

/** `npm test` in a folder whose script is Vitest, started as scripts/test.mjs does it. */
async function startTestRun() {
  writeFileSync(
    join(folder, 'package.json'),
    JSON.stringify({ name: 'killed', private: true, type: 'module', scripts: { test: 'node test.mjs' } }),
  );
  writeFileSync(
    join(folder, 'test.mjs'),
    `import ${url('scripts/ts.mjs')};
    import { endWithNpm } from ${url('scripts/end-with-npm.mjs')};
    const { startChild } = await import(${url('service/process/child.ts')});
    endWithNpm();
    const vitest = startChild(process.execPath, ['node_modules/vitest/vitest.mjs', 'run'], { stdio: ['ignore', 'inherit', 'inherit'] });
    console.log('run ' + JSON.stringify({ script: process.pid, vitest: vitest.pid }));`,
  );
  const setup = fileURLToPath(new URL('../end-with-vitest.ts', import.meta.url));
  writeFileSync(
    join(folder, 'vitest.config.ts'),
    `export default { test: { pool: 'forks', setupFiles: [${JSON.stringify(setup)}] } };`,
  );
  mkdirSync(join(folder, 'tests'));
  writeFileSync(join(folder, 'tests/endless.test.ts'), TEST);
  symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'), 'dir');
  // What Vitest says about a worker that was killed is nothing to read.
  const npm = startChild('npm', ['test'], { cwd: folder, stdio: ['ignore', 'pipe', 'ignore'] });
  let said = '';
  npm.stdout.on('data', (bytes: Buffer) => {
    said += bytes;
  });
  const read = (word: string) => {
    const [, json] = new RegExp(`${word} (\\{.*\\})`).exec(said) ?? [];
    return json === undefined ? undefined : (JSON.parse(json) as Record<string, number>);
  };
  while (read('ids') === undefined) await once(npm.stdout, 'data');
  const pids = { npm: npm.pid as number, ...read('run'), ...read('ids') } as Record<
    'npm' | 'script' | 'vitest' | 'worker' | 'child',
    number
  >;
  expect(processes().filter(({ pid }) => Object.values(pids).includes(pid))).toHaveLength(5);
  return pids;
}

test.each(['npm', 'script', 'vitest'] as const)(
  '%s of a test run is killed: all that it has started ends',
  {
    timeout: 180_000,
  },
  async (killed) => {
    const { npm, ...pids } = await startTestRun();
    process.kill(killed === 'npm' ? npm : pids[killed], 'SIGKILL');
    await gone(Object.values(pids));
    await gone([npm]);
  },
);

test('a worker of a test run is killed: what it has started ends, and the run with it', async () => {
  const { npm, script, vitest, worker, child } = await startTestRun();
  process.kill(worker, 'SIGKILL');
  await gone([worker, child]);
  // Vitest has no other file left: it takes note of the loss and ends.
  await gone([npm, script, vitest]);
});

test('the supervisor of a devnet is killed: its processes end', async () => {
  const part = join(folder, 'part.ts');
  writeFileSync(part, "process.on('SIGTERM', () => {});\nsetInterval(() => {}, 1000);\n");
  const program = `
    import { createSupervisor } from ${url('devnet/supervisor.ts')};
    const supervisor = createSupervisor(${JSON.stringify(join(folder, 'logs'))});
    for (const name of ['one', 'two']) await supervisor.start({ name, entry: ${JSON.stringify(part)}, args: [] });
    console.log('ids ' + JSON.stringify(supervisor.processes().map(({ pid }) => pid)));
    await supervisor.failed;`;
  const supervisor = startChild(process.execPath, ['--import', LOADER, '--input-type=module', '-e', program], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const pids = JSON.parse(await lineOf(supervisor.stdout, 'ids')) as number[];
  expect(processes().filter(({ pid }) => pids.includes(pid))).toHaveLength(2);
  supervisor.kill('SIGKILL');
  await gone([supervisor.pid as number, ...pids]);
});
