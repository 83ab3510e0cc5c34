// docs/edge.md#failures: what is asked again, how often, and with what. The server is a list of what it answers.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { MizuError } from '../../protocol/errors.ts';
import { createAsking, type ModelCalls } from './asking.ts';
import type { ChatRequest, Completion } from './backend.ts';
import { CallFailure, type RetryAdvice, unusableAnswer } from './failure.ts';
import { createRefusals } from './refusals.ts';

type Answer = Completion | CallFailure;

const REQUEST: ChatRequest = { messages: [{ role: 'user', content: 'hello' }] };
const usage = { promptTokens: 3, completionTokens: 2 };
const good: Completion = { content: 'yes', finishReason: 'stop', usage };
const signal = new AbortController().signal;

const failure = (again: RetryAdvice, more: { retryAfterMs?: number; isRefusal?: boolean } = {}) =>
  new CallFailure({ error: new MizuError({ code: 'edge/unreachable', message: again }), again, ...more });
const misfit = (raw: string) =>
  unusableAnswer({ code: 'edge/schema', message: 'must be a number', actual: raw }, { raw, usage }, 'otherwise');

function setUp(answers: readonly Answer[], attempts = 5) {
  const bodies: string[] = [];
  const pauses: number[] = [];
  const refusals = createRefusals(() => 0);
  const limiter = { pause: (ms: number) => pauses.push(ms) };
  const ask = createAsking({ limiter, refusals, attempts, firstBackoffMs: 0, lastBackoffMs: 0 });
  const calls: ModelCalls<{ readonly body: string }> = {
    encode: ({ messages }) => ({ body: messages.map(({ content }) => content).join('|') }),
    call: async ({ body }) => {
      const answer = answers[bodies.length] ?? good;
      bodies.push(body);
      if (answer instanceof CallFailure) throw answer;
      return answer;
    },
    check: async (_call, _request, given) => given,
  };
  return { bodies, pauses, ask: (request = REQUEST) => ask('m', calls, request, signal) };
}

test('a failure of the moment is asked again until there is an answer', async () => {
  const { ask, bodies, pauses } = setUp([failure('later'), failure('later', { retryAfterMs: 7 })]);
  expect(await ask()).toEqual(good);
  expect(bodies).toEqual(['hello', 'hello', 'hello']);
  expect(pauses).toEqual([7]);
});

test('what is thrown is the error of the last call, and no CallFailure', async () => {
  const { ask, bodies } = setUp(Array(9).fill(failure('later')), 3);
  const error = await ask().catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(MizuError);
  expect(error).toMatchObject({ code: 'edge/unreachable' });
  expect(bodies.length).toBe(3);
});

test('a call that was refused is not made again', async () => {
  const { ask, bodies } = setUp([failure('never', { isRefusal: true })]);
  await expect(ask()).rejects.toMatchObject({ code: 'edge/unreachable' });
  await expect(ask()).rejects.toMatchObject({ code: 'edge/unreachable' });
  expect(bodies).toEqual(['hello']);
});

test('an answer that does not fit is asked for three times, and once where the model would say the same', async () => {
  const misfits = Array(9).fill(misfit('no'));
  for (const [change, count] of [
    [{}, 3],
    [{ seed: 1 }, 1],
    [{ temperature: 0 }, 1],
  ] as const) {
    const { ask, bodies } = setUp(misfits);
    await expect(ask({ ...REQUEST, ...change })).rejects.toMatchObject({ code: 'edge/schema' });
    expect(bodies.length).toBe(count);
  }
});

test('with repair it is asked for with the answer and the reason, and the usage of both calls is told', async () => {
  const { ask, bodies } = setUp([misfit('no')]);
  const { usage: told } = await ask({ ...REQUEST, seed: 1, mizu: { repair: 1 } });
  expect(bodies[1]).toContain('hello|no|');
  expect(bodies[1]).toContain('must be a number');
  expect(told).toEqual({ promptTokens: 6, completionTokens: 4 });
});

test('whatever a server answers, there are no more calls than attempts and repairs', async () => {
  const anyAnswer = fc.constantFrom<Answer>(
    failure('later'),
    failure('otherwise'),
    failure('never'),
    misfit('no'),
    good,
  );
  await fc.assert(
    fc.asyncProperty(
      fc.array(anyAnswer, { maxLength: 12 }),
      fc.integer({ min: 1, max: 6 }),
      fc.nat({ max: 2 }),
      async (answers, attempts, repair) => {
        const { ask, bodies } = setUp(answers, attempts);
        const ended = await ask({ ...REQUEST, mizu: { repair } }).then(
          () => undefined,
          (error: unknown) => error,
        );
        expect(bodies.length).toBeLessThanOrEqual(attempts + repair);
        if (ended === undefined) expect(answers[bodies.length - 1] ?? good).toBe(good);
        else expect(ended).toBeInstanceOf(MizuError);
      },
    ),
    { numRuns: 200 },
  );
});
