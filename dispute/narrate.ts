// docs/disputes.md#game: what happens in a game, in words.
import type { Disputed } from './play.ts';
import type { TracePlace } from './trace/trace.ts';

/** "instructions 33,554,433 to 67,108,864 of the step". */
export function describeRange({ startPosition, length }: Pick<Disputed, 'startPosition' | 'length'>): string {
  const [first, last] = [startPosition + 1n, startPosition + length];
  if (length === 1n) return `instruction ${count(first)} of the step`;
  return `instructions ${count(first)} to ${count(last)} of the step`;
}

/** "i32_add (integer) at 88 of the kernel, with 549,755,000,000 gas left". */
export function describePlace({ machine, programId, pc, gasLeft, debt, instruction, family }: TracePlace): string {
  if (machine === 'halted') return 'the halted machine, which stays as it is';
  const what =
    debt !== undefined
      ? `one of ${count(debt)} gas that are owed,`
      : instruction === undefined
        ? 'a fault'
        : `${instruction} (${family})`;
  const where = machine === 'kernel' ? 'the kernel' : `program ${programId}`;
  return `${what} at ${count(BigInt(pc ?? 0))} of ${where}, with ${count(gasLeft ?? 0n)} gas left`;
}

function count(value: bigint): string {
  return value.toLocaleString('en-US');
}
