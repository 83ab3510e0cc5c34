import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { createOpenAiBackends } from '../../edge/backends/openai.ts';
import { openAiConfig } from '../../edge/config.ts';
import { type MockAnswer, type MockOpenAi, type MockRequest, startMockOpenAi } from '../../edge/mock-openai.ts';
import { createProviderAnswers, PROVIDER_MODES, type ProviderMode } from '../../edge/provider-modes.fixture.ts';
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
let text: Prepared;
let mock: MockOpenAi;
let backends: Backends;
const answers = createProviderAnswers();

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'mizu-providers-'));
  json = await prepare('json', `temperature: 0, ${SHAPE}`);
  text = await prepare('text', 'temperature: 0');
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

const ROW = { label: 'pos', n: 1 };
const noAnswer = (code: string, said: string) => new RegExp(`^the model gave no answer: edge/${code}: .*${said}`, 's');
const misfit = (said: string) => noAnswer('schema', said);

/** What becomes of a row, and how often the endpoint is asked for it at temperature 0. */
const JSON_OUTCOMES: Readonly<
  Record<Exclude<ProviderMode, 'ok' | 'length-text' | 'filter-part'>, readonly [unknown, number]>
> = {
  fence: [ROW, 1],
  fence2: [ROW, 1],
  think: [ROW, 1],
  bomws: [ROW, 1],
  reasoning: [ROW, 1],
  'reasoning-vllm': [ROW, 1],
  parts: [ROW, 1],
  'refusal-empty': [ROW, 1],
  dupkeys: [ROW, 1],
  float: [ROW, 1],
  'no-finish': [ROW, 1],
  eos: [ROW, 1],
  nousage: [ROW, 1],
  strusage: [ROW, 1],
  '429': [ROW, 3],
  '429ms': [ROW, 2],
  '429date': [ROW, 2],
  '503': [ROW, 3],
  '529': [ROW, 2],
  '200err': [ROW, 2],
  'choice-error': [ROW, 2],
  'llama-503': [ROW, 2],
  nochoices: [ROW, 2],
  cut: [ROW, 2],
  reset: [ROW, 2],
  'length-json': [noAnswer('truncated', 'finish_reason length: .*raise them.*; the model said: {"label"'), 1],
  'length-whole': [
    /^the answer is not whole: finish_reason length: .*raise them; the model said: {"label":"pos","n":1}$/,
    1,
  ],
  filter: [noAnswer('truncated', "finish_reason content_filter: the provider's filter"), 1],
  null: [noAnswer('no-content', 'finish_reason stop$'), 1],
  'null-length': [noAnswer('truncated', 'raise them; 8 characters of reasoning, no answer after them$'), 1],
  'reasoning-only': [
    noAnswer('no-content', 'finish_reason stop; 21 characters of reasoning, no answer after them$'),
    1,
  ],
  empty: [misfit('not JSON'), 1],
  tool: [noAnswer('no-content', 'finish_reason tool_calls: .*; 1 tool call instead$'), 1],
  'tool-empty': [noAnswer('no-content', 'finish_reason tool_calls: .*; 1 tool call instead$'), 1],
  'tool-beside': [/^the answer is not whole: finish_reason tool_calls: the model calls a tool.*"n":1}$/, 1],
  'tools-none': [ROW, 1],
  function: [noAnswer('no-content', 'finish_reason function_call: .*; 1 tool call instead$'), 1],
  refusal: [noAnswer('model-refused', 'The model refuses to answer.; the model said: I cannot help'), 1],
  prose: [misfit('not JSON.*the model said: Here is'), 1],
  extra: [misfit('must NOT have additional properties'), 1],
  numstr: [misfit('/n must be number'), 1],
  case: [misfit('/label must be equal to one of'), 1],
  array: [misfit('must be object'), 1],
  two: [misfit('not JSON'), 1],
  single: [misfit('not JSON'), 1],
  missing: [misfit("required property 'n'"), 1],
  deep: [misfit('must be object'), 1],
  surrogate: [misfit('not JSON'), 1],
  '400': [
    noAnswer('status-400', '400 Unsupported parameter: .max_tokens.*"maxTokensField": "max_completion_tokens"'),
    1,
  ],
  '400ctx': [noAnswer('status-400', 'maximum context length is 8192 tokens'), 1],
  '200err-400': [noAnswer('status-400', '400 Provider returned error$'), 1],
  'vllm-400': [noAnswer('status-400', '400 max_tokens must be at least 1$'), 1],
  'no-images': [noAnswer('no-images', 'The model takes no images. 500 image input is not supported'), 1],
  'no-images-404': [noAnswer('no-images', '404 No endpoints found that support image input$'), 1],
  'no-images-400': [noAnswer('no-images', '400 this model does not support images$'), 1],
  'detail-422': [noAnswer('status-422', '422 messages.0.content: too long$'), 1],
  '401': [noAnswer('status-401', '401 Incorrect API key provided.$'), 1],
  '402': [noAnswer('status-402', '402 Insufficient credits$'), 1],
  '403': [noAnswer('status-403', '403 Your country is not supported.$'), 1],
  '404': [noAnswer('status-404', '404 The model `m` does not exist$'), 1],
  'ollama-404': [noAnswer('status-404', '404 model "m" not found, try pulling it first$'), 1],
  '429quota': [noAnswer('quota', 'You exceeded your current quota'), 1],
  '307': [noAnswer('redirected', 'a redirection to https://elsewhere.example/v1/chat/completions$'), 1],
  html: [noAnswer('no-api', 'text/html: <html>login'), 1],
  sse: [noAnswer('no-api', 'text/event-stream: data:'), 1],
};

test.each(Object.entries(JSON_OUTCOMES))('JSON: %s', async (mode, [outcome, calls]) => {
  const found = await outcomeOf(json, mode);
  if (outcome instanceof RegExp) expect(found).toMatch(outcome);
  else expect(found).toEqual(outcome);
  expect(answers.calls(mode)).toBe(calls);
});

test('every mode of the provider is in the table', () => {
  const others = new Set(['ok', 'length-text', 'filter-part']);
  expect(Object.keys(PROVIDER_MODES).filter((mode) => !others.has(mode) && !(mode in JSON_OUTCOMES))).toEqual([]);
});

test.each([
  ['length-text', /^the answer is not whole: finish_reason length: .*; the model said: The answer to your/],
  ['filter', /^the answer is not whole: finish_reason content_filter/],
  ['filter-part', /^the answer is not whole: finish_reason content_filter: .*; the model said: Part of a$/],
  ['empty', /^the answer is empty$/],
  ['null', noAnswer('no-content', 'finish_reason stop')],
  ['null-length', noAnswer('truncated', 'raise them')],
  ['refusal', noAnswer('model-refused', 'I cannot help')],
  ['fence', /^```json/],
  ['think', /^{"label":"pos","n":1}$/],
])('text: %s', async (mode, outcome) => {
  expect(await outcomeOf(text, mode)).toMatch(outcome);
});

describe('a step that asks for more', () => {
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
