// docs/sdk.md#testing: everything that `import … from 'mizu/testing'` gives: a workflow tried in a test, with models whose answers the test says.
import { fileURLToPath } from 'node:url';
import type { Backend, ChatRequest, Completion } from '../edge/backends/backend.ts';
import { BUILTIN_MODEL, createBuiltinBackend } from '../edge/backends/builtin.ts';
import { type RequestMessage, textOfContent } from '../edge/backends/messages.ts';
import { countPromptTokens, countTokens } from '../edge/backends/model/prompt.ts';
import { SIMULATOR_MODEL } from '../edge/backends/simulate-request.ts';
import { isProvable } from '../models/name.ts';
import { MizuError } from '../protocol/errors.ts';
import { type BundledWorkflow, bundleWorkflow } from './compile/compile.ts';
import { loadModels } from './compile/models.ts';
import { createModelBackend } from './local/model-engine.ts';
import { type LocalOptions, type LocalRun, runLocal } from './local/run-local.ts';
import { createLocalSimulator } from './local/simulators.ts';

/** They cost nothing, and answer the same each time. */
const OWN: ReadonlySet<string> = new Set([BUILTIN_MODEL, SIMULATOR_MODEL]);

/** One question that an operator asks a model. */
export type Question = {
  readonly operator: string;
  readonly model: string;
  readonly messages: readonly RequestMessage[];
  /** Text of the last message. */
  readonly prompt: string;
  /** Of an operator with `n`: which of the answers to one prompt, from 0 on. */
  readonly answer: number;
};

/** A text is the answer's content as it is; any other value is sent as JSON. What is thrown rejects the row, as when a model fails. */
export type Answer = (question: Question) => unknown;

/** How `tryWorkflow` runs a workflow, and what models answer. */
export type TryOptions = Pick<LocalOptions, 'inputs' | 'partitions' | 'engine' | 'signal' | 'cacheFolder'> & {
  /**
   * By the name of the operator that asks. An operator of `builtin/small` or of a provable model that is not named here is answered by that model, a
   * simulator by its program.
   */
  readonly answers?: Readonly<Record<string, Answer>>;
};

/** What `tryWorkflow` gives: the run, its rows, and what models were asked. */
export type TriedRun<Row = Record<string, unknown>> = LocalRun & {
  /** Of all parts, one part after another. */
  readonly rows: readonly Row[];
  /** What models were asked, in the order of the questions of each operator. */
  readonly questions: readonly Question[];
};

/**
 * Runs a workflow file over rows in this process. The engine is `node` unless another is named: it starts at once and gives the same rows.
 *
 * @example
 * const run = await tryWorkflow(new URL('./workflow.ts', import.meta.url), [{ text: 'an otter' }], {
 *   answers: { kind: ({ prompt }) => (prompt.includes('otter') ? 'animal' : 'plant') },
 * });
 * expect(run.rows).toEqual([{ text: 'an otter', kind: 'animal' }]);
 * @throws MizuError `sdk/unanswered` if an operator asks a model that nobody stands in for, `sdk/no-operator` if `answers` names an operator that asks none,
 * and what `runLocal` throws
 */
export async function tryWorkflow<Row = Record<string, unknown>>(
  file: string | URL,
  rows: readonly object[],
  { answers = {}, engine = 'node', ...options }: TryOptions = {},
): Promise<TriedRun<Row>> {
  const workflow = await bundleWorkflow(file instanceof URL ? fileURLToPath(file) : file, true, {
    cacheFolder: options.cacheFolder,
  });
  const asking = askingOperators(workflow);
  assertAnswers(asking, answers);
  const questions: Question[] = [];
  let operator = '';
  const models = await loadModels(workflow.description, options.cacheFolder);
  const own = [createBuiltinBackend(), createLocalSimulator(workflow), ...models.map(createModelBackend)];
  const backends = [...new Set(Object.values(asking))].map(
    (model): Backend => ({
      name: model,
      complete: async (request, signal) => {
        const question = toQuestion(operator, model, request);
        questions.push(question);
        const answer = answers[question.operator];
        if (answer !== undefined) return complete(request, question, answer);
        return own.find(({ name }) => name === model)!.complete(request, signal);
      },
    }),
  );
  const run = await runLocal(workflow, rows, {
    ...options,
    engine,
    backends,
    // Stages run one after another: who asks is the stage that was told last.
    onProgress: ({ stage }) => {
      const planned = workflow.description.stages[stage];
      if (planned?.kind === 'infer' || planned?.kind === 'model')
        operator = workflow.description.operators[planned.operator]?.name ?? '';
    },
  });
  return { ...run, rows: Object.values(run.parts).flat() as Row[], questions };
}

/** The model of each operator that asks one. */
function askingOperators({ description }: BundledWorkflow): Readonly<Record<string, string>> {
  return Object.fromEntries(
    description.operators.flatMap(({ name, model }) => (model === undefined ? [] : [[name, model] as const])),
  );
}

function toQuestion(operator: string, model: string, request: ChatRequest): Question {
  const prompt = textOfContent(request.messages.at(-1)?.content ?? '');
  return { operator, model, messages: request.messages, prompt, answer: request.mizu?.answer ?? 0 };
}

async function complete(request: ChatRequest, question: Question, answer: Answer): Promise<Completion> {
  const said = await Promise.resolve(question)
    .then(answer)
    .catch((cause: unknown) => {
      throw cause instanceof MizuError ? cause : modelFails(question, cause);
    });
  const content = typeof said === 'string' ? said : JSON.stringify(said);
  if (content === undefined) throw noAnswer(question, said);
  const usage = { promptTokens: countPromptTokens(request), completionTokens: countTokens(content) };
  return { content, finishReason: 'stop', usage };
}

function assertAnswers(asking: Readonly<Record<string, string>>, answers: Readonly<Record<string, Answer>>): void {
  const unknown = Object.keys(answers).find((name) => !Object.hasOwn(asking, name));
  if (unknown !== undefined) {
    throw new MizuError({
      code: 'sdk/no-operator',
      message: `No operator '${unknown}' asks a model.`,
      expected: Object.keys(asking).join(', ') || 'no answers: the workflow asks no model',
      actual: unknown,
      hint: 'Name the answers by the operators that ask.',
    });
  }
  const open = Object.entries(asking).filter(
    ([name, model]) => !OWN.has(model) && !isProvable(model) && answers[name] === undefined,
  );
  if (open.length === 0) return;
  throw new MizuError({
    code: 'sdk/unanswered',
    message: 'A test asks no model that costs money or changes its mind.',
    expected: `answers for ${open.map(([name]) => name).join(', ')}`,
    actual: 'none',
    hint: `tryWorkflow(file, rows, { answers: { '${open[0]?.[0]}': ({ prompt }) => … } })`,
  });
}

function modelFails({ operator }: Question, cause: unknown): MizuError {
  const actual = cause instanceof Error ? cause.message : String(cause);
  return new MizuError({
    code: 'edge/model',
    message: 'The model has failed.',
    actual,
    hint: `See answers.${operator}.`,
    cause,
  });
}

function noAnswer({ operator }: Question, actual: unknown): MizuError {
  return new MizuError({
    code: 'sdk/unanswered',
    message: `The answer for '${operator}' is none.`,
    expected: 'a text, or a value that JSON has',
    actual: String(actual),
  });
}
