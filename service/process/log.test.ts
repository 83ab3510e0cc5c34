// docs/operations.md#logs: what others send into a log is bounded, and steers no terminal.
import { expect, test } from 'vitest';
import { formatError, MizuError } from '../../protocol/errors.ts';
import { describeThrown, toReadable } from './log.ts';

const HOSTILE = 'a\u001b[2J\u009b2J\u202eb\nc\td\u2028e';
const SAFE = 'a\ufffd[2J\ufffd2J\ufffdb c d\ufffde';

test('a field of an error has at most 4,000 characters, whatever its cause is', () => {
  const long = 'x'.repeat(1_000_000);
  for (const cause of [new Error(long), { raw: long, list: Array(10_000).fill(long) }, long, 7n, null]) {
    const error = new MizuError({
      code: 'http/bad-request',
      message: long,
      expected: long,
      actual: long,
      hint: long,
      cause,
    });
    const fields = Object.values(describeThrown(error)).filter((value) => typeof value === 'string');
    expect(Math.max(...fields.map((field) => field.length))).toBeLessThan(4_100);
    expect(describeThrown(error).message).toBe(`${'x'.repeat(4_000)}… (1000000 characters)`);
  }
  expect(String(describeThrown(new Error(long)).stack).length).toBeLessThan(4_100);
});

test('an object of an error is told as text', () => {
  const error = new MizuError({ code: 'http/bad-request', message: 'm', cause: { status: 429, retryAfter: '1' } });
  expect(describeThrown(error).cause).toBe("{ status: 429, retryAfter: '1' }");
});

test('a line for a terminal has no controls and is one line', () => {
  const line = JSON.stringify({ level: 30, time: 0, name: 'x', msg: HOSTILE, reason: HOSTILE, list: ['\u009b\u202e'] });
  const readable = toReadable(line);
  expect(readable).toContain(`${SAFE} reason=${SAFE} list=["\ufffd\ufffd"]\n`);
  expect(readable.split('\n').length).toBe(2);
});

test('an error for people has no controls but its lines', () => {
  expect(formatError(new Error(HOSTILE))).toBe('a\ufffd[2J\ufffd2J\ufffdb\nc\td\ufffde');
  expect(formatError(new MizuError({ code: 'http/bad-request', message: 'm', actual: '\u001b]0;x\u0007' }))).toBe(
    'm\n  got:      \ufffd]0;x\ufffd',
  );
});
