// docs/rows.md#requests: the fields of a model operator's requests; only their messages differ from row to row.
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

/**
 * One for each request of a row. A schema's fields stay in the operator's order: so a model writes them. Several answers to one question are
 * told apart by their number, so that no two requests of a row are the same: docs/rows.md#answer-rules. The first is what it is alone.
 */
export function requestFrames(operator: LlmOperator, format: AnswerFormat | null): readonly RequestFrame[] {
  const isSame = operator.gather.kind !== 'each';
  return Array.from({ length: operator.asks }, (_, ask) => requestFrame(operator, format, isSame ? 0 : ask));
}

function requestFrame(operator: LlmOperator, format: AnswerFormat | null, answer: number): RequestFrame {
  const { max_tokens, ...rest } = fieldsOf(operator, format, answer);
  const tail = JSON.stringify(rest).slice(1);
  return { head: `{"max_tokens":${max_tokens},"messages":`, tail: tail === '}' ? tail : `,${tail}` };
}

// In the order of their names, as in canonical JSON.
function fieldsOf(operator: LlmOperator, format: AnswerFormat | null, answer: number) {
  const rules = {
    ...(answer > 0 ? { answer } : {}),
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
