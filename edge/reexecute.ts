// docs/court.md#reexecution: runs the rows of an item again on a backend of our own, and says whether the result object is what the model yields.
import { MizuError } from '../protocol/errors.ts';
import { type ObjectHeader, readHeader } from '../protocol/rows.ts';
import { type Backend, type ChatRequest, type Completion, parseChatRequest } from './backends/backend.ts';
import { toRowUsage } from './backends/row-failure.ts';
import { decodeRequests, type RowUsage } from './rows.ts';

/** An item's objects, and the tokens that it bills. */
export type ReexecutedItem = {
  readonly requests: Uint8Array;
  readonly results: Uint8Array;
  readonly inputTokens: bigint;
  readonly outputTokens: bigint;
};

export type Finding =
  | { readonly kind: 'same'; readonly rows: number }
  /** `reason` names the first row that is wrong, or what else is. */
  | { readonly kind: 'other'; readonly reason: string }
  /** This machine cannot tell. */
  | { readonly kind: 'unknown'; readonly reason: string };

/** Which of `count` rows are run again. */
export type DrawRows = (count: number) => readonly number[];

/** A row of a result object, as far as anybody could have written it. */
type ResultRow = {
  readonly content?: unknown;
  readonly finish_reason?: unknown;
  readonly error?: { readonly raw?: unknown };
  readonly usage?: Partial<RowUsage>;
};

const SHOWN = 160;

/**
 * For a model of class A, whose answer to a request is the same on every machine. A row with a content must have exactly
 * the content and the end that `backend` gives; no row may bill more tokens than it gives; and the item no more than its
 * rows. That a row has failed says nothing of the model, and is never held against anybody.
 *
 * `draw`: the places of the rows that are run again, of so many; all of them if it is left out.
 */
export async function reexecuteItem(
  item: ReexecutedItem,
  backend: Backend,
  signal: AbortSignal,
  draw?: DrawRows,
): Promise<Finding> {
  const results = parseResults(item.results);
  if (results === undefined) return other('the result object is no list of results');
  const requests = tryDecode(item.requests);
  // A gateway answers a request object that is none with no rows at all; and so it may any other, without a bill.
  if (results.rows.length === 0) return judgeTotals(item, []) ?? { kind: 'same', rows: 0 };
  if (requests === undefined) return other('it has rows, and the request object has none that could be read');
  if (results.rows.length !== requests.count)
    return other(`it has ${results.rows.length} rows for ${requests.count} requests`);
  const wrongTotals = judgeTotals(item, results.rows);
  if (wrongTotals !== undefined) return wrongTotals;
  for (const [place, { index }] of results.rows.entries())
    if (index !== requests.indexOf(place)) return other(`row ${place} has the index ${index}`);
  const asked = draw?.(results.rows.length) ?? results.rows.map((_, place) => place);
  for (const place of asked) {
    const row = results.rows[place];
    if (row === undefined) continue;
    const found = await judgeRow(row.result, requests.lineOf(place), backend, signal);
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

// What rows do not say is not paid for.
function judgeTotals(item: ReexecutedItem, rows: readonly { readonly result: ResultRow }[]) {
  const sum = (field: keyof RowUsage) =>
    rows.reduce((total, { result }) => total + Number(result.usage?.[field] ?? 0), 0);
  const [input, output] = [sum('prompt_tokens'), sum('completion_tokens')];
  if (Number(item.inputTokens) > input || Number(item.outputTokens) > output)
    return other(`it bills ${item.inputTokens} and ${item.outputTokens} tokens, its rows have ${input} and ${output}`);
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

function tryDecode(bytes: Uint8Array) {
  try {
    return decodeRequests(bytes);
  } catch {
    return undefined;
  }
}

function parseResults(bytes: Uint8Array): { readonly rows: { index: unknown; result: ResultRow }[] } | undefined {
  const read = readHeader(bytes);
  const { mizu, count }: Partial<ObjectHeader> = read?.header ?? {};
  if (read === undefined || mizu !== 'results') return undefined;
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes.subarray(read.sizeBytes));
    const lines = text === '' ? [] : text.replace(/\n$/, '').split('\n');
    const rows = lines.map((line) => {
      const [index, result] = JSON.parse(line) as [unknown, ResultRow];
      if (typeof result !== 'object' || result === null) throw new SyntaxError('no result');
      return { index, result };
    });
    return rows.length === count ? { rows } : undefined;
  } catch {
    return undefined;
  }
}

function other(reason: string) {
  return { kind: 'other', reason } as const;
}

function shown(value: unknown): string {
  return String(JSON.stringify(value)).slice(0, SHOWN);
}
