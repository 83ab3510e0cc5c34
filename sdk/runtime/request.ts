// docs/rows.md#requests: the fields of a model operator's requests; only their messages differ from row to row.
import type { SimulatorRef } from '../../edge/backends/simulate-request.ts';
import type { LlmOperator } from '../workflow/operator.ts';

/** What the compiler says of an operator's answer. */
export type AnswerFormat = {
  /** JSON schema that an answer must fit. */
  readonly schema: unknown;
  /** Endpoints are asked to bind the model to it. */
  readonly strict: boolean;
};

/** What stands around the canonical JSON of a request's messages. */
export type RequestFrame = { readonly head: string; readonly tail: string };

/** What a request tells of who answers and how, beside its messages. */
export type RequestSettings = {
  /** Null: the answer is text. */
  readonly format: AnswerFormat | null;
  /** Of a simulator; null: a model answers. */
  readonly program: SimulatorRef | null;
};

/**
 * One for each request of a row. A schema's fields stay in the operator's order: so a model writes them. Several answers to one question are
 * told apart by their number, so that no two requests of a row are the same: docs/rows.md#answer-rules. The first is what it is alone.
 */
export function requestFrames(operator: LlmOperator, settings: RequestSettings): readonly RequestFrame[] {
  const isSame = operator.gather.kind !== 'each';
  return Array.from({ length: operator.asks }, (_, ask) => requestFrame(operator, settings, isSame ? 0 : ask));
}

function requestFrame(operator: LlmOperator, settings: RequestSettings, answer: number): RequestFrame {
  const { max_tokens, ...rest } = fieldsOf(operator, settings, answer);
  const tail = JSON.stringify(rest).slice(1);
  return { head: `{"max_tokens":${max_tokens},"messages":`, tail: tail === '}' ? tail : `,${tail}` };
}

// In the order of their names, as in canonical JSON.
function fieldsOf(operator: LlmOperator, { format, program }: RequestSettings, answer: number) {
  const rules = {
    ...(answer > 0 ? { answer } : {}),
    ...(operator.simulate === null ? {} : { simulate: { gasLimit: operator.simulate.gasLimit, ...program } }),
    ...(operator.strict ? { strict: true } : {}),
    ...(operator.repair > 0 ? { repair: operator.repair } : {}),
    ...(operator.keepReasoning ? { keepReasoning: true } : {}),
  };
  return {
    max_tokens: operator.maxTokens,
    ...(Object.keys(rules).length === 0 ? {} : { mizu: rules }),
    ...(operator.reasoningEffort === null ? {} : { reasoning_effort: operator.reasoningEffort }),
    ...(format === null
      ? {}
      : { response_format: { type: 'json_schema', json_schema: { name: operator.name, ...format } } }),
    ...(operator.seed === null ? {} : { seed: operator.seed + answer }),
    ...(operator.temperature === null ? {} : { temperature: operator.temperature }),
  };
}
