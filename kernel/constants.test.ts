import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { generateKernelConstants } from '../scripts/generate/kernel-constants.mjs';

test("the kernel's numbers are the protocol's", async () => {
  const { path, content } = await generateKernelConstants();
  expect(readFileSync(path, 'utf8')).toBe(content);
});
