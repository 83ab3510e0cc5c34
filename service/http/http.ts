// docs/operations.md#http: the frame of every HTTP service: limits, JSON errors, health, metrics, a clean end.
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import express, { type ErrorRequestHandler, type Express, type RequestHandler } from 'express';
import { collectDefaultMetrics, Registry } from 'prom-client';
import { MizuError } from '../../protocol/errors.ts';
import type { Logger } from '../process/log.ts';
import { BODY_RULES, type BodyRules } from './body.ts';
import { guardConnections } from './connections.ts';
import { createFairQueue } from './fair-queue.ts';
import { type HttpLimitChanges, withLimits } from './http-limits.ts';
import type { Pace } from './pace.ts';
import { createPeerPlaces } from './peers.ts';
import { FAIR_QUEUE, sliceOf, sliceReads } from './slices.ts';

export type HttpOptions = {
  readonly log: Logger;
  /** Gives the JSON that `GET /health` answers with. If it fails, the answer is an error. */
  readonly health: () => Promise<Record<string, unknown>> | Record<string, unknown>;
  /** Adds the metrics of Node.js (event loop, memory, garbage collection). Only one app of a process may have them. */
  readonly processMetrics?: boolean;
  readonly limits?: HttpLimitChanges | undefined;
  /** Paths to which pages of other origins may POST `application/json`. */
  readonly openPosts?: readonly string[];
  /** Whether the service has work of its own, which goes before requests. */
  readonly hasOwnWork?: () => boolean;
};

export type HttpApp = {
  readonly app: Express;
  readonly metrics: Registry;
  readonly server: Server;
  /** Aborts when `close` begins: long polls and event streams then end. */
  readonly closing: AbortSignal;
  /**
   * Resolves with the URL. Routes must be added before. Port 0 takes a free one. The default of `host` is 127.0.0.1.
   */
  listen(address: { port: number; host?: string }): Promise<string>;
  close(): Promise<void>;
};

const CLOSE_GRACE_SECONDS = 5;
/** How often Node.js looks for headers and bodies whose time is over. */
const TIMES_CHECKED_MS = 1_000;
/** After so much silence TCP probes whether a peer is still there. */
const PROBE_MS = 15_000;
/**
 * For how long the rest of a refused body is still taken, so that a peer that is still writing gets to read the answer.
 */
const LINGER_MS = 5_000;
const BODIES = { total: 512, perPeer: 128, size: 512 * 1024 * 1024 } as const;
/** Requests served at one time: as many as Node.js has threads that read from the disk. */
const SLICES = 4;
const WAITING_PER_PEER = 256;
/** How often the delay of the event loop is measured. Each measurement wakes a process that is at rest. */
const DELAY_SAMPLED_MS = 250;
const PREFLIGHT_SECONDS = 600;
const RETRY_SECONDS = 1;

/** @throws MizuError `http/cannot-listen` from `listen` if the port is taken. */
export function createHttpApp({
  log,
  health,
  processMetrics = false,
  limits: changed,
  openPosts = [],
  hasOwnWork,
}: HttpOptions): HttpApp {
  const limits = withLimits(changed);
  const pace: Pace = { graceSeconds: limits.graceSeconds, bytesPerSecond: limits.bytesPerSecond };
  const app = express();
  const metrics = new Registry();
  if (processMetrics) collectDefaultMetrics({ register: metrics, eventLoopMonitoringPrecision: DELAY_SAMPLED_MS });
  const closing = new AbortController();
  const server = createServer(
    {
      connectionsCheckingInterval: TIMES_CHECKED_MS,
      headersTimeout: limits.graceSeconds * 1000,
      // This is only the last net: each body is held to its own pace.
      requestTimeout: Math.ceil(2 * limits.graceSeconds + limits.bodyBytes / limits.bytesPerSecond) * 1000,
      keepAlive: true,
      keepAliveInitialDelay: PROBE_MS,
    },
    app,
  );
  server.maxHeadersCount = 100;
  const { connections: total, connectionsPerAddress: perPeer } = limits;
  guardConnections(server, { total, perPeer }, pace);
  app.disable('x-powered-by');
  app.set('etag', false);
  app.set('query parser', 'simple');
  app.set(BODY_RULES, { pace, places: createPeerPlaces(BODIES) } satisfies BodyRules);
  app.set(FAIR_QUEUE, createFairQueue({ places: SLICES, waitingPerPeer: WAITING_PER_PEER, hasOwnWork }));
  app.use(cutUnread);
  app.use(sliceReads);
  app.get('/metrics', async (_request, response) => {
    response.type(metrics.contentType).send(await metrics.metrics());
  });
  app.use(allowOrigins(openPosts));
  app.get('/health', async (_request, response) => {
    const told = await sliceOf(response).outside(health);
    response.json({ ok: true, pid: process.pid, ...told });
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

// What can be read is open to everybody, and so to pages of every origin. Of what writes only `openPosts` are.
function allowOrigins(openPosts: readonly string[]): RequestHandler {
  return (request, response, next) => {
    const { method, path } = request;
    const isOpen = openPosts.includes(path);
    if (method === 'GET' || method === 'HEAD' || method === 'OPTIONS' || (method === 'POST' && isOpen)) {
      response.setHeader('access-control-allow-origin', '*');
      response.setHeader('access-control-expose-headers', 'content-length, content-range, accept-ranges, retry-after');
    }
    if (method !== 'OPTIONS') return next();
    response.setHeader('access-control-allow-methods', isOpen ? 'GET, HEAD, POST' : 'GET, HEAD');
    response.setHeader('access-control-allow-headers', 'content-type, range, last-event-id');
    response.setHeader('access-control-max-age', PREFLIGHT_SECONDS);
    response.status(204).end();
  };
}

const cutUnread: RequestHandler = (request, response, next) => {
  response.once('finish', () => {
    if (request.complete) return;
    const { socket } = request;
    const timer = setTimeout(() => !request.complete && socket.destroy(), LINGER_MS);
    timer.unref();
    request.once('close', () => clearTimeout(timer));
    request.resume();
  });
  next();
};

/** The HTTP status of a refusal, by the last part of its code. */
export function statusOf(error: MizuError): number {
  if (/too-slow$/.test(error.code)) return 408;
  if (/too-many$/.test(error.code)) return 429;
  if (/no-room$/.test(error.code)) return 507;
  if (error.retryable) return 503;
  if (/unsupported-media-type$/.test(error.code)) return 415;
  if (/unsigned$|bad-signature$/.test(error.code)) return 401;
  if (/over-quota$/.test(error.code)) return 403;
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
    // By RFC 9112, 9.3: if the rest of the body is not read, no other request may follow on the connection.
    if (!request.complete && hasBody(request)) response.setHeader('connection', 'close');
    const refusal = toRefusal(error);
    if (refusal !== undefined) {
      const status = statusOf(refusal);
      if (status === 429 || status === 503) response.setHeader('retry-after', RETRY_SECONDS);
      response.status(status).json({ error: errorBody(refusal) });
      return;
    }
    log.error({ err: error, method: request.method, path: request.path }, 'request failed');
    response
      .status(500)
      .json({ error: { code: 'http/internal', message: 'The service has failed on this request.', retryable: true } });
  };
}

function hasBody({ headers }: IncomingMessage): boolean {
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0;
}

// Express's own errors, such as a path that is no UTF-8, have a status.
function toRefusal(error: unknown): MizuError | undefined {
  if (error instanceof MizuError) return error;
  const { status, message } = error as { status?: number; message?: string };
  if (status === undefined || status < 400 || status >= 500) return undefined;
  return new MizuError({
    code: 'http/bad-request',
    message: 'The request cannot be read.',
    actual: message,
    cause: error,
  });
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
