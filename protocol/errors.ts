// docs/glossary.md#refusal: bad input is refused with a typed error; a guest fault is a value and never an error.
import type { ErrorCode } from './error-codes.ts';
import { withoutControls } from './text.ts';

export type Refusal = {
  /** Stable, machine-readable: `area/what`, for example `vm/unsupported-feature`. docs/errors.md lists all. */
  readonly code: ErrorCode;
  readonly message: string;
  readonly expected?: string | undefined;
  readonly actual?: string | undefined;
  /** What the reader can do about it. */
  readonly hint?: string | undefined;
  /** True if the same call may succeed later without a change (network, load). */
  readonly retryable?: boolean | undefined;
  readonly cause?: unknown;
};

/**
 * A refusal of bad input, or a failed request to another party.
 *
 * @example
 * try {
 *   await runLocal('workflow.ts', rows);
 * } catch (error) {
 *   if (!(error instanceof MizuError)) throw error;
 *   console.error(error.code, error.expected, error.actual, error.hint);
 * }
 */
export class MizuError extends Error {
  /**
   * In an error that another party has sent, the code is whatever that party says: a later version may have codes that
   * this one has not.
   */
  readonly code: ErrorCode;
  readonly expected: string | undefined;
  readonly actual: string | undefined;
  readonly hint: string | undefined;
  readonly retryable: boolean;

  constructor(refusal: Refusal) {
    super(refusal.message, refusal.cause === undefined ? undefined : { cause: refusal.cause });
    this.name = 'MizuError';
    this.code = refusal.code;
    this.expected = refusal.expected;
    this.actual = refusal.actual;
    this.hint = refusal.hint;
    this.retryable = refusal.retryable ?? false;
  }
}

/**
 * One readable paragraph: message, expected, actual, hint. Control characters, which other parties may have put into
 * it, are replaced: it cannot steer a terminal.
 *
 * @example
 * console.error(formatError(error));
 */
export function formatError(error: unknown): string {
  return withoutControls(describe(error));
}

function describe(error: unknown): string {
  if (!(error instanceof MizuError)) return error instanceof Error ? error.message : String(error);
  const lines = [error.message];
  if (error.expected !== undefined) lines.push(`  expected: ${error.expected}`);
  if (error.actual !== undefined) lines.push(`  got:      ${error.actual}`);
  if (error.hint !== undefined) lines.push(`  to do:    ${error.hint}`);
  return lines.join('\n');
}
