// CONTRIBUTING.md#tests: a run that ends takes its temporary files with it; those of a killed one go with the next.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';

const module = new URL('run-folder.ts', import.meta.url).href;
const loader = fileURLToPath(new URL('../scripts/ts.mjs', import.meta.url));

let parent: string;
beforeAll(() => {
  parent = mkdtempSync(join(tmpdir(), 'mizu-runs-'));
});
afterAll(() => rmSync(parent, { recursive: true, force: true }));

/** A run that writes a folder into its temporary folder, and then does this. */
function run(then: string): string {
  const program = `
    import { mkdtempSync } from 'node:fs';
    import { tmpdir } from 'node:os';
    import { dirname, join } from 'node:path';
    const { openRunFolder } = await import(${JSON.stringify(module)});
    openRunFolder();
    openRunFolder();
    console.log(mkdtempSync(join(tmpdir(), 'mizu-network-')));
    ${then}`;
  const args = ['--import', loader, '--input-type=module', '-e', program];
  const { stdout, stderr } = spawnSync(process.execPath, args, { env: { ...process.env, TMPDIR: parent } });
  expect(String(stderr)).toBe('');
  return String(stdout).trim();
}

test('nothing is left of a run that ends', () => {
  const made = run('');
  expect(made.startsWith(join(parent, 'mizu-tests-'))).toBe(true);
  expect(dirname(dirname(made)), 'one folder, however often the configuration is read').toBe(parent);
  run('process.exit(1);');
  expect(readdirSync(parent)).toEqual([]);
});

test('what a killed run has left goes with the next one, and what runs stays', () => {
  const mine = mkdtempSync(join(parent, `mizu-tests-${process.pid}-`));
  run("process.kill(process.pid, 'SIGKILL');");
  expect(readdirSync(parent)).toHaveLength(2);
  run('');
  expect(readdirSync(parent).map((name) => join(parent, name))).toEqual([mine]);
});
