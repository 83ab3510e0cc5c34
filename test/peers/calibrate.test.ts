// docs/court.md#calibration: the command, with two real engines and a model that must be told apart.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { mizu } from '../e2e/mizu.fixture.ts';
import { missingPeers } from './install.fixture.ts';
import { type ModelServer, startModelServer } from './servers.fixture.ts';

const missing = await missingPeers();
if (missing !== undefined) console.log(`no model engines: calibration is not tested: ${missing}`);
const PROMPTS = 60;
let folder: string;
let file: string;
const servers: ModelServer[] = [];

beforeAll(async () => {
  if (missing !== undefined) return;
  folder = mkdtempSync(join(tmpdir(), 'mizu-calibrate-'));
  file = join(folder, 'prompts.txt');
  const lines = Array.from({ length: PROMPTS }, (_, i) => ` bace ${i} ${'foba '.repeat(i % 5)}`);
  // A line may be a request.
  lines[0] = JSON.stringify({ messages: [{ role: 'user', content: lines[0] }] });
  writeFileSync(file, lines.join('\n'));
  for (const [engine, seed] of [
    ['llama.node', 1],
    ['node-llama-cpp', 1],
    ['node-llama-cpp', 2],
  ] as const)
    servers.push(await startModelServer(engine, { seed, encoding: 'f32' }));
});

afterAll(async () => {
  await Promise.all(servers.map((server) => server.close()));
  if (missing === undefined) rmSync(folder, { recursive: true, force: true });
});

async function calibrate(temperature: number) {
  const [answers, scores, wrong] = servers.map(({ url }) => url) as [string, string, string];
  const urls = ['--answers', answers, '--scores', scores, '--wrong', wrong, '--model', 'tiny'];
  const more = ['--temperature', String(temperature), '--max-tokens', '40', '--json'];
  const ended = await mizu(folder, ['court', 'calibrate', file, ...urls, ...more]);
  expect(ended.code, ended.stderr).toBe(0);
  const { kinds, tolerance } = JSON.parse(ended.stdout);
  if (process.env.MIZU_LOG !== undefined) console.log(JSON.stringify(kinds));
  expect(tolerance.thresholds).toEqual([kinds[0].threshold]);
  return kinds[0];
}

test.skipIf(missing !== undefined)(
  'greedy answers of another engine are near, and other weights are told apart',
  async () => {
    const { threshold, answers, quantiles, falseOdds, detection } = await calibrate(0);
    expect(answers).toBe(PROMPTS);
    expect(threshold).toMatchObject({ answers: 'text', maxTemperature: 0 });
    expect(threshold.nats).toBeLessThan(0.1);
    expect(quantiles.median).toBeLessThan(0.001);
    expect(falseOdds).toBeLessThan(0.001);
    expect(detection.share).toBeGreaterThan(0.9);
    expect(detection.odds).toBeGreaterThan(0.999);
  },
);

test.skipIf(missing !== undefined)('sampled answers are further away, and other weights all the same', async () => {
  const { threshold, detection } = await calibrate(1);
  expect(threshold.maxTemperature).toBe(1);
  expect(threshold.nats).toBeGreaterThan(0.3);
  expect(detection.share).toBeGreaterThan(0.8);
});
