import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseChatRequest } from './backend.ts';
import { completeBuiltin } from './builtin.ts';
import { findMessageProblem, imagesOf, measureImages, type RequestMessage, textOfContent } from './messages.ts';

const BASE64 = {
  png: 'iVBORw0KGgoAAAANSUhEUg==',
  jpeg: '/9j/4AAQSkZJRgABAQAAAQAB',
  webp: 'UklGRiQAAABXRUJQVlA4IBgA',
  gif: 'R0lGODlhAQABAIAAAAAAAP==',
};
const dataUrl = (type: string, data: string) => `data:${type};base64,${data}`;
const shown = (url: string, more: object = {}) => [
  { role: 'user', content: [{ type: 'image_url', image_url: { url, ...more } }] },
];

describe('an image', () => {
  test.each([
    ...Object.entries(BASE64).map(([type, data]) => dataUrl(`image/${type}`, data)),
    'https://example.org/a.png',
    'https://a-b.example.co.uk/x?y=1#z',
    'HTTPS://Example.ORG',
    'https://xn--e1afmkfd.xn--p1ai/',
  ])('is taken: %s', (url) => {
    expect(findMessageProblem(shown(url))).toBeUndefined();
    expect(findMessageProblem(shown(url, { detail: 'high' }))).toBeUndefined();
  });

  test.each([
    ['http://example.org/a.png', 'https://NAME'],
    ['file:///etc/passwd', 'https://NAME'],
    ['https://127.0.0.1/a', 'https://NAME'],
    ['https://2130706433/', 'https://NAME'],
    ['https://0x7f.1/', 'https://NAME'],
    ['https://127.0.0.0x1/', 'https://NAME'],
    ['https://[::1]/', 'https://NAME'],
    ['https://localhost/', 'https://NAME'],
    ['https://printer.local/', 'https://NAME'],
    ['https://a.INTERNAL/', 'https://NAME'],
    ['https://metadata.google.internal/computeMetadata/v1', 'https://NAME'],
    ['https://localhost./', 'https://NAME'],
    ['https://user:pass@example.org/', 'https://NAME'],
    ['https://example.org@127.0.0.1/', 'https://NAME'],
    ['https://example.org\\@127.0.0.1/', 'https://NAME'],
    ['https://example.org:8443/', 'https://NAME'],
    ['https://example.org/a b', 'https://NAME'],
    ['https://example.org/\n', 'https://NAME'],
    [' https://example.org/', 'https://NAME'],
    [`https://example.org/${'a'.repeat(2_048)}`, 'https://NAME'],
    [dataUrl('image/svg+xml', 'PHN2Zy8+'), "an image of type 'image/svg+xml'"],
    [dataUrl('text/html', 'PGI+'), "an image of type 'text/html'"],
    [dataUrl('constructor', 'PGI+'), "an image of type 'constructor'"],
    [dataUrl('image/png', BASE64.jpeg), 'the data of an image are no image/png'],
    [dataUrl('image/png', 'iVBORw0KGg%o='), 'no base64'],
    [dataUrl('image/png', 'iVBORw0KGgoA='), 'no base64'],
    ['data:image/png,abc', 'https://NAME'],
    ['', 'https://NAME'],
  ])('is refused: %s', (url, problem) => {
    expect(findMessageProblem(shown(url))).toContain(problem);
  });

  test.each([
    [[{ role: 'user', content: [] }], '1 to 64 parts'],
    [[{ role: 'user', content: Array(65).fill({ type: 'text', text: 'x' }) }], '1 to 64 parts'],
    [[{ role: 'user', content: [null] }], 'a part is'],
    [[{ role: 'user', content: [{ type: 'text' }] }], 'a part of type text has a text'],
    [
      [{ role: 'user', content: [{ type: 'text', text: 'x', cache_control: {} }] }],
      "a part has a field 'cache_control'",
    ],
    [[{ role: 'assistant', content: shown(dataUrl('image/png', BASE64.png))[0]!.content }], 'of the assistant'],
    [shown('https://example.org/', { detail: 'most' }), 'detail is auto, low, high'],
    [shown('https://example.org/', { headers: {} }), 'image_url is { url, detail }'],
  ])('and parts are nothing else (%#)', (messages, problem) => {
    expect(findMessageProblem(messages)).toContain(problem);
    expect(() => parseChatRequest({ messages })).toThrow(
      expect.objectContaining({ code: 'edge/bad-request', actual: expect.stringContaining(problem) }),
    );
  });
});

test('whatever is given has a verdict, and what is taken can be read', () => {
  const part = fc.oneof(
    fc.record({ type: fc.constantFrom('text', 'image_url', 'audio'), text: fc.string() }, { requiredKeys: [] }),
    fc.record({ type: fc.constant('image_url'), image_url: fc.record({ url: fc.oneof(fc.webUrl(), fc.string()) }) }),
    fc.jsonValue(),
  );
  const content = fc.oneof(fc.string(), fc.array(part, { maxLength: 4 }), fc.jsonValue());
  const message = fc.oneof(fc.record({ role: fc.constantFrom('user', 'system'), content }), fc.jsonValue());
  fc.assert(
    fc.property(fc.oneof(fc.array(message, { maxLength: 4 }), fc.jsonValue()), (messages) => {
      if (findMessageProblem(messages) !== undefined) return;
      const good = messages as unknown as RequestMessage[];
      const urls = good.flatMap((one) => imagesOf(one.content)).map(({ image_url: { url } }) => url);
      for (const url of urls) expect(url).toMatch(/^(https:|data:image\/)/i);
      expect(measureImages(good)).toEqual({ images: urls.length, chars: urls.join('').length });
      for (const one of good) expect(typeof textOfContent(one.content)).toBe('string');
    }),
    { numRuns: 300 },
  );
});

test('the built-in model takes no images', () => {
  const messages = shown(dataUrl('image/png', BASE64.png)) as unknown as RequestMessage[];
  expect(() => completeBuiltin({ messages })).toThrow(
    expect.objectContaining({ code: 'edge/no-images', retryable: false, actual: '1 image' }),
  );
});
