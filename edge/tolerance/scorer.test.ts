// docs/court.md#scorer
import { afterEach, expect, test } from 'vitest';
import { type MockAnswer, type MockOpenAi, type MockRequest, startMockOpenAi } from '../../test/doubles/mock-openai.ts';
import { openAiConfig } from '../config.ts';
import { createOpenAiScorers, type ScorerSet } from './scorer.ts';

const request = { messages: [{ role: 'user', content: 'Say it.' }], temperature: 1 };
const PROMPT = [null, { 5: { logprob: -2, rank: 1 } }, { 6: { logprob: -1, rank: 1 } }];
const ANSWER = [{ 7: { logprob: -3, rank: 9 }, 8: { logprob: -0.5, rank: 1 } }, { 9: { logprob: -0.1, rank: 1 } }];

let server: MockOpenAi;
let set: ScorerSet;

afterEach(async () => {
  await set.close();
  await server.close();
});

const body = (prompt_logprobs: unknown, finish_reason: string, tokens: number): MockAnswer => ({
  body: JSON.stringify({
    choices: [{ finish_reason, message: { content: '' }, logprobs: { content: [{ logprob: Math.log(0.9) }] } }],
    usage: { completion_tokens: tokens },
    prompt_logprobs,
  }),
});

async function score(answer: (asked: MockRequest, call: number) => MockAnswer) {
  const asked: MockRequest[] = [];
  server = await startMockOpenAi({
    answer: (one, call) => {
      asked.push(one);
      return answer(one, call);
    },
  });
  const config = {
    kind: 'openai',
    baseUrl: server.url,
    models: { 'lab/tiny': 'tiny' },
    firstBackoffMs: 1,
    attempts: 2,
  };
  set = createOpenAiScorers(openAiConfig.parse(config));
  const given = await set.scorers[0]!.score(request, 'the answer', new AbortController().signal);
  return { given, asked };
}

const isWhole = ({ messages }: MockRequest) => messages.length === 2;
const honest = (asked: MockRequest) =>
  isWhole(asked) ? body([...PROMPT, ...ANSWER], 'length', 2) : body(PROMPT, 'length', 2);

test('the answer’s tokens are those behind the prompt’s, and vLLM is asked as it wants to be', async () => {
  const { given, asked } = await score(honest);
  expect(given.gaps).toEqual([2.5, 0]);
  expect(given.endGap).toBeCloseTo(Math.log(9));
  const fields = { model: 'tiny', prompt_logprobs: 1, logprobs: true, top_logprobs: 1, temperature: 0, max_tokens: 2 };
  expect(asked).toEqual([
    { ...fields, messages: request.messages },
    {
      ...fields,
      messages: [...request.messages, { role: 'assistant', content: 'the answer' }],
      add_generation_prompt: false,
      continue_final_message: true,
    },
  ]);
});

test('an answer behind which the model ends has its end', async () => {
  const ends = (asked: MockRequest) => (isWhole(asked) ? body([...PROMPT, ...ANSWER], 'stop', 1) : honest(asked));
  expect((await score(ends)).given.endGap).toBe(0);
});

test('a token that the prompt and the answer share does not matter', async () => {
  const merged = [...PROMPT.slice(0, 2), { 66: { logprob: -1, rank: 1 } }, ...ANSWER];
  const { given } = await score((asked) => (isWhole(asked) ? body(merged, 'length', 2) : honest(asked)));
  expect(given.gaps).toEqual([2.5, 0]);
});

test.each([
  ['a server without prompt_logprobs', () => body(undefined, 'length', 2), 'edge/bad-answer'],
  [
    'log-probabilities that are no numbers',
    () => body([null, { 5: { logprob: null } }], 'length', 2),
    'edge/bad-answer',
  ],
  [
    'a template that writes the prompt otherwise when there is an answer',
    (asked: MockRequest) =>
      isWhole(asked) ? body([null, { 55: { logprob: -2 } }, ...ANSWER], 'length', 2) : honest(asked),
    'edge/bad-answer',
  ],
  ['a server that refuses', () => ({ status: 400, body: '{"error":{"message":"no"}}' }), 'edge/status-400'],
] as const)('%s cannot tell', async (_, answer, code) => {
  await expect(score(answer)).rejects.toMatchObject({ code });
});

test('is asked again after a failure of the moment', async () => {
  const { given } = await score((asked, call) => (call === 1 ? { status: 503 } : honest(asked)));
  expect(given.gaps).toEqual([2.5, 0]);
});
