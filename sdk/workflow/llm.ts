// docs/sdk.md#llm: generate, classify and score are one kind of step: a prompt, the shape of the answer, a parser.
import * as z from 'zod';
import { assertOption } from './refusal.ts';
import type { LlmStep, Message } from './step.ts';

export type ModelOptions = {
  /** Name of a registered model, for example `builtin/small`. */
  readonly model: string;
  /** Upper bound of the answer; default 256. */
  readonly maxTokens?: number;
  /** Default 0. */
  readonly temperature?: number;
  /** Default 0. */
  readonly seed?: number;
  readonly system?: string;
};

export type Prompt<Row> = (row: Readonly<Row>) => string | readonly Message[];

export type GenerateOptions<Row, Answer, Value> = ModelOptions & {
  readonly prompt: Prompt<Row>;
  /** Zod schema of the answer; without it the answer is text. Every field is required: say `.nullable()`, not `.optional()`. */
  readonly output?: z.ZodType<Answer>;
  /** From the answer that fits the schema to the field's value; throwing rejects the row. */
  readonly parse?: (answer: Answer, row: Readonly<Row>) => Value;
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
): LlmStep {
  const { model, maxTokens = 256, temperature = 0, seed = 0, system } = options;
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
  assertOption(name, 'temperature', temperature >= 0 && temperature <= 2, '0 to 2', temperature);
  assertOption(name, 'seed', Number.isSafeInteger(seed), 'an integer', seed);
  const first: Message[] = system === undefined ? [] : [{ role: 'system', content: system }];
  return {
    kind: 'llm',
    task,
    name,
    model,
    maxTokens,
    temperature,
    seed,
    prompt: (row: never) => {
      const prompt = options.prompt(row);
      return typeof prompt === 'string' ? [...first, { role: 'user', content: prompt }] : [...first, ...prompt];
    },
    output: options.output ?? null,
    parse: options.parse ?? ((answer: unknown) => answer),
  };
}

export function createClassify(name: string, options: ClassifyOptions<never, string>): LlmStep {
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
      prompt: (row: never) => intro + text(row),
      output: z.strictObject({ label: z.enum(labels as [string, ...string[]]) }),
      parse: (answer: unknown) => (answer as { label: string }).label,
    },
    'classify',
  );
}

export function createScore(name: string, options: ScoreOptions<never>): LlmStep {
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
