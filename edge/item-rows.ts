// docs/court.md#reexecution: the rows of an item, and what is wrong with them whatever the model says.
import { type ObjectHeader, readHeader } from '../protocol/rows.ts';
import { decodeRequests, type Requests, type RowUsage } from './rows.ts';

/** An item's objects, and the tokens that it bills. */
export type ItemObjects = {
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

/** A row of a result object, as far as anybody could have written it. */
export type ResultRow = {
  readonly content?: unknown;
  readonly finish_reason?: unknown;
  readonly error?: { readonly raw?: unknown };
  readonly usage?: Partial<RowUsage>;
};

export type ItemRows = { readonly kind: 'rows'; readonly requests: Requests; readonly rows: readonly ResultRow[] };

/** Its rows, in the order of the requests; or what it is without a look at the model. */
export function readItemRows(item: ItemObjects): ItemRows | Finding {
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
  return { kind: 'rows', requests, rows: results.rows.map(({ result }) => result) };
}

// What rows do not say is not paid for.
function judgeTotals(item: ItemObjects, rows: readonly { readonly result: ResultRow }[]) {
  const sum = (field: keyof RowUsage) =>
    rows.reduce((total, { result }) => total + Number(result.usage?.[field] ?? 0), 0);
  const [input, output] = [sum('prompt_tokens'), sum('completion_tokens')];
  if (Number(item.inputTokens) > input || Number(item.outputTokens) > output)
    return other(`it bills ${item.inputTokens} and ${item.outputTokens} tokens, its rows have ${input} and ${output}`);
  return undefined;
}

function tryDecode(bytes: Uint8Array) {
  try {
    return decodeRequests(bytes);
  } catch {
    return undefined;
  }
}

type ResultObject = { readonly model: unknown; readonly rows: { index: unknown; result: ResultRow }[] };

/** Undefined if it is no result object. */
export function parseResults(bytes: Uint8Array): ResultObject | undefined {
  const read = readHeader(bytes);
  const { mizu, count, model }: Partial<ObjectHeader> = read?.header ?? {};
  if (read === undefined || mizu !== 'results') return undefined;
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes.subarray(read.sizeBytes));
    const lines = text === '' ? [] : text.replace(/\n$/, '').split('\n');
    const rows = lines.map((line) => {
      const [index, result] = JSON.parse(line) as [unknown, ResultRow];
      if (typeof result !== 'object' || result === null) throw new SyntaxError('no result');
      return { index, result };
    });
    return rows.length === count ? { model, rows } : undefined;
  } catch {
    return undefined;
  }
}

export function other(reason: string) {
  return { kind: 'other', reason } as const;
}
