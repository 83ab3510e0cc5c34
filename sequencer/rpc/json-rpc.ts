// docs/rpc.md: JSON-RPC 2.0: single requests, batches of requests, and error codes.
import type { RequestHandler } from 'express';
import { z } from 'zod';
import { MizuError } from '../../protocol/errors.ts';
import type { Slice } from '../../service/http/fair-queue.ts';
import { describeZodIssues } from '../../service/http/issues.ts';
import { sliceOf } from '../../service/http/slices.ts';
import type { Logger } from '../../service/process/log.ts';

export type MethodContext = {
  /** Aborts when the caller goes away or the service stops. */
  readonly signal: AbortSignal;
  /** Waits outside of the request's time slice: other requests are served meanwhile. */
  readonly outside: Slice['outside'];
};
export type Method = {
  /** The schema of the parameters, a tuple. */
  readonly params: z.ZodType<readonly unknown[]>;
  readonly run: (params: never, context: MethodContext) => Promise<unknown> | unknown;
};
export type Methods = Readonly<Record<string, Method>>;

/** Ties a handler to the schema of its parameters. */
export function method<S extends z.ZodType<readonly unknown[]>>(
  params: S,
  run: (params: z.output<S>, context: MethodContext) => Promise<unknown> | unknown,
): Method {
  return { params, run };
}

type Id = string | number | null;
type Response = { jsonrpc: '2.0'; id: Id; result?: unknown; error?: { code: number; message: string; data?: unknown } };

const MAX_BATCH = 100;
/**
 * The most characters of JSON that all answers of a batch may have together. The calls behind the limit are refused.
 */
const MAX_ANSWER_CHARS = 8 * 1024 * 1024;
const CODE = {
  parse: -32700,
  request: -32600,
  method: -32601,
  params: -32602,
  internal: -32603,
  refused: -32000,
  limit: -32005,
} as const;

/** The number that a refusal has as a JSON-RPC error. */
export function numberOf(code: string): number {
  return code.startsWith('limit/') ? CODE.limit : CODE.refused;
}

const requestShape = z.object({
  jsonrpc: z.literal('2.0'),
  method: z.string().max(100),
  params: z.array(z.unknown()).optional(),
  id: z.union([z.string().max(200), z.number(), z.null()]).optional(),
});

/** Expects the body as raw text in `request.body`. */
export function serveJsonRpc(
  methods: Methods,
  closing: AbortSignal,
  log: Logger,
  observe: (method: string, ok: boolean) => void,
): RequestHandler {
  const call = async (body: unknown, context: MethodContext): Promise<Response | undefined> => {
    const parsed = requestShape.safeParse(body);
    if (!parsed.success) {
      return fail(idOf(body), CODE.request, 'Not a JSON-RPC 2.0 request.', {
        actual: describeZodIssues(parsed.error),
      });
    }
    const { id, method: name, params = [] } = parsed.data;
    const response = await answer(methods, name, params, id ?? null, context, log);
    observe(Object.hasOwn(methods, name) ? name : 'unknown', response.error === undefined);
    // A request without an id is a notification: it gets no answer.
    return id === undefined ? undefined : response;
  };
  return async (request, response) => {
    const gone = new AbortController();
    response.once('close', () => gone.abort());
    const { outside } = sliceOf(response);
    const context: MethodContext = { signal: AbortSignal.any([gone.signal, closing]), outside };
    let body: unknown;
    try {
      body = JSON.parse(Buffer.isBuffer(request.body) ? request.body.toString('utf8') : '');
    } catch (error) {
      response.json(fail(null, CODE.parse, 'The body is not JSON.', { actual: (error as Error).message }));
      return;
    }
    if (!Array.isArray(body)) {
      const single = await call(body, context);
      if (single === undefined) response.status(204).end();
      else response.json(single);
      return;
    }
    if (body.length === 0 || body.length > MAX_BATCH) {
      response.json(
        fail(null, CODE.request, 'A batch of the wrong size.', {
          expected: `1 to ${MAX_BATCH} requests`,
          actual: String(body.length),
        }),
      );
      return;
    }
    const texts: string[] = [];
    let chars = 0;
    for (const part of body) {
      const one = chars > MAX_ANSWER_CHARS ? refuseRest(part) : await call(part, context);
      if (one === undefined) continue;
      const text = JSON.stringify(one);
      texts.push(text);
      chars += text.length;
      // Each call has a time slice of its own.
      await outside(() => undefined);
      if (context.signal.aborted) return;
    }
    if (texts.length === 0) response.status(204).end();
    else response.type('json').send(`[${texts.join(',')}]`);
  };
}

async function answer(
  methods: Methods,
  name: string,
  params: readonly unknown[],
  id: Id,
  context: MethodContext,
  log: Logger,
): Promise<Response> {
  const found = Object.hasOwn(methods, name) ? methods[name] : undefined;
  if (found === undefined)
    return fail(id, CODE.method, `Unknown method ${name}.`, {
      expected: Object.keys(methods).join(', '),
      actual: name,
      hint: 'See docs/rpc.md.',
    });
  const parsed = found.params.safeParse(params);
  if (!parsed.success)
    return fail(id, CODE.params, `Wrong parameters of ${name}.`, {
      actual: describeZodIssues(parsed.error),
      hint: 'See docs/rpc.md.',
    });
  try {
    const result = await found.run(parsed.data as never, context);
    return { jsonrpc: '2.0', id, result: result ?? null };
  } catch (error) {
    if (error instanceof MizuError) {
      const { code, expected, actual, hint, retryable } = error;
      return fail(id, numberOf(code), error.message, {
        code,
        expected,
        actual,
        hint,
        retryable,
      });
    }
    if (!context.signal.aborted) log.error({ err: error, method: name }, 'a method failed');
    return fail(id, CODE.internal, 'The sequencer has failed on this request.', { retryable: true });
  }
}

function fail(id: Id, code: number, message: string, data: unknown): Response {
  return { jsonrpc: '2.0', id, error: { code, message, data } };
}

function refuseRest(body: unknown): Response | undefined {
  const id = idOf(body);
  if (id === null) return undefined;
  return fail(id, CODE.limit, 'The answers of the batch are too long together.', {
    code: 'limit/answer',
    expected: `at most ${MAX_ANSWER_CHARS} characters of JSON`,
    actual: 'more, by the calls before this one',
    hint: 'Send fewer calls in one batch, or ask for shorter lists.',
    retryable: false,
  });
}

function idOf(body: unknown): Id {
  const id = (body as { id?: unknown } | null)?.id;
  return typeof id === 'string' || typeof id === 'number' ? id : null;
}
