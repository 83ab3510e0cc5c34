// docs/operations.md#http: reads the body of a request: of one content type, not too long, not too slow, in bounded memory.
import type { Request, RequestHandler } from 'express';
import { MizuError } from '../../protocol/errors.ts';
import { createPaceMeter, firstSeconds, type Pace, type PaceMeter } from './pace.ts';
import { type Places, type PutOut, peerOf } from './peers.ts';
import { takeSlice } from './slices.ts';

/** What the bodies of one service share: `createHttpApp` puts it where the handlers find it. */
export type BodyRules = { readonly pace: Pace; readonly places: Places };

export const BODY_RULES = 'mizu body rules';

const FIRST_BYTES = 16 * 1024;

/** Takes `application/octet-stream`, as a Buffer in `request.body`. */
export function rawBody(limitBytes: number): RequestHandler {
  return handler('application/octet-stream', limitBytes, (bytes) => bytes);
}

/** Takes `application/json`, parsed in `request.body`. */
export function jsonBody(limitBytes: number): RequestHandler {
  return handler('application/json', limitBytes, parseJson);
}

/**
 * Takes `application/json`, as a Buffer in `request.body`: the handler parses it, and answers in its own way if it is
 * no JSON.
 */
export function jsonText(limitBytes: number): RequestHandler {
  return handler('application/json', limitBytes, (bytes) => bytes);
}

function handler(type: string, limitBytes: number, parse: (bytes: Buffer) => unknown): RequestHandler {
  return async (request, response, next) => {
    assertType(request, type);
    const { pace, places } = request.app.get(BODY_RULES) as BodyRules;
    // A body without a declared length may be as long as the limit.
    const size = Math.min(declaredLength(request) ?? limitBytes, limitBytes);
    const peer = peerOf(request.socket.remoteAddress);
    const putOut = new AbortController();
    const progress = createPaceMeter(pace);
    const onPutOut = (why: PutOut) => putOut.abort(why === 'late' ? tooSlowWhenFull(progress) : tooMany(peer));
    const place = places.enter(peer, onPutOut, size, progress);
    if (place === undefined) throw tooMany(peer);
    try {
      const bytes = await readBody(request, limitBytes, progress, putOut.signal);
      await takeSlice(request, response);
      request.body = parse(bytes);
    } finally {
      place.leave();
    }
    next();
  };
}

/**
 * A browser asks first before a page of another origin sends anything but three content types, and ours are not among
 * these three.
 * @throws MizuError `http/unsupported-media-type`
 */
export function assertType(request: Request, type: string): void {
  const sent = request.headers['content-type'] ?? 'none';
  if (sent.split(';')[0]?.trim().toLowerCase() === type && request.headers['content-encoding'] === undefined) return;
  throw new MizuError({
    code: 'http/unsupported-media-type',
    message: 'The content type of the body is not taken here.',
    expected: `content-type: ${type}, without a content-encoding`,
    actual: `${sent.slice(0, 100)}${request.headers['content-encoding'] === undefined ? '' : ', encoded'}`,
    hint: `Send the header content-type: ${type}.`,
  });
}

export function declaredLength(request: Request): number | undefined {
  const header = request.headers['content-length'];
  if (header !== undefined) return Number(header);
  return request.headers['transfer-encoding'] === undefined ? 0 : undefined;
}

/** @throws MizuError `http/too-large`, `http/too-slow`, `http/cut-off`, the signal's reason */
export async function readBody(
  request: Request,
  limitBytes: number,
  progress: PaceMeter,
  signal?: AbortSignal,
): Promise<Buffer> {
  signal?.throwIfAborted();
  const declared = declaredLength(request);
  if (declared !== undefined && declared > limitBytes) throw tooLarge(limitBytes, `${declared} bytes`);
  // Memory that is reserved and not written to costs nothing: a body that only says that it is long takes none.
  let buffer = Buffer.allocUnsafeSlow(declared ?? Math.min(FIRST_BYTES, limitBytes));
  let length = 0;
  const { graceSeconds } = progress.pace;
  progress.begin();
  return new Promise<Buffer>((resolve, reject) => {
    let timer: NodeJS.Timeout;
    const watch = () => {
      const due = progress.leftMs(graceSeconds);
      if (due <= 0) return end(tooSlow(progress, graceSeconds));
      timer = setTimeout(watch, Math.max(1, due));
    };
    const onData = (part: Buffer) => {
      if (length + part.length > limitBytes) return end(tooLarge(limitBytes, 'more'));
      if (length + part.length > buffer.length) {
        const grown = Buffer.allocUnsafeSlow(Math.min(limitBytes, Math.max(buffer.length * 2, length + part.length)));
        buffer.copy(grown, 0, 0, length);
        buffer = grown;
      }
      part.copy(buffer, length);
      length += part.length;
      progress.add(part.length);
    };
    const onEnd = () => {
      progress.finish();
      end(undefined);
    };
    const onError = (error: Error) => end(cutOff(error.message));
    const onClose = () => end(cutOff('the connection was closed'));
    const onAbort = () => end(signal?.reason);
    const end = (failure: MizuError | undefined) => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', onAbort);
      request.off('data', onData).off('end', onEnd).off('close', onClose);
      // The error handler stays: whoever destroys the request later must not end the process.
      if (failure === undefined) resolve(buffer.subarray(0, length));
      else reject(failure);
    };
    request.on('data', onData).once('end', onEnd).on('error', onError).once('close', onClose);
    signal?.addEventListener('abort', onAbort);
    watch();
  });
}

function parseJson(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString('utf8'));
  } catch (cause) {
    throw new MizuError({
      code: 'http/not-json',
      message: 'The body is not JSON.',
      expected: 'one JSON value in UTF-8',
      actual: (cause as Error).message.slice(0, 200),
      cause,
    });
  }
}

function tooLarge(limitBytes: number, actual: string): MizuError {
  return new MizuError({
    code: 'http/too-large',
    message: 'The body is too large.',
    expected: `at most ${limitBytes} bytes`,
    actual,
  });
}

function tooSlow(progress: PaceMeter, afterSeconds: number): MizuError {
  return new MizuError({
    code: 'http/too-slow',
    message: 'The body comes too slowly.',
    expected: `${progress.pace.bytesPerSecond} bytes a second after ${afterSeconds} s`,
    actual: `${progress.bytes()} bytes in ${progress.seconds().toFixed(1)} s`,
    hint: 'Send fewer bodies at once, or over a faster line.',
    retryable: true,
  });
}

/** The error of a body that loses its place to a newcomer because of its pace. */
export function tooSlowWhenFull(progress: PaceMeter): MizuError {
  return tooSlow(progress, firstSeconds(progress.pace));
}

function cutOff(actual: string): MizuError {
  return new MizuError({
    code: 'http/cut-off',
    message: 'The body has not come to its end.',
    expected: 'as many bytes as the header says',
    actual,
    retryable: true,
  });
}

function tooMany(peer: string): MizuError {
  return new MizuError({
    code: 'http/too-many',
    message: 'Too many request bodies are being read, in all or from this address.',
    expected: 'fewer requests at once',
    actual: `one more of ${peer}`,
    hint: 'Send it again a little later.',
    retryable: true,
  });
}
