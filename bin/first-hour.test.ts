// docs/sdk.md#rejects-told, #answers-kept: what a stranger meets first: an endpoint of his own, and rows that are all rejected.
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { toRlp } from 'viem';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { createOutput } from '../cli/output.ts';
import { prepareWorkflow } from '../cli/prepare.ts';
import { startOrFind } from '../cli/start.ts';
import type { Network } from '../sdk/client/network.ts';
import { fromPrivateKey } from '../sdk/client/signer.ts';
import { surveyInput } from '../sdk/client/survey.ts';
import { type MockAnswer, type MockOpenAi, startMockOpenAi } from '../test/doubles/mock-openai.ts';
import { runMain } from '../test/network/run-main.fixture.ts';

const KEY = 'sk-a-secret-of-the-test';
const HEADER = 'a header with a secret';

let folder: string;
let previous: string;
let mock: MockOpenAi;
let calls: string[] = [];
let answer: () => MockAnswer = () => ({});
const { OPENAI_API_KEY: keyBefore } = process.env;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'mizu-first-hour-'));
  previous = process.cwd();
  process.chdir(folder);
  mock = await startMockOpenAi({
    answer: ({ messages }) => {
      calls.push(String(messages.at(-1)?.content));
      return { content: JSON.stringify({ category: 'bug', urgency: 3 }), ...answer() };
    },
  });
  process.env.OPENAI_API_KEY = KEY;
  process.env.ORGANIZATION = HEADER;
  await writeFile('backend.json', JSON.stringify({ baseUrl: mock.url, headersEnv: { 'x-org': 'ORGANIZATION' } }));
  const tickets = Array.from({ length: 6 }, (_, n) => ({
    id: `T-${n}`,
    body: `The printer number ${n} prints blank pages`,
  }));
  await writeFile('tickets.jsonl', tickets.map((row) => `${JSON.stringify(row)}\n`).join(''));
  const workflow = (field: string) => `import { dataset, z } from 'mizu';
export default dataset('triage', z.object({ id: z.string(), ${field}: z.string() }))
  .generate('triage', {
    model: 'endpoint/mini',
    prompt: (row) => row.${field},
    output: z.object({ category: z.enum(['bug', 'billing']), urgency: z.int() }),
  })
  .map('flatten', (row) => ({ id: row.id, ...row.triage }));
`;
  await writeFile('good.ts', workflow('body'));
  // The field that the input has not: every row is rejected by the schema.
  await writeFile('wrong.ts', workflow('text'));
});
afterAll(async () => {
  process.chdir(previous);
  delete process.env.ORGANIZATION;
  if (keyBefore === undefined) delete process.env.OPENAI_API_KEY;
  else process.env.OPENAI_API_KEY = keyBefore;
  await mock?.close();
  await rm(folder, { recursive: true, force: true });
});
afterEach(() => {
  calls = [];
  answer = () => ({});
});

const dev = (file: string, ...more: string[]) =>
  runMain('dev', file, '--input', 'tickets.jsonl', '--backend', 'backend.json', ...more);

test('answers are kept between commands, without keys; --no-cache asks anew', async () => {
  const first = await dev('good.ts');
  expect(first.code, first.text).toBe(0);
  expect(first.text).toContain('answers  6 asked for, 0 kept from before');
  expect(first.text).toContain(' run good.ts --input tickets.jsonl --backend backend.json --output out');
  // Without the results of its steps, the model's are there all the same.
  await rm('.mizu/operators', { recursive: true });
  const again = await dev('good.ts');
  expect(again.text).toContain('answers  0 asked for, 6 kept from before');
  expect(again.text).toContain('result  train 6 · rejects 0');
  expect(calls).toHaveLength(6);
  for (const name of await readdir('.mizu/answers')) {
    const text = await readFile(join('.mizu/answers', name), 'utf8');
    expect([text.includes(KEY), text.includes(HEADER), text.includes('Bearer')]).toEqual([false, false, false]);
  }
  await dev('good.ts', '--no-cache');
  expect(calls).toHaveLength(12);
  expect(await readdir('.mizu/answers')).toHaveLength(6);
});

test('a step is reused until something before it changes, and why --cache says what', async () => {
  const why = async (file: string) => {
    const { code, text } = await runMain(
      'why',
      '--cache',
      file,
      '--input',
      'tickets.jsonl',
      '--backend',
      'backend.json',
    );
    expect(code, text).toBe(0);
    return text.replace(/0x[0-9a-f]{10} /g, '');
  };
  await rm('.mizu', { recursive: true, force: true });
  await writeFile('steps.ts', await readFile('good.ts', 'utf8'));
  expect(await why('steps.ts')).toContain('run: no earlier dev of this workflow in this folder');
  await dev('steps.ts');
  expect(calls).toHaveLength(6);
  await rm('.mizu/answers', { recursive: true });
  await writeFile(
    'steps.ts',
    (await readFile('good.ts', 'utf8')).replace('...row.triage', '...row.triage, late: true'),
  );
  expect(await why('steps.ts')).toMatch(
    /dev, first 6 rows\n {2}input +reused\n {2}triage +reused\n {2}flatten +run: the code of operator 'flatten' has changed/,
  );
  const changed = await dev('steps.ts');
  expect(changed.text).toContain("reused  operators 'input' to 'triage' are as in an earlier run");
  expect(changed.text).toContain('"late":true');
  expect(calls).toHaveLength(6);
  const whole = await dev('steps.ts', '--no-cache');
  expect(whole.text).not.toContain('reused');
  expect(whole.text).toContain('"late":true');
  expect(calls).toHaveLength(12);
});

test('the columns asked for are shown, and a misspelt one is told', async () => {
  const { text } = await dev('good.ts', '--columns', 'category,id,urgncy');
  expect(text).toContain('- {"id":"T-0"}');
  // All that was asked for, in that order, and not only what the step has changed.
  expect(text).toContain('+ {"category":"bug","id":"T-0"}');
  expect(text).not.toContain('"body"');
  expect(text).toContain('No row has the field urgncy. There are: ');
});

test('rows that are all rejected are told by step, and the exit code is 2', async () => {
  const { code, text } = await dev('wrong.ts');
  expect(code).toBe(2);
  expect(text).toMatch(/rejected {2}6 of 6 by input, the first: text: Invalid input: expected string/);
  expect(text).toMatch(/No row has come through\.\n\nNext:\n {2}.* dev wrong\.ts .*--rows 100/);
  expect(calls).toEqual([]);
});

test('an endpoint that refuses all ends dev with its reason and exit code 2', async () => {
  answer = () => ({ status: 401, body: '{"error":{"message":"Incorrect API key"}}' });
  const { code, text } = await dev('good.ts', '--no-cache');
  expect(code).toBe(2);
  expect(text).toContain('Incorrect API key');
});

/** Active, of class 1, prices of a token in and out, its gateways. */
const MODEL = toRlp(['0x01', '0x01', '0x02', '0x03', []]);

/** A network that takes everything at once, and what it was asked. */
function createFake(known: boolean) {
  const asked: string[] = [];
  const network = {
    chain: { chainId: 1, minGasPrice: '1', contracts: { inbox: `0x${'aa'.repeat(20)}` }, da: {} },
    signer: fromPrivateKey(`0x${'11'.repeat(32)}`),
    assertTrusted: async () => undefined,
    da: { put: async () => ({ refs: [] }), certify: () => Promise.reject(new Error('nothing is sent here')) },
    rpc: async (method: string) => {
      asked.push(method);
      if (method === 'mizu_listRuns') return [];
      if (method === 'mizu_getReceipt') return { kind: 'Run', ok: true };
      if (method === 'mizu_getRun') return known ? { status: 'done' } : null;
      return method === 'mizu_getProof' ? { value: MODEL } : null;
    },
  } as unknown as Network;
  return { network, asked };
}

const QUIET = { write: () => true } as unknown as NodeJS.WritableStream;

test('a run is not started when no row comes through the dry run', async () => {
  const { network } = createFake(false);
  const workflow = await prepareWorkflow('wrong.ts');
  const flags = { input: [{ value: 'tickets.jsonl' }], output: 'out', hours: 1, backend: 'backend.json' };
  const survey = await surveyInput('tickets.jsonl', 20);
  await expect(startOrFind(network, workflow, survey, flags, createOutput(false, QUIET))).rejects.toMatchObject({
    code: 'sdk/nothing-through',
    actual: expect.stringMatching(/^none; operator 'input' rejects 6: text: /),
  });
});

test('a run that is there is found before a model is asked; with --max none is asked at all', async () => {
  const workflow = await prepareWorkflow('good.ts');
  const survey = await surveyInput('tickets.jsonl', 20);
  const flags = { input: [{ value: 'tickets.jsonl' }], output: 'out', hours: 1 };
  const { network, asked } = createFake(true);
  const { chainId, contracts } = network.chain;
  const record = {
    workflow: workflow.workflowId,
    inputsHash: survey.inputsHash,
    chainId,
    inbox: contracts.inbox,
    origin: '',
    run: `0x${'05'.repeat(32)}`,
    message: '0x00',
    messageHash: `0x${'06'.repeat(32)}`,
  };
  await writeFile('.mizu/runs.json', JSON.stringify([record]));
  // Without --backend nobody answers for the model here: a dry run would fail.
  expect(await startOrFind(network, workflow, survey, flags, createOutput(false, QUIET))).toBe(record.run);
  expect(asked).toEqual(['mizu_getReceipt', 'mizu_getRun']);
  await rm('.mizu/runs.json');
  const lines: string[] = [];
  const stream = { write: (text: string) => lines.push(text) } as unknown as NodeJS.WritableStream;
  const start = (more: object) =>
    startOrFind(createFake(false).network, workflow, survey, { ...flags, ...more }, createOutput(false, stream));
  await expect(start({ max: '5', taskGas: 5_000_000_000n })).rejects.not.toMatchObject({ code: 'sdk/no-backend' });
  expect(lines.join('')).toContain('No dry run  it may cost 5 MIZU in all, and a task may use 5.00 G gas');
  await expect(start({})).rejects.toMatchObject({ code: 'sdk/no-backend', hint: expect.stringContaining('--max') });
  expect(calls).toEqual([]);
});
