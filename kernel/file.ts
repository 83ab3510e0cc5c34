// docs/operations.md#kernel-file: build/kernel.wasm as it lies on the disk.
import { readFile } from 'node:fs/promises';
import { MizuError } from '../protocol/errors.ts';

/** @throws MizuError `kernel/not-built`, `kernel/unreadable` */
export async function readKernel(path: string): Promise<Uint8Array> {
  try {
    return await readFile(path);
  } catch (cause) {
    const isMissing = (cause as NodeJS.ErrnoException).code === 'ENOENT';
    throw new MizuError({
      code: isMissing ? 'kernel/not-built' : 'kernel/unreadable',
      message: isMissing ? 'The kernel is not built.' : 'The kernel cannot be read.',
      expected: `the compiled kernel, ${path}`,
      actual: isMissing ? 'no such file' : (cause as Error).message,
      hint: isMissing
        ? 'Build it: npm run build (npm start, npm run demo and npm test do it themselves). A kernelPath in the configuration names another file.'
        : 'Check who may read the file, and that kernelPath names one.',
      cause,
    });
  }
}
