import fc from 'fast-check';
import { expect, test } from 'vitest';
import { MizuError } from '../../protocol/errors.ts';
import type { Hex } from '../../protocol/hex.ts';
import { toLeafIndex } from '../../protocol/step-numbers.ts';
import { type BodyChunk, decodeChunk, encodeChunk } from './body.ts';
import { type BodyIndex, decodeBodyIndex, encodeBodyIndex, objectsOfBody } from './receipts.ts';

const root = (n: number): Hex => `0x${n.toString(16).padStart(64, '0')}`;
const leaf = (n: number) => new Uint8Array(128).fill(n);
const node = (n: number) => new Uint8Array(40).fill(100 + n);
const result = { status: 256, outputRoot: root(1), outputLength: 0, gasUsed: 9n };
const exec = { request: leaf(7), inputs: [{ root: root(2), length: 5 }], result };

const CHUNK: BodyChunk = {
  firstStep: 3n,
  before: leaf(1),
  steps: [
    {
      context: leaf(2),
      message: Uint8Array.of(1),
      stateLeaf: leaf(3),
      receipt: Uint8Array.of(2),
      execs: [],
      nodes: [node(1), node(2)],
    },
    {
      context: leaf(4),
      message: new Uint8Array(0),
      stateLeaf: leaf(5),
      receipt: Uint8Array.of(4),
      execs: [exec],
      nodes: [node(2)],
    },
  ],
};
const certificate = { epoch: 1n, expiry: 2n, signers: 1n, signatures: [`0x${'01'.repeat(65)}` as Hex] };
const INDEX: BodyIndex = {
  firstBatch: 1n,
  firstStep: 2n,
  stepRoot: root(3),
  chunks: [{ root: root(4), length: 5, steps: 6 }],
  runs: [{ run: root(7), leaf: toLeafIndex(3), dataset: { root: root(8), length: 64 } }],
  partitions: [{ root: root(9), length: 10 }],
  certificates: [{ objects: 3, certificate }],
};

test('chunk and index come back as they were; a node that two steps share is there once', () => {
  const bytes = encodeChunk(CHUNK);
  expect(decodeChunk(bytes)).toEqual(CHUNK);
  expect(Buffer.from(bytes).includes(Buffer.from(node(2)))).toBe(true);
  expect(Buffer.from(bytes).indexOf(Buffer.from(node(2)))).toBe(Buffer.from(bytes).lastIndexOf(Buffer.from(node(2))));
  expect(decodeBodyIndex(encodeBodyIndex(INDEX))).toEqual(INDEX);
  expect(objectsOfBody(INDEX).map((object) => object.root)).toEqual([root(4), root(8), root(9)]);
});

test('bytes of others are decoded or refused, whatever they are', () => {
  const [chunk, index] = [encodeChunk(CHUNK), encodeBodyIndex(INDEX)];
  const cases = fc.record({
    of: fc.constantFrom(chunk, index),
    at: fc.nat(2000),
    value: fc.nat(255),
    cut: fc.nat(2000),
  });
  fc.assert(
    fc.property(cases, ({ of, at, value, cut }) => {
      const bytes = of.slice(0, cut < of.length ? of.length - cut : of.length);
      if (at < bytes.length) bytes[at] = value;
      for (const decode of [decodeChunk, decodeBodyIndex]) {
        try {
          decode(bytes);
        } catch (error) {
          expect(error).toBeInstanceOf(MizuError);
        }
      }
    }),
    { numRuns: 2000 },
  );
});
