// docs/sdk.md#input-gzip: gzip is unpacked as it is read. What is cut off or damaged is an error, never a shorter file.
import { pipeline } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { MizuError } from '../../protocol/errors.ts';

/** RFC 1952, section 2.3.1. */
export function isGzip(head: Uint8Array): boolean {
  return head[0] === 0x1f && head[1] === 0x8b;
}

/** @throws MizuError `sdk/input-gzip` */
export async function* gunzip(file: string, source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let fed = 0;
  const unpacker = createGunzip();
  const counted = async function* () {
    for await (const chunk of source) {
      fed += chunk.length;
      yield chunk;
    }
  };
  // Whatever fails in front of the unpacker destroys it, and is thrown by the loop.
  pipeline(counted, unpacker, () => undefined);
  try {
    for await (const chunk of unpacker) yield chunk as Uint8Array;
  } catch (error) {
    throw error instanceof MizuError ? error : damaged(file, error as NodeJS.ErrnoException);
  }
  // zlib ends at a byte 0 behind a member, and says nothing of what comes then.
  if (unpacker.bytesWritten < fed) throw damaged(file);
}

function damaged(file: string, cause?: NodeJS.ErrnoException): MizuError {
  const isCut = cause?.code === 'Z_BUF_ERROR';
  return new MizuError({
    code: 'sdk/input-gzip',
    message: `${file} is ${isCut ? 'cut off: its gzip data end in the middle' : 'damaged: its gzip data cannot be unpacked to the end'}.`,
    expected: 'gzip data that are whole',
    actual: cause === undefined ? 'other bytes behind them' : cause.message,
    hint: 'Copy or download the file again, or pack it again; gzip -t tests it.',
    cause,
  });
}
