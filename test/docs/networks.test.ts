// docs/operations.md#devnet, #demo, #cheat: the documented commands that bring up a network of their own, as they stand on their pages.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, test } from 'vitest';
import { killShells, linkClone, runShell, runUntil, survivors } from './shell.fixture.ts';

// A space in the path, as strangers have it.
const home = mkdtempSync(join(tmpdir(), 'mizu networks '));

afterAll(() => {
  killShells();
  rmSync(home, { recursive: true, force: true });
});

// Most of the time a network waits for L1's seconds: two at a time (vitest.config.ts).
test.concurrent('npm start stays up until Ctrl-C, and leaves nothing running', async ({ expect }) => {
  const clone = linkClone(join(home, 'start'));
  const { output } = await runUntil(clone, 'npm start -- --every 400', 'The network stays up.');
  expect(output).toMatch(
    /attested by validators with two thirds[\s\S]*confirmed on L1[\s\S]*✓ file: [\s\S]*The network stays up\. Ctrl-C stops it\.\s*Stopping the network/,
  );
  expect(survivors(clone)).toEqual([]);
});

test.concurrent('npm run demo ends by itself with 0', async ({ expect }) => {
  const clone = linkClone(join(home, 'demo'));
  const { code, output } = await runShell(clone, 'npm run demo -- --every 400');
  expect(code, output).toBe(0);
  expect(output).toMatch(/All of it took /);
  expect(survivors(clone)).toEqual([]);
});

test.concurrent('npx mizu demo --cheat tells a dispute to its end', async ({ expect }) => {
  const clone = linkClone(join(home, 'cheat'));
  const { code, output } = await runShell(clone, 'npx mizu demo --cheat');
  expect(code, output).toBe(0);
  expect(output).toMatch(
    /liar asserts [\s\S]*wrong[\s\S]*says L1: liar is wrong[\s\S]*is slashed 100 MIZU[\s\S]*✓ replay: [\s\S]*The liar was slashed, and the dataset is right\./,
  );
  expect(survivors(clone)).toEqual([]);
});

test.concurrent('npx mizu devnet ends with 0 after Ctrl-C', async ({ expect }) => {
  const clone = linkClone(join(home, 'devnet'));
  const { code, output } = await runUntil(clone, 'exec node bin/mizu.mjs devnet', 'Ctrl-C stops the network.');
  expect(code, output).toBe(0);
  expect(survivors(clone)).toEqual([]);
});

test.concurrent('npx mizu devnet --keep goes on after it was killed, with its run and its dataset', async ({
  expect,
}) => {
  const clone = linkClone(join(home, 'kept'));
  const devnet = 'exec node bin/mizu.mjs devnet --keep';
  const words = 'Ctrl-C stops the network.';
  let verified = '';
  const first = await runUntil(clone, devnet, words, 'SIGKILL', async () => {
    const run = 'npx mizu run examples/first/workflow.ts --input examples/first/words.jsonl --output out';
    verified = (await runShell(clone, `${run} && npx mizu verify out`)).output;
  });
  expect(verified, first.output).toMatch(/verified {2}dataset 0x[0-9a-f]{64}/);
  const refused = await runShell(clone, 'npx mizu devnet');
  expect(refused.code).toBe(1);
  expect(refused.output).toContain('It is not deleted unasked.');
  const second = await runUntil(clone, devnet, words, 'SIGINT', async () => {
    verified = (await runShell(clone, 'npx mizu runs && npx mizu verify out')).output;
  });
  expect(second.code, second.output).toBe(0);
  expect(second.output).toContain('going on with the network that was kept here');
  expect(verified, second.output).toMatch(/^0x[0-9a-f]{64} {2}done [\s\S]*verified {2}dataset 0x[0-9a-f]{64}/m);
  expect(survivors(clone)).toEqual([]);
});

test.concurrent('Ctrl-C while it starts and while it runs leaves nothing running', async ({ expect }) => {
  for (const [flags, words] of [
    ['--every 400', 'processes:'],
    ['--every 400', 'Quote'],
    ['--cheat', 'Bonds:'],
  ] as const) {
    const clone = linkClone(join(home, `stopped at ${words.replace(':', '')}`));
    const { code, output } = await runUntil(clone, `exec node bin/mizu.mjs demo ${flags}`, words);
    expect(code, output).toBe(130);
    expect(survivors(clone)).toEqual([]);
  }
});
