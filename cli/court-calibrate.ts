// docs/court.md#calibration: `mizu court calibrate`, the thresholds of a model of class B, from answers of one server that
// another scores.
import { readFile } from 'node:fs/promises';
import { Command, InvalidArgumentError } from 'commander';
import type { ChatRequest } from '../edge/backends/backend.ts';
import type { OpenAiConfig } from '../edge/config.ts';
import type { CalibratedKind } from '../edge/tolerance/calibrate.ts';
import { MizuError } from '../protocol/errors.ts';
import { parseCount } from './options.ts';
import { createOutput, type Output } from './output.ts';

type CalibrateFlags = {
  readonly answers: string;
  readonly scores: string;
  readonly wrong?: string;
  readonly model?: string;
  readonly temperature?: number;
  readonly maxTokens?: number;
  readonly margin: number;
  readonly json?: boolean;
};

const NAME = 'model';
const PROGRESS_STEP = 100;

export function calibrateCommand(): Command {
  return new Command('calibrate')
    .description('find how far honest answers of a model of class B are away: the thresholds of its manifest')
    .argument('<prompts>', 'file with a text or a request a line')
    .requiredOption('--answers <url|file>', 'OpenAI-compatible server that answers, or a file with its settings')
    .requiredOption('--scores <url|file>', 'another one with the same model, which tells prompt_logprobs')
    .option('--wrong <url|file>', 'one with a model that must be told apart')
    .option('--model <name>', 'name of the model at the servers, where no file says it')
    .option('--temperature <t>', 'of all requests (default: what each says, else 1)', parseTemperature)
    .option('--max-tokens <n>', 'of all answers (default: what each request says)', parseCount)
    .option('--margin <factor>', 'by which a threshold is above the largest distance', parseMargin, 1.5)
    .option('--json', 'print JSON')
    .addHelpText(
      'after',
      '\nExample:\n  $ npx mizu court calibrate prompts.txt --answers http://a:8000/v1 --scores http://b:8000/v1 --model llama',
    )
    .action(calibrate);
}

async function calibrate(file: string, flags: CalibrateFlags): Promise<void> {
  const output = createOutput(flags.json ?? false);
  const { createOpenAiBackends } = await import('../edge/backends/openai.ts');
  const { createOpenAiScorers } = await import('../edge/tolerance/scorer.ts');
  const { calibrateKind, measureDistances } = await import('../edge/tolerance/calibrate.ts');
  const requests = await readRequests(file, flags);
  const [answers, scores, wrong] = await Promise.all([
    configOf(flags.answers, flags.model),
    configOf(flags.scores, flags.model),
    flags.wrong === undefined ? undefined : configOf(flags.wrong, flags.model),
  ]);
  const answering = createOpenAiBackends(answers);
  const scoring = createOpenAiScorers(scores);
  const others = wrong === undefined ? undefined : createOpenAiBackends(wrong);
  try {
    const kinds = await measureDistances({
      requests,
      answering: answering.backends[0]!,
      scoring: scoring.scorers[0]!,
      wrong: others?.backends[0],
      signal: new AbortController().signal,
      onRequest: (done) => {
        if (done % PROGRESS_STEP === 0) output.say(`${done} of ${requests.length} requests`);
      },
    });
    const calibrated = kinds.map((kind) => calibrateKind(kind, flags.margin));
    for (const one of calibrated) sayKind(output, one);
    const tolerance = { thresholds: calibrated.map(({ threshold }) => threshold) };
    output.data({ event: 'calibrated', kinds: calibrated, tolerance });
    output.say(`\nIn the manifest:\n"tolerance": ${JSON.stringify(tolerance, undefined, 2)}`);
  } finally {
    await Promise.all([answering.close(), scoring.close(), others?.close()]);
  }
}

function sayKind(output: Output, { threshold, answers, quantiles, falseShare, falseOdds, detection }: CalibratedKind) {
  const { median, p90, p99, largest } = quantiles;
  const nats = [median, p90, p99, largest].map((one) => one.toFixed(4));
  output.say(`${threshold.answers} at temperature ${threshold.maxTemperature}: ${answers} answers`);
  output.say(`  distances, nats a token: median ${nats[0]}, 90 % ${nats[1]}, 99 % ${nats[2]}, largest ${nats[3]}`);
  output.say(`  threshold: ${threshold.nats}`);
  output.say(
    `  honest answers beyond it: at most ${inPercent(falseShare)} with 95 % confidence; an honest item is WRONG: ${inPercent(falseOdds)}`,
  );
  if (detection === undefined) return;
  output.say(
    `  answers of the wrong model beyond it: ${inPercent(detection.share)}; an item of it is WRONG: ${inPercent(detection.odds)}`,
  );
}

/** A line is a request, or a text that a user says. */
async function readRequests(file: string, { temperature, maxTokens }: CalibrateFlags): Promise<readonly ChatRequest[]> {
  const { parseChatRequest } = await import('../edge/backends/backend.ts');
  const text = await readFile(file, 'utf8').catch((cause: unknown) => {
    throw noPrompts(file, (cause as Error).message);
  });
  const lines = text.split('\n').filter((line) => line.trim() !== '');
  if (lines.length === 0) throw noPrompts(file, 'no line');
  return lines.map((line) => {
    const request = line.startsWith('{')
      ? parseChatRequest(parseJson(line))
      : { messages: [{ role: 'user', content: line }] };
    return {
      ...request,
      ...(temperature === undefined ? {} : { temperature }),
      ...(maxTokens === undefined ? {} : { max_tokens: maxTokens }),
    };
  });
}

function parseJson(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return line;
  }
}

/** With an address, the model's name there must be told. */
async function configOf(given: string, model: string | undefined): Promise<OpenAiConfig> {
  const { openAiConfig } = await import('../edge/config.ts');
  const { parseConfig } = await import('../service/process/config.ts');
  const { readConfig } = await import('./config-file.ts');
  const settings = /^https?:\/\//.test(given) ? { baseUrl: given } : ((await readConfig(given)) as object);
  const { models = {} } = settings as { models?: Record<string, string> };
  const name = model ?? Object.values(models)[0];
  if (name === undefined)
    throw new MizuError({
      code: 'cli/bad-option',
      message: 'The model has no name.',
      expected: '--model with its name at the servers, or a file whose `models` has one',
      actual: given,
    });
  const defaults = { kind: 'openai', apiKeyEnv: 'OPENAI_API_KEY', attempts: 3 };
  return parseConfig('backend', openAiConfig, { ...defaults, ...settings, models: { [NAME]: name } });
}

function parseTemperature(value: string): number {
  const temperature = Number(value);
  if (value !== '' && temperature >= 0 && temperature <= 2) return temperature;
  throw new InvalidArgumentError('Expected a number from 0 to 2.');
}

function parseMargin(value: string): number {
  const margin = Number(value);
  if (margin >= 1 && margin <= 100) return margin;
  throw new InvalidArgumentError('Expected a number from 1 to 100.');
}

function noPrompts(file: string, actual: string): MizuError {
  return new MizuError({
    code: 'cli/no-file',
    message: 'The prompts cannot be read.',
    expected: `a file ${file} with a text or a request a line`,
    actual,
  });
}

function inPercent(share: number): string {
  return `${Number((100 * share).toPrecision(2))} %`;
}
