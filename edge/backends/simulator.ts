// docs/edge.md#simulator: a WASI program as a model: the request on standard input, the content from standard output.
import { readFile } from 'node:fs/promises';
import { Piscina } from 'piscina';
import { MizuError } from '../../protocol/errors.ts';
import { LOADER_ARGUMENTS } from '../../service/process/loader.ts';
import type { SimulatorConfig } from '../config.ts';
import type { BackendSet, ChatRequest, Completion } from './backend.ts';
import { countTokens } from './model/prompt.ts';
import type { SimulatorSetUp, simulate } from './simulator-thread.ts';

const THREAD = new URL('./simulator-thread.ts', import.meta.url);
const MAX_WAITING = 10_000;

/**
 * Threads start with the first request.
 * @throws MizuError `edge/no-simulator` if the module cannot be read
 */
export async function createSimulatorBackends(config: SimulatorConfig): Promise<BackendSet> {
  const wasm = await readFile(config.module).catch((cause: Error) => {
    throw noModule(config.module, cause);
  });
  const setUp: SimulatorSetUp = { wasm: new Uint8Array(wasm), gasLimit: BigInt(config.gasLimit) };
  const pool = new Piscina<Parameters<typeof simulate>[0], Awaited<ReturnType<typeof simulate>>>({
    filename: THREAD.href,
    name: 'simulate',
    execArgv: LOADER_ARGUMENTS,
    minThreads: 0,
    maxThreads: config.threads,
    idleTimeout: 60_000,
    maxQueue: MAX_WAITING,
    workerData: setUp,
  });
  const complete = async (request: ChatRequest, signal: AbortSignal): Promise<Completion> => {
    const input = JSON.stringify(request);
    const { status, output, fault } = await pool.run(input, { signal });
    if (status !== 0) throw failed(config.name, fault ?? `exit code ${status}`);
    const usage = { promptTokens: countTokens(input), completionTokens: countTokens(output) };
    return { content: output, finishReason: 'stop', usage };
  };
  return { backends: [{ name: config.name, complete }], close: () => pool.destroy() };
}

function failed(name: string, actual: string): MizuError {
  return new MizuError({
    code: 'edge/simulator-failed',
    message: `The simulator ${name} has failed.`,
    expected: 'exit code 0 within the gas limit, and UTF-8 on standard output',
    actual,
  });
}

function noModule(path: string, cause: Error): MizuError {
  return new MizuError({
    code: 'edge/no-simulator',
    message: "The simulator's module cannot be read.",
    expected: `a WebAssembly module at ${path}`,
    actual: cause.message,
    cause,
  });
}
