import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { readKernel } from './file.ts';

test('a kernel that is not there is an error that says where to get it', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'mizu-kernel-'));
  const path = join(folder, 'kernel.wasm');
  await expect(readKernel(path)).rejects.toMatchObject({
    code: 'kernel/missing',
    expected: `the compiled kernel, ${path}`,
    actual: 'no such file',
    hint: expect.stringContaining('git checkout kernel/generated/kernel.wasm'),
  });
  await expect(readKernel(folder)).rejects.toMatchObject({ code: 'kernel/unreadable' });
  writeFileSync(path, Uint8Array.of(0, 97, 115, 109));
  expect(await readKernel(path)).toHaveLength(4);
  rmSync(folder, { recursive: true });
});
