// docs/vm.md#inputs-of-a-task: `mizu vm run`: standard input is input 1, the output goes to standard output, everything
// else to standard error.

import { performance } from 'node:perf_hooks';
import { hashProgram } from '../../protocol/program.ts';
import { objectRoot } from '../../protocol/tree.ts';
import { lowerAnyProgram } from '../../vm/native/any-engine.ts';
import { createNativeEngine } from '../../vm/native/engine.ts';
import type { RunResult } from '../../vm/run.ts';
import { readVmRequest, type VmRequestOptions } from './request.ts';

export type VmRunOptions = VmRequestOptions & { readonly json?: boolean };

const NEWLINE = 10;

/** False if the run failed: it faulted, or exited with another code than 0. */
export async function runModule(path: string, options: VmRunOptions): Promise<boolean> {
  const { file, request } = await readVmRequest(path, options);
  const { program, run } = lowerAnyProgram(createNativeEngine(), { wasm: file.core });
  let lineOpen = false;
  const started = performance.now();
  const result = run({
    ...request,
    onLog: (bytes) => {
      process.stderr.write(bytes);
      lineOpen = bytes.length > 0 ? bytes.at(-1) !== NEWLINE : lineOpen;
    },
  });
  const milliseconds = performance.now() - started;
  await writeStdout(result.output);
  const line = options.json
    ? toJson(result, milliseconds, hashProgram(program.header))
    : `${describe(result)}; ${result.gasUsed} gas, ${result.output.length} bytes out, ${milliseconds.toFixed(1)} ms`;
  // The last line of standard error has the result alone, also after a log without a newline.
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

/** Waits for a slow reader. A reader that went away, such as `head`, is no error. */
export async function writeStdout(bytes: Uint8Array): Promise<void> {
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
