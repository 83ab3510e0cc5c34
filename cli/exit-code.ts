// docs/errors.md#exit-codes: what a refused command ends with.

/** Nobody has mistyped anything: what was tried yields no dataset. */
const FRUITLESS = ['sdk/nothing-through', 'sdk/backend-refuses'];

/** 1 for what the caller can correct, 2 for a run without a row, 3 for a verification that failed. */
export function exitCodeOf(code: string): number {
  if (code.startsWith('verify/')) return 3;
  return FRUITLESS.includes(code) ? 2 : 1;
}
