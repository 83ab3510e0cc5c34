import { describe, expect, test } from 'vitest';
import type { ChatRequest } from '../backends/backend.ts';
import type { AnsweredRow } from '../frames.ts';
import { createContentCheck } from '../schema/check.ts';
import { judgeRow, type RowAnswer, toContentItem } from './outcome.ts';

const RULES = { maxContentBytes: 40, maxCompletionTokens: 100 };
const SCHEMA = { type: 'object', properties: { n: { type: 'integer' } }, required: ['n'], additionalProperties: false };
const JSON_REQUEST: ChatRequest = {
  messages: [{ role: 'user', content: 'x' }],
  response_format: { type: 'json_schema', json_schema: { schema: SCHEMA } },
};
const TEXT_REQUEST: ChatRequest = { messages: JSON_REQUEST.messages };
const check = createContentCheck();

/** The result's line without the index; undefined if another worker is asked. */
function judge(
  request: ChatRequest,
  content: string,
  more: object = {},
  last = false,
): Record<string, unknown> | undefined {
  const line = JSON.stringify([7, request]);
  const usage = { prompt_tokens: 1e9, completion_tokens: 1e9 };
  const answer = { content, finish_reason: 'stop', usage, ...more } as AnsweredRow[1];
  const row: RowAnswer = { row: { place: 0, index: 7, line, last }, request, answer };
  const item = toContentItem(row, RULES);
  const schema = item.format?.json_schema?.schema;
  const verdict = item.format === undefined ? undefined : check(JSON.stringify(schema), item.content);
  const outcome = judgeRow(row, verdict, RULES);
  return outcome === undefined ? undefined : (JSON.parse(outcome.line) as [number, Record<string, unknown>])[1];
}

describe('an answer', () => {
  test('is checked by what of it is the answer, and kept as it came', () => {
    const fenced = '```json\n{"n":1}\n```';
    expect(judge(JSON_REQUEST, fenced)).toMatchObject({ content: fenced, finish_reason: 'stop' });
    expect(judge({ ...JSON_REQUEST, mizu: { strict: true } }, fenced)).toBeUndefined();
    expect(judge(JSON_REQUEST, '<think>a</think> {"n":1}')).toMatchObject({ finish_reason: 'stop' });
  });

  test('that does not fit goes to another worker, unless it was cut', () => {
    expect(judge(JSON_REQUEST, '{"n":')).toBeUndefined();
    expect(judge(JSON_REQUEST, '{"n":', {}, true)).toMatchObject({ error: { code: 'edge/schema', raw: '{"n":' } });
    expect(judge(JSON_REQUEST, '{"n":', { finish_reason: 'length' })).toMatchObject({
      error: { code: 'edge/truncated', message: expect.stringContaining('finish_reason length'), raw: '{"n":' },
    });
    expect(judge(TEXT_REQUEST, 'cut', { finish_reason: 'length' })).toMatchObject({
      content: 'cut',
      finish_reason: 'length',
    });
  });

  test('of images may cost so many tokens more', () => {
    const show = (count: number): ChatRequest => {
      const part = { type: 'image_url', image_url: { url: 'https://example.org/a.png' } } as const;
      const content = [{ type: 'text', text: 'x' } as const, ...Array.from({ length: count }, () => part)];
      return { messages: [{ role: 'user', content }] };
    };
    const billed = (request: ChatRequest) =>
      (judge(request, 'x') as { usage: { prompt_tokens: number } }).usage.prompt_tokens;
    const bytes = (request: ChatRequest) => JSON.stringify([7, request]).length;
    expect(billed(show(0))).toBe(bytes(show(0)) + 1_024);
    expect(billed(show(2))).toBe(bytes(show(2)) + 1_024 + 2 * 16_384);
    // A request may not have so many images: it is no request, and its images do not count.
    expect(billed(show(17))).toBe(bytes(show(17)) + 1_024);
  });

  test('has thoughts if the request wants them and there is room', () => {
    const wanted = { ...TEXT_REQUEST, mizu: { keepReasoning: true } };
    expect(judge(wanted, 'yes', { reasoning: 'why' })).toMatchObject({ content: 'yes', reasoning: 'why' });
    expect(judge(TEXT_REQUEST, 'yes', { reasoning: 'why' })).not.toHaveProperty('reasoning');
    expect(judge(wanted, 'yes', { reasoning: 'x'.repeat(38) })).not.toHaveProperty('reasoning');
  });
});

describe('what is billed', () => {
  const usageOf = (more: Partial<ChatRequest>) => {
    const request = { ...TEXT_REQUEST, ...more };
    return [judge(request, 'yes')?.usage, JSON.stringify([7, request]).length + 1024];
  };

  test.each([
    [{ max_tokens: 9 }, 9, 1, 0],
    [{}, 100, 1, 0],
    [{ max_tokens: 9, mizu: { repair: 1 } }, 18, 2, 1],
    [{ max_tokens: 9, mizu: { repair: 2 } }, 27, 3, 3],
    [{ max_tokens: 9, mizu: { repair: 99 } }, 27, 3, 3],
    [{ max_tokens: 9, mizu: { repair: -1 } }, 9, 1, 0],
    [{ max_tokens: 9, mizu: { repair: 0.5 } }, 9, 1, 0],
    [{ max_tokens: -9, mizu: null as never }, 0, 1, 0],
  ])('is bounded for %j', (more, completion, calls, answers) => {
    const [usage, prompt] = usageOf(more);
    const most = Math.max(0, (more as ChatRequest).max_tokens ?? 100);
    expect(usage).toEqual({
      completion_tokens: completion,
      prompt_tokens: calls * (prompt as number) + answers * (most + 1024),
    });
  });
});
