// docs/da.md#node: an object over HTTP, whole or one byte range of it (RFC 9110, section 14).
import type { Readable } from 'node:stream';
import type { Request, Response } from 'express';
import { MizuError } from '../../protocol/errors.ts';
import { type Hex, isHash } from '../../protocol/hex.ts';
import type { DiskObjects } from '../storage/disk-objects.ts';
import { sliceOf } from './slices.ts';

/**
 * The first and the last byte, both included. It is undefined for the whole, and 'unsatisfiable' if the range lies
 * outside. Several ranges count as none.
 */
export function parseRange(
  header: string | undefined,
  length: number,
): { first: number; last: number } | undefined | 'unsatisfiable' {
  const match = /^bytes=(\d{0,15})-(\d{0,15})$/.exec(header ?? '');
  if (match === null || (match[1] === '' && match[2] === '')) return undefined;
  const [, from, to] = match;
  if (from === '') {
    const suffix = Number(to);
    return suffix === 0 || length === 0 ? 'unsatisfiable' : { first: Math.max(0, length - suffix), last: length - 1 };
  }
  const first = Number(from);
  const last = to === '' ? length - 1 : Math.min(Number(to), length - 1);
  if (to !== '' && Number(to) < first) return undefined;
  return first >= length ? 'unsatisfiable' : { first, last };
}

/** Longer objects are sent as they come from the disk. */
const WHOLE_BYTES = 64 * 1024;

/**
 * Sends an object in little memory, however long it is and however slow the reader, who verifies what comes.
 * @throws MizuError `objects/not-found`
 */
export async function sendObject(
  request: Request,
  response: Response,
  objects: Pick<DiskObjects, 'get' | 'size' | 'stream'>,
  root: Hex,
): Promise<void> {
  const length = await objects.size(root);
  if (length === undefined) throw objectNotFound(root);
  response.setHeader('accept-ranges', 'bytes');
  response.setHeader('cache-control', 'public, max-age=31536000, immutable');
  response.type('application/octet-stream');
  const range = parseRange(request.headers.range, length);
  if (range === 'unsatisfiable') {
    response.status(416).setHeader('content-range', `bytes */${length}`).end();
    return;
  }
  const { first, last } = range ?? { first: 0, last: length - 1 };
  if (range !== undefined) response.status(206).setHeader('content-range', `bytes ${first}-${last}/${length}`);
  response.setHeader('content-length', last - first + 1);
  if (request.method === 'HEAD' || last < first) {
    response.end();
    return;
  }
  const whole = length > WHOLE_BYTES ? undefined : await objects.get(root);
  if (whole !== undefined) response.end(whole.subarray(first, last + 1));
  else await sendFile(objects.stream(root, first, last), response);
}

/**
 * Sends a file and ends the answer, unless `end` is false. A reader that goes away is no failure. If the file cannot be
 * read to its end, the answer is cut off. Each piece is sent in a time slice of its own; the time in which the reader
 * takes it does not count.
 */
export async function sendFile(file: Readable, response: Response, end = true): Promise<void> {
  try {
    for await (const piece of file) {
      if (response.destroyed) return;
      const isTaken = response.write(piece);
      await sliceOf(response).outside(() => (isTaken ? undefined : drained(response)));
    }
    if (end) response.end();
  } catch (error) {
    if (response.destroyed) return;
    response.destroy();
    throw error;
  }
}

/** Resolves when the reader has taken what was written, or is gone. */
export function drained(response: Response): Promise<void> {
  return new Promise((resolve) => {
    const finish = () => {
      response.off('drain', finish).off('close', finish);
      resolve();
    };
    response.once('drain', finish).once('close', finish);
  });
}

/** @throws MizuError `objects/bad-root` */
export function rootParameter(value: unknown): Hex {
  if (isHash(value)) return value;
  throw new MizuError({
    code: 'objects/bad-root',
    message: 'The path names no object.',
    expected: '0x and 64 lower-case hex digits',
    actual: String(value).slice(0, 100),
  });
}

export function objectNotFound(root: Hex): MizuError {
  return new MizuError({
    code: 'objects/not-found',
    message: 'The object is not here.',
    expected: 'a stored object',
    actual: root,
  });
}
