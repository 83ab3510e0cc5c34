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
};

/** The first of the task's inputs. */
export const FIRST_INPUT = 1;
