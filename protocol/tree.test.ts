import { keccak256 } from 'viem';
import { expect, test } from 'vitest';
import { bytesToHex, concatBytes, type Hex, hexToBytes } from './hex.ts';
import {
  depthOf,
  hashLeaf,
  hashNode,
  keccakHex,
  liftTreeRoot,
  objectRef,
  objectRoot,
  rootFromProof,
  treeNode,
  treeProof,
  treeRoot,
  verifyLeaf,
  zeroTreeRoot,
} from './tree.ts';

const sample = (length: number): Uint8Array => Uint8Array.from({ length }, (_, i) => (i * 31 + (i >> 8)) & 0xff);

// Computes the root as the specification words it, with another library's keccak.
function slowRoot(bytes: Uint8Array, depth: number): Hex {
  if (depth === 0) {
    const leaf = new Uint8Array(129);
    leaf.set(bytes.subarray(0, 128), 1);
    return keccak256(leaf);
  }
  const half = 64 * 2 ** depth;
  const left = hexToBytes(slowRoot(bytes.subarray(0, half), depth - 1));
  const right = hexToBytes(slowRoot(bytes.subarray(half), depth - 1));
  return keccak256(concatBytes([Uint8Array.of(1), left, right]));
}

test.each([0, 1, 31, 64, 135, 136, 137, 271, 272, 1000, 70_000])("keccak of %i bytes is viem's", (length) => {
  expect(keccakHex(sample(length))).toBe(keccak256(sample(length)));
});

// With 1 to 9 leaves each level has a last pair, a last single one, or neither.
test.each([0, 1, 127, 128, 129, 256, 257, 500, 640, 641, 768, 800, 1000, 1152, 16_384, 140_000])(
  'root of %i bytes is the specified one',
  (length) => {
    const bytes = sample(length);
    const depth = depthOf(length);
    expect(treeRoot(bytes)).toBe(slowRoot(bytes, depth));
    expect(treeRoot(bytes, depth + 3)).toBe(slowRoot(bytes, depth + 3));
    expect(liftTreeRoot(treeRoot(bytes), depth, depth + 3)).toBe(slowRoot(bytes, depth + 3));
    const named = concatBytes([Uint8Array.of(2), new Uint8Array(8), hexToBytes(slowRoot(bytes, depth))]);
    new DataView(named.buffer).setBigUint64(1, BigInt(length));
    expect(objectRoot(bytes)).toBe(keccak256(named));
  },
);

test('a root does not depend on what was hashed before it', () => {
  const before = objectRoot(sample(5000));
  objectRoot(sample(100_000).fill(0xff));
  expect(objectRoot(sample(5000))).toBe(before);
});

test('zero roots are roots of zero bytes', () => {
  for (const depth of [0, 1, 5, 12]) expect(zeroTreeRoot(depth)).toBe(slowRoot(new Uint8Array(0), depth));
});

test('every leaf has a proof, and no other index, leaf or length passes with it', () => {
  const bytes = sample(128 * 11 + 5);
  const object = objectRef(bytes);
  for (let index = 0; index < 16; index++) {
    const leaf = new Uint8Array(128);
    leaf.set(bytes.subarray(index * 128, (index + 1) * 128));
    const proof = treeProof(bytes, index);
    expect(verifyLeaf(leaf, index, proof, object)).toBe(true);
    if (index < 11) expect(verifyLeaf(leaf, index ^ 1, proof, object)).toBe(false);
    expect(verifyLeaf(leaf, index + 16, proof, object)).toBe(false);
    expect(verifyLeaf(leaf, index, proof.slice(1), object)).toBe(false);
    expect(verifyLeaf(leaf, index, proof, { ...object, length: object.length + 1 })).toBe(false);
    leaf[3]! ^= 1;
    expect(verifyLeaf(leaf, index, proof, object)).toBe(false);
  }
});

test('a node is the root of what lies below it, padding included', () => {
  for (const leaves of [1, 2, 5, 16, 17]) {
    const bytes = sample(128 * leaves - 3);
    const depth = depthOf(bytes.length);
    expect(treeNode(bytes, 0, 0)).toBe(treeRoot(bytes));
    for (let level = 0; level < depth; level++)
      for (let index = 0; index < 2 ** level; index++) {
        const below = [treeNode(bytes, level + 1, 2 * index), treeNode(bytes, level + 1, 2 * index + 1)] as const;
        expect(treeNode(bytes, level, index)).toBe(hashNode(...below));
      }
    for (let index = 0; index < leaves; index++)
      expect(rootFromProof(treeNode(bytes, depth, index), index, treeProof(bytes, index))).toBe(treeRoot(bytes));
  }
  expect(() => treeNode(sample(256), 1, 2)).toThrow('node 2 at depth 1');
  expect(() => treeNode(sample(256), 2, 0)).toThrow('at depth 2');
});

test('a subtree has a proof of its own', () => {
  const bytes = sample(128 * 8);
  const subtree = treeRoot(bytes.subarray(128 * 4, 128 * 6));
  expect(rootFromProof(subtree, 2, treeProof(bytes, 4, 1))).toBe(treeRoot(bytes));
  expect(hashLeaf(bytes.subarray(0, 128))).toBe(treeRoot(bytes.subarray(0, 128)));
  expect(bytesToHex(new Uint8Array(2))).toBe('0x0000');
});
