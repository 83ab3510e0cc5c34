// docs/sdk.md#chain: the typed chain over rows. Nothing runs here: each call adds one operator to a plain list.
import type { ZodType, z } from 'zod';
import { type AggregateFields, type Aggregates, createAggregations, type GroupRow } from './aggregate.ts';
import { type ConverseOptions, createConverse } from './converse.ts';
import { createEmbed, type EmbedOptions } from './embed.ts';
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
  DEFAULT_ROW_BUDGET,
  inputsOf,
  type Message,
  type OnFail,
  type Operator,
  type Unmade,
  type Workflow,
} from './operator.ts';
import {
  type BatchOptions,
  type Chunk,
  type ChunkOptions,
  createBatch,
  createChunkOperator,
  createLimit,
  createSample,
  type SampleOptions,
} from './parts.ts';
import { assertBuckets, assertName, assertOption, duplicateName } from './refusal.ts';
import { createSimulate, type SimulateOptions } from './simulate.ts';
import { createSort, type SortBy, type SortOptions, type SortOrder } from './sort.ts';

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
  /**
   * Cosine, 0.3 to 1, from which a row's vector makes it a duplicate of an earlier row that stays: the key is the field of an `embed`.
   * Not with `near`.
   */
  readonly semantic?: number;
  /** Tokens of a shingle, 1 to 8; default 3. Only with `near`. */
  readonly shingle?: number;
  /** What texts are made of; default `words` (of scripts without spaces: characters). Only with `near`. */
  readonly tokens?: 'words' | 'characters';
  /** Default `drop`; `reject` keeps them among the rejects with the row they repeat. */
  readonly onDuplicate?: 'drop' | 'reject';
  /** Tasks that the keys are spread over, 1 to 64; default 4. Not with `semantic`, which has one. */
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
  /**
   * The vector of a text, 512 whole numbers in 65,536ths, as the field `name`.
   *
   * @example
   * .embed('vector', { model: 'datavm/use-lite', text: (row) => row.text })
   */
  embed<const Name extends string>(
    name: NewField<Row, Name>,
    options: EmbedOptions<Row>,
  ): Dataset<With<Row, Name, number[]>>;
  /** A conversation of several turns; its messages are the field `name`. */
  converse<const Name extends string>(
    name: NewField<Row, Name>,
    options: ConverseOptions<Row>,
  ): Dataset<With<Row, Name, Message[]>>;
  /**
   * Runs a WASI program that belongs to the workflow on each row; what it writes is the field `name`.
   *
   * @example
   * .simulate('walk', { program: 'walk.wasm', input: (row) => ({ steps: row.steps }), seed: (row) => row.id, output: z.object({ end: z.int() }) })
   */
  simulate<const Name extends string, Output = string>(
    name: NewField<Row, Name>,
    options: SimulateOptions<Row, Output>,
  ): Dataset<With<Row, Name, Output>>;
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

function chain(name: string, rowBudget: number, operators: readonly Operator[]): Dataset<object> {
  const add = (...added: readonly Unmade<Operator>[]): Dataset<object> => {
    for (const operator of added) {
      assertName('operator', operator.name);
      if (operators.some((other) => other.name === operator.name)) throw duplicateName(operator.name);
      assertOption(
        operator.name,
        'name',
        operator.name !== 'input' && operator.name !== 'rejects',
        'another name',
        operator.name,
      );
    }
    const next = [...operators, ...added.map(made)];
    assertInputs(next);
    return chain(name, rowBudget, next);
  };
  const addFn = (kind: 'map' | 'filter' | 'flatMap', operator: string, fn: unknown): Dataset<object> => {
    assertOption(operator, 'fn', typeof fn === 'function', 'a function of a row', fn);
    return add({ kind, name: operator, fn } as Unmade<Operator>);
  };
  const methods = {
    name,
    rowBudget,
    operators,
    map: (operator: string, fn: unknown) => addFn('map', operator, fn),
    filter: (operator: string, fn: unknown) => addFn('filter', operator, fn),
    flatMap: (operator: string, fn: unknown) => addFn('flatMap', operator, fn),
    validate: (operator: string, schema: ZodType) => {
      assertOption(operator, 'schema', typeof schema?.safeParse === 'function', 'a zod schema', schema);
      return add({ kind: 'validate', name: operator, schema });
    },
    check: (operator: string, fn: (row: never) => boolean, { onFail = 'reject' }: { onFail?: OnFail } = {}) => {
      assertOption(operator, 'fn', typeof fn === 'function', 'a function of a row', fn);
      assertOption(
        operator,
        'onFail',
        ['reject', 'drop', 'stop'].includes(onFail),
        "'reject', 'drop' or 'stop'",
        onFail,
      );
      return add({ kind: 'check', name: operator, fn, onFail });
    },
    generate: (operator: string, options: GenerateOptions<never, unknown, unknown, number | undefined>) =>
      add(createGenerate(operator, options)),
    classify: (operator: string, options: ClassifyOptions<never, string, number | undefined>) =>
      add(createClassify(operator, options)),
    score: (operator: string, options: ScoreOptions<never, Rubric | undefined, number | undefined>) =>
      add(createScore(operator, options)),
    judge: (operator: string, options: JudgeOptions<never>) => add(createJudge(operator, options)),
    embed: (operator: string, options: EmbedOptions<never>) => add(createEmbed(operator, options)),
    converse: (operator: string, options: ConverseOptions<never>) => add(...createConverse(operator, options)),
    simulate: (operator: string, options: SimulateOptions<never, unknown>) => add(createSimulate(operator, options)),
    dedupe: (operator: string, key: (row: never) => unknown, options: DedupeOptions = {}) => {
      const { near = null, semantic = null, shingle = 3, tokens = 'words', onDuplicate = 'drop' } = options;
      const { buckets = semantic === null ? 4 : 1 } = options;
      assertOption(operator, 'key', typeof key === 'function', 'a function of a row', key);
      assertOption(operator, 'near', near === null || (near >= 0.3 && near <= 1), '0.3 to 1', near);
      const isCosine = semantic === null || (semantic >= 0.3 && semantic <= 1);
      assertOption(operator, 'semantic', isCosine, '0.3 to 1', semantic);
      for (const option of ['near', 'buckets'] as const) {
        const used = options[option];
        assertOption(operator, option, semantic === null || used === undefined, 'left out beside `semantic`', used);
      }
      for (const option of ['shingle', 'tokens'] as const) {
        const used = options[option];
        assertOption(operator, option, near !== null || used === undefined, 'left out where there is no `near`', used);
      }
      const counted = Number.isInteger(shingle) && shingle >= 1 && shingle <= 8;
      assertOption(operator, 'shingle', counted, 'a whole number of tokens, 1 to 8', shingle);
      assertOption(operator, 'tokens', ['words', 'characters'].includes(tokens), "'words' or 'characters'", tokens);
      assertBuckets(operator, buckets);
      return add({ kind: 'dedupe', name: operator, key, near, semantic, shingle, tokens, onDuplicate, buckets });
    },
    groupBy: (key: unknown, { buckets = 4 }: GroupOptions = {}) => ({
      aggregate: (operator: string, build: unknown) => {
        assertOption(operator, 'key', typeof key === 'function', 'a function of a row', key);
        assertBuckets(operator, buckets);
        return add({
          kind: 'groupBy',
          name: operator,
          key: key as never,
          fields: createAggregations(operator, build),
          buckets,
        });
      },
    }),
    join: (operator: string, right: unknown, options: JoinRowsOptions<never, never, 'inner' | 'left'>) =>
      add(createJoin(operator, right, options)),
    sort: (operator: string, by: unknown, options: SortOrder & SortOptions = {}) =>
      add(createSort(operator, by, options)),
    batch: (operator: string, options: BatchOptions<never, unknown>) => add(createBatch(operator, options)),
    chunk: (operator: string, options: ChunkOptions<never, object>) => add(createChunkOperator(operator, options)),
    limit: (operator: string, count: number) => add(createLimit(operator, count)),
    sample: (operator: string, options: SampleOptions<never>) => add(createSample(operator, options)),
    split: (parts: Record<string, number>, { seed = '', key }: SplitOptions<never> = {}): Workflow => {
      const list = Object.entries(parts).map(([part, fraction]) => ({ name: part, fraction }));
      for (const part of list) assertName('part of a split', part.name);
      const sum = list.reduce((total, part) => total + part.fraction, 0);
      const good = list.length > 0 && list.every((part) => part.fraction > 0 && part.name !== 'rejects');
      assertOption('split', 'parts', good && Math.abs(sum - 1) < 1e-9, 'fractions above 0 that add up to 1', parts);
      const operator = made({ kind: 'split', name: 'split', parts: list, seed, key: key ?? null });
      if (operators.some((other) => other.name === 'split')) throw duplicateName('split');
      const whole = [...operators, operator];
      assertInputs(whole);
      return { name, rowBudget, operators: whole };
    },
  };
  return methods as unknown as Dataset<object>;
}

// Rejects are told by the name of an operator, or of an input.
function assertInputs(operators: readonly Operator[]): void {
  const inputs = inputsOf(operators);
  const both = inputs.find(({ name }) => operators.some((operator) => operator.name === name));
  if (both !== undefined) throw duplicateName(both.name);
  for (const operator of operators) {
    if (operator.kind !== 'join' || operator.right.kind !== 'input') continue;
    const { name } = operator.right;
    const isOne = inputs.some((other) => other === operator.right);
    assertOption(operator.name, 'right', isOne, `one input of the name '${name}'`, `two inputs of the name '${name}'`);
  }
}

function made(operator: Unmade<Operator>): Operator {
  return { ...operator, made: new Error().stack ?? '' } as Operator;
}
