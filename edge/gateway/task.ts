// docs/edge.md#queue: one open infer task in the gateway's memory.
import type { ErrorCode } from '../../protocol/error-codes.ts';
import type { Address, Hex } from '../../protocol/hex.ts';
import { encodeResultLine, encodeResults, NO_REQUESTS, type Requests, resultsHeader } from '../rows.ts';
import { createResults, type Results, type RowOutcome, type WorkerTokens } from './results.ts';

export type TaskInfo = {
  readonly run: Hex;
  /** The run's owner, in lower case. */
  readonly owner: Address;
  readonly stage: number;
  readonly partition: number;
  readonly attempt: number;
  /** Model id. */
  readonly model: Hex;
  readonly requestRoot: Hex;
  readonly requestLength: number;
  /** The most that the run paid for one item when the task was listed (wei, decimal), like all amounts here. */
  readonly maxCost: string;
  /** Wei a token of the prompts, a token of the answers, a byte of the result. */
  readonly inputPrice: string;
  readonly outputPrice: string;
  readonly bytePrice: string;
  /** What the run had left for everything by the state after `step`. */
  readonly escrowLeft: string;
  /** What it had left for the tokens and bytes of items. */
  readonly inferenceLeft: string;
  /** The most that an item costs beside its tokens and bytes. */
  readonly itemFee: string;
  readonly step: number;
};

export type OpenTask = {
  readonly key: string;
  info: TaskInfo;
  requests: Requests;
  readonly results: Results;
  /** For each row the lease that holds it, or 0. */
  readonly holders: Float64Array;
  /** For each row how often it has failed. */
  readonly failures: Uint8Array;
  /** For each row who has failed it: a bit for each of `failers`. */
  readonly failedBy: Uint32Array;
  /** Workers that have failed a row of the task; the first 32 are told apart. */
  readonly failers: Address[];
  /** Rows without an outcome. */
  open: number;
  /** Rows from here on have never been leased. */
  fresh: number;
  /** Rows that came back and wait for another lease. */
  readonly returned: number[];
  /** Audits of its rows that are not decided. */
  audits: number;
};

const MAX_FAILERS = 32;

/** The most bytes of rows in a lease, and of one row: well below the largest frame. */
export const MAX_LEASE_BYTES = 4 * 1024 * 1024;
/** What each row has of a result object, whatever the rows before it take: an error fits into it. */
export const RESULT_BYTES_A_ROW = 256;

/** The task's name: two results under one key are never signed in two batches that both count. */
export function singleUseKey({
  run,
  stage,
  partition,
  attempt,
}: Pick<TaskInfo, 'run' | 'stage' | 'partition' | 'attempt'>): string {
  return `${run}/${stage}/${partition}/${attempt}`;
}

export function createTask(info: TaskInfo, requests: Requests): OpenTask {
  const { count } = requests;
  return {
    key: singleUseKey(info),
    info,
    requests,
    results: createResults(count),
    holders: new Float64Array(count),
    failures: new Uint8Array(count),
    failedBy: new Uint32Array(count),
    failers: [],
    open: count,
    fresh: 0,
    returned: [],
    audits: 0,
  };
}

/** Counts a failure of each row, and notes who has failed it. */
export function noteFailures(task: OpenTask, places: readonly number[], worker: Address): void {
  if (places.length > 0 && bitOf(task, worker) === 0 && task.failers.length < MAX_FAILERS) task.failers.push(worker);
  const bit = bitOf(task, worker);
  for (const place of places) {
    task.failures[place] = task.failures[place]! + 1;
    task.failedBy[place] = task.failedBy[place]! | bit;
  }
}

/** The bit of this worker in `failedBy`: a row without it is new to the worker. It is 0 if all rows of the task are. */
export function bitOf({ failers }: OpenTask, worker: Address): number {
  const at = failers.indexOf(worker);
  return at < 0 ? 0 : (1 << at) >>> 0;
}

/** The workers that the bits of a row mean. */
export function failersOf({ failers }: OpenTask, bits: number): readonly Address[] {
  return failers.filter((_, at) => ((bits >>> at) & 1) === 1);
}

/**
 * Up to `limit` rows that nobody holds; fewer if they are long. Of rows that came back it takes those that `mayTake`
 * allows.
 */
export function takeRows(task: OpenTask, limit: number, mayTake: (place: number) => boolean): number[] {
  const places: number[] = [];
  let bytes = 0;
  const take = (place: number) => {
    if (task.results.has(place) || task.holders[place] !== 0) return;
    places.push(place);
    bytes += task.requests.sizeOf(place);
  };
  const hasRoom = () => places.length < limit && bytes < MAX_LEASE_BYTES;
  const left: number[] = [];
  while (hasRoom() && task.returned.length > 0) {
    const place = task.returned.pop() as number;
    if (mayTake(place)) take(place);
    else left.push(place);
  }
  while (left.length > 0) task.returned.push(left.pop() as number);
  for (; hasRoom() && task.fresh < task.requests.count; task.fresh++) take(task.fresh);
  return places;
}

export function giveBack(task: OpenTask, places: readonly number[], lease: number): void {
  for (const place of places) {
    if (task.holders[place] !== lease) continue;
    task.holders[place] = 0;
    if (!task.results.has(place)) task.returned.push(place);
  }
}

/** `worker`: who has answered; undefined if nobody has. */
export function putOutcomes(task: OpenTask, outcomes: readonly RowOutcome[], worker?: Address): void {
  for (const { place } of outcomes) {
    if (!task.results.has(place)) task.open -= 1;
    task.holders[place] = 0;
  }
  task.results.put(outcomes, worker);
}

/** False for a row that no frame can carry or that is not JSON: it is given to no worker. */
export function isUsable({ requests }: OpenTask, place: number): boolean {
  if (requests.sizeOf(place) > MAX_LEASE_BYTES) return false;
  try {
    return Array.isArray(JSON.parse(requests.lineOf(place)));
  } catch {
    return false;
  }
}

/** The outcome of a row that nobody has answered. */
export function errorOutcome(task: OpenTask, place: number, code: ErrorCode, message: string): RowOutcome {
  const line = encodeResultLine(task.requests.indexOf(place), { error: { code, message } });
  return { place, line, inputTokens: 0, outputTokens: 0 };
}

/** Rows that have an outcome and rows in all, and the tokens of the outcomes. */
export type TaskCounts = {
  readonly info: TaskInfo;
  readonly done: number;
  readonly total: number;
  readonly inputTokens: number;
  readonly outputTokens: number;
};

export function progressOf({ info, open, requests, results }: OpenTask): TaskCounts {
  const { input, output } = results.tokens();
  return { info, done: requests.count - open, total: requests.count, inputTokens: input, outputTokens: output };
}

/** Frees the rows of a finished task: only its counts are asked for from now on. */
export function dropRows(task: OpenTask): void {
  const { model, count } = task.requests;
  task.requests = { ...NO_REQUESTS, model, count };
  task.results.drop();
}

// The numbers that a task has for each row, and the row's share of what holds its line.
const BYTES_A_ROW = 160;
const LEAST_BYTES_OF_A_ROW = 6;
// Covers what stands around a content in its line.
const BYTES_AROUND_CONTENT = 1_024;

export type TaskLimits = { readonly maxContentBytes: number; readonly maxResultBytes: number };

/**
 * The most memory, in bytes, that a task holds until its result is settled; `rows` is undefined before its object is
 * read.
 */
export function heldBytes({ requestLength }: TaskInfo, limits: TaskLimits, rows?: number): number {
  const count = rows ?? Math.min(maxRowsOf(limits), Math.floor(requestLength / LEAST_BYTES_OF_A_ROW));
  const results = Math.min(limits.maxResultBytes, (count + 1) * (limits.maxContentBytes + BYTES_AROUND_CONTENT));
  return requestLength + count * BYTES_A_ROW + results;
}

/** The most rows of a task: an error for each of them fits the result object. */
export function maxRowsOf({ maxResultBytes }: TaskLimits): number {
  return Math.floor(maxResultBytes / RESULT_BYTES_A_ROW) - 1;
}

export type FinishedTask = {
  readonly key: string;
  readonly info: TaskInfo;
  readonly result: Uint8Array;
  readonly inputTokens: number;
  readonly outputTokens: number;
  readonly workers: readonly WorkerTokens[];
};

/**
 * Makes the result object, in the order of the requests. Rows that it has no room or the run no money for become error
 * rows.
 */
export function finishTask({ key, info, requests, results }: OpenTask, maxBytes: number): FinishedTask {
  const tokens = results.tokens();
  const lines = Array.from({ length: requests.count }, (_, place) => {
    const line = results.lineOf(place);
    if (line === undefined) throw new Error(`row ${place} of task ${key} has no outcome`);
    return line;
  });
  const most = paidBytes(info, maxBytes);
  const header = resultsHeader(requests.model, requests.count, tokens).length;
  const whole = encodeResults(requests.model, fitLines(lines, requests, most, header), tokens);
  // A result without rows makes the run fail at its next step: the run does not even pay for an error for each row.
  const result = whole.length > most ? encodeResults(info.model, [], tokens) : whole;
  const workers = results.tokensOfWorkers();
  return { key, info, result, inputTokens: tokens.input, outputTokens: tokens.output, workers };
}

/** The most bytes of a result: what the run pays for if no token is billed, and at most `maxBytes`. */
function paidBytes({ maxCost, bytePrice }: TaskInfo, maxBytes: number): number {
  const price = BigInt(bytePrice);
  if (price === 0n) return maxBytes;
  const paid = BigInt(maxCost) / price;
  return paid < BigInt(maxBytes) ? Number(paid) : maxBytes;
}

/** Lines that have at most `maxBytes` with the header, if there is room for an error in the place of each line. */
function fitLines(
  lines: readonly Uint8Array[],
  requests: Requests,
  maxBytes: number,
  header: number,
): readonly (string | Uint8Array)[] {
  const size = lines.reduce((sum, line) => sum + line.length + 1, header);
  if (size <= maxBytes) return lines;
  const errors = lines.map((_, place) => tooLarge(requests.indexOf(place), maxBytes));
  let left = maxBytes - header;
  lines.forEach((line, place) => {
    left -= Math.min(line.length, (errors[place] as string).length) + 1;
  });
  return lines.map((line, place) => {
    const error = errors[place] as string;
    const beyond = Math.max(0, line.length - error.length);
    if (beyond > left) return error;
    left -= beyond;
    return line;
  });
}

function tooLarge(index: number, maxBytes: number): string {
  const message = `the results before it fill the ${maxBytes} bytes of the task's object`;
  return encodeResultLine(index, { error: { code: 'edge/result-too-large', message } });
}
