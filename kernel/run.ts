// docs/kernel.md: one step of the state transition function, pure and synchronous.
import type { Hex } from '../protocol/hex.ts';
import { LEAF_BYTES } from '../protocol/tree.ts';
import { HostAbort, type KernelHost } from '../vm/run.ts';
import { createKernelHost, type KernelObject, type Missing, type Sources } from './host.ts';
import { decodeReceipt, type Receipt } from './receipt.ts';

/** Runs the kernel's program; a HostAbort of a host call passes through. */
export type KernelEngine = {
  run(inputs: readonly Uint8Array[], host: KernelHost, onLog: (record: Uint8Array) => void): KernelRun;
};

export type KernelRun = {
  /** The leaf given to `commit`; undefined if the kernel ended otherwise, which must not happen. */
  readonly committed: Uint8Array | undefined;
  readonly output: Uint8Array;
  readonly gasUsed: bigint;
};

export type KernelInput = Sources & {
  /** 128 bytes: docs/messages.md#leaf. */
  readonly stateLeaf: Uint8Array;
  /** 128 bytes: docs/kernel.md, `encodeContext`. */
  readonly context: Uint8Array;
  readonly message: Uint8Array;
};

export type StepDone = {
  readonly kind: 'done';
  readonly stateLeaf: Uint8Array;
  readonly receipt: Receipt;
  readonly receiptBytes: Uint8Array;
  /** New trie nodes. */
  readonly nodes: ReadonlyMap<Hex, Uint8Array>;
  readonly objects: readonly KernelObject[];
  /** Nodes that were read. */
  readonly touched: readonly Hex[];
  readonly gasUsed: bigint;
};

/**
 * The step stopped because `getNode` or `getExec` did not have something: fetch it and take the step again. `objects`
 * has the list of inputs and the parameters of a wanted exec.
 */
export type StepNeeds = {
  readonly kind: 'needs';
  readonly nodes: readonly Hex[];
  readonly execs: readonly Uint8Array[];
  readonly objects: readonly KernelObject[];
};

export type Kernel = { step(input: KernelInput): StepDone | StepNeeds };

const NO_PARAMETERS = new Uint8Array(0);

export function createKernel(engine: KernelEngine): Kernel {
  return {
    step(input) {
      const { host, onLog, trace } = createKernelHost(input);
      try {
        const inputs = [NO_PARAMETERS, input.stateLeaf, input.context, input.message];
        const run = engine.run(inputs, host, onLog);
        if (run.committed?.length !== LEAF_BYTES) throw new Error('the kernel ended without a state leaf');
        return {
          kind: 'done',
          stateLeaf: run.committed,
          receipt: decodeReceipt(run.output),
          receiptBytes: run.output,
          nodes: trace.nodes,
          objects: trace.objects,
          touched: [...trace.touched],
          gasUsed: run.gasUsed,
        };
      } catch (error) {
        if (!(error instanceof HostAbort)) throw error;
        if (error.reason instanceof Error) throw error.reason;
        const missing = error.reason as Missing;
        const { objects } = trace;
        return missing.kind === 'node'
          ? { kind: 'needs', nodes: [missing.hash], execs: [], objects }
          : { kind: 'needs', nodes: [], execs: [missing.request], objects };
      }
    },
  };
}
