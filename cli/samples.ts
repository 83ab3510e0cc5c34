// docs/sdk.md#dev: what each operator did to up to ten rows, from the objects between the stages.

import { type Content, imagesOf, textOfContent } from '../edge/backends/messages.ts';
import type { OperatorDescription } from '../sdk/compile/describe-guest.ts';
import type { StageRun } from '../sdk/local/graph.ts';
import { parseLines, type Reject, readRowsetHeader, sumOperators } from '../sdk/local/run-local.ts';
import type { OperatorStats, RowsetHeader } from '../sdk/runtime/rowset.ts';

export type Sample = {
  readonly index: number;
  readonly before: unknown;
  /**
   * `kept`: unchanged; `changed`: with the rows it became, and why one of them was not made; `dropped`; `rejected`:
   * with the reason.
   */
  readonly outcome: 'kept' | 'changed' | 'dropped' | 'rejected';
  readonly after: readonly unknown[];
  readonly reason?: string;
  /** What a model was asked. */
  readonly prompt?: string;
};

export type OperatorSamples = {
  readonly label: string;
  readonly stats: OperatorStats;
  readonly samples: readonly Sample[];
  readonly gasPerRow: number;
  readonly microsecondsPerRow: number;
};

const SAMPLES = 10;

/** `runs` are those of the unfused stages: each has one operator. */
export function collectSamples(
  operators: readonly OperatorDescription[],
  runs: readonly StageRun[],
  input: Uint8Array,
): OperatorSamples[] {
  return operators.flatMap((operator, index) => {
    const at = runs.findIndex(({ stage }) => ownOperator(stage) === index);
    const run = runs[at];
    if (run === undefined) return [];
    // A sort's own stage reads what its rows were sent as.
    const reader = runs.find(({ stage }) => stage.kind === 'send' && stage.operator === index) ?? run;
    const source = reader.stage.inputs[0]!.stage;
    const before = parseRowsets(source < 0 ? [input] : runs[source]!.outputs);
    const after = parseRowsets(run.outputs);
    // The stages that prepare this one (request, keys, …) are part of the operator's cost.
    const own = runs.filter(({ stage }) => 'operator' in stage && stage.operator === index);
    const all = own.length > 0 ? own : [run];
    const rows = Math.max(1, before.live.length);
    const requests = runs.find(({ stage }) => stage.kind === 'request' && stage.operator === index)?.outputs ?? [];
    return [
      {
        label: operator.label,
        stats: sumOperators(run.outputs.map(readRowsetHeader))[operator.name] ?? { in: 0, out: 0, rejected: 0 },
        samples:
          operator.kind === 'sort'
            ? showOrder(after, rejectsOf(runs, index, operator.name))
            : compare(operator.name, before, after, readPrompts(requests)),
        gasPerRow: Number(all.reduce((sum, { gasUsed }) => sum + gasUsed, 0n)) / rows,
        microsecondsPerRow: (1000 * all.reduce((sum, { milliseconds }) => sum + milliseconds, 0)) / rows,
      },
    ];
  });
}

function ownOperator(stage: StageRun['stage']): number {
  if (stage.kind === 'rows') return stage.from < stage.to ? stage.from : -1;
  return stage.kind === 'receive' || stage.kind === 'apply' || stage.kind === 'sort' ? stage.operator : -1;
}

type Rowset = { readonly live: [number, unknown][]; readonly rejected: [number, unknown, string, string][] };

// The rows of one partition, or of all ranges of a sort.
function parseRowsets(objects: readonly Uint8Array[]): Rowset {
  const rowsets = objects.map((bytes) => {
    const [header, ...lines] = parseLines(bytes);
    const { out, input } = header as RowsetHeader;
    // Rows of an input that is joined do not belong to the dataset's own input.
    const live = input === undefined ? lines.slice(0, out) : [];
    return { live: live as Rowset['live'], rejected: lines.slice(out) as Rowset['rejected'] };
  });
  return { live: rowsets.flatMap(({ live }) => live), rejected: rowsets.flatMap(({ rejected }) => rejected) };
}

// A sort gives new indexes. Shown are its rejects, then the first rows of the new order.
function showOrder({ live }: Rowset, rejects: readonly Reject[]): Sample[] {
  const rejected = rejects.map(({ index, row, reason }): Sample => {
    return { index, before: row, outcome: 'rejected', after: [], reason };
  });
  const kept = live.map(([index, row]): Sample => ({ index, before: row, outcome: 'kept', after: [row] }));
  return [...rejected, ...kept].slice(0, SAMPLES);
}

function rejectsOf(runs: readonly StageRun[], sort: number, name: string): Reject[] {
  const objects = runs.find(({ stage }) => stage.kind === 'rejects' && stage.sort === sort)?.outputs ?? [];
  return objects.flatMap((bytes) => parseLines(bytes) as Reject[]).filter(({ operator }) => operator === name);
}

// Rows that were changed, dropped or rejected come first: of a filter that keeps nearly all rows, the dropped ones are
// of interest.
function compare(operator: string, before: Rowset, after: Rowset, prompts: ReadonlyMap<number, string>): Sample[] {
  const old = new Set(before.rejected.map((reject) => JSON.stringify(reject)));
  const rejected = after.rejected.filter((reject) => reject[2] === operator && !old.has(JSON.stringify(reject)));
  const samples = [...groupByIndex(before.live)].flatMap(([index, own]) => {
    const made = after.live.filter(([other]) => other === index).map(([, row]) => row);
    const refused = rejected.filter(([other]) => other === index);
    const prompt = prompts.get(index);
    return own.map((row): Sample => {
      const base = { index, before: row, ...(prompt === undefined ? {} : { prompt }) };
      const { rows, reason } =
        own.length === 1 ? { rows: made, reason: refused[0]?.[3] } : find(row, own, made, refused);
      if (reason !== undefined)
        return { ...base, outcome: rows.length > 0 ? 'changed' : 'rejected', after: rows, reason };
      if (rows.length === 0) return { ...base, outcome: 'dropped', after: [] };
      const same = rows.length === 1 && JSON.stringify(rows[0]) === JSON.stringify(row);
      return { ...base, outcome: same ? 'kept' : 'changed', after: rows };
    });
  });
  return [
    ...samples.filter(({ outcome }) => outcome !== 'kept'),
    ...samples.filter(({ outcome }) => outcome === 'kept'),
  ].slice(0, SAMPLES);
}

function groupByIndex(live: Rowset['live']): Map<number, unknown[]> {
  const groups = new Map<number, unknown[]>();
  for (const [index, row] of live) groups.set(index, [...(groups.get(index) ?? []), row]);
  return groups;
}

// Finds a row among several that came of one input row: a row that is there unchanged is itself; the others are told
// apart by their order, if none was dropped.
function find(
  row: unknown,
  own: readonly unknown[],
  made: readonly unknown[],
  refused: Rowset['rejected'],
): { readonly rows: readonly unknown[]; readonly reason: string | undefined } {
  const text = JSON.stringify(row);
  const isIn = (list: readonly unknown[], one: unknown): boolean =>
    list.some((other) => JSON.stringify(other) === JSON.stringify(one));
  if (isIn(made, row)) return { rows: [row], reason: undefined };
  const reject = refused.find(([, other]) => JSON.stringify(other) === text);
  if (reject !== undefined) return { rows: [], reason: reject[3] };
  const changed = own.filter((one) => !isIn(made, one) && !refused.some(([, other]) => isIn([other], one)));
  const fresh = made.filter((one) => !isIn(own, one));
  return { rows: fresh.length === changed.length ? [fresh[changed.indexOf(row)]] : fresh, reason: undefined };
}

function readPrompts(objects: readonly Uint8Array[]): Map<number, string> {
  const lines = objects.flatMap((requests) => parseLines(requests).slice(1)) as [
    number,
    { messages: { content: Content }[] },
  ][];
  return new Map(lines.map(([index, { messages }]) => [index, showContent(messages.at(-1)?.content ?? '')]));
}

function showContent(content: Content): string {
  return [textOfContent(content), ...imagesOf(content).map(({ image_url: image }) => `[${image.url.slice(0, 60)}]`)]
    .filter((text) => text !== '')
    .join('\n');
}
