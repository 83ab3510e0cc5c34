// docs/court.md#reexecution: runs the rows of an item again on a backend of our own, and says whether the result object is what the model yields.
import { MizuError } from '../protocol/errors.ts';
import { type Backend, type ChatRequest, type Completion, parseChatRequest } from './backends/backend.ts';
import { toRowUsage } from './backends/row-failure.ts';
import { type Finding, type ItemObjects, other, type ResultRow, readItemRows } from './item-rows.ts';
import type { RowUsage } from './rows.ts';

/** Which of `count` rows are run again. */
export type DrawRows = (count: number) => readonly number[];

const SHOWN = 160;

/**
 * For a model of class A, whose answer to a request is the same on every machine. A row with a content must have exactly
 * the content and the end that `backend` gives; no row may bill more tokens than it gives; and the item no more than its
 * rows. That a row has failed says nothing of the model, and is never held against anybody.
 *
 * `draw`: the places of the rows that are run again, of so many; all of them if it is left out.
 */
export async function reexecuteItem(
  item: ItemObjects,
  backend: Backend,
  signal: AbortSignal,
  draw?: DrawRows,
): Promise<Finding> {
  const read = readItemRows(item);
  if (read.kind !== 'rows') return read;
  const { requests, rows } = read;
  const asked = draw?.(rows.length) ?? rows.map((_, place) => place);
  for (const place of asked) {
    const row = rows[place];
    if (row === undefined) continue;
    const found = await judgeRow(row, requests.lineOf(place), backend, signal);
    if (found !== undefined) return { ...found, reason: `row ${place}: ${found.reason}` };
  }
  return { kind: 'same', rows: asked.length };
}

async function judgeRow(
  result: ResultRow,
  line: string,
  backend: Backend,
  signal: AbortSignal,
): Promise<Exclude<Finding, { kind: 'same' }> | undefined> {
  // What failed without an answer, and without a bill, is nobody's word.
  const raw = result.error?.raw;
  if (result.error !== undefined && raw === undefined && result.usage === undefined) return undefined;
  const own = await complete(line, backend, signal);
  if (own.kind === 'unknown') return own;
  const claimed = result.error === undefined ? result.content : raw;
  if (own.kind === 'failed') {
    if (claimed !== undefined && claimed !== own.raw)
      return other(`the model fails here (${own.reason}), and it has an answer`);
    return judgeUsage(result.usage, own.usage);
  }
  const { content, finishReason, usage } = own.completion;
  if (claimed !== undefined && claimed !== content)
    return other(`it is ${shown(claimed)}, the model says ${shown(content)}`);
  if (result.error === undefined && result.finish_reason !== finishReason)
    return other(`it ends with ${shown(result.finish_reason)}, the model with ${shown(finishReason)}`);
  return judgeUsage(result.usage, toRowUsage(usage));
}

function judgeUsage(claimed: Partial<RowUsage> | undefined, own: RowUsage) {
  for (const field of ['prompt_tokens', 'completion_tokens'] as const) {
    const tokens = claimed?.[field] ?? 0;
    if (typeof tokens !== 'number' || !(tokens <= own[field]))
      return other(`it bills ${shown(tokens)} ${field}, the model takes ${own[field]}`);
  }
  return undefined;
}

type Own =
  | { readonly kind: 'done'; readonly completion: Completion }
  | { readonly kind: 'failed'; readonly reason: string; readonly raw: string | undefined; readonly usage: RowUsage }
  | { readonly kind: 'unknown'; readonly reason: string };

const NO_USAGE: RowUsage = { prompt_tokens: 0, completion_tokens: 0 };

async function complete(line: string, backend: Backend, signal: AbortSignal): Promise<Own> {
  try {
    const request = parseChatRequest((JSON.parse(line) as [number, ChatRequest])[1]);
    return { kind: 'done', completion: await backend.complete(request, signal) };
  } catch (error) {
    if (signal.aborted) return { kind: 'unknown', reason: 'there was no time for it' };
    if (error instanceof SyntaxError)
      return { kind: 'failed', reason: 'the row is no JSON', raw: undefined, usage: NO_USAGE };
    if (!(error instanceof MizuError) || error.retryable) return { kind: 'unknown', reason: (error as Error).message };
    const { raw, usage } = (error.cause ?? {}) as { raw?: string; usage?: Completion['usage'] };
    return { kind: 'failed', reason: error.code, raw, usage: usage === undefined ? NO_USAGE : toRowUsage(usage) };
  }
}

function shown(value: unknown): string {
  return String(JSON.stringify(value)).slice(0, SHOWN);
}
