import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { createOpenAiBackends } from '../../edge/backends/openai.ts';
import { openAiConfig } from '../../edge/config.ts';
import { JSON_ANSWERS, TEXT_ANSWERS } from '../../test/cases/answer-table.ts';
import { type MockAnswer, type MockOpenAi, type MockRequest, startMockOpenAi } from '../../test/doubles/mock-openai.ts';
import { createProviderAnswers, PROVIDER_MODES, type ProviderMode } from '../../test/doubles/provider-modes.fixture.ts';
import { type BundledWorkflow, bundleWorkflow } from '../compile/compile.ts';
import { encodeRowset } from '../input/rowset.ts';
import type { LocalEngine } from './engine.ts';
import { createLocalEngine, type LocalRun, runPartitions } from './run-local.ts';

type Backends = ReturnType<typeof createOpenAiBackends>;
type Prepared = { readonly bundled: BundledWorkflow; readonly engine: LocalEngine };

const SHAPE = "output: z.object({ label: z.enum(['pos', 'neg']), n: z.number() })";
const cleanUps: (() => Promise<void>)[] = [];
let folder: string;
let json: Prepared;
let mock: MockOpenAi;
let backends: Backends;
const answers = createProviderAnswers();

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'mizu-providers-'));
  json = await prepare('json', `temperature: 0, ${SHAPE}`);
  mock = await startMockOpenAi({ answer: answers.answer });
  backends = backendsOf(mock);
});
afterAll(async () => {
  await backends?.close();
  await mock?.close();
  await rm(folder, { recursive: true, force: true });
});
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp();
});

function backendsOf({ url }: MockOpenAi): Backends {
  const config = { kind: 'openai', baseUrl: url, models: { 'acme/chat': 'm' }, attempts: 3, firstBackoffMs: 1 };
  return createOpenAiBackends(openAiConfig.parse(config));
}

async function prepare(name: string, options: string): Promise<Prepared> {
  const file = join(folder, `${name}.ts`);
  await writeFile(
    file,
    `import { dataset, z } from 'mizu';
export default dataset('${name}', z.object({ mode: z.string() }))
  .generate('a', { model: 'acme/chat', maxTokens: 64, prompt: (r) => \`MODE:\${r.mode} say something\`, ${options} });`,
  );
  const bundled = await bundleWorkflow(file);
  return { bundled, engine: await createLocalEngine(bundled, { engine: 'node' }) };
}

function run({ bundled, engine }: Prepared, modes: readonly string[], set = backends): Promise<LocalRun> {
  const rows = modes.map((mode, index) => ({ kind: 'row', index, row: { mode } }) as const);
  return runPartitions(bundled, engine, [encodeRowset(rows)], { backends: set.backends });
}

// The endpoint has answered before: it is not taken for one that refuses all.
async function outcomeOf(workflow: Prepared, mode: string): Promise<unknown> {
  const { parts, rejects } = await run(workflow, ['ok', mode]);
  const row = parts.train!.find((one) => one.mode === mode);
  return row === undefined ? rejects[0]!.reason : row.a;
}

const misfit = (said: string) => new RegExp(`^the model gave no answer: edge/schema: .*${said}`, 's');

test('every mode of the provider is among the cases', () => {
  expect(Object.keys(PROVIDER_MODES).filter((mode) => !(mode in JSON_ANSWERS || mode in TEXT_ANSWERS))).toEqual(['ok']);
});

describe('an operator that asks for more', () => {
  const server = async (answer: (request: MockRequest, call: number) => MockAnswer) => {
    const own = await startMockOpenAi({ answer });
    const set = backendsOf(own);
    cleanUps.push(own.close, set.close);
    return { own, set };
  };
  const contentOf = (answer: MockAnswer, more: object = {}) => ({ ...answer, ...more });

  test('keeps a cut answer, and learns how it ended, what it cost and what was thought', async () => {
    const workflow = await prepare(
      'keep',
      `onTruncated: 'keep', keepReasoning: true, parse: (a, _row, said) => ({ a, ...said })`,
    );
    const seen = async (mode: string) => (await run(workflow, [mode])).parts.train![0]!.a;
    expect(await seen('length-text')).toEqual({
      a: 'The answer to your question is',
      content: 'The answer to your question is',
      finishReason: 'length',
      usage: { promptTokens: 10, completionTokens: 5 },
      reasoning: null,
    });
    expect(await seen('reasoning')).toMatchObject({ a: '{"label":"pos","n":1}', reasoning: 'thought' });
    expect(await seen('think')).toMatchObject({ a: '{"label":"pos","n":1}', reasoning: 'hm' });
  });

  test('takes nothing off with `strict`', async () => {
    const workflow = await prepare('exact', `strict: true, temperature: 0, ${SHAPE}`);
    expect(await outcomeOf(workflow, 'fence2')).toMatch(misfit('not JSON'));
  });

  test('sends temperature, seed and effort only if it says so', async () => {
    const seen: MockRequest[] = [];
    const { set } = await server((request) => {
      seen.push(request);
      return contentOf({ content: '{"label":"pos","n":1}' });
    });
    await run(await prepare('plain', SHAPE), ['ok'], set);
    await run(await prepare('more', `temperature: 0.5, seed: 7, reasoningEffort: 'low', ${SHAPE}`), ['ok'], set);
    expect(seen.map(({ response_format, messages, ...rest }) => rest)).toEqual([
      { model: 'm', max_tokens: 64 },
      { model: 'm', max_tokens: 64, temperature: 0.5, seed: 7, reasoning_effort: 'low' },
    ]);
    expect(seen[0]!.response_format).toMatchObject({ json_schema: { name: 'a', strict: true } });
  });

  test('names the fields in the order of the workflow', async () => {
    const sent: unknown[] = [];
    const { set } = await server(({ response_format }) => {
      sent.push((response_format as { json_schema: { schema: { properties: object } } }).json_schema.schema.properties);
      return { content: '{"why":"b","answer":"a"}' };
    });
    const shape = 'z.object({ why: z.string(), answer: z.string() })';
    const { parts, rejects } = await run(
      await prepare('order', `output: ${shape}, parse: (a) => Object.keys(a)`),
      ['ok'],
      set,
    );
    expect(sent.map((properties) => Object.keys(properties as object))).toEqual([['why', 'answer']]);
    expect([rejects, parts.train![0]!.a]).toEqual([[], ['why', 'answer']]);
  });

  test('asks again with what was wrong, and pays for all of it', async () => {
    const seen: MockRequest[] = [];
    const { set } = await server((request, call) => {
      seen.push(request);
      return contentOf({ content: call < 3 ? `{"label":"pos","n":"${call}"}` : '{"label":"pos","n":3}' });
    });
    const { parts, outputTokens } = await run(
      await prepare('repair', `temperature: 0, repair: 2, ${SHAPE}`),
      ['ok'],
      set,
    );
    expect(parts.train![0]!.a).toEqual({ label: 'pos', n: 3 });
    expect(outputTokens).toBe(6 + 6 + 6);
    expect(seen[2]!.messages).toEqual([
      { role: 'user', content: 'MODE:ok say something' },
      { role: 'assistant', content: '{"label":"pos","n":"2"}' },
      { role: 'user', content: expect.stringContaining('/n must be number') },
    ]);
  });

  test('gets a root that is no object, asked for as the field of one', async () => {
    const seen: MockRequest[] = [];
    const contents = ['{"value":["a"]}', '["b"]', '{"value":"c"}'];
    const { set } = await server((request, call) => {
      seen.push(request);
      return contentOf({ content: contents[call - 1]! });
    });
    const workflow = await prepare('root', 'temperature: 0, output: z.array(z.string())');
    const { parts, rejects } = await run(workflow, ['1', '2', '3'], set);
    expect(parts.train!.map(({ a }) => a).sort()).toEqual([['a'], ['b']]);
    expect(rejects[0]!.reason).toMatch(misfit('value must be array'));
    expect(seen[0]!.response_format).toMatchObject({ json_schema: { strict: true, schema: { required: ['value'] } } });
  });
});

describe('an endpoint that refuses everything', () => {
  test.each([
    ['401', '401 Incorrect API key provided.'],
    ['400', 'max_completion_tokens'],
    ['429quota', 'You exceeded your current quota'],
  ])('ends the run after a few rows, with its own reason: %s', async (mode, reason) => {
    const own = await startMockOpenAi({ answer: () => PROVIDER_MODES[mode as ProviderMode](1) });
    const set = backendsOf(own);
    cleanUps.push(own.close, set.close);
    await expect(
      run(
        json,
        Array.from({ length: 100 }, () => 'ok'),
        set,
      ),
    ).rejects.toMatchObject({
      code: 'sdk/backend-refuses',
      message: "The endpoint of 'acme/chat' has refused 5 rows one after the other.",
      actual: expect.stringContaining(reason),
    });
    expect(own.stats().calls).toBeLessThanOrEqual(5);
  });

  test('and one that answers are both asked without a warning of too many listeners', async () => {
    const warnings: string[] = [];
    const onWarning = ({ name }: Error) => warnings.push(name);
    process.on('warning', onWarning);
    const signal = new AbortController();
    const rows = Array.from({ length: 40 }, (_, index) => ({ kind: 'row', index, row: { mode: 'ok' } }) as const);
    await runPartitions(json.bundled, json.engine, [encodeRowset(rows)], {
      backends: backends.backends,
      signal: signal.signal,
    });
    await new Promise((resolve) => setImmediate(resolve));
    process.off('warning', onWarning);
    expect(warnings).toEqual([]);
  });
});
