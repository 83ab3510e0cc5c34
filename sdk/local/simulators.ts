// docs/sdk.md#local: runs a workflow's own simulators in this process.
import type { Backend } from '../../edge/backends/backend.ts';
import { createSimulateBackend } from '../../edge/backends/simulate.ts';
import { MizuError } from '../../protocol/errors.ts';
import type { BundledWorkflow } from '../compile/compile.ts';
import { programsOf } from '../compile/simulators.ts';

/** Answers what the workflow's operators ask, and nothing else. */
export function createLocalSimulator({ simulators }: Pick<BundledWorkflow, 'simulators'>): Backend {
  const programs = new Map(programsOf(simulators).map((simulator) => [simulator.ref.root, simulator]));
  return createSimulateBackend(async ({ root }, simulation) => {
    const simulator = programs.get(root);
    if (simulator === undefined) throw otherProgram(root);
    return simulator.run(simulation);
  });
}

function otherProgram(actual: string): MizuError {
  return new MizuError({
    code: 'edge/no-program',
    message: 'The program is none of the workflow.',
    expected: 'a program that an operator of the workflow names',
    actual,
  });
}
