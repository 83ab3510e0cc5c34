// docs/operations.md#http: requests to other parties, with bounded time, size and retries.
import { setTimeout as delay } from 'node:timers/promises';
import { Agent, type Dispatcher, request } from 'undici';
import type { ErrorCode } from '../../protocol/error-codes.ts';
import { MizuError } from '../../protocol/errors.ts';
import { withoutControls } from '../../protocol/text.ts';
import { withoutUndefined } from '../process/fields.ts';

export type HttpRequestOptions = {
  readonly method?: 'GET' | 'HEAD' | 'PUT' | 'POST' | 'DELETE';
  readonly headers?: Record<string, string>;
  readonly body?: string | Uint8Array;
  /** The time for one attempt, until the last byte of the answer. Default 20. */
  readonly timeoutSeconds?: number;
  /** The most attempts when failures are retryable. Default 3; give 1 for a request that must not be repeated. */
  readonly attempts?: number;
  /** The most attempts with a service that answers that it has too much to do (429). Default `attempts`. */
  readonly busyAttempts?: number;
  /** A longer answer is refused. Default 64 MiB. */
  readonly limitBytes?: number;
  readonly signal?: AbortSignal;
  /** The statuses from 400 on that are taken as answers and not as errors. */
  readonly accept?: readonly number[];
};

export type HttpAnswer = {
  readonly status: number;
  readonly headers: Record<string, string>;
  readonly bytes: Uint8Array;
};

const FIRST_BACKOFF_MS = 100;
const LAST_BACKOFF_MS = 5_000;
const MAX_SAID = 4_000;
const CODE = /^[a-z0-9-]{1,32}\/[a-zA-Z0-9-]{1,64}$/;
const FIRST_BODY_BYTES = 16 * 1024;
const DEFAULT_LIMIT_BYTES = 64 * 1024 * 1024;
const BYTES = { 'content-type': 'application/octet-stream' } as const;
const agent = new Agent({ connections: 64, pipelining: 1, keepAliveTimeout: 10_000, connect: { timeout: 5_000 } });

/**
 * Sends a request. It is retried after network errors and the statuses 408, 429 and 5xx but 507, with exponential
 * back-off and jitter, and not before `retry-after` is over.
 * @throws MizuError `http/unreachable`, `http/status-N` (with the service's own message), `http/answer-too-large`
 */
export async function requestBytes(url: string, options: HttpRequestOptions = {}): Promise<HttpAnswer> {
  const attempts = options.attempts ?? 3;
  for (let attempt = 1; ; attempt++) {
    try {
      return await requestOnce(url, options);
    } catch (error) {
      const limit = isBusy(error) ? Math.max(attempts, options.busyAttempts ?? 0) : attempts;
      if (!(error instanceof MizuError) || !error.retryable || attempt >= limit || options.signal?.aborted) throw error;
      const backoff = Math.min(LAST_BACKOFF_MS, FIRST_BACKOFF_MS * 2 ** (attempt - 1));
      await delay(Math.max(backoff * (0.5 + Math.random() / 2), retryAfterMs(error)), undefined, {
        signal: options.signal,
      });
    }
  }
}

export async function requestJson<T>(
  url: string,
  options: Omit<HttpRequestOptions, 'body'> & { readonly body?: unknown } = {},
): Promise<T> {
  const { body, ...rest } = options;
  const sent =
    body === undefined
      ? {}
      : { body: JSON.stringify(body), headers: { 'content-type': 'application/json', ...rest.headers } };
  return parseJson<T>(url, await requestBytes(url, { ...rest, ...sent }));
}

/** @throws MizuError `http/not-json` */
export function parseJson<T>(url: string, answer: HttpAnswer): T {
  try {
    return JSON.parse(new TextDecoder().decode(answer.bytes)) as T;
  } catch (cause) {
    throw new MizuError({ code: 'http/not-json', message: `The answer of ${url} is not JSON.`, cause });
  }
}

export type RpcClient = (
  method: string,
  params?: readonly unknown[],
  options?: Pick<HttpRequestOptions, 'timeoutSeconds' | 'attempts' | 'signal' | 'limitBytes'>,
) => Promise<unknown>;

/**
 * JSON-RPC 2.0 over HTTP. A service's error object becomes a MizuError with the service's code, expected, actual and
 * hint.
 */
export function createRpcClient(url: string): RpcClient {
  let id = 0;
  return async (method, params = [], options = {}) => {
    id += 1;
    const body = { jsonrpc: '2.0', id, method, params };
    const answer = await requestJson<RpcAnswer>(url, { ...options, method: 'POST', body });
    if (answer.error !== undefined) throw toRefusal(method, answer.error);
    return answer.result;
  };
}

type RpcAnswer = { result?: unknown; error?: { code: number; message: string; data?: unknown } };

async function requestOnce(url: string, options: HttpRequestOptions): Promise<HttpAnswer> {
  const timeoutMs = Math.ceil((options.timeoutSeconds ?? 20) * 1000);
  const timeout = AbortSignal.timeout(timeoutMs);
  const signal = options.signal === undefined ? timeout : AbortSignal.any([timeout, options.signal]);
  let response: Dispatcher.ResponseData;
  let bytes: Uint8Array;
  try {
    const { method = 'GET', headers, body } = options;
    response = await request(url, {
      method,
      headers: { ...(body instanceof Uint8Array ? BYTES : {}), ...headers },
      body: body ?? null,
      dispatcher: agent,
      signal,
      headersTimeout: timeoutMs,
      bodyTimeout: timeoutMs,
    });
    bytes = await readBody(url, response, options.limitBytes ?? DEFAULT_LIMIT_BYTES);
  } catch (cause) {
    if (cause instanceof MizuError || options.signal?.aborted) throw cause;
    throw unreachable(url, timeout.aborted ? `no whole answer within ${timeoutMs / 1000} s` : describe(cause), cause);
  }
  const headers = Object.fromEntries(Object.entries(response.headers).map(([name, value]) => [name, String(value)]));
  if (response.statusCode >= 400 && !options.accept?.includes(response.statusCode))
    throw badStatus(url, response.statusCode, headers, bytes);
  return { status: response.statusCode, headers, bytes };
}

// If the length is declared, the parts go straight to their places, so that the body is in memory once.
async function readBody(url: string, response: Dispatcher.ResponseData, limitBytes: number): Promise<Uint8Array> {
  const told = Number(response.headers['content-length'] ?? Number.NaN);
  let bytes = new Uint8Array(Number.isSafeInteger(told) && told <= limitBytes ? told : FIRST_BODY_BYTES);
  let length = 0;
  for await (const part of response.body) {
    const end = length + (part as Uint8Array).length;
    if (end > limitBytes) {
      throw new MizuError({
        code: 'http/answer-too-large',
        message: `The answer of ${url} is too large.`,
        expected: `at most ${limitBytes} bytes`,
        actual: 'more',
      });
    }
    if (end > bytes.length) {
      const larger = new Uint8Array(Math.min(limitBytes, Math.max(end, 2 * bytes.length)));
      larger.set(bytes.subarray(0, length));
      bytes = larger;
    }
    bytes.set(part as Uint8Array, length);
    length = end;
  }
  return bytes.length === length ? bytes : bytes.slice(0, length);
}

function isBusy(error: unknown): boolean {
  return error instanceof MizuError && (error.cause as { status?: number } | undefined)?.status === 429;
}

function retryAfterMs(error: MizuError): number {
  const seconds = Number((error.cause as { retryAfter?: string } | undefined)?.retryAfter ?? 0);
  return Number.isFinite(seconds) ? Math.min(60, Math.max(0, seconds)) * 1000 : 0;
}

function describe(error: unknown): string {
  const { code, message } = error as { code?: string; message?: string };
  return [code, message].filter(Boolean).join(' ');
}

function unreachable(url: string, actual: string, cause: unknown): MizuError {
  return new MizuError({
    code: 'http/unreachable',
    message: `${url} does not answer.`,
    expected: 'an HTTP answer',
    actual,
    hint: 'Check the address, and that the service is up.',
    retryable: true,
    cause,
  });
}

function badStatus(url: string, status: number, headers: Record<string, string>, bytes: Uint8Array): MizuError {
  const said = parseError(bytes);
  return new MizuError({
    code: said?.code ?? `http/status-${status}`,
    message: said?.message ?? `${url} answers with status ${status}.`,
    expected: said?.expected ?? 'a status below 400',
    actual: said?.actual ?? `${status} ${withoutControls(new TextDecoder().decode(bytes.subarray(0, 300)))}`,
    hint: said?.hint,
    // 507 says that a disk is full, which does not pass soon.
    retryable: status === 408 || status === 429 || (status >= 500 && status !== 507),
    cause: { status, retryAfter: headers['retry-after'] },
  });
}

type Said = {
  code?: ErrorCode;
  message?: string;
  expected?: string;
  actual?: string;
  hint?: string;
  retryable: boolean;
};

function parseError(bytes: Uint8Array): Said | undefined {
  try {
    const said = readError((JSON.parse(new TextDecoder().decode(bytes)) as { error?: unknown }).error);
    return said.code !== undefined && said.message !== undefined ? said : undefined;
  } catch {
    return undefined;
  }
}

// The fields come from another party: they get the right types, are cut, and lose what steers a terminal.
function readError(error: unknown): Said {
  const fields = (error ?? {}) as Record<string, unknown>;
  const text = (name: string) =>
    typeof fields[name] === 'string' ? withoutControls(fields[name].slice(0, MAX_SAID)) : undefined;
  const code = text('code');
  const said = { message: text('message'), expected: text('expected'), actual: text('actual'), hint: text('hint') };
  const named = code !== undefined && CODE.test(code) ? { code: code as ErrorCode } : {};
  return { ...withoutUndefined(said), ...named, retryable: fields.retryable === true };
}

function toRefusal(method: string, error: NonNullable<RpcAnswer['error']>): MizuError {
  const { code, expected, actual, hint, retryable } = readError(error.data);
  return new MizuError({
    code: code ?? `rpc/${Number(error.code)}`,
    message: readError(error).message ?? 'The service refuses.',
    expected,
    actual: actual ?? `an error from ${method}`,
    hint,
    retryable,
  });
}
