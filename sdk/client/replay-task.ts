// docs/sdk.md#why: a failed task is run again here, with the gas of the network's largest: which fault it was is no part of the state.
import { MAX_STAGE_GAS, RUN_INPUT } from '../../protocol/constants.ts';
import { MizuError } from '../../protocol/errors.ts';
import type { Hex } from '../../protocol/hex.ts';
import type { ObjectRef } from '../../protocol/tree.ts';
import type { CompiledWorkflow } from '../compile/compile.ts';
import type { LocalEngine } from '../local/engine.ts';
import { formatCount } from './money.ts';
import type { Network } from './network.ts';
import type { RunView, TaskView } from './views.ts';

export type ReplayedTask = {
  /** `done`: with more gas the task does not fail. */
  readonly kind: 'exit' | 'trap' | 'task-gas' | 'done';
  readonly gasUsed: bigint;
  /** What it needs, or what the program and the machine say. */
  readonly says: string;
};

const PAGE = 1_000;
const SAID = 600;
const OUT_OF_GAS = /out-of-gas: .*$/;

/** @throws MizuError `sdk/other-workflow` if the file is not that of the run; `da/unavailable` */
export async function replayTask(
  network: Network,
  view: Pick<RunView, 'run' | 'workflow' | 'partitions' | 'stages' | 'taskGasLimit'>,
  { stage, partition }: { readonly stage: number; readonly partition: number },
  workflow: Pick<CompiledWorkflow, 'workflowId' | 'file' | 'definition'>,
  engine: LocalEngine,
): Promise<ReplayedTask> {
  if (workflow.workflowId !== view.workflow) throw otherWorkflow(workflow.file, view.workflow, workflow.workflowId);
  const widthOf = (index: number) => (index === RUN_INPUT ? view.partitions : (view.stages[index]?.width ?? 0));
  const inputs: Uint8Array[] = [];
  for (const { source, mode } of workflow.definition.stages[stage]?.inputs ?? []) {
    const [from, count] = mode === 'same' ? [partition, 1] : [0, widthOf(source)];
    for (const { root, length } of await outputsOf(network, view.run, source, from, count))
      inputs.push(await network.object(root, length));
  }
  const width = widthOf(stage);
  const { status, gasUsed, log } = engine.exec({ stage, partition, width, partitions: view.partitions, inputs });
  const limit = BigInt(view.taskGasLimit ?? 0);
  const said = log.trim().slice(-SAID);
  if (status === 0)
    return gasUsed > limit
      ? {
          kind: 'task-gas',
          gasUsed,
          says: `it needs ${formatCount(gasUsed)} gas, and the run allows ${formatCount(limit)} a task`,
        }
      : { kind: 'done', gasUsed, says: `with ${formatCount(gasUsed)} gas it does not fail` };
  if (status !== 256) return { kind: 'exit', gasUsed, says: said || `exit code ${status}` };
  if (OUT_OF_GAS.test(said))
    return {
      kind: 'task-gas',
      gasUsed,
      says: `it needs more than ${formatCount(MAX_STAGE_GAS)} gas, the most that a task may use`,
    };
  return { kind: 'trap', gasUsed, says: said };
}

async function outputsOf(
  network: Network,
  run: Hex,
  stage: number,
  from: number,
  count: number,
): Promise<readonly ObjectRef[]> {
  if (stage === RUN_INPUT) {
    const objects = (await network.rpc('mizu_getRunObjects', [run])) as readonly ObjectRef[] | null;
    return (objects ?? []).slice(from, from + count);
  }
  const refs: ObjectRef[] = [];
  for (let offset = from; offset < from + count; offset += PAGE) {
    const limit = Math.min(PAGE, from + count - offset);
    const tasks = (await network.rpc('mizu_getTasks', [run, { stage, offset, limit }])) as TaskView[];
    for (const { outputRoot, outputLength = 0 } of tasks)
      if (outputRoot !== undefined) refs.push({ root: outputRoot, length: outputLength });
  }
  return refs;
}

function otherWorkflow(file: string, expected: Hex, actual: Hex): MizuError {
  return new MizuError({
    code: 'sdk/other-workflow',
    message: `${file} is not the workflow of the run.`,
    expected: `workflow ${expected}`,
    actual,
    hint: 'Give the file as it was when the run was started, by the same version of mizu.',
  });
}
