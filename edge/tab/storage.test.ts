// docs/edge.md#tab-storage: what a page has kept is there when it is opened again.
import { expect, test } from 'vitest';
import { createSigner } from '../signing.ts';
import { openTabStorage } from './storage.ts';

function createFake() {
  const items = new Map<string, string>();
  return {
    getItem: (key: string) => items.get(key) ?? null,
    setItem: (key: string, value: string) => void items.set(key, value),
  };
}

test('a key is made once, and invitation and accounts are kept', async () => {
  const fake = createFake();
  const first = openTabStorage(fake);
  expect(createSigner(first.privateKey).address).toMatch(/^0x[0-9a-f]{40}$/);
  expect([first.invitation(), await first.accounts.get('a')]).toEqual(['', undefined]);
  first.keepInvitation('word');
  await first.accounts.put('a', { total: '7', signature: '0x01' });
  const again = openTabStorage(fake);
  expect(again.privateKey).toBe(first.privateKey);
  expect([again.invitation(), await again.accounts.get('a')]).toEqual(['word', { total: '7', signature: '0x01' }]);
  expect(openTabStorage(createFake()).privateKey).not.toBe(first.privateKey);
});
