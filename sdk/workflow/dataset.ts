// docs/sdk.md#chain: the typed chain over rows. Nothing runs here: each call adds one operator to a plain list.
import type { ZodType, z } from 'zod';
import { type AggregateFields, type Aggregates, createAggregations, type GroupRow } from './aggregate.ts';
import { type ConverseOptions, createConverse } from './converse.ts';
import { createJoin, type JoinOptions, type JoinRowsOptions, type OtherInput } from './join.ts';
import { createJudge, type Judgement, type JudgeOptions } from './judge.ts';
import {
  type ClassifyOptions,
  createClassify,
  createGenerate,
  createScore,
  type GenerateOptions,
  type Rubric,
  type Score,
  type ScoreOptions,
  type Several,
} from './llm.ts';
import {
  type BatchOptions,
  type Chunk,
  type ChunkOptions,
  createBatch,
  createChunkStep,
  createLimit,
  createSample,
  type SampleOptions,
} from './parts.ts';
import { assertBuckets, assertName, assertOption, duplicateName } from './refusal.ts';
import { createSort, type SortBy, type SortOptions, type SortOrder } from './sort.ts';
import {
  DEFAULT_ROW_BUDGET,
  inputsOf,
  type Message,
  type OnFail,
  type Step,
  type Unmade,
  type Workflow,
} from './step.ts';

/** Fields shown flat in editors. */
type Flat<T> = { [K in keyof T]: T[K] };
type With<Row, Name extends string, Value> = Flat<Omit<Row, Name> & { [K in Name]: Value }>;
/** The name of a field that the row has not; where nothing is known of the row (`any`) each name. */
type NewField<Row, Name extends string> = string extends keyof Row
  ? Name
  : Name extends keyof Row
    ? `the row has a field '${Name}' already`
    : Name;

type Joined<Right, How> = How extends 'left' ? Right | null : Right;

/** What holds for a whole workflow. */
export type DatasetOptions = {
  /**
   * What the functions of one stage may take for one row, in jumps (a pass of a loop is one or two) and calls: 10,000 to 20,000,000,
   * counted in ten thousands. Default 2,000,000. A row that takes more is rejected.
   */
  readonly rowBudget?: number;
};

/** Which rows `dedupe` takes for duplicates, and what becomes of them. */
export type DedupeOptions = {
  /** Jaccard similarity of the sets of shingles, 0.3 to 1, from which two texts are duplicates. Without it only equal keys are. */
  readonly near?: number;
  /** Tokens of a shingle, 1 to 8; default 3. Only with `near`. */
  readonly shingle?: number;
  /** What texts are made of; default `words` (of scripts without spaces: characters). Only with `near`. */
  readonly tokens?: 'words' | 'characters';
  /** Default `drop`; `reject` keeps them among the rejects with the row they repeat. */
  readonly onDuplicate?: 'drop' | 'reject';
  /** Tasks that the keys are spread over, 1 to 64; default 4. */
  readonly buckets?: number;
};

/** How the work of `groupBy` is divided. */
export type GroupOptions = {
  /** Tasks that the keys are spread over, 1 to 64; default 4. */
  readonly buckets?: number;
};

/** Rows by key, of which `aggregate` makes one row a group. */
export type Groups<Row, Key> = {
  aggregate<const Fields extends AggregateFields>(
    name: string,
    fields: (group: Aggregates<Row>) => Fields,
  ): Dataset<Flat<GroupRow<Key, Fields>>>;
};

/** By what `split` puts a row into its part: rows with the same key are in the same part. */
export type SplitOptions<Row> = { readonly seed?: string; readonly key?: (row: Readonly<Row>) => unknown };

/**
 * Rows of one type and the operators so far. Operators are pure functions of one row: they see a frozen row, and a row on which one
 * throws goes to the rejects with the reason. Immutable: each call returns a new chain.
 */
export type Dataset<Row> = Workflow & {
  map<U extends object>(name: string, fn: (row: Readonly<Row>) => U): Dataset<Flat<U>>;
  filter<U extends Row>(name: string, fn: (row: Readonly<Row>) => row is Readonly<U>): Dataset<U>;
  filter(name: string, fn: (row: Readonly<Row>) => boolean): Dataset<Row>;
  flatMap<U extends object>(name: string, fn: (row: Readonly<Row>) => readonly U[]): Dataset<Flat<U>>;
  /** Rows that do not fit are rejected; those that do are what the schema makes of them. */
  validate<U extends object>(name: string, schema: ZodType<U>): Dataset<U>;
  check(name: string, fn: (row: Readonly<Row>) => boolean, options?: { readonly onFail?: OnFail }): Dataset<Row>;
  /** Asks a model; the answer is the field `name`, with `n` a list of answers. */
  generate<const Name extends string, Answer = string, Value = Answer, N extends number | undefined = undefined>(
    name: NewField<Row, Name>,
    options: GenerateOptions<Row, Answer, Value, N>,
  ): Dataset<With<Row, Name, Several<Value, N>>>;
  /** Asks a model for one of the labels; the label is the field `name`, with `n` a list of labels. */
  classify<const Name extends string, const Label extends string, N extends number | undefined = undefined>(
    name: NewField<Row, Name>,
    options: ClassifyOptions<Row, Label, N>,
  ): Dataset<With<Row, Name, Several<Label, N>>>;
  /**
   * Asks a model for a number from min to max; the number is the field `name`. With a rubric the field has the number and the reason,
   * with `n` it is a list.
   */
  score<const Name extends string, R extends Rubric | undefined = undefined, N extends number | undefined = undefined>(
    name: NewField<Row, Name>,
    options: ScoreOptions<Row, R, N>,
  ): Dataset<With<Row, Name, Several<Score<R>, N>>>;
  /** Asks a model which of two texts is better, in both orders; the judgement is the field `name`. */
  judge<const Name extends string>(
    name: NewField<Row, Name>,
    options: JudgeOptions<Row>,
  ): Dataset<With<Row, Name, Judgement>>;
  /** A conversation of several turns; its messages are the field `name`. */
  converse<const Name extends string>(
    name: NewField<Row, Name>,
    options: ConverseOptions<Row>,
  ): Dataset<With<Row, Name, Message[]>>;
  /** Over the whole dataset: the first of equal rows stays. */
  dedupe(name: string, key: (row: Readonly<Row>) => unknown, options?: DedupeOptions): Dataset<Row>;
  /** Over the whole dataset: `aggregate` makes one row of all rows of a key, in the order of the keys' first rows. */
  groupBy<const Key>(key: (row: Readonly<Row>) => Key, options?: GroupOptions): Groups<Row, Key>;
  /** Adds the rows of a table that have the same key, as the field `name`. The table is part of the workflow: at most 1 MiB of JSON. */
  join<const Name extends string, Right extends object, How extends 'inner' | 'left' = 'inner'>(
    name: NewField<Row, Name>,
    right: readonly Right[],
    options: JoinOptions<Row, Right, How>,
  ): Dataset<With<Row, Name, Joined<Right, How>>>;
  /** Over the whole dataset: adds the rows of another input that have the same key, as the field `name`. */
  join<const Name extends string, Right extends object, How extends 'inner' | 'left' = 'inner'>(
    name: NewField<Row, Name>,
    right: OtherInput<Right>,
    options: JoinRowsOptions<Row, Right, How>,
  ): Dataset<With<Row, Name, Joined<Right, How>>>;
  /** Over the whole dataset: adds those of its rows that `right` tells to the others that have the same key. */
  join<const Name extends string, Right extends Row, How extends 'inner' | 'left' = 'inner'>(
    name: NewField<Exclude<Row, Right>, Name>,
    right: (row: Readonly<Row>) => row is Readonly<Right>,
    options: JoinRowsOptions<Exclude<Row, Right>, Right, How>,
  ): Dataset<With<Exclude<Row, Right>, Name, Joined<Right, How>>>;
  /** The whole dataset in an order: by one value of each row, or by several. Equal rows stay in theirs. */
  sort(name: string, by: SortBy<Row>, options?: SortOrder & SortOptions): Dataset<Row>;
  sort(name: string, by: readonly (SortOrder & { readonly by: SortBy<Row> })[], options?: SortOptions): Dataset<Row>;
  /** Rows of one key become one, so many at a time. */
  batch<const Name extends string, const Key>(
    name: Name,
    options: BatchOptions<Row, Key>,
  ): Dataset<Flat<{ key: Key } & { [K in Name]: Row[] }>>;
  /** Rows side by side become one that holds them as the field `name`. */
  batch<const Name extends string>(name: Name, options: { readonly size: number }): Dataset<{ [K in Name]: Row[] }>;
  /** Pieces of a long text: a row for each, with the piece as the field `name`. */
  chunk<const Name extends string, Kept extends object = object>(
    name: Name,
    options: ChunkOptions<Row, Kept>,
  ): Dataset<With<Kept, Name, Chunk>>;
  /** The first rows of the dataset. */
  limit(name: string, count: number): Dataset<Row>;
  /** Keeps a fraction of the rows, or so many, chosen by a hash: the same ones in every run. */
  sample(name: string, options: SampleOptions<Row>): Dataset<Row>;
  /** Names the parts of the result, for example `{ train: 0.9, test: 0.1 }`. The rows that came of one input row share a part. */
  split(parts: Readonly<Record<string, number>>, options?: SplitOptions<Row>): Workflow;
};

/**
 * Begins a workflow. With a schema, input rows that do not fit it are rejected by the operator `input`.
 *
 * @example
 * export default dataset('first', z.object({ text: z.string() }))
 *   .filter('long', (row) => row.text.length > 12)
 *   .split({ train: 0.9, test: 0.1 });
 * @throws MizuError `sdk/bad-name`
 */
export function dataset<Schema extends ZodType<object>>(
  name: string,
  schema: Schema,
  options?: DatasetOptions,
): Dataset<z.output<Schema>>;
export function dataset<Row extends object>(name: string, schema?: undefined, options?: DatasetOptions): Dataset<Row>;
export function dataset(name: string, schema?: ZodType, options: DatasetOptions = {}): Dataset<object> {
  assertName('dataset', name);
  const { rowBudget = DEFAULT_ROW_BUDGET } = options;
  const good = Number.isInteger(rowBudget) && rowBudget >= 10_000 && rowBudget <= 20_000_000;
  assertOption('input', 'rowBudget', good, 'a whole number, 10000 to 20000000', rowBudget);
  return chain(name, rowBudget, schema === undefined ? [] : [made({ kind: 'validate', name: 'input', schema })]);
}

function chain(name: string, rowBudget: number, steps: readonly Step[]): Dataset<object> {
  const add = (...added: readonly Unmade<Step>[]): Dataset<object> => {
    for (const step of added) {
      assertName('step', step.name);
      if (steps.some((other) => other.name === step.name)) throw duplicateName(step.name);
      assertOption(step.name, 'name', step.name !== 'input' && step.name !== 'rejects', 'another name', step.name);
    }
    const next = [...steps, ...added.map(made)];
    assertInputs(next);
    return chain(name, rowBudget, next);
  };
  const addFn = (kind: 'map' | 'filter' | 'flatMap', step: string, fn: unknown): Dataset<object> => {
    assertOption(step, 'fn', typeof fn === 'function', 'a function of a row', fn);
    return add({ kind, name: step, fn } as Unmade<Step>);
  };
  const methods = {
    name,
    rowBudget,
    steps,
    map: (step: string, fn: unknown) => addFn('map', step, fn),
    filter: (step: string, fn: unknown) => addFn('filter', step, fn),
    flatMap: (step: string, fn: unknown) => addFn('flatMap', step, fn),
    validate: (step: string, schema: ZodType) => {
      assertOption(step, 'schema', typeof schema?.safeParse === 'function', 'a zod schema', schema);
      return add({ kind: 'validate', name: step, schema });
    },
    check: (step: string, fn: (row: never) => boolean, { onFail = 'reject' }: { onFail?: OnFail } = {}) => {
      assertOption(step, 'fn', typeof fn === 'function', 'a function of a row', fn);
      assertOption(step, 'onFail', ['reject', 'drop', 'stop'].includes(onFail), "'reject', 'drop' or 'stop'", onFail);
      return add({ kind: 'check', name: step, fn, onFail });
    },
    generate: (step: string, options: GenerateOptions<never, unknown, unknown, number | undefined>) =>
      add(createGenerate(step, options)),
    classify: (step: string, options: ClassifyOptions<never, string, number | undefined>) =>
      add(createClassify(step, options)),
    score: (step: string, options: ScoreOptions<never, Rubric | undefined, number | undefined>) =>
      add(createScore(step, options)),
    judge: (step: string, options: JudgeOptions<never>) => add(createJudge(step, options)),
    converse: (step: string, options: ConverseOptions<never>) => add(...createConverse(step, options)),
    dedupe: (step: string, key: (row: never) => unknown, options: DedupeOptions = {}) => {
      const { near = null, shingle = 3, tokens = 'words', onDuplicate = 'drop', buckets = 4 } = options;
      assertOption(step, 'key', typeof key === 'function', 'a function of a row', key);
      assertOption(step, 'near', near === null || (near >= 0.3 && near <= 1), '0.3 to 1', near);
      for (const option of ['shingle', 'tokens'] as const) {
        const used = options[option];
        assertOption(step, option, near !== null || used === undefined, 'left out where there is no `near`', used);
      }
      const counted = Number.isInteger(shingle) && shingle >= 1 && shingle <= 8;
      assertOption(step, 'shingle', counted, 'a whole number of tokens, 1 to 8', shingle);
      assertOption(step, 'tokens', ['words', 'characters'].includes(tokens), "'words' or 'characters'", tokens);
      assertBuckets(step, buckets);
      return add({ kind: 'dedupe', name: step, key, near, shingle, tokens, onDuplicate, buckets });
    },
    groupBy: (key: unknown, { buckets = 4 }: GroupOptions = {}) => ({
      aggregate: (step: string, build: unknown) => {
        assertOption(step, 'key', typeof key === 'function', 'a function of a row', key);
        assertBuckets(step, buckets);
        return add({
          kind: 'groupBy',
          name: step,
          key: key as never,
          fields: createAggregations(step, build),
          buckets,
        });
      },
    }),
    join: (step: string, right: unknown, options: JoinRowsOptions<never, never, 'inner' | 'left'>) =>
      add(createJoin(step, right, options)),
    sort: (step: string, by: unknown, options: SortOrder & SortOptions = {}) => add(createSort(step, by, options)),
    batch: (step: string, options: BatchOptions<never, unknown>) => add(createBatch(step, options)),
    chunk: (step: string, options: ChunkOptions<never, object>) => add(createChunkStep(step, options)),
    limit: (step: string, count: number) => add(createLimit(step, count)),
    sample: (step: string, options: SampleOptions<never>) => add(createSample(step, options)),
    split: (parts: Record<string, number>, { seed = '', key }: SplitOptions<never> = {}): Workflow => {
      const list = Object.entries(parts).map(([part, fraction]) => ({ name: part, fraction }));
      for (const part of list) assertName('part of a split', part.name);
      const sum = list.reduce((total, part) => total + part.fraction, 0);
      const good = list.length > 0 && list.every((part) => part.fraction > 0 && part.name !== 'rejects');
      assertOption('split', 'parts', good && Math.abs(sum - 1) < 1e-9, 'fractions above 0 that add up to 1', parts);
      const step = made({ kind: 'split', name: 'split', parts: list, seed, key: key ?? null });
      if (steps.some((other) => other.name === 'split')) throw duplicateName('split');
      const whole = [...steps, step];
      assertInputs(whole);
      return { name, rowBudget, steps: whole };
    },
  };
  return methods as unknown as Dataset<object>;
}

// Rejects are told by the name of an operator, or of an input.
function assertInputs(steps: readonly Step[]): void {
  const inputs = inputsOf(steps);
  const both = inputs.find(({ name }) => steps.some((step) => step.name === name));
  if (both !== undefined) throw duplicateName(both.name);
  for (const step of steps) {
    if (step.kind !== 'join' || step.right.kind !== 'input') continue;
    const { name } = step.right;
    const isOne = inputs.some((other) => other === step.right);
    assertOption(step.name, 'right', isOne, `one input of the name '${name}'`, `two inputs of the name '${name}'`);
  }
}

function made(step: Unmade<Step>): Step {
  return { ...step, made: new Error().stack ?? '' } as Step;
}
