import { existsSync, readFileSync } from 'node:fs';
import { createMPT } from '@ethereumjs/mpt';
import { MapDB } from '@ethereumjs/util';
import { describe, expect, test } from 'vitest';
import { bytesToHex, type Hex, hexToBytes } from '../protocol/hex.ts';
import { createHarness, type TrieChange } from '../test/kernel/harness.fixture.ts';
import { createXorshift } from '../test/kernel/random.fixture.ts';

const EMPTY_ROOT: Hex = '0x56e81f171bcc55a6ff8345e692c0f86e5b48e01b996cadc001622fb5e363b421';
const OFFICIAL = process.env.ETHEREUM_TRIE_TESTS ?? '';
const FILES = ['trieanyorder_secureTrie.json', 'trietest_secureTrie.json', 'hex_encoded_securetrie_test.json'];

type Official = { readonly in: [string, string | null][] | Record<string, string | null>; readonly root: Hex };

const toBytes = (text: string): Uint8Array =>
  text.startsWith('0x') ? hexToBytes(text as Hex) : new TextEncoder().encode(text);

describe("Ethereum's own trie tests", () => {
  if (!existsSync(OFFICIAL)) {
    test.skip('ETHEREUM_TRIE_TESTS must name the folder TrieTests of ethereum/tests');
    return;
  }
  for (const file of FILES) {
    const cases = JSON.parse(readFileSync(`${OFFICIAL}/${file}`, 'utf8')) as Record<string, Official>;
    for (const [name, { in: input, root }] of Object.entries(cases)) {
      const changes = (Array.isArray(input) ? input : Object.entries(input)).map(toChange);
      test(`${file} ${name}: in one step and in a step each`, () => {
        expect(createHarness().change(EMPTY_ROOT, changes)).toBe(root);
        const harness = createHarness();
        expect(changes.reduce((current, change) => harness.change(current, [change]), EMPTY_ROOT)).toBe(root);
      });
    }
  }
});

function toChange([key, value]: [string, string | null]): TrieChange {
  return { key: toBytes(key), value: value === null ? undefined : toBytes(value) };
}

describe('against @ethereumjs/mpt', () => {
  for (const seed of [1, 2, 3, 4, 5, 6, 7, 8]) {
    test(`random puts and deletes, seed ${seed}`, async () => {
      const random = createXorshift(seed);
      const keys = random(200) + 1;
      const harness = createHarness();
      const library = await createMPT({ useKeyHashing: true, db: new MapDB() });
      let root: Hex = EMPTY_ROOT;
      for (let step = 0; step < 60; step++) {
        const changes: TrieChange[] = [];
        for (let i = random(12); i >= 0; i--) {
          const key = Uint8Array.of(random(256), random(keys));
          const present = random(3) > 0;
          // Short values give embedded nodes, long ones hashed.
          const value = present
            ? new Uint8Array(1 + random(random(2) === 0 ? 3 : 300)).fill(1 + random(255))
            : undefined;
          changes.push({ key, value });
          if (value === undefined) await library.del(key);
          else await library.put(key, value);
        }
        root = harness.change(root, changes);
        expect(root, `seed ${seed}, step ${step}`).toBe(bytesToHex(library.root()));
        const probe = changes[0]!.key;
        expect(harness.get(root, probe) ?? null).toEqual(await library.get(probe));
      }
    });
  }
});

test('deleting everything leads back to the empty root', () => {
  const harness = createHarness();
  const keys = Array.from({ length: 300 }, (_, n) => Uint8Array.of(n >> 8, n & 255));
  const full = harness.change(
    EMPTY_ROOT,
    keys.map((key) => ({ key, value: Uint8Array.of(7) })),
  );
  expect(
    harness.change(
      full,
      keys.map((key) => ({ key, value: undefined })),
    ),
  ).toBe(EMPTY_ROOT);
  expect(harness.change(full, [{ key: Uint8Array.of(9, 9, 9), value: undefined }])).toBe(full);
});
