// docs/sdk.md#input: a file or standard input as UTF-8: opened, unpacked, and decoded from other encodings, in bounded memory.
import { open, stat } from 'node:fs/promises';
import { MizuError } from '../../protocol/errors.ts';
import { assertText } from './binary.ts';
import { type Bytes, peekable } from './bytes.ts';
import { assertEncoding, markLength, normalizeEncoding, transcode, UTF8 } from './encoding.ts';
import { STDIN } from './format.ts';
import { gunzip, isGzip } from './gzip.ts';

/** Of unpacked text: what fits a run is below 1 GiB, and a few hundred KB of gzip may unpack to more than a disk holds. */
export const MAX_TEXT_BYTES = 4 * 1024 ** 3;
const CHUNK_BYTES = 256 * 1024;
const HEAD_BYTES = 4_096;

/** What an error calls it. */
export function inputName(file: string): string {
  return file === STDIN ? 'Standard input' : file;
}

export type Text = Bytes & {
  readonly encoding: string;
  /** Offset of its first byte in the unpacked file: a mark is taken off. */
  readonly startsAt: number;
};

/**
 * UTF-8 without its mark; what was no text is no UTF-8 either. To be closed.
 * @throws MizuError `sdk/no-input`, `sdk/input-changed`, `sdk/input-gzip`, `sdk/input-encoding`, `sdk/input-too-large`, here or while it is read
 */
export async function openText(file: string, encodingName = UTF8): Promise<Text> {
  const name = inputName(file);
  const encoding = normalizeEncoding(encodingName);
  const layers: Bytes[] = [];
  const add = (source: AsyncIterable<Uint8Array>): Bytes => {
    const layer = peekable(source);
    layers.unshift(layer);
    return layer;
  };
  const close = async (): Promise<void> => {
    for (const layer of layers) await layer.close();
  };
  try {
    const raw = add(file === STDIN ? standardInput() : fileBytes(file));
    const plain = add(withinLimit(name, isGzip(await raw.head(2)) ? gunzip(name, raw) : raw));
    const head = await plain.head(HEAD_BYTES);
    assertText(name, head);
    assertEncoding(name, encoding, head);
    const startsAt = encoding === UTF8 ? markLength(head) : 0;
    const text =
      encoding === UTF8 ? (startsAt === 0 ? plain : add(skip(plain, startsAt))) : add(transcode(plain, encoding));
    await text.head(1);
    return { head: text.head, [Symbol.asyncIterator]: text[Symbol.asyncIterator], close, encoding, startsAt };
  } catch (error) {
    await close();
    throw error;
  }
}

async function* fileBytes(file: string): AsyncGenerator<Uint8Array> {
  const info = await stat(file).catch((cause: NodeJS.ErrnoException) => {
    throw noInput(file, describe(cause), cause);
  });
  // Opening a pipe would wait for its writer.
  if (!info.isFile()) throw noInput(file, info.isDirectory() ? 'a folder' : 'not a file: pipe it to --input -');
  const handle = await open(file, 'r').catch((cause: NodeJS.ErrnoException) => {
    throw noInput(file, describe(cause), cause);
  });
  try {
    const before = await handle.stat();
    for await (const chunk of handle.createReadStream({ autoClose: false, highWaterMark: CHUNK_BYTES }))
      yield chunk as Uint8Array;
    const after = await handle.stat();
    if (after.size !== before.size || after.mtimeMs !== before.mtimeMs) throw inputChanged(file);
  } catch (error) {
    throw error instanceof MizuError ? error : noInput(file, describe(error as NodeJS.ErrnoException), error);
  } finally {
    await handle.close();
  }
}

async function* standardInput(): AsyncGenerator<Uint8Array> {
  for await (const chunk of process.stdin) yield chunk as Uint8Array;
}

async function* skip(source: AsyncIterable<Uint8Array>, bytes: number): AsyncGenerator<Uint8Array> {
  let left = bytes;
  for await (const chunk of source) {
    if (left < chunk.length) yield chunk.subarray(left);
    left = Math.max(0, left - chunk.length);
  }
}

/** @throws MizuError `sdk/input-too-large` */
export async function* withinLimit(
  file: string,
  source: AsyncIterable<Uint8Array>,
  limitBytes = MAX_TEXT_BYTES,
): AsyncGenerator<Uint8Array> {
  let bytes = 0;
  for await (const chunk of source) {
    bytes += chunk.length;
    if (bytes > limitBytes) throw textTooLarge(file, limitBytes);
    yield chunk;
  }
}

const MEANINGS: Readonly<Record<string, string>> = {
  ENOENT: 'no such file',
  ENOTDIR: 'no such file',
  EACCES: 'permission denied',
  EPERM: 'permission denied',
};

function describe(error: NodeJS.ErrnoException): string {
  return MEANINGS[error.code ?? ''] ?? error.message;
}

function noInput(file: string, actual: string, cause?: unknown): MizuError {
  return new MizuError({
    code: 'sdk/no-input',
    message: `The input cannot be read: ${file}`,
    expected: 'a file that can be read, or - for standard input',
    actual,
    hint: 'Check the path given with --input.',
    cause,
  });
}

/** What was counted and what is sent would not be the same rows. */
export function inputChanged(file: string): MizuError {
  return new MizuError({
    code: 'sdk/input-changed',
    message: `${file} has changed while it was read.`,
    expected: 'the same bytes from the beginning of the command to its end',
    actual: 'other ones',
    hint: 'Wait until it is written, or work on a copy, and start the command again.',
  });
}

function textTooLarge(file: string, limitBytes: number): MizuError {
  return new MizuError({
    code: 'sdk/input-too-large',
    message: `${file} is too large for one run.`,
    expected: `at most ${limitBytes} bytes of text, unpacked`,
    actual: 'more',
    hint: 'Split the file and make several runs.',
  });
}
