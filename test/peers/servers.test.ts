// docs/court.md#class-b-tests: two model servers with real engines, and what one says of the other's answers.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Backend, BackendSet, ChatRequest } from '../../edge/backends/backend.ts';
import { createBackends } from '../../edge/backends/create.ts';
import { openAiConfig } from '../../edge/config.ts';
import { countedGaps, distanceOf } from '../../edge/tolerance/distance.ts';
import { createOpenAiScorers, type ScorerSet } from '../../edge/tolerance/scorer.ts';
import { missingPeers } from './install.fixture.ts';
import { type ModelServer, startModelServer } from './servers.fixture.ts';
import { END } from './tiny-llama.ts';

const SIGNAL = new AbortController().signal;
const missing = await missingPeers();
if (missing !== undefined) console.log(`no model engines: tests against real model servers are skipped: ${missing}`);

const servers: ModelServer[] = [];
const sets: (BackendSet | ScorerSet)[] = [];
const configOf = ({ url }: ModelServer) =>
  openAiConfig.parse({ kind: 'openai', baseUrl: url, models: { 'lab/tiny': 'tiny' } });

async function start(...args: Parameters<typeof startModelServer>) {
  const server = await startModelServer(...args);
  servers.push(server);
  return server;
}

async function backendOf(server: ModelServer): Promise<Backend> {
  const set = await createBackends(configOf(server));
  sets.push(set);
  return set.backends[0]!;
}

const request = (number: number, more: Partial<ChatRequest> = {}): ChatRequest => ({
  messages: [
    { role: 'system', content: 'Answer.' },
    { role: 'user', content: ` bace ${'foba '.repeat(number % 7)}${number}` },
  ],
  max_tokens: 48,
  temperature: 0,
  ...more,
});

describe.skipIf(missing !== undefined)('model servers', () => {
  let first: ModelServer;
  let second: ModelServer;
  let score: (request: ChatRequest, content: string, end?: string) => Promise<number>;

  beforeAll(async () => {
    const model = { seed: 1, encoding: 'f32' } as const;
    [first, second] = await Promise.all([start('node-llama-cpp', model), start('llama.node', model)]);
    const set = createOpenAiScorers(configOf(first));
    sets.push(set);
    score = async (asked, content, end = 'length') =>
      distanceOf(countedGaps(await set.scorers[0]!.score(asked, content, SIGNAL), asked, end));
  });

  afterAll(async () => {
    await Promise.all(sets.map((set) => set.close()));
    await Promise.all(servers.map((server) => server.close()));
  });

  test('answer through the worker’s backend, with words, an end and usage', async () => {
    for (const server of [first, second]) {
      const { content, finishReason, usage } = await (await backendOf(server)).complete(request(1), SIGNAL);
      expect(content).toMatch(/^( [a-z]{4})+$/);
      expect(content).not.toContain(END);
      expect(['stop', 'length']).toContain(finishReason);
      expect(usage.promptTokens).toBeGreaterThan(10);
      expect(usage.completionTokens).toBeGreaterThan(0);
    }
  });

  test('with one model, answers of the one are next to nothing away from the other', async () => {
    const other = await backendOf(second);
    for (let i = 0; i < 8; i++) {
      const { content, finishReason } = await other.complete(request(i), SIGNAL);
      expect(await score(request(i), content, finishReason)).toBeLessThan(0.001);
    }
  });

  test.each([
    ['other weights', 'f32', 2, 4, 20],
    ['the weights in 16 bits', 'f16', 1, 0, 0.05],
    ['the weights in 8 bits', 'q8_0', 1, 0, 1],
    ['the weights in 4 bits', 'q4_0', 1, 0.2, 6],
  ] as const)(
    'answers of a model with %s are as far away as they should be',
    async (_, encoding, seed, least, most) => {
      const backend = await backendOf(await start('node-llama-cpp', { seed, encoding }));
      const distances: number[] = [];
      for (let i = 0; i < 8; i++) {
        const { content, finishReason } = await backend.complete(request(i), SIGNAL);
        distances.push(await score(request(i), content, finishReason));
      }
      const mean = distances.reduce((sum, one) => sum + one, 0) / distances.length;
      if (process.env.MIZU_LOG !== undefined) console.log(encoding, seed, distances);
      expect(mean).toBeGreaterThanOrEqual(least);
      expect(mean).toBeLessThanOrEqual(most);
    },
  );

  test('a lie in one word is not thinned by the words around it', async () => {
    const { content } = await (await backendOf(second)).complete(request(4), SIGNAL);
    const words = content.split(' ');
    words[20] = words[20] === 'zozo' ? 'baba' : 'zozo';
    const lie = words.slice(0, 21).join(' ');
    expect(await score(request(4), lie)).toBeGreaterThan(0.05);
  });
});
