// docs/vm.md#quickjs: what a task sees of the world. In the DataVM it is the program's `io`; elsewhere `createMemoryIo` stands in.

export type GuestIo = {
  /** Entries of the environment: MIZU_STAGE, MIZU_PARTITION, MIZU_WIDTH, MIZU_PARTITIONS. */
  readonly env: Readonly<Record<string, string>>;
  /** Input 0 are the parameters, the task's inputs are 1 and up. */
  inputCount(): number;
  inputSize(index: number): number;
  read(index: number, offset: number, length: number): Uint8Array;
  /** Begins to read an input line by line; one input at a time. */
  open(index: number): void;
  next(): boolean;
  /** The line that `next` moved to, as text or parsed. */
  line(): string;
  json(): unknown;
  write(value: string | Uint8Array): void;
  log(value: string): void;
  /**
   * Calls `compute`, and `commit` after each call that returned true, until it returns false: then true. Returns false as soon as a
   * call of `compute` has taken more than `budget` jumps and calls; it was left in the middle, whatever it would have caught.
   * `compute` may be called twice for one `commit`, so it must change nothing that a second call would see.
   */
  guarded(compute: () => boolean, commit: () => void, budget: number): boolean;
  // What follows is compiled in the DataVM (vm/quickjs/assembly): a fiftieth of what QuickJS would take.
  /** The line as JSON, `[index, row]`; the row is frozen, and all that is in it. */
  row(): [index: number, row: object];
  /** The index of the line `[index,…`. */
  index(): number;
  /** Four u32, as sdk/runtime/hash.ts has them. */
  hash(text: string, seed: number): Uint32Array;
  /** The first of them. */
  hashFirst(text: string, seed: number): number;
  /**
   * As sdk/runtime/seal.ts and canonical.ts have it. Undefined: the value is no plain data, too large, too deep, or of names in no order
   * that is found quickly; nothing of the user's has been run.
   */
  seal(value: unknown): unknown;
  sealWith(row: object, field: string, value: unknown): object | undefined;
  canonical(value: unknown): string | undefined;
  /**
   * As sdk/runtime/near-reference.ts has it. `source`: a text, or the hashes of a text's tokens. Undefined if the text is not all
   * ASCII.
   */
  nearKey(source: string | Uint8Array, options: Uint8Array, ordinal: number): Uint32Array | undefined;
  /**
   * Records of `1 + words` u32, the first of them a group below `groups`: where each group begins, `groups + 1` numbers of records, then
   * the records of group 0, 1, … without their group, each in the order they came in.
   */
  group(records: Uint8Array, words: number, groups: number): Uint8Array;
  /**
   * `bucket`: one of a near dedupe in one partition, as sdk/runtime/stage-near.ts writes it, one partition after another. Records for the
   * group 0: the first row of a band, in this and the calls before, and a row that has the band, is like it and was not joined to it yet;
   * and, where a row's key failed, twice the row.
   */
  nearPairs(bucket: Uint8Array): Uint32Array;
  /**
   * `partition`: the vectors of one, as sdk/runtime/stage-vectors.ts writes it, one after another. Records for the group that it names: a
   * row's ordinal and the index of the first kept row, in this and the calls before, whose vector is like its own; or 2^32 - 1 if its key
   * failed.
   */
  similarVectors(partition: Uint8Array): Uint32Array;
  /** Joins pairs of `rows` rows. Comes back with those rows that are a pair with themselves. */
  unite(pairs: Uint8Array, rows: number): Uint32Array;
  /**
   * Of `count` rows from `base` on those that are joined to an earlier one: records for `group` of the row's number from `base` on and the
   * first row of all that are joined to it.
   */
  repeats(group: number, base: number, count: number): Uint32Array;
};

/** The first of the task's inputs. */
export const FIRST_INPUT = 1;
