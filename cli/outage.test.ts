import { PassThrough } from 'node:stream';
import { expect, test, vi } from 'vitest';
import { MizuError } from '../protocol/errors.ts';
import { createOutageReporter } from './outage.ts';

test('an outage is told once every five seconds, each service by itself', () => {
  vi.useFakeTimers();
  const stream = new PassThrough();
  const report = createOutageReporter(stream);
  const down = new MizuError({ code: 'http/unreachable', message: 'no answer', retryable: true });
  const full = new MizuError({ code: 'limit/queue-full', message: 'The queue is full.', retryable: true });
  for (let seconds = 0; seconds <= 7; seconds++) {
    report({ service: 'http://a', downSeconds: seconds, limitSeconds: 90, error: down });
    if (seconds === 3) report({ service: 'http://b', downSeconds: 2, limitSeconds: 20, error: full });
    vi.advanceTimersByTime(1000);
  }
  vi.useRealTimers();
  expect(String(stream.read())).toBe(
    [
      'waiting for http://a (down for 1 s, given up after 90)',
      '  Is it stopped, or at another address? A network on this machine is started with: npx mizu devnet',
      'waiting for http://b ("The queue is full." for 2 s, given up after 20)',
      'waiting for http://a (down for 6 s, given up after 90)',
      '',
    ].join('\n'),
  );
});
