// docs/sdk.md#llm: every model operator is one kind of operator: a prompt, the shape of the answer, a parser.
import * as z from 'zod';
import { MAX_MESSAGES } from '../../edge/backends/messages.ts';
import { asItIs } from '../runtime/answer.ts';
import { kindOf } from '../runtime/canonical.ts';
import type { Gather, LlmOperator, Message, OnTruncated, Said, Unmade } from './operator.ts';
import { assertOption } from './refusal.ts';

/** As `MAX_REPAIRS` of the edge network, which is not part of a program. */
const MAX_REPAIRS = 2;
/** Each is two messages of a request, which has 256, with the question and one of the system. */
const MAX_EXAMPLES = 127;
/** The built-in model, behind a gateway and as a program. */
const SMALL = ['builtin/small', 'datavm/small'];
/** Answers to one row. */
export const MAX_ANSWERS = 16;

/** The options that every question to a model has. */
export type ModelOptions = {
  /** Name of a registered model, for example `builtin/small`, or of a provable one, for example `datavm/small`. */
  readonly model: string;
  /** Upper bound of the answer, thoughts included; default 256. */
  readonly maxTokens?: number;
  /** 0 to 2. Sent only if it is given. */
  readonly temperature?: number;
  /** Sent only if it is given. */
  readonly seed?: number;
  /** For models that think: `low`, `medium`, `high`, or what else the endpoint knows. Sent only if it is given. */
  readonly reasoningEffort?: string;
  readonly system?: string;
  /** An answer that ends by anything but `stop`: `reject` (default), or `keep` what there is. */
  readonly onTruncated?: OnTruncated;
  /** Default false: a code fence, a leading `<think>` block and white space around the answer are no part of it. */
  readonly strict?: boolean;
  /** How often a row whose answer does not fit is asked again with the reason in the prompt, 0 to 2; default 0. */
  readonly repair?: number;
  /** Default false. The thoughts that the endpoint tells travel with the answer, are paid for by the byte, and `parse` gets them. */
  readonly keepReasoning?: boolean;
};

/** Several answers to one row. With `n` the field is a list, also of one. */
export type SeveralOptions<N> = {
  /** 1 to 16. */
  readonly n?: N;
  /** So many of them must be good, or the row is rejected: 1 (default) to `n`. */
  readonly minAnswers?: number;
};

/** The value of a field: with `n` a list. */
export type Several<Value, N> = N extends number ? Value[] : Value;

export type Prompt<Row> = (row: Readonly<Row>) => string | readonly Message[];

/** What `generate` asks and how its answer is read, beside the options that every question to a model has. */
export type GenerateOptions<Row, Answer, Value, N = undefined> = ModelOptions &
  SeveralOptions<N> & {
    readonly prompt: Prompt<Row>;
    /** Zod schema of the answer; without it the answer is text. Every field is required: say `.nullable()`, not `.optional()`. */
    readonly output?: z.ZodType<Answer>;
    /** From the answer that fits the schema to the field's value; throwing rejects it. */
    readonly parse?: (answer: Answer, row: Readonly<Row>, said: Said) => Value;
  };

/** What `classify` asks, beside the options that every question to a model has. */
export type ClassifyOptions<Row, Label extends string, N = undefined> = ModelOptions &
  SeveralOptions<N> & {
    readonly labels: readonly Label[];
    /** The text to classify. */
    readonly text: (row: Readonly<Row>) => string;
    /** What is asked; default "Which label fits the text?". */
    readonly question?: string;
    /** Texts with their labels, 1 to 127, which the model is shown before the question. */
    readonly examples?: readonly { readonly text: string; readonly label: Label }[];
  };

/** Whole numbers and what each of them means: two or more. */
export type Rubric = Readonly<Record<number, string>>;

/** What a rubric yields. */
export type Rated = { score: number; reason: string };

/** What `score` asks and in which range the number is, beside the options that every question to a model has. */
export type ScoreOptions<Row, R = undefined, N = undefined> = ModelOptions &
  SeveralOptions<N> & {
    readonly prompt: Prompt<Row>;
    /** Default 0. Not with `rubric`. */
    readonly min?: number;
    /** Default 10. Not with `rubric`. */
    readonly max?: number;
    /** The model writes a reason, then one of these numbers. */
    readonly rubric?: R;
  };

/** The value of a `score`. */
export type Score<R> = R extends Rubric ? Rated : number;

type Built = {
  readonly task: LlmOperator['task'];
  readonly asks: number;
  readonly gather: Gather;
  readonly prompt: LlmOperator['prompt'];
  readonly output: z.ZodType | null;
  readonly parse: LlmOperator['parse'];
  /** Where the operator does not say it; default 256. */
  readonly maxTokens?: number;
  readonly simulate?: LlmOperator['simulate'];
};

/** @throws MizuError `sdk/bad-option` */
export function createLlmOperator(name: string, options: ModelOptions, built: Built): Unmade<LlmOperator> {
  const { model, temperature, seed, system } = options;
  const { maxTokens = built.maxTokens ?? 256, reasoningEffort, onTruncated = 'reject' } = options;
  const { strict = false, repair = 0, keepReasoning = false } = options;
  const isModel = typeof model === 'string' && model.length > 0 && model.length <= 128;
  assertOption(name, 'model', isModel, 'the name of a model', model);
  const isLimit = Number.isInteger(maxTokens) && maxTokens >= 1 && maxTokens <= 32_768;
  assertOption(name, 'maxTokens', isLimit, '1 to 32768', maxTokens);
  const isWarmth = temperature === undefined || (temperature >= 0 && temperature <= 2);
  assertOption(name, 'temperature', isWarmth, '0 to 2', temperature);
  assertOption(name, 'seed', seed === undefined || Number.isSafeInteger(seed), 'an integer', seed);
  const isEffort = reasoningEffort === undefined || /^[a-z_-]{1,20}$/.test(reasoningEffort);
  assertOption(name, 'reasoningEffort', isEffort, 'a word like low, medium, high', reasoningEffort);
  const isWay = onTruncated === 'reject' || onTruncated === 'keep';
  assertOption(name, 'onTruncated', isWay, "'reject' or 'keep'", onTruncated);
  assertOption(name, 'repair', Number.isInteger(repair) && repair >= 0 && repair <= MAX_REPAIRS, '0 to 2', repair);
  assertOption(name, 'strict', typeof strict === 'boolean', 'true or false', strict);
  assertOption(name, 'keepReasoning', typeof keepReasoning === 'boolean', 'true or false', keepReasoning);
  const isText = system === undefined || typeof system === 'string';
  assertOption(name, 'system', isText, 'a text', system);
  return {
    kind: 'llm',
    task: built.task,
    name,
    field: name,
    continues: false,
    model,
    maxTokens,
    temperature: temperature ?? null,
    seed: seed ?? null,
    reasoningEffort: reasoningEffort ?? null,
    onTruncated,
    strict,
    repair,
    keepReasoning,
    asks: built.asks,
    gather: built.gather,
    prompt: built.prompt,
    output: built.output,
    parse: built.parse,
    simulate: built.simulate ?? null,
  };
}

/** The messages of a prompt after those that the operator itself says. */
export function toMessages(prompt: unknown, first: readonly Message[]): readonly Message[] {
  if (typeof prompt === 'string') return [...first, { role: 'user', content: prompt }];
  if (!Array.isArray(prompt)) throw new TypeError(`a prompt is a string or a list of messages, not ${kindOf(prompt)}`);
  // Before they are copied.
  if (prompt.length > MAX_MESSAGES) throw tooMany(prompt.length);
  return [...first, ...prompt];
}

function tooMany(count: number): RangeError {
  return new RangeError(`a prompt has at most ${MAX_MESSAGES} messages, not ${count}`);
}

/** Of an operator: none without a text. */
export function systemMessages(...texts: readonly (string | undefined)[]): readonly Message[] {
  const content = texts.filter((text) => text !== undefined && text !== '').join('\n\n');
  return content === '' ? [] : [{ role: 'system', content }];
}

export function createGenerate(
  name: string,
  options: GenerateOptions<never, unknown, unknown, number | undefined>,
  built: Partial<Built> & { readonly rules?: string } = {},
): Unmade<LlmOperator> {
  const { prompt, system } = options;
  assertOption(name, 'prompt', typeof prompt === 'function', 'a function from a row to a prompt', prompt);
  const first = systemMessages(system, built.rules);
  return createLlmOperator(name, options, {
    task: 'generate',
    ...severalOf(name, options),
    prompt: (row: never) => toMessages(prompt(row), first),
    output: options.output ?? null,
    parse: options.parse ?? asItIs,
    ...built,
  });
}

function severalOf(
  name: string,
  { n, minAnswers, temperature, seed }: ModelOptions & SeveralOptions<number | undefined>,
): Pick<Built, 'asks' | 'gather'> {
  if (n === undefined) {
    assertOption(name, 'minAnswers', minAnswers === undefined, 'left out where there is no `n`', minAnswers);
    return { asks: 1, gather: { kind: 'one' } };
  }
  const least = minAnswers ?? 1;
  assertOption(name, 'n', Number.isInteger(n) && n >= 1 && n <= MAX_ANSWERS, `1 to ${MAX_ANSWERS}`, n);
  assertOption(name, 'minAnswers', Number.isInteger(least) && least >= 1 && least <= n, `1 to ${n}`, least);
  const mayDiffer = n === 1 || temperature !== 0 || seed !== undefined;
  assertOption(name, 'temperature', mayDiffer, 'above 0 with `n`, or a `seed` beside it: else all answers are one', 0);
  const isRoom = seed === undefined || Number.isSafeInteger(seed + n);
  assertOption(name, 'seed', isRoom, 'an integer with room for one more an answer', seed);
  return { asks: n, gather: { kind: 'each', least } };
}

export function createClassify(
  name: string,
  options: ClassifyOptions<never, string, number | undefined>,
): Unmade<LlmOperator> {
  const { labels, text, question = 'Which label fits the text?', examples = [] } = options;
  assertOption(
    name,
    'labels',
    Array.isArray(labels) && labels.length >= 2 && new Set(labels).size === labels.length,
    'two or more different labels',
    labels,
  );
  assertOption(name, 'text', typeof text === 'function', 'a function from a row to its text', text);
  assertExamples(name, examples, labels);
  const intro = `${question}\nLabels: ${labels.join(', ')}\n\n`;
  const shown = examples.flatMap((example): Message[] => [
    { role: 'user', content: intro + example.text },
    { role: 'assistant', content: JSON.stringify({ label: example.label }) },
  ]);
  const prompt = (row: never) => {
    const asked: unknown = text(row);
    if (typeof asked !== 'string') throw new TypeError(`text is a string, not ${kindOf(asked)}`);
    return shown.length === 0 ? intro + asked : [...shown, { role: 'user' as const, content: intro + asked }];
  };
  return createGenerate(
    name,
    { ...options, prompt },
    {
      task: 'classify',
      maxTokens: 64,
      output: z.strictObject({ label: z.enum(labels as [string, ...string[]]) }),
      parse: (answer: unknown) => (answer as { label: string }).label,
    },
  );
}

function assertExamples(name: string, examples: unknown, labels: readonly string[]): void {
  const isList = Array.isArray(examples) && examples.length <= MAX_EXAMPLES;
  const isGood =
    isList && examples.every((example) => typeof example?.text === 'string' && labels.includes(example.label));
  const expected = `a list of at most ${MAX_EXAMPLES} {text, label}, each with one of the labels`;
  assertOption(
    name,
    'examples',
    isGood,
    expected,
    isList ? examples.find((one) => !labels.includes(one?.label)) : examples,
  );
}

export function createScore(
  name: string,
  options: ScoreOptions<never, Rubric | undefined, number | undefined>,
): Unmade<LlmOperator> {
  const { min = 0, max = 10, rubric } = options;
  if (rubric !== undefined) return createRated(name, options, rubric);
  assertOption(name, 'max', Number.isFinite(min) && Number.isFinite(max) && min < max, 'min below max', { min, max });
  return createGenerate(name, options, {
    task: 'score',
    maxTokens: 64,
    output: z.strictObject({ score: z.number().min(min).max(max) }),
    parse: (answer: unknown) => (answer as { score: number }).score,
  });
}

function createRated(
  name: string,
  options: ScoreOptions<never, Rubric | undefined, number | undefined>,
  rubric: Rubric,
): Unmade<LlmOperator> {
  const canWeigh = !SMALL.includes(options.model);
  assertOption(
    name,
    'model',
    canWeigh,
    'a language model: the built-in one cannot weigh a text by a rubric',
    options.model,
  );
  for (const bound of ['min', 'max'] as const)
    assertOption(name, bound, options[bound] === undefined, 'left out where there is a `rubric`', options[bound]);
  const isList = typeof rubric === 'object' && rubric !== null && !Array.isArray(rubric);
  const levels = (isList ? Object.keys(rubric) : []).map(Number).sort((a, b) => a - b);
  const isGood = levels.length >= 2 && levels.every((level) => Number.isSafeInteger(level));
  const isTold = isGood && levels.every((level) => typeof rubric[level] === 'string');
  assertOption(name, 'rubric', isTold, 'two or more whole numbers, each with a text that says what it means', rubric);
  const scale = levels.map((level) => `${level}: ${rubric[level]}`).join('\n');
  return createGenerate(name, options, {
    task: 'score',
    rules: `Rate by this scale. Give the reason first, then the number.\n${scale}`,
    output: z.strictObject({ reason: z.string(), score: z.literal(levels as [number, ...number[]]) }),
    parse: asItIs,
  });
}
