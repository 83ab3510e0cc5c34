// docs/sdk.md#dev: what each step did to up to ten rows, from the objects between the stages.

import { type Content, imagesOf, textOfContent } from '../../edge/backends/messages.ts';
import type { StepDescription } from '../compile/describe-guest.ts';
import type { StageRun } from '../local/graph.ts';
import { parseLines, readHeader, sumSteps } from '../local/run-local.ts';
import type { StepStats } from '../runtime/rowset.ts';

export type Sample = {
  readonly index: number;
  readonly before: unknown;
  /** `kept` unchanged, `changed` with the rows it became (and why one of them was not made), `dropped`, `rejected` with the reason. */
  readonly outcome: 'kept' | 'changed' | 'dropped' | 'rejected';
  readonly after: readonly unknown[];
  readonly reason?: string;
  /** What was asked of a model. */
  readonly prompt?: string;
};

export type StepSamples = {
  readonly label: string;
  readonly stats: StepStats;
  readonly samples: readonly Sample[];
  readonly gasPerRow: number;
  readonly microsecondsPerRow: number;
};

const SAMPLES = 10;

/** `runs` are those of the unfused stages: each has one step. */
export function collectSamples(
  steps: readonly StepDescription[],
  runs: readonly StageRun[],
  input: Uint8Array,
): StepSamples[] {
  return steps.flatMap((step, index) => {
    const at = runs.findIndex(({ stage }) => ownStep(stage) === index);
    const run = runs[at];
    if (run === undefined) return [];
    const source = run.stage.inputs[0]!.stage;
    const before = parseRowsets(source < 0 ? [input] : runs[source]!.outputs);
    const after = parseRowsets(run.outputs);
    // The stages that prepare this one (request, keys, …) are part of the step's cost.
    const own = runs.filter(({ stage }) => 'step' in stage && stage.step === index);
    const all = own.length > 0 ? own : [run];
    const rows = Math.max(1, before.live.length);
    const requests = runs.find(({ stage }) => stage.kind === 'request' && stage.step === index)?.outputs ?? [];
    return [
      {
        label: step.label,
        stats: sumSteps(run.outputs.map(readHeader))[step.name] ?? { in: 0, out: 0, rejected: 0 },
        samples: step.kind === 'sort' ? showOrder(after) : compare(before, after, readPrompts(requests)),
        gasPerRow: Number(all.reduce((sum, { gasUsed }) => sum + gasUsed, 0n)) / rows,
        microsecondsPerRow: (1000 * all.reduce((sum, { milliseconds }) => sum + milliseconds, 0)) / rows,
      },
    ];
  });
}

function ownStep(stage: StageRun['stage']): number {
  if (stage.kind === 'rows') return stage.from;
  return stage.kind === 'receive' || stage.kind === 'apply' || stage.kind === 'sort' ? stage.step : -1;
}

type Rowset = { readonly live: [number, unknown][]; readonly rejected: [number, unknown, string, string][] };

// Of one partition, or of all ranges of a sort.
function parseRowsets(objects: readonly Uint8Array[]): Rowset {
  const rowsets = objects.map((bytes) => {
    const [header, ...lines] = parseLines(bytes);
    const { out } = header as { out: number };
    return { live: lines.slice(0, out) as Rowset['live'], rejected: lines.slice(out) as Rowset['rejected'] };
  });
  return { live: rowsets.flatMap(({ live }) => live), rejected: rowsets.flatMap(({ rejected }) => rejected) };
}

// A sort gives new indexes: the first rows of the new order.
function showOrder({ live }: Rowset): Sample[] {
  return live.slice(0, SAMPLES).map(([index, row]) => ({ index, before: row, outcome: 'kept', after: [row] }));
}

// Rows that something happened to come first: of a filter that keeps nearly all, the dropped ones are of interest.
function compare(before: Rowset, after: Rowset, prompts: ReadonlyMap<number, string>): Sample[] {
  const old = new Set(before.rejected.map((reject) => JSON.stringify(reject)));
  const samples = before.live.map(([index, row]): Sample => {
    const prompt = prompts.get(index);
    const base = { index, before: row, ...(prompt === undefined ? {} : { prompt }) };
    const reject = after.rejected.find((one) => one[0] === index && !old.has(JSON.stringify(one)));
    const rows = after.live.filter(([other]) => other === index).map(([, value]) => value);
    if (reject !== undefined && rows.length > 0) return { ...base, outcome: 'changed', after: rows, reason: reject[3] };
    if (reject !== undefined) return { ...base, outcome: 'rejected', after: [], reason: reject[3] };
    if (rows.length === 0) return { ...base, outcome: 'dropped', after: [] };
    const same = rows.length === 1 && JSON.stringify(rows[0]) === JSON.stringify(row);
    return { ...base, outcome: same ? 'kept' : 'changed', after: rows };
  });
  return [
    ...samples.filter(({ outcome }) => outcome !== 'kept'),
    ...samples.filter(({ outcome }) => outcome === 'kept'),
  ].slice(0, SAMPLES);
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
