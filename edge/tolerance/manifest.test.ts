// docs/court.md#manifest
import { expect, test } from 'vitest';
import { parseToleranceManifest, thresholdOf } from './manifest.ts';

const encode = (value: unknown) => new TextEncoder().encode(JSON.stringify(value));
const thresholds = [
  { answers: 'text', maxTemperature: 1, nats: 2 },
  { answers: 'text', maxTemperature: 0, nats: 0.05 },
  { answers: 'json', maxTemperature: 0, nats: 0.4 },
];
const manifest = { name: 'lab/tiny', class: 'B', engine: 'vllm 0.11', tolerance: { thresholds } };
const messages = [{ role: 'user', content: 'Say it.' }];
const response_format = { type: 'json_object' };

test('the threshold of a request is that of the lowest temperature that it does not exceed', () => {
  const read = parseToleranceManifest(encode(manifest));
  expect(thresholdOf(read, { messages, temperature: 0 })).toBe(0.05);
  expect(thresholdOf(read, { messages, temperature: 0.2 })).toBe(2);
  expect(thresholdOf(read, { messages })).toBe(2);
  expect(thresholdOf(read, { messages, temperature: 1.5 })).toBeUndefined();
  expect(thresholdOf(read, { messages, response_format, temperature: 0 })).toBe(0.4);
  expect(thresholdOf(read, { messages, response_format, temperature: 0.1 })).toBeUndefined();
});

test.each([
  ['text', new TextEncoder().encode('a model'), 'no JSON in UTF-8'],
  ['another class', encode({ ...manifest, class: 'A' }), 'class'],
  ['no thresholds', encode({ ...manifest, tolerance: { thresholds: [] } }), 'tolerance.thresholds'],
  ['a threshold of 0', encode({ ...manifest, tolerance: { thresholds: [{ ...thresholds[0], nats: 0 }] } }), 'nats'],
  ['another field', encode({ ...manifest, tolerance: { thresholds, window: 8 } }), 'tolerance'],
  ['too many bytes', encode({ ...manifest, more: 'a'.repeat(70_000) }), 'at most 65536'],
])('%s is refused', (_, bytes, reason) => {
  expect(() => parseToleranceManifest(bytes)).toThrow(
    expect.objectContaining({ code: 'edge/bad-manifest', actual: expect.stringContaining(reason) }),
  );
});
