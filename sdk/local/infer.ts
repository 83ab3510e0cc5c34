// docs/sdk.md#local: answers an infer task's requests in this process, with the edge network's own backends.

import type { Backend, RejectedAnswer } from '../../edge/backends/backend.ts';
import { parseChatRequest } from '../../edge/backends/backend.ts';
import { createBuiltinBackend } from '../../edge/backends/builtin.ts';
import { decodeRequests, encodeResultLine, encodeResults, type RowResult } from '../../edge/rows.ts';
import { type ContentCheck, createContentCheck } from '../../edge/schema/check.ts';
import { MizuError } from '../../protocol/errors.ts';

export type LocalInference = {
  readonly bytes: Uint8Array;
  readonly inputTokens: number;
  readonly outputTokens: number;
};

const CONCURRENCY = 16;

/** Request object in, result object out, as the gateway makes them. @throws MizuError `sdk/no-backend` */
export async function inferLocally(
  requests: Uint8Array,
  backends: readonly Backend[] = [createBuiltinBackend()],
  signal: AbortSignal = new AbortController().signal,
): Promise<LocalInference> {
  const { model, count, lineOf, indexOf } = decodeRequests(requests);
  const backend = backends.find((one) => one.name === model);
  if (backend === undefined) throw noBackend(model, backends);
  const check = createContentCheck();
  const results: string[] = new Array(count);
  let input = 0;
  let output = 0;
  let next = 0;
  const work = async (): Promise<void> => {
    for (let i = next++; i < count; i = next++) {
      const result = await answer(backend, lineOf(i), check, signal);
      input += result.usage?.prompt_tokens ?? 0;
      output += result.usage?.completion_tokens ?? 0;
      results[i] = encodeResultLine(indexOf(i), result);
    }
  };
  await Promise.all(Array.from({ length: Math.min(CONCURRENCY, count) }, work));
  return { bytes: encodeResults(model, results, { input, output }), inputTokens: input, outputTokens: output };
}

async function answer(backend: Backend, line: string, check: ContentCheck, signal: AbortSignal): Promise<RowResult> {
  try {
    const request = parseChatRequest((JSON.parse(line) as [number, unknown])[1]);
    const { content, finishReason, usage } = await backend.complete(request, signal);
    const counted = { prompt_tokens: usage.promptTokens, completion_tokens: usage.completionTokens };
    const format = request.response_format;
    const schema = format?.type === 'json_schema' ? format.json_schema?.schema : undefined;
    const isChecked = format !== undefined && format.type !== 'text';
    const problem = isChecked ? check(schema && JSON.stringify(schema), content) : undefined;
    if (problem === undefined) return { content, finish_reason: finishReason, usage: counted };
    return { error: { code: 'schema', message: problem.reason, raw: content }, usage: counted };
  } catch (error) {
    if (!(error instanceof MizuError)) throw error;
    const rejected = error.cause as Partial<RejectedAnswer> | undefined;
    return {
      error: {
        code: error.code,
        message: error.message,
        ...(rejected?.raw === undefined ? {} : { raw: rejected.raw }),
      },
    };
  }
}

function noBackend(model: string, backends: readonly Backend[]): MizuError {
  return new MizuError({
    code: 'sdk/no-backend',
    message: `No local backend answers for the model '${model}'.`,
    expected: `one of ${backends.map((backend) => backend.name).join(', ') || 'none configured'}`,
    actual: model,
    hint: 'Give one with --backend URL (any OpenAI-compatible server), or use builtin/small.',
  });
}
