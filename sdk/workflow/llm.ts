// docs/sdk.md#llm: generate, classify and score are one kind of step: a prompt, the shape of the answer, a parser.
import * as z from 'zod';
import { kindOf } from '../runtime/canonical.ts';
import { assertOption } from './refusal.ts';
import type { LlmStep, Message, OnTruncated, Said, Unmade } from './step.ts';

/** As `MAX_REPAIRS` of the edge network, which is not part of a program. */
const MAX_REPAIRS = 2;
const MAX_MESSAGES = 1_000;

export type ModelOptions = {
  /** Name of a registered model, for example `builtin/small`. */
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

export type Prompt<Row> = (row: Readonly<Row>) => string | readonly Message[];

export type GenerateOptions<Row, Answer, Value> = ModelOptions & {
  readonly prompt: Prompt<Row>;
  /** Zod schema of the answer; without it the answer is text. Every field is required: say `.nullable()`, not `.optional()`. */
  readonly output?: z.ZodType<Answer>;
  /** From the answer that fits the schema to the field's value; throwing rejects the row. */
  readonly parse?: (answer: Answer, row: Readonly<Row>, said: Said) => Value;
};

export type ClassifyOptions<Row, Label extends string> = ModelOptions & {
  readonly labels: readonly Label[];
  /** The text to classify. */
  readonly text: (row: Readonly<Row>) => string;
  /** What is asked; default "Which label fits the text?". */
  readonly question?: string;
};

export type ScoreOptions<Row> = ModelOptions & {
  readonly prompt: Prompt<Row>;
  /** Default 0. */
  readonly min?: number;
  /** Default 10. */
  readonly max?: number;
};

export function createGenerate(
  name: string,
  options: GenerateOptions<never, unknown, unknown>,
  task: LlmStep['task'] = 'generate',
): Unmade<LlmStep> {
  const { model, maxTokens = 256, temperature, seed, system } = options;
  const { reasoningEffort, onTruncated = 'reject', strict = false, repair = 0, keepReasoning = false } = options;
  assertOption(
    name,
    'model',
    typeof model === 'string' && model.length > 0 && model.length <= 128,
    'the name of a model',
    model,
  );
  assertOption(
    name,
    'prompt',
    typeof options.prompt === 'function',
    'a function from a row to a prompt',
    options.prompt,
  );
  assertOption(
    name,
    'maxTokens',
    Number.isInteger(maxTokens) && maxTokens >= 1 && maxTokens <= 32_768,
    '1 to 32768',
    maxTokens,
  );
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
  const first: Message[] = system === undefined ? [] : [{ role: 'system', content: system }];
  return {
    kind: 'llm',
    task,
    name,
    model,
    maxTokens,
    temperature: temperature ?? null,
    seed: seed ?? null,
    reasoningEffort: reasoningEffort ?? null,
    onTruncated,
    strict,
    repair,
    keepReasoning,
    prompt: (row: never) => {
      const prompt = options.prompt(row);
      if (typeof prompt === 'string') return [...first, { role: 'user', content: prompt }];
      if (!Array.isArray(prompt) || prompt.length > MAX_MESSAGES) {
        const came = Array.isArray(prompt) ? `${prompt.length} messages` : kindOf(prompt);
        throw new TypeError(`a prompt is a string or a list of at most ${MAX_MESSAGES} messages, not ${came}`);
      }
      return [...first, ...prompt];
    },
    output: options.output ?? null,
    parse: options.parse ?? ((answer: unknown) => answer),
  };
}

export function createClassify(name: string, options: ClassifyOptions<never, string>): Unmade<LlmStep> {
  const { labels, text, question = 'Which label fits the text?' } = options;
  assertOption(
    name,
    'labels',
    Array.isArray(labels) && labels.length >= 2 && new Set(labels).size === labels.length,
    'two or more different labels',
    labels,
  );
  assertOption(name, 'text', typeof text === 'function', 'a function from a row to its text', text);
  const intro = `${question}\nLabels: ${labels.join(', ')}\n\n`;
  return createGenerate(
    name,
    {
      ...options,
      maxTokens: options.maxTokens ?? 64,
      prompt: (row: never) => {
        const asked: unknown = text(row);
        if (typeof asked !== 'string') throw new TypeError(`text is a string, not ${kindOf(asked)}`);
        return intro + asked;
      },
      output: z.strictObject({ label: z.enum(labels as [string, ...string[]]) }),
      parse: (answer: unknown) => (answer as { label: string }).label,
    },
    'classify',
  );
}

export function createScore(name: string, options: ScoreOptions<never>): Unmade<LlmStep> {
  const { min = 0, max = 10 } = options;
  assertOption(name, 'max', Number.isFinite(min) && Number.isFinite(max) && min < max, 'min below max', { min, max });
  return createGenerate(
    name,
    {
      ...options,
      maxTokens: options.maxTokens ?? 64,
      output: z.strictObject({ score: z.number().min(min).max(max) }),
      parse: (answer: unknown) => (answer as { score: number }).score,
    },
    'score',
  );
}
