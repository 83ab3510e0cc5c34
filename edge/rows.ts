// docs/rows.md#requests: request objects in, result objects out.
import { MizuError } from '../protocol/errors.ts';
import { type ObjectHeader, padHeader, readHeader } from '../protocol/rows.ts';

export type RowUsage = { readonly prompt_tokens: number; readonly completion_tokens: number };

export type RowError = { readonly code: string; readonly message: string; readonly raw?: string };

/**
 * One row's result, with its keys in the order of the result object. An error has a usage if the model has answered.
 */
export type RowResult =
  | {
      readonly content: string;
      readonly finish_reason: string;
      /** What the model thought, if the request asks for it. */
      readonly reasoning?: string;
      readonly usage: RowUsage;
    }
  | { readonly error: RowError; readonly usage?: RowUsage };

/** A request object as it came: a row is read from its bytes when it is asked for. */
export type Requests = {
  readonly model: string;
  readonly count: number;
  /** The row's line `[index,request]`, unparsed. */
  lineOf(place: number): string;
  /** Bytes of the line. */
  sizeOf(place: number): number;
  indexOf(place: number): number;
};

const MAX_ROWS = 1_000_000;
const MAX_HEADER_BYTES = 4_096;
const MAX_INDEX_DIGITS = 15;
const LINE_END = 10;
const LONE_SURROGATE = /[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g;

/**
 * Keeps the bytes, which must not change.
 * @throws MizuError `edge/bad-requests` naming the first line that is wrong
 */
export function decodeRequests(bytes: Uint8Array, maxRows = MAX_ROWS): Requests {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (buffer.at(-1) !== LINE_END) throw badRequests('a line end after the last row', 'none');
  const { sizeBytes, ...header } = parseHeader(buffer);
  if (header.count > maxRows) throw badRequests(`at most ${maxRows} rows`, `${header.count}`);
  // Where each row begins, and where the last one ends.
  const starts = new Uint32Array(header.count + 1);
  let rows = 0;
  for (let at = sizeBytes; at < buffer.length; rows++) {
    if (rows >= header.count) throw badRequests(`${header.count} rows`, 'more');
    const end = buffer.indexOf(LINE_END, at);
    const head = buffer.toString('latin1', at, Math.min(end, at + MAX_INDEX_DIGITS + 3));
    if (!/^\[\d{1,15},./.test(head) || buffer[end - 1] !== 0x5d) {
      throw badRequests(`[index,request] in row ${rows}`, buffer.toString('utf8', at, Math.min(end, at + 80)));
    }
    starts[rows] = at;
    at = end + 1;
  }
  if (rows !== header.count) throw badRequests(`${header.count} rows`, `${rows} rows`);
  starts[rows] = buffer.length;
  const startOf = (place: number) => starts[place] as number;
  const endOf = (place: number) => (starts[place + 1] as number) - 1;
  return {
    ...header,
    lineOf: (place) => buffer.toString('utf8', startOf(place), endOf(place)),
    sizeOf: (place) => endOf(place) - startOf(place),
    indexOf: (place) =>
      Number.parseInt(buffer.toString('latin1', startOf(place) + 1, startOf(place) + 1 + MAX_INDEX_DIGITS), 10),
  };
}

/** Stands for an object that cannot be read. */
export const NO_REQUESTS: Omit<Requests, 'model'> = { count: 0, lineOf: () => '', sizeOf: () => 0, indexOf: () => 0 };

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
  const { content, finish_reason: end, reasoning } = result;
  const thoughts = reasoning === undefined ? '' : `"reasoning":${quote(reasoning)},`;
  return `[${index},{"content":${quote(content)},"finish_reason":${quote(end)},${thoughts}${usage}}]`;
}

/** First line of a result object, with its line end. */
export function resultsHeader(model: string, count: number, tokens: { input: number; output: number }): Buffer {
  const header = { mizu: 'results', count, model, inputTokens: tokens.input, outputTokens: tokens.output };
  return Buffer.from(padHeader(header));
}

/** The result object, from its canonical lines. */
export function encodeResults(
  model: string,
  lines: readonly (string | Uint8Array)[],
  tokens: { input: number; output: number },
): Uint8Array {
  const header = resultsHeader(model, lines.length, tokens);
  const sizeOf = (line: string | Uint8Array) => (typeof line === 'string' ? Buffer.byteLength(line) : line.length);
  const bytes = Buffer.alloc(
    lines.reduce((sum, line) => sum + sizeOf(line) + 1, header.length),
    LINE_END,
  );
  let at = header.copy(bytes);
  for (const line of lines) {
    if (typeof line === 'string') at += bytes.write(line, at) + 1;
    else {
      bytes.set(line, at);
      at += line.length + 1;
    }
  }
  return bytes;
}

/** The request object; the SDK's programs write the same bytes. */
export function encodeRequests(model: string, lines: readonly string[]): Uint8Array {
  const header = padHeader({ mizu: 'requests', count: lines.length, model });
  return new TextEncoder().encode(header + lines.map((line) => `${line}\n`).join(''));
}

// A lone surrogate has no UTF-8; JSON.stringify escapes it, but canonical JSON has no such escape.
function quote(text: string): string {
  const quoted = JSON.stringify(text);
  return /\\ud[89a-f]/.test(quoted) ? JSON.stringify(text.replace(LONE_SURROGATE, '\ufffd')) : quoted;
}

function parseHeader(object: Uint8Array): { model: string; count: number; sizeBytes: number } {
  const read = readHeader(object, MAX_HEADER_BYTES);
  const { mizu, count, model }: Partial<ObjectHeader> = read?.header ?? {};
  const isCount = typeof count === 'number' && Number.isInteger(count) && count >= 0 && count <= MAX_ROWS;
  if (read === undefined || mizu !== 'requests' || !isCount || typeof model !== 'string') {
    const start = new TextDecoder().decode(object.subarray(0, 200));
    throw badRequests('{"mizu":"requests","count":N,"model":"name"}, padded to whole leaves', start.split('\n', 1)[0]!);
  }
  return { model, count, sizeBytes: read.sizeBytes };
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
