import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { buildKernel, compile } from './build.mjs';
import { createKernelEngine } from './native.ts';

test('the same sources give the same module and the same programId', () => {
  const folder = mkdtempSync(join(tmpdir(), 'mizu kernel '));
  try {
    const again = readFileSync(compile('main', join(folder, 'again.wasm')));
    const kernel = readFileSync(buildKernel());
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
