// docs/edge.md#failures: a request is asked until it has an answer, or until asking again cannot help.
import { setTimeout as delay } from 'node:timers/promises';
import type { MizuError } from '../../protocol/errors.ts';
import { answerRulesOf, type ChatRequest, type Completion, type RejectedAnswer, type Usage } from './backend.ts';
import { CallFailure } from './failure.ts';
import type { Limiter } from './limiter.ts';
import type { Refusals } from './refusals.ts';

export type AskingOptions = {
  readonly limiter: Pick<Limiter, 'pause'>;
  readonly refusals: Refusals;
  /** Calls for what may work the next time. */
  readonly attempts: number;
  /** Waits before the second call, which double, and the longest of them. */
  readonly firstBackoffMs: number;
  readonly lastBackoffMs: number;
};

/** How one model is called. `body` is what is sent: the same body is not sent again to who has refused it. */
export type ModelCalls<Call extends { readonly body: string }> = {
  encode(request: ChatRequest): Call;
  /** One call. @throws CallFailure */
  call(call: Call, request: ChatRequest, signal: AbortSignal): Promise<Completion>;
  /** The completion with what of its content is the answer. @throws CallFailure why it is none */
  check(call: Call, request: ChatRequest, given: Completion): Promise<Completion>;
};

/** @throws MizuError what the last call has failed with */
export type Ask = <Call extends { readonly body: string }>(
  model: string,
  caller: ModelCalls<Call>,
  request: ChatRequest,
  signal: AbortSignal,
) => Promise<Completion>;

const SCHEMA_ATTEMPTS = 3;
const MAX_REPAIR_CHARS = 16 * 1024;

export function createAsking({ limiter, refusals, attempts, firstBackoffMs, lastBackoffMs }: AskingOptions): Ask {
  return async (model, caller, request, signal) => {
    let { repair } = answerRulesOf(request);
    let asked = request;
    let call = caller.encode(asked);
    let spent: Usage = { promptTokens: 0, completionTokens: 0 };
    let misfits = 0;
    for (let attempt = 1; ; attempt++) {
      refusals.assertMayAsk(model, call.body);
      try {
        const given = await caller.call(call, asked, signal);
        const completion = await caller.check(call, request, { ...given, usage: add(spent, given.usage) });
        refusals.clear(model);
        return completion;
      } catch (error) {
        if (!(error instanceof CallFailure)) throw error;
        refusals.note(model, call.body, error);
        if (error.retryAfterMs > 0) limiter.pause(error.retryAfterMs);
        const said = error.again === 'never' ? undefined : misfitOf(error.error);
        if (error.again === 'otherwise') misfits += 1;
        if (said !== undefined && repair > 0) {
          repair -= 1;
          spent = said.usage;
          asked = withRepair(request, said.raw, error.error);
          call = caller.encode(asked);
          continue;
        }
        const isWorth =
          error.again === 'later' || (error.again === 'otherwise' && mayDiffer(request) && misfits < SCHEMA_ATTEMPTS);
        if (!isWorth || attempt >= attempts) throw error.error;
        if (error.again === 'otherwise') continue;
        const backoffMs = Math.min(lastBackoffMs, firstBackoffMs * 2 ** (attempt - 1));
        await delay(backoffMs * (0.5 + Math.random() / 2), undefined, { signal });
      }
    }
  };
}

/** Whether the model may say something else when it is asked the same again. */
function mayDiffer({ temperature, seed }: ChatRequest): boolean {
  return temperature !== 0 && seed === undefined;
}

/** The text of an answer that does not fit its schema, and its usage. */
function misfitOf({ cause, code }: MizuError): RejectedAnswer | undefined {
  return code === 'edge/schema' ? (cause as RejectedAnswer) : undefined;
}

function withRepair(request: ChatRequest, raw: string, { message }: MizuError): ChatRequest {
  const wish = `That answer cannot be used. ${message.slice(0, 500)}\nAnswer again, with JSON that fits, and nothing else.`;
  const messages = [
    ...request.messages,
    { role: 'assistant', content: raw.slice(0, MAX_REPAIR_CHARS) },
    { role: 'user', content: wish },
  ];
  return { ...request, messages };
}

function add(a: Usage, b: Usage): Usage {
  return {
    promptTokens: a.promptTokens + b.promptTokens,
    completionTokens: a.completionTokens + b.completionTokens,
  };
}
