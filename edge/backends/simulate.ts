// docs/edge.md#simulations: the model of all simulators, which runs the program that a request names.
import { MizuError } from '../../protocol/errors.ts';
import type { Backend, ChatRequest, Completion, RejectedAnswer } from './backend.ts';
import { countTokens } from './model/prompt.ts';
import {
  GAS_PER_TOKEN,
  MAX_SIMULATOR_BYTES,
  MAX_SIMULATOR_GAS,
  readSimulation,
  SIMULATOR_MODEL,
  type SimulatorRef,
} from './simulate-request.ts';
import type { Simulated, SimulationOf } from './simulation.ts';

/** @throws MizuError that the row's result tells, if the program is not to be had */
export type RunSimulation = (ref: SimulatorRef, simulation: SimulationOf, signal: AbortSignal) => Promise<Simulated>;

export function createSimulateBackend(run: RunSimulation): Backend {
  const complete = async (request: ChatRequest, signal: AbortSignal): Promise<Completion> => {
    const { ref, ...simulation } = openRequest(request);
    const done = await run(ref, simulation, signal);
    if (done.kind === 'unfinished') throw unfinished(done.reason);
    const output = done.kind === 'output' ? done.output : '';
    const usage = {
      promptTokens: countTokens(simulation.input),
      completionTokens: countTokens(output) + Math.ceil(done.gasUsed / GAS_PER_TOKEN),
    };
    if (done.kind === 'fault') throw failed(done.reason, { raw: '', usage });
    return { content: output, finishReason: 'stop', usage };
  };
  return { name: SIMULATOR_MODEL, complete };
}

/** @throws MizuError `edge/bad-request` */
function openRequest({ messages, seed = 0, mizu }: ChatRequest): SimulationOf & { readonly ref: SimulatorRef } {
  const [message, ...others] = messages;
  const named = readSimulation(mizu?.simulate);
  const input = message?.content;
  if (named === undefined || typeof input !== 'string' || others.length > 0 || !Number.isSafeInteger(seed))
    throw badRequest({ simulate: mizu?.simulate, seed, messages: messages.length });
  const { gasLimit, ...ref } = named;
  return { input, seed, gasLimit, ref };
}

function badRequest(actual: object): MizuError {
  return new MizuError({
    code: 'edge/bad-request',
    message: 'The row is no request to a simulator.',
    expected: `one message with a text, an integer seed, and mizu.simulate with root, length up to ${MAX_SIMULATOR_BYTES} and gasLimit up to ${MAX_SIMULATOR_GAS}`,
    actual: JSON.stringify(actual).slice(0, 200),
    hint: 'See docs/rows.md#simulations.',
  });
}

// The gas is paid for whatever comes of it.
function failed(actual: string, cause: RejectedAnswer): MizuError {
  return new MizuError({
    code: 'edge/simulator-failed',
    message: 'The simulator has failed:',
    expected: 'exit code 0 within the gas limit, and UTF-8 on standard output',
    actual,
    cause,
  });
}

function unfinished(actual: string): MizuError {
  return new MizuError({
    code: 'edge/backend',
    message: 'The simulator could not be run to its end:',
    expected: 'a program within the bounds of docs/edge.md#simulations, and a machine with room for it',
    actual,
    retryable: true,
  });
}
