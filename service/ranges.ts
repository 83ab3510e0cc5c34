// docs/da.md#node: an object over HTTP, whole or one byte range of it (RFC 9110, section 14).
import type { Request, Response } from 'express';
import { MizuError } from '../protocol/errors.ts';
import { type Hex, isHash } from '../protocol/hex.ts';

/** First and last byte, both included; undefined: the whole; 'unsatisfiable': a range outside. Several ranges count as none. */
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

export function sendObject(request: Request, response: Response, bytes: Uint8Array): void {
  response.setHeader('accept-ranges', 'bytes');
  response.setHeader('cache-control', 'public, max-age=31536000, immutable');
  response.type('application/octet-stream');
  const range = parseRange(request.headers.range, bytes.length);
  if (range === 'unsatisfiable') {
    response.status(416).setHeader('content-range', `bytes */${bytes.length}`).end();
    return;
  }
  const part = range === undefined ? bytes : bytes.subarray(range.first, range.last + 1);
  if (range !== undefined)
    response.status(206).setHeader('content-range', `bytes ${range.first}-${range.last}/${bytes.length}`);
  response.end(Buffer.from(part.buffer, part.byteOffset, part.length));
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
