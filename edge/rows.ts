// docs/rows.md#requests: request objects in, result objects out.
import { MizuError } from '../protocol/errors.ts';
import { LEAF_BYTES } from '../protocol/tree.ts';

export type RowUsage = { readonly prompt_tokens: number; readonly completion_tokens: number };

export type RowError = { readonly code: string; readonly message: string; readonly raw?: string };

/** One row's result, keys as in the result object. An error has usage if the model did answer. */
export type RowResult =
  | { readonly content: string; readonly finish_reason: string; readonly usage: RowUsage }
  | { readonly error: RowError; readonly usage?: RowUsage };

export type Requests = {
  readonly model: string;
  /** Each row's line `[index,request]`, unparsed. */
  readonly lines: readonly string[];
  readonly indexes: readonly number[];
};

const MAX_ROWS = 1_000_000;
const LONE_SURROGATE = /[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g;

/** @throws MizuError `edge/bad-requests` naming the first line that is wrong. */
export function decodeRequests(bytes: Uint8Array): Requests {
  const text = new TextDecoder('utf-8').decode(bytes);
  const lines = text.split('\n');
  if (lines.pop() !== '') throw badRequests('a line end after the last row', 'none');
  const header = parseHeader(lines.shift() ?? '');
  if (header.count !== lines.length) throw badRequests(`${header.count} rows`, `${lines.length} rows`);
  const indexes = lines.map((line, i) => {
    const index = /^\[(\d{1,15}),./.exec(line)?.[1];
    if (index === undefined || !line.endsWith(']')) throw badRequests(`[index,request] in row ${i}`, line.slice(0, 80));
    return Number(index);
  });
  return { model: header.model, lines, indexes };
}

/** Canonical JSON (RFC 8785) of `[index,result]`. */
export function encodeResultLine(index: number, result: RowResult): string {
  const usage =
    result.usage === undefined
      ? ''
      : `"usage":{"completion_tokens":${result.usage.completion_tokens},"prompt_tokens":${result.usage.prompt_tokens}}`;
  if ('error' in result) {
    const { code, message, raw } = result.error;
    const rawField = raw === undefined ? '' : `,"raw":${quote(raw)}`;
    const error = `"error":{"code":${quote(code)},"message":${quote(message)}${rawField}}`;
    return `[${index},{${error}${usage === '' ? '' : `,${usage}`}}]`;
  }
  return `[${index},{"content":${quote(result.content)},"finish_reason":${quote(result.finish_reason)},${usage}}]`;
}

export function encodeResults(
  model: string,
  lines: readonly string[],
  tokens: { input: number; output: number },
): Uint8Array {
  const header = `{"mizu":"results","count":${lines.length},"model":${quote(model)},"inputTokens":${tokens.input},"outputTokens":${tokens.output}}`;
  return new TextEncoder().encode([padHeader(header), ...lines, ''].join('\n'));
}

/** Request object; the SDK's programs write the same bytes. */
export function encodeRequests(model: string, lines: readonly string[]): Uint8Array {
  const header = `{"mizu":"requests","count":${lines.length},"model":${quote(model)}}`;
  return new TextEncoder().encode([padHeader(header), ...lines, ''].join('\n'));
}

// With its line end the header fills whole leaves.
function padHeader(header: string): string {
  const length = Buffer.byteLength(header) + 1;
  return header + ' '.repeat(Math.ceil(length / LEAF_BYTES) * LEAF_BYTES - length);
}

// A lone surrogate has no UTF-8; JSON.stringify escapes it, which canonical JSON does not know.
function quote(text: string): string {
  const quoted = JSON.stringify(text);
  return /\\ud[89a-f]/.test(quoted) ? JSON.stringify(text.replace(LONE_SURROGATE, '\ufffd')) : quoted;
}

function parseHeader(line: string): { model: string; count: number } {
  let header: { mizu?: unknown; count?: unknown; model?: unknown } | null;
  try {
    header = JSON.parse(line);
  } catch {
    throw badRequests('a JSON header', line.slice(0, 80));
  }
  const { mizu, count, model } = header ?? {};
  const isCount = typeof count === 'number' && Number.isInteger(count) && count >= 0 && count <= MAX_ROWS;
  if (mizu !== 'requests' || !isCount || typeof model !== 'string') {
    throw badRequests('{"mizu":"requests","count":N,"model":"name"}', line.trimEnd().slice(0, 200));
  }
  return { model, count };
}

function badRequests(expected: string, actual: string): MizuError {
  return new MizuError({
    code: 'edge/bad-requests',
    message: 'The object is not a list of requests.',
    expected,
    actual,
    hint: 'See docs/rows.md#requests.',
  });
}
