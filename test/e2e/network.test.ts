// The whole path on real processes: run, verify, tamper, run again, kill everything once, withdraw nothing and lose nothing.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { extractGlosses } from '../../examples/gloss-domains/extract.ts';
import { type Devnet, startDevnet } from '../../sdk/devnet/devnet.ts';
import { eventOf, events, mizu } from './mizu.fixture.ts';

const WORKFLOW = fileURLToPath(new URL('../../examples/gloss-domains/workflow.ts', import.meta.url));

// A space in the path, as strangers have it.
const folder = mkdtempSync(join(tmpdir(), 'mizu e2e '));
let devnet: Devnet;
let input: string;
let reference: { run: string; root: string };

beforeAll(async () => {
  [devnet, { input }] = await Promise.all([startDevnet({ folder }), extractGlosses(folder, 7)]);
});

afterAll(async () => {
  await devnet?.close();
  rmSync(folder, { recursive: true, force: true });
});

const runArgs = (output: string, ...more: string[]) => [
  'run',
  WORKFLOW,
  '--input',
  input,
  '--output',
  output,
  '--json',
  ...more,
];

test('a run ends with a dataset', async () => {
  const ended = await mizu(folder, runArgs('one'));
  expect(ended.code, ended.stderr).toBe(0);
  const dataset = eventOf(ended, 'dataset') as { run: string; datasetRoot: string };
  reference = { run: dataset.run, root: dataset.datasetRoot };
  const rows = readFileSync(join(folder, 'one/data/train.jsonl'), 'utf8').trim().split('\n');
  expect(rows.length).toBeGreaterThan(1000);
  expect(JSON.parse(rows[0] as string)).toHaveProperty('domain');
});

test('the same command again finds the run that is there', async () => {
  const ended = await mizu(folder, runArgs('one-again'));
  expect(ended.code, ended.stderr).toBe(0);
  expect(eventOf(ended, 'run')).toMatchObject({ run: reference.run, resumed: true });
  // Found before a dry run is made.
  expect(events(ended).map(({ event }) => event)).not.toContain('quote');
});

test('other runs of it have the same dataset root, with every process killed once on the way', async () => {
  const left = devnet.processes().map(({ name }) => name);
  // Steps come in bursts, and a run may be over after a few of them: at each that is seen one process is killed, so at one at least in a run.
  for (let i = 0; left.length > 0; i++) {
    const before = left.length;
    let ended = false;
    const running = mizu(folder, runArgs(i === 0 ? 'two' : `two-${i}`, '--new')).finally(() => {
      ended = true;
    });
    while (left.length > 0) {
      await nextStep(devnet, () => ended);
      if (ended) break;
      const name = left.shift();
      process.kill(devnet.processes().find((one) => one.name === name)?.pid as number, 'SIGKILL');
    }
    const result = await running;
    expect(result.code, result.stderr).toBe(0);
    expect(left.length).toBeLessThan(before);
    const dataset = eventOf(result, 'dataset') as { run: string; datasetRoot: string };
    expect(dataset.run).not.toBe(reference.run);
    expect(dataset.datasetRoot).toBe(reference.root);
  }
});

test('the dataset is verified from L1 and DA, and not with one byte changed', async () => {
  const good = await mizu(folder, ['verify', 'two', '--json']);
  expect(good.code, good.stderr).toBe(0);
  expect(events(good).at(-1)).toMatchObject({ event: 'verified', datasetRoot: reference.root });
  const file = join(folder, 'two/data/train.jsonl');
  const bytes = readFileSync(file);
  const at = bytes.indexOf('domain');
  bytes[at] = 'D'.charCodeAt(0);
  writeFileSync(file, bytes);
  const bad = await mizu(folder, ['verify', 'two']);
  expect(bad.code).toBe(3);
  expect(bad.stderr).toContain('train.jsonl');
});

/** Resolves when the run has moved on: the sequencer's next answer with another step, or the end. */
async function nextStep({ rpcUrl }: Devnet, ended: () => boolean): Promise<void> {
  const first = await headStep(rpcUrl);
  while (!ended()) {
    const step = await headStep(rpcUrl);
    if (step !== undefined && step !== first) return;
    await new Promise((resolve) => setImmediate(resolve));
  }
}

async function headStep(rpcUrl: string): Promise<number | undefined> {
  const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'mizu_chain' });
  const answer = await fetch(rpcUrl, { method: 'POST', headers: { 'content-type': 'application/json' }, body }).catch(
    () => null,
  );
  if (answer === null) return undefined;
  // Without a result it is busy.
  return ((await answer.json()) as { result?: { head: { step: number } } }).result?.head.step;
}
