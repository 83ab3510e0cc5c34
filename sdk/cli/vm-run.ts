// docs/vm.md#inputs-of-a-task: `mizu vm run`: standard input is input 1, the output goes to standard output, all else to standard error.
import { basename } from 'node:path';
import { performance } from 'node:perf_hooks';
import { MizuError } from '../../protocol/errors.ts';
import { objectRoot } from '../../protocol/tree.ts';
import { createNativeEngine } from '../../vm/native/engine.ts';
import type { RunResult } from '../../vm/run.ts';
import { loadModuleFile, readInputFile } from './vm-module.ts';

export type RunOptions = {
  readonly arg: readonly string[];
  readonly env: readonly string[];
  readonly input: readonly string[];
  readonly gas: bigint;
  /** Nanoseconds since 1970. */
  readonly time: bigint;
  /** 32 bytes. */
  readonly seed: Uint8Array;
  readonly json?: boolean;
};

const NEWLINE = 10;
const MAX_STDIN_BYTES = 2 ** 30;

/** False if the run failed: it faulted, or exited with another code than 0. */
export async function runModule(path: string, options: RunOptions): Promise<boolean> {
  const { core, program } = await loadModuleFile(path);
  const parameters = [
    ...[basename(path), ...options.arg].map((text) => `a${text}\0`),
    ...options.env.map((text) => `e${text}\0`),
  ];
  const inputs = [new TextEncoder().encode(parameters.join('')), await readStdin()];
  for (const file of options.input) inputs.push(await readInputFile(file, 'a file to read as input'));
  const engine = createNativeEngine();
  const loaded = engine.load({ ...program, wasm: core, fromImage: false });
  if (loaded.kind === 'mismatch') throw new Error(`the module does not lower to its own program: ${loaded.reason}`);
  let lineOpen = false;
  const started = performance.now();
  const result = engine.run(loaded, {
    inputs,
    gasLimit: options.gas,
    timestampNs: options.time,
    seed: options.seed,
    onLog: (bytes) => {
      process.stderr.write(bytes);
      lineOpen = bytes.length > 0 ? bytes.at(-1) !== NEWLINE : lineOpen;
    },
  });
  const milliseconds = performance.now() - started;
  await writeStdout(result.output);
  const line = options.json
    ? toJson(result, milliseconds, loaded.programId)
    : `${describe(result)}; ${result.gasUsed} gas, ${result.output.length} bytes out, ${milliseconds.toFixed(1)} ms`;
  // The last line of standard error is the result's alone, also after a log without a newline.
  process.stderr.write(`${lineOpen ? '\n' : ''}${line}\n`);
  return result.status === 0;
}

function toJson(result: RunResult, milliseconds: number, programId: string): string {
  return JSON.stringify({
    status: result.fault === undefined ? 'exited' : 'fault',
    ...(result.fault === undefined ? { exitCode: result.status } : { fault: result.fault }),
    gasUsed: result.gasUsed.toString(),
    outputBytes: result.output.length,
    outputRoot: objectRoot(result.output),
    programId,
    milliseconds: Math.round(milliseconds * 1000) / 1000,
  });
}

function describe(result: RunResult): string {
  if (result.fault !== undefined) return `fault (${result.fault.kind}): ${result.fault.message}`;
  return result.status === 0 ? 'ok' : `the program exited with code ${result.status}`;
}

async function readStdin(): Promise<Uint8Array> {
  if (process.stdin.isTTY) return new Uint8Array(0);
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of process.stdin as AsyncIterable<Uint8Array>) {
    length += chunk.length;
    if (length > MAX_STDIN_BYTES) {
      throw new MizuError({
        code: 'cli/input-size',
        message: 'Standard input is too long.',
        expected: `at most ${MAX_STDIN_BYTES} bytes`,
        actual: 'more',
        hint: 'Split the input into parts.',
      });
    }
    chunks.push(chunk);
  }
  return new Uint8Array(Buffer.concat(chunks));
}

/** Waits for a slow reader. One that went away, such as `head`, is no error. */
async function writeStdout(bytes: Uint8Array): Promise<void> {
  if (bytes.length === 0) return;
  await new Promise<void>((resolve, reject) => {
    const fail = (error: NodeJS.ErrnoException) => (error.code === 'EPIPE' ? resolve() : reject(error));
    process.stdout.once('error', fail);
    process.stdout.write(bytes, (error) => {
      if (error !== null && error !== undefined) return;
      process.stdout.off('error', fail);
      resolve();
    });
  });
}
