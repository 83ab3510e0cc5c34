import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { takeApart } from './answer.ts';

const GOOD = '{"label":"pos","n":1}';
const json = (content: string) => takeApart(content, { json: true, strict: false });

describe('an answer in JSON', () => {
  test.each([
    ['as it is', GOOD, GOOD, undefined],
    ['in a labelled fence', `\`\`\`json\n${GOOD}\n\`\`\``, GOOD, undefined],
    ['in a bare fence', `\`\`\`\n${GOOD}\n\`\`\`\n`, GOOD, undefined],
    ['in a fence of one line', `\`\`\`json ${GOOD}\`\`\``, GOOD, undefined],
    ['in a fence with CRLF', `\`\`\`json\r\n${GOOD}\r\n\`\`\`\r\n`, GOOD, undefined],
    ['with a mark and white space around it', `\ufeff \n${GOOD}\n\n`, GOOD, undefined],
    ['after thoughts', `<think>\nhm\n</think>\n\n${GOOD}`, GOOD, 'hm'],
    ['after thoughts in a fence', `<think>a</think>\n<think>b</think>\`\`\`json\n${GOOD}\n\`\`\``, GOOD, 'a\nb'],
    ['with a fence in a string', `\`\`\`json\n{"code":"\`\`\`js\`\`\`"}\n\`\`\``, '{"code":"```js```"}', undefined],
  ])('%s', (_name, content, text, reasoning) => {
    expect(json(content)).toEqual({ text, reasoning });
  });

  test.each([
    ['words before it', `Here is the JSON:\n${GOOD}`],
    ['two fences', `\`\`\`json\n${GOOD}\n\`\`\`\n\`\`\`json\n${GOOD}\n\`\`\``],
    ['a fence that is not closed', `\`\`\`json\n${GOOD}`],
    ['a fence of four', `\`\`\`\`\n${GOOD}\n\`\`\`\``],
    ['thoughts that are not closed', `<think>hm ${GOOD}`],
    ['thoughts behind it', `${GOOD}<think>hm</think>`],
    ['nothing but a fence', '```'],
  ])('is left with %s', (_name, content) => {
    expect(json(content).text).toBe(content.trim());
  });

  test('is left as it is where the step wants it so', () => {
    const content = `<think>a</think> \`\`\`json\n${GOOD}\n\`\`\``;
    expect(takeApart(content, { json: true, strict: true })).toEqual({ text: content, reasoning: undefined });
  });

  test('that is JSON is never another JSON, whatever stands around it', () => {
    const around = fc.constantFrom('', ' ', '\n', '\r\n', '\ufeff', '\t');
    fc.assert(
      fc.property(
        fc.jsonValue(),
        around,
        around,
        fc.constantFrom('', 'json', 'JSON', 'json5'),
        (value, a, b, label) => {
          const text = JSON.stringify(value);
          expect(JSON.parse(json(`${a}${text}${b}`).text)).toEqual(JSON.parse(text));
          expect(JSON.parse(json(`${a}\`\`\`${label}\n${text}\n\`\`\`${b}`).text)).toEqual(JSON.parse(text));
          expect(JSON.parse(json(`<think>${a}x</think>${b}${text}`).text)).toEqual(JSON.parse(text));
        },
      ),
    );
  });
});

test('a text keeps all but leading thoughts, and is the same when it is taken apart again', () => {
  const text = (content: string) => takeApart(content, { json: false, strict: false });
  expect(text('  ```\ncode\n```\n')).toEqual({ text: '  ```\ncode\n```\n', reasoning: undefined });
  expect(text('<think>\nwhy\n</think>\n\nBecause.')).toEqual({ text: 'Because.', reasoning: 'why' });
  expect(text('Because <think>of</think>.')).toEqual({ text: 'Because <think>of</think>.', reasoning: undefined });
  const part = fc.constantFrom('<think>', '</think>', ' ', '\n', 'a', '```', '\ufeff');
  fc.assert(
    fc.property(fc.array(part, { maxLength: 12 }), (parts) => {
      const once = text(parts.join('')).text;
      expect(text(once)).toEqual({ text: once, reasoning: undefined });
    }),
  );
});
