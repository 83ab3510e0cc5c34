import fc from 'fast-check';
import { expect, test } from 'vitest';
import * as z from 'zod';
import type { ChatRequest } from '../../edge/backends/backend.ts';
import { toContentItem } from '../../edge/gateway/outcome.ts';
import { createContentCheck } from '../../edge/schema/check.ts';
import { takeApart } from '../../protocol/answer.ts';
import { isBare, openResult, type Result } from './answer.ts';

const output = z.strictObject({ n: z.number() });
const schema = { type: 'object', properties: { n: { type: 'number' } }, required: ['n'], additionalProperties: false };
const check = createContentCheck();
const messages = [{ role: 'user', content: 'x' }];
const usage = { prompt_tokens: 1, completion_tokens: 1 };

const part = fc.constantFrom(
  '{"n":1}',
  '{"n":1e400}',
  '{"n":"1"}',
  '```',
  '```json',
  '<think>',
  '</think>',
  '\n',
  ' ',
  '\ufeff',
  'a',
  '[',
  '"',
);
const contents = fc.oneof(
  fc.array(part, { maxLength: 7 }).map((parts) => parts.join('')),
  fc.tuple(part, part, part).map(([a, b, c]) => `<think>${a}</think>\n\`\`\`${b}\n${c}\n\`\`\``),
);

test('a program takes the JSON that a gateway takes, and no other', () => {
  const seen = { taken: 0, refused: 0 };
  fc.assert(
    fc.property(contents, fc.boolean(), (content, strict) => {
      const request: ChatRequest = {
        messages,
        mizu: { strict },
        response_format: { type: 'json_schema', json_schema: { schema } },
      };
      const answer = { content, finish_reason: 'stop', usage };
      const row = { place: 0, index: 0, line: '', last: true };
      const item = toContentItem({ row, request, answer }, { maxContentBytes: 1000, maxCompletionTokens: 1 });
      const opened = openResult({ output, strict, onTruncated: 'reject' }, answer);
      const isTaken = 'value' in opened && output.safeParse(opened.value).success;
      // A number that JavaScript has not is one to the gateway, and none to zod.
      if (content.includes('1e400')) return;
      seen[isTaken ? 'taken' : 'refused'] += 1;
      expect([content, check(JSON.stringify(schema), item.content) === undefined]).toEqual([content, isTaken]);
    }),
    { numRuns: 2_000 },
  );
  expect(Math.min(seen.taken - 20, seen.refused - 200)).toBeGreaterThan(0);
});

test('whatever a result says, a row has an answer or a reason', () => {
  const results = fc.record(
    {
      content: fc.string(),
      finish_reason: fc.constantFrom('stop', 'length', 'content_filter', 'tool_calls', 'odd'),
      reasoning: fc.string(),
      usage: fc.record({ prompt_tokens: fc.nat(), completion_tokens: fc.nat() }, { requiredKeys: [] }),
      error: fc.record(
        { code: fc.string(), message: fc.string(), raw: fc.string() },
        { requiredKeys: ['code', 'message'] },
      ),
    },
    { requiredKeys: [] },
  );
  const operators = fc.record({
    output: fc.constantFrom(null, output),
    strict: fc.boolean(),
    onTruncated: fc.constantFrom('reject' as const, 'keep' as const),
  });
  fc.assert(
    fc.property(results, operators, (result, operator) => {
      const opened = openResult(operator, result as Result);
      if ('reason' in opened) {
        expect(opened.reason).not.toBe('');
        return;
      }
      expect(result.error).toBeUndefined();
      const isWhole = (result.finish_reason ?? 'stop') === 'stop';
      expect(isWhole || operator.onTruncated === 'keep').toBe(true);
      expect(opened.said.finishReason).toBe(result.finish_reason ?? 'stop');
    }),
    { numRuns: 500 },
  );
});

test('what is taken as it is has nothing to be taken off', () => {
  const seen = { bare: 0 };
  fc.assert(
    fc.property(
      fc.oneof(contents, fc.string({ maxLength: 12 })),
      fc.boolean(),
      fc.boolean(),
      (content, json, strict) => {
        if (!isBare(content)) return;
        seen.bare++;
        expect(takeApart(content, { json, strict })).toEqual({ text: content, reasoning: undefined });
      },
    ),
    { numRuns: 1_000 },
  );
  expect(seen.bare).toBeGreaterThan(20);
});
