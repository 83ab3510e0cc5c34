import { MerklePatriciaTrie } from '@ethereumjs/mpt';
import { MapDB } from '@ethereumjs/util';
import { expect, test } from 'vitest';
import { bytesToHex } from '../protocol/hex.ts';
import { keccak } from '../protocol/tree.ts';
import { createNodeMap } from './nodes.ts';
import { createStateProof, readRecord, recordKey, verifyStateProof } from './proof.ts';

const id = (n: number) => Uint8Array.of(n, n, n);

async function createState() {
  const db = new MapDB<string, Uint8Array>();
  const trie = new MerklePatriciaTrie({ db: db as never, valueEncoding: 'view' as never });
  for (let n = 0; n < 40; n++) await trie.put(keccak(recordKey('T', id(n))), new Uint8Array(40).fill(n + 1));
  const nodes = createNodeMap([...db._database.values()] as Uint8Array[]);
  return { nodes, root: bytesToHex(trie.root()) };
}

test('proves a record and its absence, and refuses nodes of another root', async () => {
  const { nodes, root } = await createState();
  const present = await createStateProof(nodes, root, recordKey('T', id(7)));
  expect(present.value).toEqual(new Uint8Array(40).fill(8));
  expect(await verifyStateProof(root, recordKey('T', id(7)), present.nodes)).toEqual(new Uint8Array(40).fill(8));
  const absent = await createStateProof(nodes, root, recordKey('A', id(7)));
  expect(absent.value).toBeUndefined();
  expect(await verifyStateProof(root, recordKey('A', id(7)), absent.nodes)).toBeUndefined();
  await expect(verifyStateProof(`0x${'11'.repeat(32)}`, recordKey('T', id(7)), present.nodes)).rejects.toThrow();
  expect(await readRecord(nodes, root, recordKey('T', id(3)))).toEqual(new Uint8Array(40).fill(4));
});

test('a missing node is an error, not an absent record', async () => {
  const { root } = await createState();
  await expect(readRecord(createNodeMap([]), root, recordKey('T', id(1)))).rejects.toThrow();
});
