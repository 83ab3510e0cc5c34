// docs/sdk.md#operators: a workflow as plain data, what the typed chain builds and the compiler and the runtime read.
import type { ZodType } from 'zod';
import type { Content } from '../../edge/backends/messages.ts';
import type { Aggregation } from './aggregate.ts';

/** A message of a conversation, as `prompt` returns them and `converse` keeps them. */
export type Message = { readonly role: 'system' | 'user' | 'assistant'; readonly content: Content };

type Made = {
  readonly name: string;
  /** The stack of where the workflow file made it, to name the line: docs/sdk.md#errors. */
  readonly made: string;
};

export type MapOperator = Made & { readonly kind: 'map'; readonly fn: (row: never) => object };
export type FilterOperator = Made & { readonly kind: 'filter'; readonly fn: (row: never) => boolean };
export type FlatMapOperator = Made & {
  readonly kind: 'flatMap';
  readonly fn: (row: never) => readonly object[];
};
export type ValidateOperator = Made & { readonly kind: 'validate'; readonly schema: ZodType };

/** What happens to a row that fails a check: to the rejects, away without a trace, or the run stops. */
export type OnFail = 'reject' | 'drop' | 'stop';
export type CheckOperator = Made & {
  readonly kind: 'check';
  readonly fn: (row: never) => boolean;
  readonly onFail: OnFail;
};
export type SampleOperator = Made & {
  readonly kind: 'sample';
  readonly fraction: number;
  readonly seed: string;
  /** Rows of one key are sampled together; without it each row for itself. */
  readonly key: ((row: never) => unknown) | null;
};
type Joining = {
  readonly on: (row: never) => unknown;
  /** A row without a match stays, with null. */
  readonly isLeft: boolean;
  /** Of several matches only the first. */
  readonly isFirst: boolean;
};
/** A join with a table that is part of the workflow: frozen rows by the canonical JSON of their key. */
export type LookupOperator = Made &
  Joining & { readonly kind: 'lookup'; readonly table: ReadonlyMap<string, readonly object[]> };
export type ChunkOperator = Made & {
  readonly kind: 'chunk';
  readonly text: (row: never) => unknown;
  readonly size: number;
  /** Units that a chunk has in common with the one before it. */
  readonly overlap: number;
  readonly unit: 'characters' | 'words' | 'lines';
  /** What each chunk's row has of its source; null: nothing. */
  readonly keep: ((row: never) => object) | null;
};
/** A split with a key is a row operator too: a row whose key fails is rejected before parts and rejects are written. */
export type RowOperator =
  | MapOperator
  | FilterOperator
  | FlatMapOperator
  | ValidateOperator
  | CheckOperator
  | SampleOperator
  | LookupOperator
  | ChunkOperator
  | SplitOperator;

export type LlmOperator = Made & {
  readonly kind: 'llm';
  readonly task: 'generate' | 'classify' | 'score' | 'judge' | 'converse' | 'embed' | 'simulate';
  readonly name: string;
  /** Of the row: holds what comes of the answers. */
  readonly field: string;
  /** The row has the field already, and it grows: a later turn of a conversation. */
  readonly continues: boolean;
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
  /** Requests that a row gives. */
  readonly asks: number;
  readonly gather: Gather;
  /** `ask` counts the row's requests from 0; only where the operator needs all of them they differ. */
  readonly prompt: (row: never, ask: number) => readonly Message[];
  /** Shape of the answer; null: the answer is text. */
  readonly output: ZodType | null;
  /** From the checked answer to the field's value. */
  readonly parse: (answer: never, row: never, said: Said) => unknown;
  /** Who answers is a program; null: a model. */
  readonly simulate: Simulating | null;
};

export type Simulating = {
  /** Path of its module, from the folder of the workflow file. */
  readonly program: string;
  readonly gasLimit: number;
  readonly seed: (row: never) => unknown;
};

/** From the answers of a row to the field's value. */
export type Gather =
  /** There is one, and it is the value. */
  | { readonly kind: 'one' }
  /** To the same question, told apart by `seed` and number: a list of the good ones, of which the row needs so many. */
  | { readonly kind: 'each'; readonly least: number }
  /** To different questions: all of them must be good. */
  | { readonly kind: 'all'; readonly names: readonly string[]; readonly join: (values: readonly never[]) => unknown };

/** An answer that has not ended by itself: its row is rejected, or it is taken as it is. */
export type OnTruncated = 'reject' | 'keep';

/** What a model has said, beside what the operator makes of it. */
export type Said = {
  /** Whole, as the result has it. */
  readonly content: string;
  /** `stop`, `length`, `content_filter`, … */
  readonly finishReason: string;
  readonly usage: { readonly promptTokens: number; readonly completionTokens: number };
  /** Null: none, or not kept. */
  readonly reasoning: string | null;
};

export type DedupeOperator = Made & {
  readonly kind: 'dedupe';
  readonly key: (row: never) => unknown;
  /** Jaccard similarity of the sets of shingles from which two rows are duplicates; null: equal keys only. */
  readonly near: number | null;
  /** Cosine of two vectors from which their rows are duplicates; null: keys are no vectors. */
  readonly semantic: number | null;
  /** Tokens of a shingle. */
  readonly shingle: number;
  readonly tokens: 'words' | 'characters';
  readonly onDuplicate: 'drop' | 'reject';
  /** Number of tasks that the keys are spread over. */
  readonly buckets: number;
};

/** The rows of one key become one row: `key`, and the fields. */
export type GroupOperator = Made & {
  readonly kind: 'groupBy';
  readonly key: (row: never) => unknown;
  readonly fields: readonly (readonly [field: string, Aggregation])[];
  /** Number of tasks that the keys are spread over. */
  readonly buckets: number;
};

/** A second input of a run: what its rows fit, or nothing is asked of them. */
export type Input = { readonly kind: 'input'; readonly name: string; readonly schema: ZodType | null };

/** A join of the dataset with rows of another input, or of some of its rows with the others. */
export type JoinOperator = Made &
  Joining & {
    readonly kind: 'join';
    readonly right: Input | { readonly kind: 'own'; readonly isRight: (row: never) => boolean };
    readonly key: (row: never) => unknown;
    readonly buckets: number;
  };

/** Rows become one, as a list. */
export type BatchOperator = Made & {
  readonly kind: 'batch';
  readonly size: number;
  /** Null: rows side by side. */
  readonly key: ((row: never) => unknown) | null;
  readonly buckets: number;
};

/** The first rows. */
export type LimitOperator = Made & { readonly kind: 'limit'; readonly count: number };

/** An exact number of rows. */
export type DrawOperator = Made & {
  readonly kind: 'draw';
  readonly count: number;
  /** `count` is of each stratum. */
  readonly isEach: boolean;
  /** The stratum of a row; null: all are one. */
  readonly by: ((row: never) => unknown) | null;
  readonly seed: string;
};

export type SortKey = {
  readonly by: (row: never) => unknown;
  readonly isDescending: boolean;
  readonly missing: 'first' | 'last' | 'reject';
};
/** The whole dataset in another order: the rows go to tasks of its own, and stay there. */
export type SortOperator = Made & {
  readonly kind: 'sort';
  readonly keys: readonly SortKey[];
  /** Number of ranges, and of the tasks of each stage from here on. */
  readonly buckets: number;
};

export type SplitOperator = Made & {
  readonly kind: 'split';
  readonly name: 'split';
  readonly parts: readonly { readonly name: string; readonly fraction: number }[];
  readonly seed: string;
  readonly key: ((row: never) => unknown) | null;
};

/** Operators over the whole dataset whose rows stay where they are: what is said of them meets in tasks of its own. */
export type ExchangeOperator =
  | DedupeOperator
  | GroupOperator
  | JoinOperator
  | BatchOperator
  | LimitOperator
  | DrawOperator;
const EXCHANGES: readonly string[] = [
  'dedupe',
  'groupBy',
  'join',
  'batch',
  'limit',
  'draw',
] satisfies ExchangeOperator['kind'][];

export type Operator = RowOperator | LlmOperator | SortOperator | ExchangeOperator;

/** What a workflow file exports by default. */
export type Workflow = {
  readonly name: string;
  readonly operators: readonly Operator[];
  /** Jumps and calls that a stage may take for one row: docs/sdk.md#row-budget. */
  readonly rowBudget: number;
};

export const DEFAULT_ROW_BUDGET = 2_000_000;

export function isRowOperator(operator: Operator): operator is RowOperator {
  return (
    operator.kind !== 'llm' &&
    operator.kind !== 'sort' &&
    !isExchangeOperator(operator) &&
    (operator.kind !== 'split' || operator.key !== null)
  );
}

export function isExchangeOperator(operator: Operator): operator is ExchangeOperator {
  return EXCHANGES.includes(operator.kind);
}

/** The other inputs that the operators read, each once, in the order of the operators. */
export function inputsOf(operators: readonly Operator[]): Input[] {
  const found = operators.flatMap((operator) =>
    operator.kind === 'join' && operator.right.kind === 'input' ? [operator.right] : [],
  );
  return found.filter(({ name }, i) => found.findIndex((other) => other.name === name) === i);
}

/** One that looks at the rows of all partitions. */
export function isWholeOperator(operator: Operator): operator is ExchangeOperator | SortOperator {
  return operator.kind === 'sort' || isExchangeOperator(operator);
}

export type Unmade<S> = S extends Operator ? Omit<S, 'made'> : never;
