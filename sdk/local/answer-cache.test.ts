import { mkdir, mkdtemp, readdir, readFile, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Completion } from '../../edge/backends/backend.ts';
import { type AnswerCacheOptions, createAnswerCache, withAnswerCache } from './answer-cache.ts';
import { rememberAnswers } from './remember.ts';

let folder: string;
beforeEach(async () => {
  folder = join(await mkdtemp(join(tmpdir(), 'mizu-answers-')), 'answers');
});
afterEach(() => rm(join(folder, '..'), { recursive: true, force: true }));

const USAGE = { promptTokens: 3, completionTokens: 4 };
const said = (content: string): Completion => ({ content, finishReason: 'stop', usage: USAGE });

/** What is asked, and the warnings. */
function open(options: AnswerCacheOptions = {}) {
  const asked: string[] = [];
  const warnings: string[] = [];
  const cache = createAnswerCache(folder, { ...options, onWarning: (text) => warnings.push(text) });
  const ask = (question: string, content = `to ${question}`) =>
    cache.answer(question, async () => {
      asked.push(question);
      return said(content);
    });
  return { cache, ask, asked, warnings };
}

test('what was answered once is not asked again, by this process or another one', async () => {
  const first = open();
  expect(await first.ask('a')).toEqual(said('to a'));
  expect(await first.ask('a', 'another answer')).toEqual(said('to a'));
  expect(first.cache.counts()).toEqual({ kept: 1, asked: 1 });
  const second = open();
  expect(await second.ask('a')).toEqual(said('to a'));
  expect(await second.ask('b')).toEqual(said('to b'));
  expect([first.asked, second.asked]).toEqual([['a'], ['b']]);
  for (const name of await readdir(folder)) {
    expect(name).toMatch(/^[0-9a-f]{64}\.json$/);
    expect((await stat(join(folder, name))).mode & 0o077).toBe(0);
  }
});

test('the same question twice at one time is asked once; a failure is told to both and not kept', async () => {
  const { ask, asked, cache } = open();
  expect(await Promise.all([ask('a'), ask('a')])).toEqual([said('to a'), said('to a')]);
  expect(asked).toEqual(['a']);
  const fail = () => cache.answer('b', () => Promise.reject(new Error('down')));
  expect((await Promise.allSettled([fail(), fail()])).map(({ status }) => status)).toEqual(['rejected', 'rejected']);
  expect(await ask('b')).toEqual(said('to b'));
});

test('every answer comes back as it was', async () => {
  const { cache } = open();
  const usage = fc.record({ promptTokens: fc.nat(), completionTokens: fc.nat() });
  const completion = fc.record(
    { content: fc.string({ unit: 'binary' }), finishReason: fc.string(), usage, reasoning: fc.string() },
    { requiredKeys: ['content', 'finishReason', 'usage'] },
  );
  let questions = 0;
  await fc.assert(
    fc.asyncProperty(completion, async (given) => {
      const question = `q${++questions}`;
      await cache.answer(question, async () => given);
      expect(await cache.answer(question, () => Promise.reject(new Error('asked again')))).toEqual(given);
    }),
    { numRuns: 15 },
  );
});

test('a damaged entry is ignored with a warning and written anew', async () => {
  await open().ask('a');
  const [name = ''] = await readdir(folder);
  const path = join(folder, name);
  const whole = await readFile(path, 'utf8');
  const other = open();
  await other.ask('b');
  const otherName = (await readdir(folder)).find((one) => one !== name) as string;
  const damaged = [
    '',
    whole.slice(0, 80),
    whole.replace('to a', 'to b'),
    `${'0'.repeat(64)}\n{}\n`,
    await readFile(join(folder, otherName), 'utf8'),
    'x'.repeat(2 * 1024 * 1024),
  ];
  for (const text of damaged) {
    await writeFile(path, text);
    const { ask, asked, warnings } = open();
    expect(await ask('a')).toEqual(said('to a'));
    expect([asked, warnings.length]).toEqual([['a'], 1]);
    expect(warnings[0]).toContain(name);
    expect(await readFile(path, 'utf8')).toBe(whole);
  }
});

test('a folder that cannot be written costs a warning and no answer', async () => {
  await writeFile(folder, 'a file is in the way');
  const { ask, warnings } = open();
  for (const question of ['a', 'b', 'c', 'd']) expect(await ask(question)).toEqual(said(`to ${question}`));
  expect(warnings).toHaveLength(3);
});

test('the oldest entries go when the folder is over its bounds, and what was left by a process that was killed', async () => {
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'draft-1-1'), 'x');
  await utimes(join(folder, 'draft-1-1'), 1, 1);
  const { ask, cache } = open({ maxEntries: 10 });
  for (let n = 0; n < 12; n++) await ask(`q${n}`);
  await cache.close();
  const names = await readdir(folder);
  expect([names.length, names.includes('draft-1-1')]).toEqual([9, false]);
  const small = open({ maxBytes: 1_000 });
  await small.ask('one more');
  await small.cache.close();
  const sizes = await Promise.all((await readdir(folder)).map(async (name) => (await stat(join(folder, name))).size));
  expect(sizes.reduce((sum, size) => sum + size, 0)).toBeLessThanOrEqual(1_000);
});

test('a question is all that decides on the answer: request, model and endpoint', async () => {
  const { cache } = open();
  let calls = 0;
  const backend = { name: 'endpoint/m', complete: async () => said(`call ${++calls}`) };
  const ask = async (content: string, endpoint: object, temperature?: number) => {
    const request = { messages: [{ role: 'user', content }], ...(temperature === undefined ? {} : { temperature }) };
    const { content: answer } = await withAnswerCache(backend, cache, endpoint).complete(
      request,
      new AbortController().signal,
    );
    return answer;
  };
  expect([
    await ask('a', ['one']),
    await ask('a', ['one']),
    await ask('b', ['one']),
    await ask('a', ['two']),
    await ask('a', ['one'], 1),
    await ask('a', ['one'], 1),
  ]).toEqual(['call 1', 'call 1', 'call 2', 'call 3', 'call 4', 'call 4']);
});

test('in memory failures are remembered too', async () => {
  let calls = 0;
  const [backend] = rememberAnswers([{ name: 'm', complete: () => Promise.reject(new Error(`call ${++calls}`)) }]);
  const ask = () => backend?.complete({ messages: [] }, new AbortController().signal);
  await expect(ask()).rejects.toThrow('call 1');
  await expect(ask()).rejects.toThrow('call 1');
});
