// docs/rows.md#requests: the fields of a model step's requests; only their messages differ from row to row.
import type { LlmStep } from '../workflow/step.ts';
import { canonical } from './canonical.ts';

/** What the compiler says of a step's answer. */
export type AnswerFormat = {
  /** JSON schema that an answer must fit. */
  readonly schema: unknown;
  /** Endpoints are asked to bind the model to it. */
  readonly strict: boolean;
};

/** `[head, tail]` of each request, around the canonical JSON of its messages. */
export function requestFrame(step: LlmStep, format: AnswerFormat | null): readonly [string, string] {
  const whole = canonical({ ...fieldsOf(step, format), messages: null });
  // max_tokens stands before it, mizu and response_format behind it: no text of a step's comes first.
  const at = whole.indexOf('"messages":null') + '"messages":'.length;
  return [whole.slice(0, at), whole.slice(at + 'null'.length)];
}

function fieldsOf(step: LlmStep, format: AnswerFormat | null): Record<string, unknown> {
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
