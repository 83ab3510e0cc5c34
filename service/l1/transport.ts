// docs/operations.md#l1-answers: HTTP to an L1 node. Answers are bounded, redirects are refused, and no wait that a node asks for is long.
import { BaseError, type HttpTransport, http, ResponseBodyTooLargeError } from 'viem';
import { MizuError } from '../../protocol/errors.ts';

export type TransportOptions = { readonly retryCount?: number; readonly retryDelay?: number };

/** The time for one attempt, until the last byte of the answer. */
const TIMEOUT_MS = 20_000;
const MIB = 1024 * 1024;
/** The limit of every answer but receipts: 32 headers are asked for at one time. */
const MAX_ANSWER_BYTES = 4 * MIB;
/**
 * A byte of a log costs 8 gas and is two hex digits: the logs of 60 M gas are 15 MB. Above the limit, receipts are
 * asked for one by one.
 */
const MAX_RECEIPTS_BYTES = 32 * MIB;
const RECEIPTS = /"method":"eth_get(?:BlockReceipts|TransactionReceipt)"/;
/** The longest wait that a busy node may ask for. */
const MAX_WAIT_SECONDS = 5;

/** The transport to one node. */
export function l1Transport(url: string, options: TransportOptions = {}): HttpTransport {
  return http(url, { ...options, timeout: TIMEOUT_MS, maxResponseBodySize: MAX_RECEIPTS_BYTES, fetchFn: fetchBounded });
}

/** Whether a request has failed because its answer was too long. */
export function isTooLarge(error: unknown): boolean {
  return error instanceof BaseError && error.walk((one) => one instanceof ResponseBodyTooLargeError) !== null;
}

async function fetchBounded(input: string | URL | Request, init: RequestInit = {}): Promise<Response> {
  const answer = await fetch(input, { ...init, redirect: 'error' });
  const { body, status, statusText, headers: given } = answer;
  // This is nearly every answer: nothing of it has to be changed or counted.
  if (isShort(given) && !given.has('retry-after')) return answer;
  const headers = new Headers(given);
  const wait = waitSeconds(given.get('retry-after'));
  if (wait === undefined) headers.delete('retry-after');
  else headers.set('retry-after', String(wait));
  const isLong = typeof init.body === 'string' && RECEIPTS.test(init.body);
  const bounded = body === null || isLong ? body : body.pipeThrough(atMost(MAX_ANSWER_BYTES));
  return new Response(bounded, { status, statusText, headers });
}

// No more bytes come than are declared, unless they are compressed.
function isShort(headers: Headers): boolean {
  const declared = headers.get('content-length');
  return declared !== null && Number(declared) <= MAX_ANSWER_BYTES && !headers.has('content-encoding');
}

// The header is a number of seconds or a date.
function waitSeconds(header: string | null): number | undefined {
  if (header === null) return undefined;
  const seconds = /^\d+$/.test(header) ? Number(header) : (Date.parse(header) - Date.now()) / 1000;
  return Number.isNaN(seconds) ? undefined : Math.ceil(Math.min(MAX_WAIT_SECONDS, Math.max(0, seconds)));
}

function atMost(limit: number): TransformStream<Uint8Array, Uint8Array> {
  let length = 0;
  return new TransformStream({
    transform: (part, controller) => {
      length += part.length;
      if (length > limit) controller.error(tooLarge(limit));
      else controller.enqueue(part);
    },
  });
}

function tooLarge(limit: number): MizuError {
  return new MizuError({
    code: 'l1/answer-too-large',
    message: 'The answer of the L1 node is too large.',
    expected: `at most ${limit} bytes`,
    actual: 'more',
    hint: 'If this goes on, name another node in l1Url.',
    retryable: true,
  });
}
