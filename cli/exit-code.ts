// docs/errors.md#exit-codes: the exit code of a refused command.

/** Codes of commands that were typed correctly, but yield no dataset. */
const FRUITLESS = ['sdk/nothing-through', 'sdk/backend-refuses'];

/** 1 for an error that the caller can correct, 2 for a run without a row, 3 for a verification that failed. */
export function exitCodeOf(code: string): number {
  if (code.startsWith('verify/')) return 3;
  return FRUITLESS.includes(code) ? 2 : 1;
}
