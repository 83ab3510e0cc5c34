// docs/models.md#import: the file that a model is imported from, read piece by piece.
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { MizuError } from '../../protocol/errors.ts';

/** Bytes that are read when they are needed. */
export type ByteSource = {
  readonly sizeBytes: number;
  /** Bytes that belong to the caller. @throws MizuError `sdk/model-file` if the source ends before them */
  read(offset: number, length: number): Uint8Array;
};

/** Calls `use` with the file and closes it behind. @throws MizuError `sdk/model-file` if there is no such file */
export function withFile<T>(path: string, use: (source: ByteSource) => T): T {
  let file: number;
  try {
    file = openSync(path, 'r');
  } catch (cause) {
    throw badFile('a file that can be read', (cause as Error).message, cause);
  }
  try {
    const sizeBytes = fstatSync(file).size;
    const read = (offset: number, length: number) => {
      requireBytes(sizeBytes, offset, length);
      const bytes = new Uint8Array(length);
      for (let done = 0; done < length; ) {
        const count = readSync(file, bytes, done, length - done, offset + done);
        if (count === 0) throw badFile(`${length} bytes at ${offset}`, 'the file has become shorter');
        done += count;
      }
      return bytes;
    };
    return use({ sizeBytes, read });
  } finally {
    closeSync(file);
  }
}

/** A source of bytes in memory. */
export function bytesSource(bytes: Uint8Array): ByteSource {
  const read = (offset: number, length: number) => {
    requireBytes(bytes.length, offset, length);
    return bytes.slice(offset, offset + length);
  };
  return { sizeBytes: bytes.length, read };
}

/** The file is none that a model can be made of: what was expected of it and what is there. */
export function badFile(expected: string, actual: string, cause?: unknown): MizuError {
  return new MizuError({
    code: 'sdk/model-file',
    message: 'The file cannot be imported as a model.',
    expected,
    actual,
    hint: 'See docs/models.md#import for the formats, architectures and limits.',
    cause,
  });
}

function requireBytes(sizeBytes: number, offset: number, length: number): void {
  if (offset + length <= sizeBytes) return;
  throw badFile(`${length} bytes at ${offset}`, `the file has ${sizeBytes} bytes`);
}
