// docs/operations.md#kernel-file: reads the kernel's module from the disk.
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { MizuError } from '../protocol/errors.ts';

/** The module is committed, and compiled from kernel/assembly by `npm run generate`: who runs it needs no compiler. */
export const KERNEL_PATH = fileURLToPath(new URL('generated/kernel.wasm', import.meta.url));

/** @throws MizuError `kernel/missing` or `kernel/unreadable` */
export async function readKernel(path: string): Promise<Uint8Array> {
  try {
    return await readFile(path);
  } catch (cause) {
    const isMissing = (cause as NodeJS.ErrnoException).code === 'ENOENT';
    throw new MizuError({
      code: isMissing ? 'kernel/missing' : 'kernel/unreadable',
      message: isMissing ? 'The kernel is not where it should be.' : 'The kernel cannot be read.',
      expected: `the compiled kernel, ${path}`,
      actual: isMissing ? 'no such file' : (cause as Error).message,
      hint: isMissing
        ? 'It is part of the repository: git checkout kernel/generated/kernel.wasm. A kernelPath in the configuration names another file.'
        : 'Check who may read the file, and that kernelPath names one.',
      cause,
    });
  }
}
