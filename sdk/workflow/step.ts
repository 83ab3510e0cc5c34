// docs/sdk.md#steps: a workflow as plain data, what the typed chain builds and the compiler and the runtime read.
import type { ZodType } from 'zod';

export type Message = { readonly role: 'system' | 'user' | 'assistant'; readonly content: string };

export type MapStep = { readonly kind: 'map'; readonly name: string; readonly fn: (row: never) => object };
export type FilterStep = { readonly kind: 'filter'; readonly name: string; readonly fn: (row: never) => boolean };
export type FlatMapStep = {
  readonly kind: 'flatMap';
  readonly name: string;
  readonly fn: (row: never) => readonly object[];
};
export type ValidateStep = { readonly kind: 'validate'; readonly name: string; readonly schema: ZodType };

/** What happens to a row that fails a check: to the rejects, away without a trace, or the run stops. */
export type OnFail = 'reject' | 'drop' | 'stop';
export type CheckStep = {
  readonly kind: 'check';
  readonly name: string;
  readonly fn: (row: never) => boolean;
  readonly onFail: OnFail;
};
export type SampleStep = {
  readonly kind: 'sample';
  readonly name: string;
  readonly fraction: number;
  readonly seed: string;
  /** Rows of one key are sampled together; without it each row for itself. */
  readonly key: ((row: never) => unknown) | null;
};
export type RowStep = MapStep | FilterStep | FlatMapStep | ValidateStep | CheckStep | SampleStep;

export type LlmStep = {
  readonly kind: 'llm';
  readonly task: 'generate' | 'classify' | 'score';
  /** Also the field that holds the answer. */
  readonly name: string;
  readonly model: string;
  readonly maxTokens: number;
  /** Null: the model's own. */
  readonly temperature: number | null;
  readonly seed: number | null;
  readonly reasoningEffort: string | null;
  readonly onTruncated: OnTruncated;
  /** Nothing is taken off the answer. */
  readonly strict: boolean;
  /** How often a row is asked again with what was wrong. */
  readonly repair: number;
  readonly keepReasoning: boolean;
  readonly prompt: (row: never) => readonly Message[];
  /** Shape of the answer; null: the answer is text. */
  readonly output: ZodType | null;
  /** From the checked answer to the field's value. */
  readonly parse: (answer: never, row: never, said: Said) => unknown;
};

/** An answer that has not ended by itself: its row is rejected, or it is taken as it is. */
export type OnTruncated = 'reject' | 'keep';

/** What a model has said, beside what the step makes of it. */
export type Said = {
  /** Whole, as the result has it. */
  readonly content: string;
  /** `stop`, `length`, `content_filter`, … */
  readonly finishReason: string;
  readonly usage: { readonly promptTokens: number; readonly completionTokens: number };
  /** Null: none, or not kept. */
  readonly reasoning: string | null;
};

export type DedupeStep = {
  readonly kind: 'dedupe';
  readonly name: string;
  readonly key: (row: never) => unknown;
  /** Jaccard similarity of word 3-grams from which two rows are duplicates; null: equal keys only. */
  readonly near: number | null;
  readonly onDuplicate: 'drop' | 'reject';
  /** Number of tasks that the keys are spread over. */
  readonly buckets: number;
};

export type SplitStep = {
  readonly kind: 'split';
  readonly name: 'split';
  readonly parts: readonly { readonly name: string; readonly fraction: number }[];
  readonly seed: string;
  readonly key: ((row: never) => unknown) | null;
};

export type Step = RowStep | LlmStep | DedupeStep | SplitStep;

/** What a workflow file exports by default. */
export type Workflow = { readonly name: string; readonly steps: readonly Step[] };

export function isRowStep(step: Step): step is RowStep {
  return step.kind !== 'llm' && step.kind !== 'dedupe' && step.kind !== 'split';
}
