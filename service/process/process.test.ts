// docs/operations.md#processes
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { afterEach, expect, test } from 'vitest';
import { startChild } from './child.ts';

const loader = new URL('../../scripts/ts.mjs', import.meta.url).href;
const module = new URL('./process.ts', import.meta.url).href;
let child: ChildProcess | undefined;

afterEach(() => {
  child?.kill('SIGKILL');
});

function start(main: string): ChildProcess {
  const program = `
    import { runService } from ${JSON.stringify(module)};
    process.exitCode = await runService(${main});`;
  child = startChild(process.execPath, ['--import', loader, '--input-type=module', '-e', program], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  return child;
}

test('a signal closes the service and ends with 0', async () => {
  const running = start(`async (stop) => {
    const timer = setInterval(() => {}, 1000);
    process.stdout.write('up');
    return { close: async () => { clearInterval(timer); process.stdout.write(stop.aborted ? ' closed' : ' not told'); } };
  }`);
  let said = '';
  running.stdout?.on('data', (chunk: Buffer) => {
    if (said === '') running.kill('SIGTERM');
    said += chunk.toString();
  });
  const [code] = (await once(running, 'exit')) as [number];
  expect([code, said]).toEqual([0, 'up closed']);
});

test('a service that fails by itself is closed and ends with 1, saying why', async () => {
  const running = start(`async () => ({
    done: Promise.reject(new Error('the disk is full')),
    close: async () => { process.stdout.write('closed'); },
  })`);
  let said = '';
  for (const stream of [running.stdout, running.stderr])
    stream?.on('data', (chunk: Buffer) => (said += chunk.toString()));
  const [code] = (await once(running, 'exit')) as [number];
  expect(code).toBe(1);
  expect(said).toContain('closed');
  expect(said).toContain('the disk is full');
});
