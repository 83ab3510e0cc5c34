// docs/edge.md#memory: the outcomes of a task's rows, as bytes beside each other and few numbers a row.
import type { Address } from '../../protocol/hex.ts';

/** A row's final result. */
export type RowOutcome = {
  /** Place of the row in the request object, from 0. */
  readonly place: number;
  /** Canonical `[index,result]`. */
  readonly line: string;
  readonly inputTokens: number;
  readonly outputTokens: number;
};

/** The tokens of the rows of a task that stand by a worker's answers. */
export type WorkerTokens = { readonly worker: Address; readonly inputTokens: number; readonly outputTokens: number };

export type Results = {
  has(place: number): boolean;
  /** Replaces an earlier outcome of the row. `worker`: whose answers they are; undefined if nobody has answered. */
  put(outcomes: readonly RowOutcome[], worker: Address | undefined): void;
  /** Canonical `[index,result]`. */
  lineOf(place: number): Uint8Array | undefined;
  tokens(): { input: number; output: number };
  /** Of each worker whose answers stand. */
  tokensOfWorkers(): WorkerTokens[];
  /** Frees the lines; the tokens stay. */
  drop(): void;
};

export function createResults(count: number): Results {
  const chunks: Buffer[] = [];
  // For each row the number of its chunk, from 1, and where its line stands in it.
  const chunkOf = new Uint32Array(count);
  const startOf = new Uint32Array(count);
  const endOf = new Uint32Array(count);
  const inputOf = new Uint32Array(count);
  const outputOf = new Uint32Array(count);
  // For each row the number of the worker who has answered it, from 1.
  const workerOf = new Uint32Array(count);
  const workers: Address[] = [];
  let input = 0;
  let output = 0;
  return {
    has: (place) => chunkOf[place] !== 0,
    put: (outcomes, worker) => {
      if (outcomes.length === 0) return;
      const number = worker === undefined ? 0 : workers.indexOf(worker) + 1 || workers.push(worker);
      const chunk = Buffer.from(outcomes.map(({ line }) => line).join(''));
      chunks.push(chunk);
      let at = 0;
      for (const { place, line, inputTokens, outputTokens } of outcomes) {
        input += inputTokens - (inputOf[place] as number);
        output += outputTokens - (outputOf[place] as number);
        inputOf[place] = inputTokens;
        outputOf[place] = outputTokens;
        workerOf[place] = number;
        chunkOf[place] = chunks.length;
        startOf[place] = at;
        at += Buffer.byteLength(line);
        endOf[place] = at;
      }
    },
    lineOf: (place) => chunks[(chunkOf[place] as number) - 1]?.subarray(startOf[place], endOf[place]),
    tokens: () => ({ input, output }),
    tokensOfWorkers: () => {
      const sums = workers.map((worker) => ({ worker, inputTokens: 0, outputTokens: 0 }));
      workerOf.forEach((number, place) => {
        const sum = sums[number - 1];
        if (sum === undefined) return;
        sum.inputTokens += inputOf[place] as number;
        sum.outputTokens += outputOf[place] as number;
      });
      return sums;
    },
    drop: () => {
      chunks.length = 0;
    },
  };
}
