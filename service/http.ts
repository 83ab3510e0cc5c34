// docs/operations.md#http: the frame of every HTTP service: limits, JSON errors, health, metrics, a clean end.
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import express, { type ErrorRequestHandler, type Express, type RequestHandler } from 'express';
import { collectDefaultMetrics, Registry } from 'prom-client';
import { MizuError } from '../protocol/errors.ts';
import type { Logger } from './log.ts';

export type HttpOptions = {
  readonly log: Logger;
  /** JSON that `GET /health` answers with; a rejection answers 503. */
  readonly health: () => Promise<Record<string, unknown>> | Record<string, unknown>;
  /** Adds node's own metrics (event loop, memory, gc). Once a process. */
  readonly processMetrics?: boolean;
};

export type HttpApp = {
  readonly app: Express;
  readonly metrics: Registry;
  readonly server: Server;
  /** Aborts when `close` begins: long polls and event streams end on it. */
  readonly closing: AbortSignal;
  /** Routes must be added before. Port 0 takes a free one. Host is 127.0.0.1 unless told. */
  listen(address: { port: number; host?: string }): Promise<string>;
  close(): Promise<void>;
};

const HEADERS_SECONDS = 20;
const REQUEST_SECONDS = 120;
const CLOSE_GRACE_SECONDS = 5;

/** @throws MizuError `http/cannot-listen` from `listen` if the port is taken. */
export function createHttpApp({ log, health, processMetrics = false }: HttpOptions): HttpApp {
  const app = express();
  const metrics = new Registry();
  if (processMetrics) collectDefaultMetrics({ register: metrics });
  const closing = new AbortController();
  const server = createServer(app);
  server.headersTimeout = HEADERS_SECONDS * 1000;
  server.requestTimeout = REQUEST_SECONDS * 1000;
  server.maxHeadersCount = 100;
  app.disable('x-powered-by');
  app.set('etag', false);
  app.set('query parser', 'simple');
  app.get('/health', async (_request, response) => {
    response.json({ ok: true, pid: process.pid, ...(await health()) });
  });
  app.get('/metrics', async (_request, response) => {
    response.type(metrics.contentType).send(await metrics.metrics());
  });
  return {
    app,
    metrics,
    server,
    closing: closing.signal,
    listen: async ({ port, host = '127.0.0.1' }) => {
      app.use(notFound);
      app.use(answerError(log));
      await new Promise<void>((resolve, reject) => {
        server.once('error', (cause) => reject(cannotListen(host, port, cause)));
        server.listen(port, host, resolve);
      });
      const { port: taken } = server.address() as AddressInfo;
      return `http://${host.includes(':') ? `[${host}]` : host}:${taken}`;
    },
    close: async () => {
      closing.abort();
      if (!server.listening) return;
      const grace = setTimeout(() => server.closeAllConnections(), CLOSE_GRACE_SECONDS * 1000);
      await new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeIdleConnections();
      });
      clearTimeout(grace);
    },
  };
}

/** A body of raw bytes in `request.body` as a Buffer; refused with 413 above the limit. */
export function rawBody(limitBytes: number): RequestHandler {
  return express.raw({ type: () => true, limit: limitBytes, inflate: false });
}

export function jsonBody(limitBytes: number): RequestHandler {
  return express.json({ type: () => true, limit: limitBytes, strict: false });
}

/** Status that a refusal has over HTTP, by the last part of its code. */
export function statusOf(error: MizuError): number {
  if (error.retryable) return 503;
  if (/not-found$|unknown$/.test(error.code)) return 404;
  if (/too-large$/.test(error.code)) return 413;
  if (/conflict$|missing$/.test(error.code)) return 409;
  return 400;
}

export function errorBody(error: MizuError): Record<string, unknown> {
  const { code, message, expected, actual, hint, retryable } = error;
  return { code, message, expected, actual, hint, retryable };
}

const notFound: RequestHandler = (request) => {
  throw new MizuError({
    code: 'http/not-found',
    message: 'No such page.',
    expected: 'a path of docs/',
    actual: `${request.method} ${request.path}`,
  });
};

function answerError(log: Logger): ErrorRequestHandler {
  return (error: unknown, request, response, next) => {
    if (response.headersSent) return next(error);
    const refusal = toRefusal(error);
    if (refusal !== undefined) {
      response.status(statusOf(refusal)).json({ error: errorBody(refusal) });
      return;
    }
    log.error({ err: error, method: request.method, path: request.path }, 'request failed');
    response
      .status(500)
      .json({ error: { code: 'http/internal', message: 'The service has failed on this request.', retryable: true } });
  };
}

// body-parser's errors have a type and a status of their own.
function toRefusal(error: unknown): MizuError | undefined {
  if (error instanceof MizuError) return error;
  const { type, limit, length, status, message } = error as {
    type?: string;
    limit?: number;
    length?: number;
    status?: number;
    message?: string;
  };
  if (type === 'entity.too.large') {
    const actual = length === undefined ? 'more' : `${length} bytes`;
    return new MizuError({
      code: 'http/too-large',
      message: 'The body is too large.',
      expected: `at most ${limit} bytes`,
      actual,
    });
  }
  if (status !== undefined && status >= 400 && status < 500) {
    return new MizuError({
      code: 'http/bad-request',
      message: 'The request cannot be read.',
      actual: message,
      cause: error,
    });
  }
  return undefined;
}

function cannotListen(host: string, port: number, cause: Error): MizuError {
  return new MizuError({
    code: 'http/cannot-listen',
    message: 'The address cannot be listened on.',
    expected: `${host}:${port} to be free`,
    actual: (cause as NodeJS.ErrnoException).code ?? cause.message,
    hint: 'Choose another port, or 0 for a free one.',
    cause,
  });
}
