// docs/rows.md#requests: the fields of a model step's requests; only their messages differ from row to row.
import type { LlmStep } from '../workflow/step.ts';

/** What the compiler says of a step's answer. */
export type AnswerFormat = {
  /** JSON schema that an answer must fit. */
  readonly schema: unknown;
  /** Endpoints are asked to bind the model to it. */
  readonly strict: boolean;
};

/** `[head, tail]` of each request, around the canonical JSON of its messages. A schema's fields stay in the step's order: so a model writes them. */
export function requestFrame(step: LlmStep, format: AnswerFormat | null): readonly [string, string] {
  const { max_tokens, ...rest } = fieldsOf(step, format);
  const tail = JSON.stringify(rest).slice(1);
  return [`{"max_tokens":${max_tokens},"messages":`, tail === '}' ? tail : `,${tail}`];
}

// In the order of their names, as in canonical JSON.
function fieldsOf(step: LlmStep, format: AnswerFormat | null) {
  const rules = {
    ...(step.strict ? { strict: true } : {}),
    ...(step.repair > 0 ? { repair: step.repair } : {}),
    ...(step.keepReasoning ? { keepReasoning: true } : {}),
  };
  return {
    max_tokens: step.maxTokens,
    ...(Object.keys(rules).length === 0 ? {} : { mizu: rules }),
    ...(step.reasoningEffort === null ? {} : { reasoning_effort: step.reasoningEffort }),
    ...(format === null
      ? {}
      : { response_format: { type: 'json_schema', json_schema: { name: step.name, ...format } } }),
    ...(step.seed === null ? {} : { seed: step.seed }),
    ...(step.temperature === null ? {} : { temperature: step.temperature }),
  };
}
