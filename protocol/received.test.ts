// docs/messages.md
import { expect, test } from 'vitest';
import { encodeMessage } from './messages.ts';
import { receiveMessage } from './received.ts';
import { keccakHex } from './tree.ts';

const ADVANCE = { kind: 'Advance', run: `0x${'11'.repeat(32)}`, stage: 1, partition: 2 } as const;

test('hash and message are those of the bytes, and each is worked out once', () => {
  const bytes = encodeMessage(ADVANCE);
  const received = receiveMessage(bytes);
  expect(received.hash).toBe(keccakHex(bytes));
  expect(received.message).toEqual(ADVANCE);
  expect(received.message).toBe(received.message);
});

test('a hash that is known is taken', () => {
  expect(receiveMessage(encodeMessage(ADVANCE), '0x12').hash).toBe('0x12');
});

test('what is no message has bytes and a hash', () => {
  const bytes = Uint8Array.of(0xff, 1);
  expect(receiveMessage(bytes)).toMatchObject({ hash: keccakHex(bytes), message: undefined });
  expect(receiveMessage(new Uint8Array(0)).message).toBeUndefined();
});
