// docs/models.md#head: the head's file, and its record.
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { packHead, readHead, unpackHead } from './head.ts';

it('is the file that its record names', () => {
  const { file, glosses } = JSON.parse(readFileSync(new URL('./head.json', import.meta.url), 'utf8'));
  const bytes = readFileSync(new URL('./head.bin', import.meta.url));
  expect(createHash('sha256').update(bytes).digest('hex')).toBe(file);
  expect(glosses).toBeGreaterThan(0);
  expect(readHead()).toHaveLength(45 * 513);
});

it('keeps 127 steps to each side of zero for each class', () => {
  const weights = new Float32Array(45 * 512).fill(0.5);
  weights[0] = -1;
  const { weights: read, bias } = unpackHead(packHead({ weights, bias: new Float32Array(45).fill(0.25) }));
  expect(read[0]).toBeCloseTo(-1, 6);
  expect(read[1]).toBeCloseTo(64 / 127, 6);
  expect(read[512]).toBeCloseTo(0.5, 6);
  expect([...bias]).toEqual(Array(45).fill(0.25));
});
