// docs/sdk.md#local: a whole workflow in this process, with the programs that the network runs.
import type { Backend } from '../../edge/backends/backend.ts';
import { createBuiltinBackend } from '../../edge/backends/builtin.ts';
import { readHeader } from '../../protocol/rows.ts';
import { buildProgram } from '../../vm/quickjs/build.ts';
import { type BundledWorkflow, bundleWorkflow } from '../compile/compile.ts';
import { loadModels, modelOfStage } from '../compile/models.ts';
import { assertInputs } from '../input/named.ts';
import { encodeRowset, type InputRow } from '../input/rowset.ts';
import type { OperatorStats, RowsetHeader, RowsetTag } from '../runtime/rowset.ts';
import type { PlannedStage } from '../workflow/plan.ts';
import type { EngineName, LocalEngine } from './engine.ts';
import { type LocalProgress, runGraph, type StageRun } from './graph.ts';
import { createLocalInference } from './infer.ts';
import { withModels } from './model-engine.ts';
import { createLocalNativeEngine } from './native-engine.ts';
import { createNodeEngine } from './node-engine.ts';
import { createLocalSimulator } from './simulators.ts';

/** How `runLocal` runs a workflow. */
export type LocalOptions = {
  /** Default `native`. */
  readonly engine?: EngineName;
  /** Number of partitions that the rows are cut into; default 1. */
  readonly partitions?: number;
  /** Rows of the inputs beside the dataset's own, by their names. */
  readonly inputs?: Readonly<Record<string, readonly object[]>>;
  /**
   * Default: the built-in model. Simulators of the workflow and provable models run in this process beside them; one of the same name stands in
   * for them.
   */
  readonly backends?: readonly Backend[];
  /** Keeps built programs. */
  readonly cacheFolder?: string;
  readonly signal?: AbortSignal;
  /** Told where the run is. */
  readonly onProgress?: (progress: LocalProgress) => void;
  /** Stages that are not run, by their place: what they gave before. */
  readonly kept?: ReadonlyMap<number, StageRun> | undefined;
};

export type Reject = {
  /** Of several: this one is rejected, and its row goes on. */
  readonly answer?: number;
  readonly index: number;
  readonly operator: string;
  readonly reason: string;
  readonly row: unknown;
};

/** What a run on this machine gives. */
export type LocalRun = {
  /** Rows of each part of the split (`train` without one). */
  readonly parts: Readonly<Record<string, readonly Record<string, unknown>[]>>;
  readonly rejects: readonly Reject[];
  readonly operators: Readonly<Record<string, OperatorStats>>;
  readonly stages: readonly StageRun[];
  readonly gasUsed: bigint;
  readonly inputTokens: number;
  readonly outputTokens: number;
};

/**
 * Runs a workflow file (or an already bundled one) over rows.
 *
 * @example
 * const { parts, rejects } = await runLocal('workflow.ts', [{ word: 'otter', text: 'a small animal' }]);
 * console.log(parts.train, rejects);
 * @throws MizuError `sdk/…` if the file is refused or a task fails
 */
export async function runLocal(
  workflow: string | BundledWorkflow,
  rows: readonly object[],
  options: LocalOptions = {},
): Promise<LocalRun> {
  const bundled = typeof workflow === 'string' ? await bundleWorkflow(workflow, true, options) : workflow;
  assertInputs(bundled.description.inputs, Object.keys(options.inputs ?? {}));
  const count = Math.max(1, options.partitions ?? 1);
  const cut = (rows: readonly object[], tag: RowsetTag = {}): Uint8Array[] => {
    const inputs = rows.map((row, index): InputRow => ({ kind: 'row', index, row }));
    const size = Math.ceil(inputs.length / count);
    return Array.from({ length: count }, (_, i) => encodeRowset(inputs.slice(i * size, (i + 1) * size), tag));
  };
  const partitions = [
    ...cut(rows),
    ...bundled.description.inputs.flatMap((name) => cut(options.inputs![name]!, { input: name })),
  ];
  return runPartitions(bundled, await createLocalEngine(bundled, options), partitions, options);
}

export async function createLocalEngine(
  bundled: BundledWorkflow,
  { engine = 'native', cacheFolder }: LocalOptions = {},
): Promise<LocalEngine> {
  const own =
    engine === 'node'
      ? createNodeEngine(bundled.bundle)
      : createLocalNativeEngine(await buildProgram(bundled.bundle, { cacheFolder }));
  return withModels(own, bundled.description, await loadModels(bundled.description, cacheFolder));
}

export async function runPartitions(
  bundled: BundledWorkflow,
  engine: LocalEngine,
  partitions: readonly Uint8Array[],
  { backends = [createBuiltinBackend()], signal, onProgress, kept }: LocalOptions = {},
  onStage?: (run: StageRun, index: number) => void,
): Promise<LocalRun> {
  const { description, metadata } = bundled;
  const names = metadata.stages.map((stage) => stage.name);
  // The first of a name answers: a test may stand in for a simulator.
  const infer = createLocalInference([...backends, createLocalSimulator(bundled)], signal);
  const standsIn = (stage: PlannedStage): boolean =>
    stage.kind === 'model' && backends.some(({ name }) => name === modelOfStage(stage, description.operators));
  const stages = await runGraph(description.stages, names, engine, infer, partitions, {
    onStage,
    onProgress,
    kept,
    standsIn,
  });
  const parts: Record<string, Record<string, unknown>[]> = {};
  const rejects: Reject[] = [];
  stages.forEach(({ stage, outputs }) => {
    if (stage.kind === 'rejects') rejects.push(...outputs.flatMap((bytes) => parseLines(bytes) as Reject[]));
    if (stage.kind === 'sink')
      parts[stage.name] = outputs.flatMap((bytes) => parseLines(bytes) as Record<string, unknown>[]);
  });
  const last = stages.findLast(({ stage }) => stage.kind === 'rejects')!.stage.inputs[0]!.stage;
  const rowsets = last < 0 ? partitions : stages[last]!.outputs;
  return {
    parts,
    rejects,
    operators: sumOperators(rowsets.map(readRowsetHeader)),
    stages,
    gasUsed: stages.reduce((sum, run) => sum + run.gasUsed, 0n),
    inputTokens: stages.reduce((sum, run) => sum + run.inputTokens, 0),
    outputTokens: stages.reduce((sum, run) => sum + run.outputTokens, 0),
  };
}

export function readRowsetHeader(rowset: Uint8Array): RowsetHeader {
  const header = readHeader(rowset)?.header;
  if (header?.mizu !== 'rows') throw new Error('a stage has given an object that is not a rowset');
  return header as RowsetHeader;
}

export function sumOperators(headers: readonly RowsetHeader[]): Record<string, OperatorStats> {
  const total: Record<string, OperatorStats> = {};
  for (const { operators } of headers) {
    for (const [name, stats] of Object.entries(operators)) {
      const sum = total[name] ?? { in: 0, out: 0, rejected: 0 };
      total[name] = { in: sum.in + stats.in, out: sum.out + stats.out, rejected: sum.rejected + stats.rejected };
    }
  }
  return total;
}

export function parseLines(bytes: Uint8Array): unknown[] {
  const text = new TextDecoder().decode(bytes);
  return text === ''
    ? []
    : text
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line) as unknown);
}
