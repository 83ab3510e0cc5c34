import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { endpointOf } from '../devnet/command.ts';
import { type MockRequest, startMockOpenAi } from '../test/doubles/mock-openai.ts';
import { localBackends } from './backends.ts';

const cleanUps: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp();
});

const description = (models: readonly string[]) =>
  ({ name: 'w', operators: models.map((model) => ({ model })) }) as unknown as Parameters<typeof localBackends>[0];

async function ask(
  models: readonly string[],
  backendOf: (url: string) => Promise<string> | string,
): Promise<MockRequest[]> {
  const seen: MockRequest[] = [];
  const mock = await startMockOpenAi({
    answer: (request) => {
      seen.push(request);
      return { content: 'hi' };
    },
  });
  cleanUps.push(mock.close);
  const set = await localBackends(description(models), { backend: await backendOf(mock.url), cache: false });
  cleanUps.push(set.close);
  for (const model of models) {
    const backend = set.backends.find(({ name }) => name === model)!;
    await backend.complete(
      { messages: [{ role: 'user', content: 'hello' }], max_tokens: 9 },
      new AbortController().signal,
    );
  }
  return seen;
}

test('a model is asked for by the name that a devnet would ask for', async () => {
  const models = ['endpoint/llama3.2', 'llama3.2', 'acme/chat', 'endpoint/'];
  expect((await ask(models, (url) => url)).map(({ model }) => model)).toEqual([
    'llama3.2',
    'llama3.2',
    'acme/chat',
    'endpoint/',
  ]);
  const devnet = endpointOf({ openaiUrl: 'http://127.0.0.1:1/v1', openaiModel: 'llama3.2', openaiKeyEnv: 'K' });
  expect(devnet?.models).toEqual({ 'endpoint/llama3.2': 'llama3.2', 'llama3.2': 'llama3.2' });
});

test('a file says how the endpoint wants to be asked', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'mizu-backends-'));
  cleanUps.push(() => rm(folder, { recursive: true, force: true }));
  const file = join(folder, 'backend.json');
  const backendOf = async (baseUrl: string) => {
    await writeFile(
      file,
      JSON.stringify({ baseUrl, models: { 'acme/chat': 'gpt' }, maxTokensField: 'max_completion_tokens' }),
    );
    return file;
  };
  expect(await ask(['acme/chat'], backendOf)).toEqual([
    { model: 'gpt', messages: [{ role: 'user', content: 'hello' }], max_completion_tokens: 9 },
  ]);
  await expect(localBackends(description(['m']), { backend: join(folder, 'none.json') })).rejects.toMatchObject({
    code: 'cli/no-file',
  });
});
