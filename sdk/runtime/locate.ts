// docs/sdk.md#errors: names the line of the workflow file in which an operator failed, from QuickJS's stack and the compiler's table.
import { instead } from './refused.ts';

/** Generated line (1-based) -> triples of generated column (1-based), index of the file, source line (0: not the user's), ascending by column. */
export type LineTable = Readonly<Record<string, readonly number[]>>;

export type SourceTable = { readonly files: readonly string[]; readonly lines: LineTable };

const MAX_TOLD = 400;

/**
 * `TypeError: … (workflow.ts:12)`, bounded, whatever was thrown: to read it may run what users wrote. `made` is the stack of where the
 * operator was made, for errors that no line of the workflow threw.
 */
export function describeError(error: unknown, table: SourceTable, made = ''): string {
  let text: string;
  let stack = '';
  try {
    const isError = error instanceof Error;
    // An expression takes as long as its text: what is not told is cut off before.
    text = isError ? `${error.name}: ${withFix(String(error.message).slice(0, MAX_TOLD))}` : `thrown: ${String(error)}`;
    if (isError) stack = String(error.stack ?? '');
  } catch {
    text ??= 'thrown: a value that cannot be shown';
  }
  return withPlace(text.slice(0, MAX_TOLD), locate(stack, table) ?? locate(made, table));
}

/** The engines say alike that a name is not defined: `X is not defined`, with quotes or without. */
export function withFix(message: string): string {
  const name = /^'?(\w{1,40})'? is not defined$/.exec(message)?.[1];
  const fix = name === undefined ? undefined : instead(name);
  return fix === undefined ? message : `${name} is not there in an operator: ${fix}`;
}

export function withPlace(text: string, place: string | null): string {
  return place === null ? text : `${text} (${place})`;
}

/** The first frame that lies in a file of the workflow. */
export function locate(stack: string, table: SourceTable): string | null {
  for (const frame of stack.slice(0, 16_384).split('\n')) {
    const match = /:(\d+):(\d+)\)?\s*$/.exec(frame);
    const segments = match === null ? undefined : table.lines[match[1]!];
    if (match === null || segments === undefined) continue;
    const column = Number(match[2]);
    // The last segment that begins at or before the column; the bundle is one long line.
    let low = 0;
    let high = segments.length / 3;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (segments[3 * middle]! <= column) low = middle + 1;
      else high = middle;
    }
    const found = 3 * (low - 1);
    if (found >= 0 && segments[found + 2]! > 0) return `${table.files[segments[found + 1]!]}:${segments[found + 2]}`;
  }
  return null;
}
