// docs/edge.md#failures: what a call without a result means: whether another call can succeed, whose fault it is, and
// what the provider says.
import type { ErrorCode } from '../../protocol/error-codes.ts';
import { MizuError } from '../../protocol/errors.ts';
import type { RejectedAnswer } from './backend.ts';
import { PostAbort, type PostAnswer } from './post.ts';

/** `later`: the same call may succeed. `otherwise`: it may succeed if the model need not say the same again. */
export type RetryAdvice = 'later' | 'otherwise' | 'never';

/** Why a call has yielded nothing. It is thrown within the backend only. */
export class CallFailure extends Error {
  readonly error: MizuError;
  readonly again: RetryAdvice;
  readonly retryAfterMs: number;
  /** The fault is the key, quota, model or address: no other row will succeed here. */
  readonly isRefusal: boolean;

  constructor(
    failure: Pick<CallFailure, 'error'> & Partial<Pick<CallFailure, 'again' | 'retryAfterMs' | 'isRefusal'>>,
  ) {
    super(failure.error.message);
    this.name = 'CallFailure';
    this.error = failure.error;
    this.again = failure.again ?? 'never';
    this.retryAfterMs = failure.retryAfterMs ?? 0;
    this.isRefusal = failure.isRefusal ?? false;
  }
}

const MAX_RETRY_AFTER_MS = 120_000;
const MAX_REASON = 300;
/** The endpoint may soon answer again. */
const LATER_STATUS = new Set([408, 409, 425, 429]);
/** This worker is set up wrong, or its account is empty; another worker may succeed. */
const REFUSAL_STATUS = new Set([401, 402, 403, 404, 405]);
const QUOTA_CODES = new Set(['insufficient_quota', 'billing_hard_limit_reached', 'billing_not_active']);
const HINTS: readonly (readonly [RegExp, string])[] = [
  [/max_completion_tokens/, 'set "maxTokensField": "max_completion_tokens" in the configuration of the backend'],
  [
    /unsupported (parameter|value)|unrecognized request argument|extra inputs/i,
    'name the parameter in "omit" in the configuration of the backend, or leave it out of the workflow',
  ],
  [
    /response_format|json_schema|invalid schema/i,
    'name "response_format" in "omit" in the configuration of the backend if the endpoint has no structured outputs',
  ],
];

/** Tells a model without images, whatever the status: llama.cpp says it with 500, others with 400, 404 or 422. */
const NO_IMAGES =
  /(image|vision|multimodal)\b.{0,60}(not |n't |un)support|(not|n't|found that) support\b.{0,60}(image|vision|multimodal)/i;

/** True for failures in which the endpoint has spoken, and not the model. */
export function isEndpointFailure({ code }: MizuError): boolean {
  return /^edge\/(status-\d+|quota|redirected|no-api|bad-answer|unreachable|timeout)$/.test(code);
}

/** True if no other row will succeed here: the fault is the key, quota, model or address. */
export function isRefusal({ code }: MizuError): boolean {
  const status = Number(/^edge\/status-(\d+)$/.exec(code)?.[1] ?? 0);
  return code === 'edge/quota' || code === 'edge/redirected' || code === 'edge/no-api' || REFUSAL_STATUS.has(status);
}

/** The failure of an answer whose status is not 200, or that is an error in spite of it. */
export function statusFailure(answer: Pick<PostAnswer, 'headers' | 'text'>, status: number): CallFailure {
  const { reason, codes } = readReason(answer.text);
  const hint = HINTS.find(([pattern]) => status === 400 && pattern.test(reason))?.[1];
  const actual = [`${status} ${reason}`.trim(), hint === undefined ? '' : `(${hint})`].filter(Boolean).join(' ');
  if (status >= 300 && status < 400) return redirected(answer);
  if (NO_IMAGES.test(reason)) return noImages(actual);
  const isQuota = codes.some((code) => QUOTA_CODES.has(code));
  const isOwn = isQuota || REFUSAL_STATUS.has(status);
  const later = !isOwn && (LATER_STATUS.has(status) || status >= 500) && answer.headers['x-should-retry'] !== 'false';
  return new CallFailure({
    error: new MizuError({
      code: isQuota ? 'edge/quota' : `edge/status-${status}`,
      message: isQuota ? 'The account at the endpoint has no money left.' : 'The endpoint refuses.',
      expected: 'status 200',
      actual,
      hint,
      retryable: later || isOwn,
    }),
    again: later ? 'later' : 'never',
    retryAfterMs: later ? readRetryAfter(answer.headers) : 0,
    isRefusal: isOwn,
  });
}

function noImages(actual: string): CallFailure {
  const message = 'The model takes no images.';
  const hint = 'Name a model that takes images.';
  return new CallFailure({
    error: new MizuError({ code: 'edge/no-images', message, expected: 'status 200', actual, hint }),
  });
}

/** The failure of an answer with status 200 that is no chat completion. */
export function unreadable(
  { headers, text }: Pick<PostAnswer, 'headers' | 'text'>,
  expected = 'choices[0].message',
): CallFailure {
  const type = String(headers['content-type'] ?? '');
  const packed = headers['content-encoding'];
  const actual = `${packed === undefined ? '' : `content-encoding ${String(packed)}: `}${text.slice(0, 200)}`;
  // A login page or a stream will be the same next time.
  if (/text\/(html|event-stream)/.test(type)) {
    const error = {
      code: 'edge/no-api',
      message: 'The address is not that of a chat completions API.',
      expected: 'JSON',
    } as const;
    const hint = 'baseUrl goes up to and with /v1.';
    return new CallFailure({
      error: new MizuError({ ...error, actual: `${type}: ${actual}`, hint, retryable: true }),
      isRefusal: true,
    });
  }
  const message = 'The endpoint does not answer with a chat completion.';
  const error = new MizuError({
    code: 'edge/bad-answer',
    message,
    expected,
    actual,
    retryable: true,
  });
  return new CallFailure({ error, again: 'later' });
}

function redirected({ headers }: Pick<PostAnswer, 'headers'>): CallFailure {
  const error = new MizuError({
    code: 'edge/redirected',
    message: 'The endpoint redirects to another address.',
    expected: 'status 200',
    actual: `a redirection to ${String(headers.location ?? 'nowhere').slice(0, MAX_REASON)}`,
    hint: 'Name that address in baseUrl: the key is sent nowhere else.',
    retryable: true,
  });
  return new CallFailure({ error, isRefusal: true });
}

/** A call that has brought no answer at all: what `post` rejects with. */
export function postFailure(
  error: unknown,
  { timeoutSeconds, maxAnswerBytes }: { readonly timeoutSeconds: number; readonly maxAnswerBytes: number },
): CallFailure {
  const kind = error instanceof PostAbort ? error.kind : undefined;
  if (kind === 'too-large') {
    const message = 'The answer is too large.';
    return new CallFailure({
      error: new MizuError({
        code: 'edge/answer-too-large',
        message,
        expected: `at most ${maxAnswerBytes} bytes`,
        actual: 'more',
      }),
    });
  }
  const { code, message } = error as { code?: string; message?: string };
  const late = kind === 'timeout';
  return new CallFailure({
    error: new MizuError({
      code: late ? 'edge/timeout' : 'edge/unreachable',
      message: 'The endpoint does not answer.',
      expected: 'an answer',
      actual: late ? `no answer within ${timeoutSeconds} s` : [code, message].filter(Boolean).join(' '),
      retryable: true,
    }),
    again: 'later',
  });
}

/** The failure of an answer that cannot be used. The model has answered, so the tokens are paid for. */
export function unusableAnswer(
  refusal: { readonly code: ErrorCode; readonly message: string; readonly actual: string; readonly hint?: string },
  rejected: RejectedAnswer,
  again: RetryAdvice,
): CallFailure {
  return new CallFailure({ error: new MizuError({ ...refusal, expected: 'an answer', cause: rejected }), again });
}

// Reads OpenAI's {error: {message, code, type}}, and what other servers answer: a text, {error: text}, {message},
// {detail}.
function readReason(text: string): { reason: string; codes: string[] } {
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch {
    return { reason: text.trim().slice(0, MAX_REASON), codes: [] };
  }
  const outer = (typeof body === 'object' && body !== null ? body : {}) as Record<string, unknown>;
  const error = outer.error ?? outer;
  const inner = (typeof error === 'object' && error !== null ? error : { message: error }) as Record<string, unknown>;
  const said = [inner.message, inner.detail, inner.error].find((one) => typeof one === 'string' && one !== '');
  const codes = [inner.code, inner.type].filter((one) => typeof one === 'string');
  return { reason: (typeof said === 'string' ? said : text.trim()).slice(0, MAX_REASON), codes };
}

// The header has milliseconds, seconds or an HTTP date; the result is in milliseconds.
function readRetryAfter(headers: PostAnswer['headers']): number {
  const ms = headers['retry-after-ms'];
  const header = headers['retry-after'];
  const wait =
    typeof ms === 'string' && /^\d+(\.\d+)?$/.test(ms)
      ? Number(ms)
      : typeof header !== 'string'
        ? 0
        : /^\d+(\.\d+)?$/.test(header)
          ? Number(header) * 1000
          : Date.parse(header) - Date.now();
  return Number.isFinite(wait) ? Math.min(MAX_RETRY_AFTER_MS, Math.max(0, wait)) : 0;
}
