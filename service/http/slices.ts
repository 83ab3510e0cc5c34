// docs/operations.md#slices: the time slice in which a request is served, from the end of its body to the end of its answer.
import type { Request, RequestHandler, Response } from 'express';
import { MizuError } from '../../protocol/errors.ts';
import type { FairQueue, Slice } from './fair-queue.ts';
import { peerOf } from './peers.ts';

/** The name under which `createHttpApp` keeps the queue. */
export const FAIR_QUEUE = 'mizu fair queue';

const SLICE = 'slice';
const busy = new WeakSet<object>();

/** A request without a body waits before it is handled. A request with one waits when its body is there. */
export const sliceReads: RequestHandler = async (request, response, next) => {
  if (request.method === 'GET' || request.method === 'HEAD') await takeSlice(request, response);
  next();
};

/**
 * Waits until the request may be served. The slice ends with the answer, or when the reader goes away.
 * @throws MizuError `http/too-many`
 */
export async function takeSlice(request: Request, response: Response): Promise<void> {
  const { socket } = request;
  try {
    if (busy.has(socket)) throw pipelined();
    busy.add(socket);
    response.once('close', () => busy.delete(socket));
    const slice = await (request.app.get(FAIR_QUEUE) as FairQueue).enter(peerOf(socket.remoteAddress));
    response.locals[SLICE] = slice;
    if (response.destroyed) return slice.leave();
    response.once('close', slice.leave);
    // The slice ends when the answer is written, not when it has been read: that is the reader's time.
    const end = response.end.bind(response) as (...parts: unknown[]) => Response;
    response.end = ((...parts: unknown[]) => {
      slice.leave();
      return end(...parts);
    }) as Response['end'];
  } catch (error) {
    response.setHeader('connection', 'close');
    throw error;
  }
}

/** The slice of a request that `sliceReads` or the handler of its body has let through. */
export function sliceOf(response: Response): Slice {
  const slice: unknown = response.locals[SLICE];
  if (slice === undefined) throw new Error('the request is served outside of a slice');
  return slice as Slice;
}

function pipelined(): MizuError {
  return new MizuError({
    code: 'http/too-many',
    message: 'A connection has one request at a time.',
    expected: 'the answer to be read before the next request is sent',
    actual: 'another request',
    hint: 'Open another connection.',
    retryable: true,
  });
}
