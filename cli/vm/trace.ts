// docs/machine.md: `mizu vm trace` and `mizu vm prove`: a program, stopped at one of its steps.
import { MizuError } from '../../protocol/errors.ts';
import { bytesToHex } from '../../protocol/hex.ts';
import { fetchInstruction } from '../../vm/step/fetch.ts';
import { cannotFetch } from '../../vm/step/machine.ts';
import { createStepMachine, type StepMachine } from '../../vm/step/step-machine.ts';
import { nameOf, printTraceLine, traceSteps } from '../../vm/step/trace.ts';
import { programOfModule } from './module.ts';
import { readVmRequest, type VmRequestOptions } from './request.ts';
import { writeStdout } from './run.ts';

export type TraceOptions = VmRequestOptions & { readonly at: bigint; readonly count: number };
export type ProveOptions = VmRequestOptions & { readonly at: bigint; readonly json?: boolean };

export async function traceModule(path: string, options: TraceOptions): Promise<void> {
  const steps = await stepTo(path, options);
  for (const line of traceSteps(steps, options.count))
    await writeStdout(new TextEncoder().encode(`${printTraceLine(line)}\n`));
}

/** Prints the one-step proof of the step after `at` steps. */
export async function proveModule(path: string, options: ProveOptions): Promise<void> {
  const steps = await stepTo(path, options);
  const machine = steps.machine()!;
  const instruction = nameOf(cannotFetch(machine) ? undefined : fetchInstruction(machine));
  const before = steps.hash();
  const proof = bytesToHex(steps.prove());
  steps.runTo(options.at + 1n);
  const told = { at: options.at.toString(), instruction, before, after: steps.hash(), bytes: (proof.length - 2) / 2 };
  const text = options.json
    ? JSON.stringify({ ...told, proof })
    : `${Object.entries({ ...told, proof })
        .map(([name, value]) => `${name.padEnd(12)} ${value}`)
        .join('\n')}`;
  await writeStdout(new TextEncoder().encode(`${text}\n`));
}

/** @throws MizuError `cli/position` if the run ends before this position */
async function stepTo(path: string, options: VmRequestOptions & { readonly at: bigint }): Promise<StepMachine> {
  const { file, request } = await readVmRequest(path, options);
  const steps = createStepMachine({ program: programOfModule(file), ...request });
  steps.runTo(options.at);
  if (steps.machine() !== undefined) return steps;
  throw new MizuError({
    code: 'cli/position',
    message: 'The run ends before this position.',
    expected: `a position from 0 to ${steps.position() - 1n}`,
    actual: String(options.at),
    hint: 'Give an earlier one with --at.',
  });
}
