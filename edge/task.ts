// docs/edge.md#queue: one open infer task in the gateway's memory.
import type { Hex } from '../protocol/hex.ts';
import { encodeResultLine, encodeResults, type Requests } from './rows.ts';

export type TaskInfo = {
  readonly run: Hex;
  readonly stage: number;
  readonly partition: number;
  readonly attempt: number;
  /** Model id. */
  readonly model: Hex;
  readonly requestRoot: Hex;
  readonly requestLength: number;
  /** Wei, decimal: what the run paid for one item at most when it was listed, and the model's price of a token. */
  readonly maxCost: string;
  readonly inputPrice: string;
  readonly outputPrice: string;
};

/** A row's final result. */
export type Outcome = {
  /** Place of the row in the request object, from 0. */
  readonly place: number;
  /** Canonical `[index,result]`. */
  readonly line: string;
  readonly inputTokens: number;
  readonly outputTokens: number;
};

export type OpenTask = {
  readonly key: string;
  readonly info: TaskInfo;
  readonly requests: Requests;
  readonly outcomes: (Outcome | undefined)[];
  /** Lease that holds a row, 0 without one. */
  readonly holders: Float64Array;
  readonly failures: Uint8Array;
  /** Rows without an outcome. */
  open: number;
  /** Rows from here on have never been leased. */
  fresh: number;
  /** Rows that came back and wait for another lease. */
  readonly returned: number[];
  audits: number;
};

// Well below the largest frame.
const MAX_LEASE_CHARS = 4 * 1024 * 1024;

/** Single use: two results for one key are never signed in two batches that both count. */
export function taskKey({
  run,
  stage,
  partition,
  attempt,
}: Pick<TaskInfo, 'run' | 'stage' | 'partition' | 'attempt'>): string {
  return `${run}/${stage}/${partition}/${attempt}`;
}

export function createTask(info: TaskInfo, requests: Requests): OpenTask {
  const count = requests.lines.length;
  return {
    key: taskKey(info),
    info,
    requests,
    outcomes: new Array<Outcome | undefined>(count).fill(undefined),
    holders: new Float64Array(count),
    failures: new Uint8Array(count),
    open: count,
    fresh: 0,
    returned: [],
    audits: 0,
  };
}

/** Up to `limit` rows that nobody holds; fewer if they are long. */
export function takeRows(task: OpenTask, limit: number): number[] {
  const places: number[] = [];
  let chars = 0;
  const take = (place: number) => {
    if (task.outcomes[place] !== undefined || task.holders[place] !== 0) return;
    places.push(place);
    chars += (task.requests.lines[place] as string).length;
  };
  const hasRoom = () => places.length < limit && chars < MAX_LEASE_CHARS;
  while (hasRoom() && task.returned.length > 0) take(task.returned.pop() as number);
  for (; hasRoom() && task.fresh < task.outcomes.length; task.fresh++) take(task.fresh);
  return places;
}

export function giveBack(task: OpenTask, places: readonly number[], lease: number): void {
  for (const place of places) {
    if (task.holders[place] !== lease) continue;
    task.holders[place] = 0;
    if (task.outcomes[place] === undefined) task.returned.push(place);
  }
}

export function putOutcomes(task: OpenTask, outcomes: readonly Outcome[]): void {
  for (const outcome of outcomes) {
    if (task.outcomes[outcome.place] === undefined) task.open -= 1;
    task.outcomes[outcome.place] = outcome;
    task.holders[outcome.place] = 0;
  }
}

export type FinishedTask = {
  readonly key: string;
  readonly info: TaskInfo;
  readonly result: Uint8Array;
  readonly inputTokens: number;
  readonly outputTokens: number;
};

/** The result object, in the order of the requests. Rows that no longer fit `maxBytes` become error rows. */
export function finishTask(task: OpenTask, maxBytes: number): FinishedTask {
  let inputTokens = 0;
  let outputTokens = 0;
  let bytes = 0;
  const lines = task.outcomes.map((outcome, place) => {
    if (outcome === undefined) throw new Error(`row ${place} of task ${task.key} has no outcome`);
    inputTokens += outcome.inputTokens;
    outputTokens += outcome.outputTokens;
    bytes += Buffer.byteLength(outcome.line) + 1;
    return bytes <= maxBytes ? outcome.line : tooLarge(task.requests.indexes[place] as number, maxBytes);
  });
  const result = encodeResults(task.requests.model, lines, { input: inputTokens, output: outputTokens });
  return { key: task.key, info: task.info, result, inputTokens, outputTokens };
}

function tooLarge(index: number, maxBytes: number): string {
  const message = `the results before it fill the ${maxBytes} bytes of the task's object`;
  return encodeResultLine(index, { error: { code: 'edge/result-too-large', message } });
}
