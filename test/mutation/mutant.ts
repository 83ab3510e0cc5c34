// docs/vm.md#engines: a line of the sources, broken.

/**
 * Sets of checks, see check.ts; `ops:` and `core:` with the beginning of instructions' names, `forge:` with the file of
 * contracts/test, `kernel:` with the test of kernel/.
 */
export type CheckName =
  | 'vectors'
  | 'proofs'
  | 'lies'
  | 'handmade'
  | 'cases'
  | 'traces'
  | 'snapshots'
  | `ops:${string}`
  | `core:${string}`
  | `forge:${string}`
  | `kernel:${string}`;

export type Mutant = {
  readonly file: string;
  /** A part of one line that occurs once in the file. */
  readonly text: string;
  readonly replacement: string;
  /** The smallest sets that should catch it, in this order. */
  readonly checks: readonly CheckName[];
};
