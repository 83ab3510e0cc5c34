// docs/vm.md#inputs-of-a-task: a run from the options of `mizu vm`: standard input is input 1, files follow.
import { basename } from 'node:path';
import { MizuError } from '../../protocol/errors.ts';
import type { ProgramRun } from '../../vm/run.ts';
import { type ModuleFile, readInputFile, readModuleFile } from './module.ts';

export type VmRequestOptions = {
  readonly arg: readonly string[];
  readonly env: readonly string[];
  readonly input: readonly string[];
  readonly gas: bigint;
  /** Nanoseconds since 1970. */
  readonly time: bigint;
  /** 32 bytes. */
  readonly seed: Uint8Array;
};

const MAX_STDIN_BYTES = 2 ** 30;

/** @throws MizuError `cli/file`, `cli/input-size`, and those of loading a module */
export async function readVmRequest(
  path: string,
  options: VmRequestOptions,
): Promise<{ readonly file: ModuleFile; readonly request: ProgramRun }> {
  const file = await readModuleFile(path);
  const parameters = [
    ...[basename(path), ...options.arg].map((text) => `a${text}\0`),
    ...options.env.map((text) => `e${text}\0`),
  ];
  const inputs = [new TextEncoder().encode(parameters.join('')), await readStdin()];
  for (const name of options.input) inputs.push(await readInputFile(name, 'a file to read as input'));
  return { file, request: { inputs, gasLimit: options.gas, timestampNs: options.time, seed: options.seed } };
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
