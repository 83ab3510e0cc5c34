// docs/sdk.md#local: how one exec task is run without a network.
import type { GuestIo } from '../runtime/io.ts';

export type LocalTask = {
  readonly stage: number;
  readonly partition: number;
  readonly width: number;
  readonly partitions: number;
  readonly inputs: readonly Uint8Array[];
};

export type LocalResult = {
  /** 0-255 exit code, 256 fault: docs/vm.md#fault. */
  readonly status: number;
  readonly output: Uint8Array;
  /** Instructions; 0 where the engine does not count. */
  readonly gasUsed: bigint;
  /** What the program logged, and why it failed. */
  readonly log: string;
};

export type LocalEngine = { exec(task: LocalTask): LocalResult };

/** `native`: the DataVM, as on the network. `node`: the same bundle in Node, faster to start, without gas. */
export type EngineName = 'native' | 'node';

/** In the kernel's order: docs/kernel.md#tasks. */
export function taskEnvironment({ stage, partition, width, partitions }: LocalTask): Record<string, string> {
  return {
    MIZU_STAGE: String(stage),
    MIZU_PARTITION: String(partition),
    MIZU_WIDTH: String(width),
    MIZU_PARTITIONS: String(partitions),
  };
}

export type { GuestIo };
