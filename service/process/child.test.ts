// docs/operations.md#children: whoever is killed, nothing that it has started is left.
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterEach, expect, test } from 'vitest';
import { gone, processes } from '../../test/network/system-processes.fixture.ts';
import { startChild } from './child.ts';

const LOADER = new URL('../../scripts/ts.mjs', import.meta.url).href;
const CHILD = JSON.stringify(new URL('./child.ts', import.meta.url).href);
const ANVIL = JSON.stringify(new URL('../../devnet/anvil.ts', import.meta.url).href);
const SLEEP = 'setInterval(() => {}, 1000)';

let folder: string | undefined;
afterEach(() => {
  if (folder !== undefined) rmSync(folder, { recursive: true, force: true });
});

/** A process that prints the ids of what it has started, in one line, and the watcher's id first. */
async function startTree(program: string) {
  folder = mkdtempSync(join(tmpdir(), 'mizu-child-'));
  const parent = startChild(process.execPath, ['--import', LOADER, '--input-type=module', '-e', program], {
    stdio: ['ignore', 'pipe', 'inherit'],
    cwd: folder,
  });
  const [line] = (await once(createInterface({ input: parent.stdout }), 'line')) as [string];
  const pids = JSON.parse(line) as number[];
  const watchers = childrenOf(parent.pid as number).filter((pid) => !pids.includes(pid));
  expect(watchers).toHaveLength(1);
  return { parent, pids, watcher: watchers[0] as number };
}

function childrenOf(parent: number): number[] {
  return processes()
    .filter(({ ppid, args }) => ppid === parent && args.includes('child-watcher.mjs'))
    .map(({ pid }) => pid);
}

/** Starts anvil, a process that ignores signals, and a shell with a process of its own; then does `more`. */
const TREE = `
  import { once } from 'node:events';
  import { startChild } from ${CHILD};
  import { startAnvil } from ${ANVIL};
  const { pid: anvil } = await startAnvil();
  const deaf = startChild(process.execPath, ['-e', "process.on('SIGTERM', () => {}); ${SLEEP}"], { stdio: 'ignore' });
  const shell = startChild('sleep 1000 & echo $!; wait', [], { shell: true, stdio: ['ignore', 'pipe', 'ignore'] });
  const [below] = await once(shell.stdout, 'data');
  const pids = [anvil, deaf.pid, shell.pid, Number(below)];
  console.log(JSON.stringify(pids));
  ${SLEEP};`;

for (const signal of ['SIGKILL', 'SIGTERM', 'SIGINT'] as const)
  test(`a parent that ends by ${signal} leaves none of them, nor its watcher`, async () => {
    const { parent, pids, watcher } = await startTree(TREE);
    expect(processes().filter(({ pid }) => pids.includes(pid))).toHaveLength(4);
    const ended = once(parent, 'exit');
    process.kill(parent.pid as number, signal);
    await ended;
    await gone([...pids, watcher]);
  });

test('a parent that is too busy to do anything is no better off', async () => {
  const { parent, pids, watcher } = await startTree(`${TREE.replace(`${SLEEP};`, '')}
    setTimeout(() => { for (;;); }, 0);`);
  process.kill(parent.pid as number, 'SIGKILL');
  await gone([...pids, watcher]);
});

test('a parent that ends by itself kills them before it ends', async () => {
  const { parent, pids, watcher } = await startTree(`${TREE.replace(`${SLEEP};`, '')}
    setTimeout(() => process.exit(3), 100);`);
  const [code] = (await once(parent, 'exit')) as [number];
  expect(code).toBe(3);
  await gone([...pids, watcher]);
});

test('what started what started them is killed: all go, floor by floor', async () => {
  const inner = JSON.stringify(TREE);
  const { parent, pids } = await startTree(`
    import { once } from 'node:events';
    import { startChild } from ${CHILD};
    const inner = startChild(process.execPath, ['--import', ${JSON.stringify(LOADER)}, '--input-type=module', '-e', ${inner}], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const [below] = await once(inner.stdout, 'data');
    console.log(JSON.stringify([inner.pid, ...JSON.parse(below)]));
    ${SLEEP};`);
  expect(pids).toHaveLength(5);
  process.kill(parent.pid as number, 'SIGKILL');
  await gone(pids);
});

test('a watcher that is killed is replaced', async () => {
  const { parent, pids, watcher } = await startTree(TREE);
  process.kill(watcher, 'SIGKILL');
  let next: number[] = [];
  while (next.length === 0 || next.includes(watcher)) next = childrenOf(parent.pid as number);
  process.kill(parent.pid as number, 'SIGKILL');
  await gone([...pids, ...next]);
});

test('a child that has ended is not killed again, and a command that does not exist is an error of its own', async () => {
  const child = startChild(process.execPath, ['-e', ''], { stdio: 'ignore' });
  expect(await once(child, 'exit')).toEqual([0, null]);
  const none = startChild('/no/such/command', [], { stdio: 'ignore' });
  const [error] = (await once(none, 'error')) as [NodeJS.ErrnoException];
  expect(error.code).toBe('ENOENT');
});
