// docs/operations.md#l1-proof: the root of a list of receipts, beside the Ethereum library's.
import { createMPT } from '@ethereumjs/mpt';
import fc from 'fast-check';
import { bytesToHex, numberToHex, toRlp } from 'viem';
import { expect, test } from 'vitest';
import { hashReceiptList } from './receipts-root.ts';

const EMPTY = '0x56e81f171bcc55a6ff8345e692c0f86e5b48e01b996cadc001622fb5e363b421';

test('no receipts have the root of the empty trie', () => {
  expect(hashReceiptList([])).toBe(EMPTY);
});

test('any list has the root that a trie filled one by one has', async () => {
  const bytes = fc.uint8Array({ minLength: 1, maxLength: 60 });
  // From 128 on an index has two bytes in RLP, from 256 on three.
  const lists = fc.oneof(fc.array(bytes, { maxLength: 40 }), fc.array(bytes, { minLength: 120, maxLength: 300 }));
  await fc.assert(
    fc.asyncProperty(lists, async (list) => {
      expect(hashReceiptList(list)).toBe(await libraryRoot(list));
    }),
    { numRuns: 30 },
  );
});

async function libraryRoot(list: readonly Uint8Array[]): Promise<string> {
  const trie = await createMPT();
  for (const [i, value] of list.entries()) await trie.put(toRlp(i === 0 ? '0x' : even(i), 'bytes'), value);
  return bytesToHex(trie.root());
}

function even(value: number) {
  return numberToHex(value, { size: value > 255 ? 2 : 1 });
}
