import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { compile } from '../scripts/generate/kernel.mjs';
import { KERNEL_PATH } from './file.ts';
import { createKernelEngine } from './native.ts';

test('the sources give the module that is committed, byte by byte (npm run generate writes it)', () => {
  const folder = mkdtempSync(join(tmpdir(), 'mizu kernel '));
  try {
    const again = readFileSync(compile('main', join(folder, 'again.wasm')));
    const kernel = readFileSync(KERNEL_PATH);
    expect(again.equals(kernel)).toBe(true);
    const { programId, program } = createKernelEngine(again);
    expect(programId).toBe(createKernelEngine(kernel).programId);
    expect(program.header).toMatchObject({ pagesInitial: 4, pagesMax: 1024 });
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('a source that does not compile is an error with what the compiler says', () => {
  expect(() => compile('missing', join(tmpdir(), 'missing.wasm'))).toThrow(
    /asc failed on kernel\/assembly\/missing.ts/,
  );
});
