import { expect, test } from 'vitest';
import { keccakHex } from '../protocol/tree.ts';
import type { Backend } from './backends/backend.ts';
import { encodeRequests } from './rows.ts';
import { MAX_CANARY_ROWS, truthOf } from './truth.ts';

const { signal } = new AbortController();
const usage = { promptTokens: 1, completionTokens: 1 };
const echo: Backend = {
  name: 'echo',
  complete: async ({ messages }) => ({ content: `${messages[0]?.content}!`, finishReason: 'stop', usage }),
};
const rowsOf = (count: number) =>
  encodeRequests(
    'echo',
    Array.from({ length: count }, (_, row) =>
      JSON.stringify([row + 5, { messages: [{ role: 'user', content: `say ${row}` }] }]),
    ),
  );

test('the truth is the hash of what the model answers to each row', async () => {
  const lines = '[5,"say 0!","stop"]\n[6,"say 1!","stop"]';
  expect(await truthOf(rowsOf(2), echo, signal)).toBe(keccakHex(new TextEncoder().encode(lines)));
});

test('there is none without rows, with too many, where the model fails, and where there is no time', async () => {
  expect(await truthOf(rowsOf(MAX_CANARY_ROWS), echo, signal)).toBeDefined();
  expect(await truthOf(rowsOf(MAX_CANARY_ROWS + 1), echo, signal)).toBeUndefined();
  expect(await truthOf(rowsOf(0), echo, signal)).toBeUndefined();
  expect(await truthOf(Uint8Array.of(1, 2, 3), echo, signal)).toBeUndefined();
  const failing = { ...echo, complete: () => Promise.reject(new Error('no')) };
  expect(await truthOf(rowsOf(1), failing, signal)).toBeUndefined();
  expect(await truthOf(rowsOf(1), echo, signal, async () => false)).toBeUndefined();
});
