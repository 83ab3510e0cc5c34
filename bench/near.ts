// docs/sdk.md#near-cost: what a row costs in each operator over the whole dataset, by the number of rows: counted gas,
// and what a run pays.
import { loadGas, taskGas } from '../kernel/fees.ts';
import { bundleWorkflow } from '../sdk/compile/compile.ts';
import { partitionRows } from '../sdk/input/partition.ts';
import type { LocalEngine } from '../sdk/local/engine.ts';
import type { StageRun } from '../sdk/local/graph.ts';
import { createLocalNativeEngine } from '../sdk/local/native-engine.ts';
import { runPartitions } from '../sdk/local/run-local.ts';
import { INPUT } from '../sdk/workflow/plan.ts';
import { TEXTS } from '../test/sdk/templates.fixture.ts';
import { buildProgram } from '../vm/quickjs/build.ts';
import { withWorkflow } from './workflow.ts';

const OPERATORS = {
  near: `.dedupe('near', (row: any) => row.text, { near: 0.8 })`,
  dedupe: `.dedupe('exact', (row: any) => row.text)`,
  groupBy: `.groupBy((row: any) => row.key).aggregate('group', (g: any) => ({ rows: g.count(), longest: g.max((row: any) => row.text.length) }))`,
  sort: `.sort('order', (row: any) => row.text)`,
  join: `.join('other', (row: any): row is any => row.isOther, { on: (row: any) => row.key, key: (row: any) => row.key, how: 'left' })`,
} as const;

export type OperatorName = keyof typeof OPERATORS;

export type RowGas = {
  readonly operator: OperatorName;
  readonly texts: keyof typeof TEXTS;
  readonly rows: number;
  readonly rowsOut: number;
  readonly partitions: number;
  /** Gas of the programs. */
  readonly gasPerRow: number;
  /** Gas with what each task pays for its loading and its inputs. */
  readonly paidPerRow: number;
  readonly largestTaskGas: number;
  readonly cpuSeconds: number;
};

/** The ratios compare with the fewest rows of the same operator and texts. */
type Compared = RowGas & { readonly ratio: number; readonly paidRatio: number };

const COUNTS = [1_000, 10_000, 120_000];
const CASES: readonly (readonly [OperatorName, keyof typeof TEXTS])[] = [
  ['near', 'templates'],
  ['near', 'letters'],
  ['near', 'same'],
  ['near', 'different'],
  ['dedupe', 'templates'],
  ['groupBy', 'templates'],
  ['sort', 'templates'],
  ['join', 'templates'],
];
/** The most that a row of a near dedupe may cost among many rows, as a multiple of its cost among few. */
export const MAX_RATIO = 1.5;
const MAX_SECONDS = 900;

export async function benchNear(): Promise<Compared[]> {
  const results: Compared[] = [];
  for (const [operator, texts] of CASES) {
    const measure = await createMeasure(operator);
    let fewest: RowGas | null = null;
    for (const count of COUNTS) {
      const found = await measure(texts, count);
      fewest ??= found;
      const [ratio, paidRatio] = [found.gasPerRow / fewest.gasPerRow, found.paidPerRow / fewest.paidPerRow];
      results.push({ ...found, ratio, paidRatio });
    }
  }
  return results;
}

/** How a result misses the goal; null if it meets it. */
export function missedGoal(results: readonly Compared[]): string | null {
  const worst = Math.max(
    ...results.filter(({ operator }) => operator === 'near').flatMap((one) => [one.ratio, one.paidRatio]),
  );
  return worst <= MAX_RATIO ? null : `A row of a near dedupe costs ${worst.toFixed(2)} times what it costs among few.`;
}

/**
 * The program of an operator, and what it takes for so many rows of such texts.
 * @throws Error after 900 s, MizuError if a task fails
 */
export async function createMeasure(
  operator: OperatorName,
): Promise<(texts: keyof typeof TEXTS, count: number) => Promise<RowGas>> {
  const bundled = await withWorkflow(OPERATORS[operator], bundleWorkflow);
  const built = await buildProgram(bundled.bundle);
  const native = createLocalNativeEngine(built);
  const loading = loadGas(built.entry);
  return async (texts, count) => {
    const partitions: Uint8Array[] = [];
    const rows = TEXTS[texts](count).map(({ text }, index) => {
      const row = { text, key: `key ${Math.floor(index / 10)}`, isOther: index % 10 === 0 };
      return { kind: 'row' as const, index, row };
    });
    for await (const { bytes } of partitionRows(rows)) partitions.push(bytes);
    let largestTaskGas = 0;
    const engine: LocalEngine = {
      exec: (task) => {
        const result = native.exec(task);
        largestTaskGas = Math.max(largestTaskGas, Number(result.gasUsed));
        return result;
      },
    };
    const [began, cpu] = [performance.now(), process.cpuUsage()];
    const onProgress = (): void => {
      if (performance.now() - began > 1_000 * MAX_SECONDS) throw new Error(`${operator}: more than ${MAX_SECONDS} s`);
    };
    const { stages, gasUsed, parts } = await runPartitions(bundled, engine, partitions, { onProgress });
    const { user, system } = process.cpuUsage(cpu);
    const paid = Number(gasUsed) + stages.reduce((sum, run) => sum + loadingOf(run, stages, partitions, loading), 0);
    return {
      operator,
      texts,
      rows: count,
      rowsOut: parts.train!.length,
      partitions: partitions.length,
      gasPerRow: Number(gasUsed) / count,
      paidPerRow: paid / count,
      largestTaskGas,
      cpuSeconds: (user + system) / 1e6,
    };
  };
}

/** Gas that all tasks of a stage pay before their programs run: docs/kernel.md#loading. */
function loadingOf(
  { stage, outputs }: StageRun,
  stages: readonly StageRun[],
  partitions: readonly Uint8Array[],
  loading: bigint,
): number {
  const sink = stage.kind === 'sink' || stage.kind === 'rejects';
  return outputs.reduce((sum, _, task) => {
    const inputs = stage.inputs.flatMap(({ stage: source, mode }) => {
      const objects = source === INPUT ? partitions : stages[source]!.outputs;
      return mode === 'all' ? objects : [objects[task]!];
    });
    const inputBytes = BigInt(inputs.reduce((bytes, { length }) => bytes + length, 0));
    return sum + Number(taskGas({ loadGas: loading, sink, inputs: inputs.length, inputBytes }));
  }, 0);
}
