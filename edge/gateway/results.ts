// docs/edge.md#memory: the outcomes of a task's rows, as bytes beside each other and few numbers a row.

/** A row's final result. */
export type RowOutcome = {
  /** Place of the row in the request object, from 0. */
  readonly place: number;
  /** Canonical `[index,result]`. */
  readonly line: string;
  readonly inputTokens: number;
  readonly outputTokens: number;
};

export type Results = {
  has(place: number): boolean;
  /** Replaces an earlier outcome of the row. */
  put(outcomes: readonly RowOutcome[]): void;
  /** Canonical `[index,result]`. */
  lineOf(place: number): Uint8Array | undefined;
  tokens(): { input: number; output: number };
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
  let input = 0;
  let output = 0;
  return {
    has: (place) => chunkOf[place] !== 0,
    put: (outcomes) => {
      if (outcomes.length === 0) return;
      const chunk = Buffer.from(outcomes.map(({ line }) => line).join(''));
      chunks.push(chunk);
      let at = 0;
      for (const { place, line, inputTokens, outputTokens } of outcomes) {
        input += inputTokens - (inputOf[place] as number);
        output += outputTokens - (outputOf[place] as number);
        inputOf[place] = inputTokens;
        outputOf[place] = outputTokens;
        chunkOf[place] = chunks.length;
        startOf[place] = at;
        at += Buffer.byteLength(line);
        endOf[place] = at;
      }
    },
    lineOf: (place) => chunks[(chunkOf[place] as number) - 1]?.subarray(startOf[place], endOf[place]),
    tokens: () => ({ input, output }),
    drop: () => {
      chunks.length = 0;
    },
  };
}
