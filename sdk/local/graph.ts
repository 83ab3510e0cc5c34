// docs/sdk.md#local: runs the stages of a workflow over partitions, in the order of the kernel.
import { MAX_TASK_INPUT_BYTES } from '../../protocol/constants.ts';
import { MizuError } from '../../protocol/errors.ts';
import { type ObjectHeader, readHeader } from '../../protocol/rows.ts';
import { INPUT, type PlannedStage } from '../workflow/plan.ts';
import type { LocalEngine } from './engine.ts';
import type { LocalInfer } from './infer.ts';

export type StageRun = {
  readonly stage: PlannedStage;
  /** One object a task. */
  readonly outputs: readonly Uint8Array[];
  readonly gasUsed: bigint;
  /** The same, of each task; not of what was kept. */
  readonly taskGas?: readonly bigint[];
  readonly inputTokens: number;
  readonly outputTokens: number;
  readonly milliseconds: number;
};

/** Where a local run is: told before each task, and with each answer of a model. */
export type LocalProgress = {
  /** Its place in the graph. */
  readonly stage: number;
  readonly partition: number;
  readonly width: number;
  /** Of a model's stage: rows that have been answered, of this partition. */
  readonly answered?: { readonly done: number; readonly of: number };
};

export type LocalHooks = {
  readonly onStage?: ((run: StageRun, index: number) => void) | undefined;
  readonly onProgress?: ((progress: LocalProgress) => void) | undefined;
  /** Stages that are not run, by their place: what they gave before. */
  readonly kept?: ReadonlyMap<number, StageRun> | undefined;
  /** Whether a backend answers in the place of the model's program. */
  readonly standsIn?: ((stage: PlannedStage) => boolean) | undefined;
};

/** @throws MizuError `sdk/task-failed` naming the stage and what the program said. */
export async function runGraph(
  stages: readonly PlannedStage[],
  names: readonly string[],
  engine: LocalEngine,
  infer: LocalInfer,
  partitions: readonly Uint8Array[],
  { onStage, onProgress, kept, standsIn }: LocalHooks = {},
): Promise<StageRun[]> {
  const runs: StageRun[] = [];
  for (const [index, stage] of stages.entries()) {
    const known = kept?.get(index);
    if (known !== undefined) {
      runs.push(known);
      onStage?.(known, index);
      continue;
    }
    const width = stage.width === 0 ? partitions.length : stage.width;
    const outputs: Uint8Array[] = [];
    const taskGas: bigint[] = [];
    let [gasUsed, inputTokens, outputTokens] = [0n, 0, 0];
    const start = performance.now();
    for (let partition = 0; partition < width; partition++) {
      const inputs = stage.inputs.flatMap(({ stage: source, mode }) => {
        const objects = source === INPUT ? partitions : runs[source]!.outputs;
        return mode === 'all' ? objects : [objects[partition]!];
      });
      const sizeBytes = inputs.reduce((sum, { length }) => sum + length, 0);
      if (sizeBytes > MAX_TASK_INPUT_BYTES) throw tooMuchInput(names[index]!, sizeBytes);
      const place = { stage: index, partition, width };
      onProgress?.(place);
      if (stage.kind === 'infer' || standsIn?.(stage) === true) {
        const result = await infer(inputs[0]!, (done, of) => onProgress?.({ ...place, answered: { done, of } }));
        outputs.push(result.bytes);
        taskGas.push(0n);
        inputTokens += result.inputTokens;
        outputTokens += result.outputTokens;
        continue;
      }
      const result = engine.exec({ stage: index, partition, width, partitions: partitions.length, inputs });
      if (result.status !== 0) throw taskFailed(names[index]!, partition, result.status, result.log);
      outputs.push(result.output);
      gasUsed += result.gasUsed;
      taskGas.push(result.gasUsed);
      if (stage.kind === 'model') {
        const tokens = tokensOf(result.output);
        inputTokens += tokens.input;
        outputTokens += tokens.output;
      }
    }
    const run = {
      stage,
      outputs,
      gasUsed,
      taskGas,
      inputTokens,
      outputTokens,
      milliseconds: performance.now() - start,
    };
    runs.push(run);
    onStage?.(run, index);
  }
  return runs;
}

function tokensOf(results: Uint8Array): { input: number; output: number } {
  const { inputTokens, outputTokens }: Partial<ObjectHeader> = readHeader(results)?.header ?? {};
  return { input: Number(inputTokens ?? 0), output: Number(outputTokens ?? 0) };
}

// As the kernel, which would not run the task either: docs/kernel.md#loading.
function tooMuchInput(stage: string, sizeBytes: number): MizuError {
  return new MizuError({
    code: 'sdk/task-failed',
    message: `Stage '${stage}' meets more of the dataset than a task may read.`,
    expected: `at most ${MAX_TASK_INPUT_BYTES} bytes from all partitions together`,
    actual: `${sizeBytes} bytes`,
    hint: 'Let the operators before it keep less of each row, or make several runs.',
  });
}

function taskFailed(stage: string, partition: number, status: number, log: string): MizuError {
  return new MizuError({
    code: 'sdk/task-failed',
    message: `Stage '${stage}', partition ${partition}: the program failed.`,
    expected: 'exit code 0',
    actual: status === 256 ? `a fault: ${log.slice(-600)}` : `exit code ${status}: ${log.slice(-600)}`,
    hint: 'Correct the operator, or lower what one row can cost.',
  });
}
