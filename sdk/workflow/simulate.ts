// docs/sdk.md#simulate: a program that belongs to the workflow answers each row, the same on every machine.
import type * as z from 'zod';
import {
  DEFAULT_SIMULATOR_GAS,
  MAX_SIMULATOR_GAS,
  SIMULATOR_MODEL,
  simulatorTokens,
} from '../../edge/backends/simulate-request.ts';
import { asItIs } from '../runtime/answer.ts';
import { kindOf } from '../runtime/canonical.ts';
import { seal, sealedText } from '../runtime/seal.ts';
import { createLlmOperator } from './llm.ts';
import type { LlmOperator, Unmade } from './operator.ts';
import { assertOption } from './refusal.ts';

/** What `simulate` runs, and what the program reads and writes. */
export type SimulateOptions<Row, Output> = {
  /** Path of a WASI module (a command of preview 1), from the folder of the workflow file; `/` between folders. */
  readonly program: string;
  /** What the program reads on standard input: a text, or an object, which becomes canonical JSON. */
  readonly input: (row: Readonly<Row>) => string | object;
  /** An integer of at most 2^53 - 1 in size, from which the program's random bytes follow; default 0. */
  readonly seed?: number | ((row: Readonly<Row>) => number);
  /** Zod schema of what it writes, as JSON, on standard output; without it the output is text. */
  readonly output?: z.ZodType<Output>;
  /** Instructions of the DataVM for one row, 1 to 1,000,000,000; default 100,000,000. */
  readonly gasLimit?: number;
};

const MAX_PATH = 256;

/** @throws MizuError `sdk/bad-option` */
export function createSimulate(name: string, options: SimulateOptions<never, unknown>): Unmade<LlmOperator> {
  const { program, input, seed = 0, output, gasLimit = DEFAULT_SIMULATOR_GAS } = options;
  const path = 'the path of a module from the folder of the workflow file, such as simulators/walk.wasm';
  assertOption(name, 'program', isRelative(program), path, program);
  assertOption(name, 'input', typeof input === 'function', 'a function from a row to a text or an object', input);
  const isSeed = typeof seed === 'function' || Number.isSafeInteger(seed);
  assertOption(name, 'seed', isSeed, 'an integer, or a function from a row to one', seed);
  const isSchema = output === undefined || typeof output?.safeParse === 'function';
  assertOption(name, 'output', isSchema, 'a zod schema', output);
  const isLimit = Number.isInteger(gasLimit) && gasLimit >= 1 && gasLimit <= MAX_SIMULATOR_GAS;
  assertOption(name, 'gasLimit', isLimit, `1 to ${MAX_SIMULATOR_GAS}`, gasLimit);
  const fixed = { model: SIMULATOR_MODEL, maxTokens: simulatorTokens(gasLimit), strict: true };
  return createLlmOperator(name, fixed, {
    task: 'simulate',
    asks: 1,
    gather: { kind: 'one' },
    prompt: (row: never) => [{ role: 'user', content: textOfInput(input(row)) }],
    output: output ?? null,
    parse: asItIs,
    simulate: { program, gasLimit, seed: typeof seed === 'function' ? seed : () => seed },
  });
}

function isRelative(path: unknown): boolean {
  return typeof path === 'string' && /^[^/\\:]+(\/[^/\\:]+)*$/.test(path) && path.length <= MAX_PATH;
}

function textOfInput(value: unknown): string {
  if (typeof value === 'string') return value;
  if (typeof value !== 'object' || value === null)
    throw new TypeError(`input is a text or an object, not ${kindOf(value)}`);
  return sealedText(seal(value) as object, 'an input');
}
