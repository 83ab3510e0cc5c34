// docs/sdk.md#local: answers an infer task's requests in this process, with the edge network's own backends.
import { setMaxListeners } from 'node:events';
import { answerRulesOf, type Backend, openContent, parseChatRequest, wantsJson } from '../../edge/backends/backend.ts';
import { createBuiltinBackend } from '../../edge/backends/builtin.ts';
import { isEndpointFailure, isRefusal } from '../../edge/backends/failure.ts';
import { toRowFailure, toRowUsage } from '../../edge/backends/row-failure.ts';
import { decodeRequests, encodeResultLine, encodeResults, type RowResult } from '../../edge/rows.ts';
import { type ContentCheck, createContentCheck, schemaOf } from '../../edge/schema/check.ts';
import { MizuError } from '../../protocol/errors.ts';

export type LocalInference = {
  readonly bytes: Uint8Array;
  readonly inputTokens: number;
  readonly outputTokens: number;
};

/** `onAnswer` is told how many of the rows have an answer, or a reason why not. */
export type LocalInfer = (
  requests: Uint8Array,
  onAnswer?: (done: number, of: number) => void,
) => Promise<LocalInference>;

const CONCURRENCY = 16;
/** So many rows in a row that the endpoint itself refuses, and the run stops. */
export const MAX_REFUSED_ROWS = 5;

/** Whether a model's endpoint has answered a row, and how many it has refused since, the last ones with this code. */
type Standing = { answered: boolean; refused: number; code?: string };

/**
 * Request object in, result object out, as the gateway makes them. All of a run's tasks share one: it stops at an endpoint that refuses.
 * @throws MizuError `sdk/no-backend`, `sdk/backend-refuses`
 */
export function createLocalInference(
  backends: readonly Backend[] = [createBuiltinBackend()],
  signal: AbortSignal = new AbortController().signal,
): LocalInfer {
  const check = createContentCheck();
  const standings = new Map<string, Standing>();
  return async (requests, onAnswer) => {
    const { model, count, lineOf, indexOf } = decodeRequests(requests);
    const backend = backends.find((one) => one.name === model);
    if (backend === undefined) throw noBackend(model, backends);
    const standing = standings.get(model) ?? { answered: false, refused: 0 };
    standings.set(model, standing);
    // What is under way when the run stops is given up.
    const stop = new AbortController();
    setMaxListeners(0, stop.signal);
    const onAbort = () => stop.abort(signal.reason);
    if (signal.aborted) onAbort();
    signal.addEventListener('abort', onAbort, { once: true });
    const results: string[] = new Array(count);
    let input = 0;
    let output = 0;
    let next = 0;
    let done = 0;
    const one = async (): Promise<void> => {
      stop.signal.throwIfAborted();
      const i = next++;
      const { result, error } = await answer(backend, lineOf(i), check, stop.signal);
      note(standing, model, error);
      input += result.usage?.prompt_tokens ?? 0;
      output += result.usage?.completion_tokens ?? 0;
      results[i] = encodeResultLine(indexOf(i), result);
      onAnswer?.(++done, count);
    };
    const work = async (): Promise<void> => {
      while (next < count) await one();
    };
    try {
      // One by one until there is an answer: an endpoint that refuses all is not asked by sixteen.
      while (next < count && !standing.answered) await one();
      await Promise.all(Array.from({ length: Math.min(CONCURRENCY, count - next) }, work));
    } catch (error) {
      stop.abort(error);
      throw error;
    } finally {
      signal.removeEventListener('abort', onAbort);
    }
    return { bytes: encodeResults(model, results, { input, output }), inputTokens: input, outputTokens: output };
  };
}

type Answered = { readonly result: RowResult; readonly error?: MizuError };

async function answer(backend: Backend, line: string, check: ContentCheck, signal: AbortSignal): Promise<Answered> {
  try {
    const request = parseChatRequest((JSON.parse(line) as [number, unknown])[1]);
    const { content, finishReason, usage, reasoning = '' } = await backend.complete(request, signal);
    const counted = toRowUsage(usage);
    const format = request.response_format;
    const problem = wantsJson(format) ? check(schemaOf(format), openContent(request, content).text) : undefined;
    if (problem !== undefined)
      return { result: { error: { code: 'edge/schema', message: problem.reason, raw: content }, usage: counted } };
    const thoughts = answerRulesOf(request).keepReasoning && reasoning !== '' ? { reasoning } : {};
    return { result: { content, finish_reason: finishReason, ...thoughts, usage: counted } };
  } catch (error) {
    if (!(error instanceof MizuError)) throw error;
    return { result: toRowFailure(error), error };
  }
}

// An endpoint that has answered once may fail now and then; one whose key or account is refused does not recover.
function note(standing: Standing, model: string, error: MizuError | undefined): void {
  if (error === undefined || !isEndpointFailure(error)) {
    standing.answered = true;
    standing.refused = 0;
    return;
  }
  if (standing.answered && !isRefusal(error)) return;
  // What is wrong with key, account or address is the same for all rows.
  if (standing.answered && error.code !== standing.code) standing.refused = 0;
  standing.code = error.code;
  standing.refused += 1;
  if (standing.refused >= MAX_REFUSED_ROWS) throw backendRefuses(model, error);
}

function backendRefuses(model: string, error: MizuError): MizuError {
  return new MizuError({
    code: 'sdk/backend-refuses',
    message: `The endpoint of '${model}' has refused ${MAX_REFUSED_ROWS} rows one after the other.`,
    expected: 'an answer',
    actual: toRowFailure(error).error.message,
    hint: error.hint ?? "Check the endpoint's address, its key, the model's name and the account.",
    cause: error,
  });
}

function noBackend(model: string, backends: readonly Backend[]): MizuError {
  return new MizuError({
    code: 'sdk/no-backend',
    message: `No local backend answers for the model '${model}'.`,
    expected: `one of ${backends.map((backend) => backend.name).join(', ') || 'none configured'}`,
    actual: model,
    hint: 'Give one with --backend URL (any OpenAI-compatible server), or use builtin/small. `mizu run --max MIZU` makes no dry run and needs none.',
  });
}
