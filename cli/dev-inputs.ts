// docs/sdk.md#dev: the rows that `mizu dev` takes of its inputs: the first of the dataset's own input, and enough of
// those that are joined.
import { createFirstRows, OTHER_SAMPLE, type RowLimit } from '../sdk/input/first-rows.ts';
import { type InputSource, orderInputs } from '../sdk/input/named.ts';
import { readRows } from '../sdk/input/read-rows.ts';
import { encodeRowset, type InputRow } from '../sdk/input/rowset.ts';
import type { RunInputs } from './input-flags.ts';

/** An input that is joined. */
export type Other = {
  readonly name: string;
  readonly rows: readonly InputRow[];
  /** The input may have more rows. */
  readonly isCut: boolean;
};

export type DevInputs = {
  /** Rows of the dataset's own input. */
  readonly rows: readonly InputRow[];
  readonly others: readonly Other[];
  /** One for each input, the dataset's own first. */
  readonly partitions: readonly Uint8Array[];
};

/**
 * `wanted` are the names of the inputs that the workflow joins.
 * @throws MizuError `sdk/inputs`, and what reading them throws
 */
export async function takeInputs(wanted: readonly string[], inputs: RunInputs, count: number): Promise<DevInputs> {
  const named = orderInputs(wanted, inputs.others);
  const { rows } = await takeRows(inputs, { rows: count });
  const others: Other[] = [];
  for (const one of named) others.push({ name: one.name, ...(await takeRows(one, OTHER_SAMPLE)) });
  return {
    rows,
    others,
    partitions: [encodeRowset(rows), ...others.map((one) => encodeRowset(one.rows, { input: one.name }))],
  };
}

async function takeRows({ file, options }: InputSource, limit: RowLimit): Promise<Omit<Other, 'name'>> {
  const first = createFirstRows(limit);
  for await (const row of readRows(file, options)) if (!first.add(row)) return { rows: first.rows, isCut: true };
  return { rows: first.rows, isCut: false };
}
