// docs/rows.md#sinks: the last stages: the rows of one part of the split, and the rejects.
import type { SplitStep } from '../workflow/step.ts';
import { canonical } from './canonical.ts';
import { hashToUnit } from './hash.ts';
import { FIRST_INPUT, type GuestIo } from './io.ts';
import { openRowset, rowIndex, rowText, writeLines } from './rowset.ts';

/** `split` null: all live rows. A row's part depends on its index (or key) and the seed only. */
export function runSink(io: GuestIo, split: SplitStep | null, part: number): void {
  const header = openRowset(io, FIRST_INPUT);
  const upper: number[] = [];
  for (const { fraction } of split?.parts ?? []) upper.push((upper.at(-1) ?? 0) + fraction);
  const lines: string[] = [];
  let last = -1;
  let lastPart = -1;
  for (let ordinal = 0; ordinal < header.out && io.next(); ordinal++) {
    const line = io.line();
    if (split !== null) {
      const index = rowIndex(line);
      if (index !== last || split.key !== null) {
        const key = split.key === null ? String(index) : keyOf(split.key, io.json() as [number, object]);
        const unit = hashToUnit(key, `split ${split.seed}`);
        const found = upper.findIndex((bound) => unit < bound);
        last = index;
        lastPart = found < 0 ? upper.length - 1 : found;
      }
      if (lastPart !== part) continue;
    }
    lines.push(rowText(line));
  }
  writeLines(io, lines);
}

/** In the order of the input, so that the number of partitions does not show. */
export function runRejects(io: GuestIo): void {
  const header = openRowset(io, FIRST_INPUT);
  const rejects: [number, string][] = [];
  for (let ordinal = 0; io.next(); ordinal++) {
    if (ordinal < header.out) continue;
    const [index, row, step, reason] = io.json() as [number, unknown, string, string];
    rejects.push([
      index,
      `{"index":${index},"reason":${JSON.stringify(reason)},"row":${canonical(row)},"step":${JSON.stringify(step)}}`,
    ]);
  }
  rejects.sort((a, b) => a[0] - b[0]);
  writeLines(
    io,
    rejects.map(([, line]) => line),
  );
}

// A key function that throws puts the row where its index would: a split loses no row.
function keyOf(key: (row: never) => unknown, [index, row]: [number, object]): string {
  try {
    return canonical((key as (row: object) => unknown)(Object.freeze(row)) ?? null);
  } catch {
    return String(index);
  }
}
