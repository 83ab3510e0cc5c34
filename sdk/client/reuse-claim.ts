// docs/sdk.md#reuse: what a dataset says of the run whose operators it goes on with.
import { z } from 'zod';
import { type Hex, isHash } from '../../protocol/hex.ts';
import { NAME } from '../workflow/refusal.ts';

export type ReuseClaim = {
  /** The run that has made what this one has read. */
  readonly run: Hex;
  readonly workflow: Hex;
  /** Of the input that the first of all these runs has read. */
  readonly inputsHash: Hex;
  /** Names of the operators that were not run again. */
  readonly operators: readonly string[];
  /** The model operator whose answers are those of the earlier run, and are checked and parsed anew. */
  readonly answered?: string | undefined;
  /** What that run itself goes on with. */
  readonly reuses?: ReuseClaim | undefined;
};

/** Runs that go on with each other. */
export const MAX_REUSES = 16;

const hash = z.custom<Hex>(isHash, 'expected 0x and 64 hex digits');
const name = z.string().regex(NAME);
const own = {
  run: hash,
  workflow: hash,
  inputsHash: hash,
  operators: z.array(name).max(1_000),
  answered: name.optional(),
};

export const reuseShape: z.ZodType<ReuseClaim> = shapeOf(MAX_REUSES);

function shapeOf(left: number): z.ZodType<ReuseClaim> {
  const more = left > 1 ? { reuses: shapeOf(left - 1).optional() } : {};
  return z.object({ ...own, ...more }) as z.ZodType<ReuseClaim>;
}
