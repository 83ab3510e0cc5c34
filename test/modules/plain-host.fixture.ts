// docs/vm.md#host: the DataVM's primitives in plain V8, without gas, for tests of linked modules.
import { keccak } from '../../protocol/tree.ts';

export type PlainRun = { readonly exitCode: number; readonly output: Uint8Array; readonly log: string };

class Exit extends Error {
  readonly exitCode: number;
  constructor(exitCode: number) {
    super('exit');
    this.exitCode = exitCode;
  }
}

export type PlainTask = {
  readonly inputs?: readonly Uint8Array[];
  readonly timestamp?: bigint;
  readonly seed?: Uint8Array;
};

/** An instance of a core module, with what it wrote so far. */
export async function instantiatePlain(core: Uint8Array, task: PlainTask = {}) {
  const inputs = task.inputs ?? [];
  const seed = task.seed ?? new Uint8Array(32);
  const output: Uint8Array[] = [];
  const log: Uint8Array[] = [];
  const memory = () => new Uint8Array((instance.exports.memory as WebAssembly.Memory).buffer);
  const input = (index: number) => {
    const bytes = inputs[index];
    if (bytes === undefined) throw new Error(`no input ${index}`);
    return bytes;
  };
  const mizu = {
    input_count: () => inputs.length,
    input_size: (index: number) => BigInt(input(index).length),
    input_read: (dst: number, index: number, offset: bigint, length: number) => {
      const from = Number(offset);
      if (from + (length >>> 0) > input(index).length) throw new Error('input_read out of bounds');
      memory().set(input(index).subarray(from, from + (length >>> 0)), dst >>> 0);
    },
    output_write: (src: number, length: number) =>
      void output.push(memory().slice(src >>> 0, (src >>> 0) + (length >>> 0))),
    dot_i8: (sum: number, left: number, right: number, n: number) => {
      const bytes = new Int8Array((instance.exports.memory as WebAssembly.Memory).buffer);
      for (let i = 0; i < n >>> 0; i++) sum += bytes[(left >>> 0) + i]! * bytes[(right >>> 0) + i]!;
      return sum | 0;
    },
    clock: () => task.timestamp ?? 0n,
    random: (counter: bigint) => {
      const message = new Uint8Array(1 + 32 + 8);
      message[0] = 0x04;
      message.set(seed, 1);
      new DataView(message.buffer).setBigInt64(33, counter);
      return new DataView(keccak(message).buffer).getBigInt64(0);
    },
    log: (src: number, length: number) => void log.push(memory().slice(src >>> 0, (src >>> 0) + (length >>> 0))),
    exit: (code: number) => {
      throw new Exit(code & 0xff);
    },
  };
  const { instance } = await WebAssembly.instantiate(core as Uint8Array<ArrayBuffer>, { mizu });
  const text = () => Buffer.concat(log).toString();
  return {
    exports: instance.exports as Record<string, (...args: (number | bigint)[]) => number>,
    memory,
    output: () => new Uint8Array(Buffer.concat(output)),
    log: text,
    /** Runs `_start`; a trap is thrown. */
    run: (): PlainRun => {
      let exitCode = 0;
      try {
        (instance.exports._start as () => void)();
      } catch (error) {
        if (!(error instanceof Exit)) throw error;
        exitCode = error.exitCode;
      }
      return { exitCode, output: new Uint8Array(Buffer.concat(output)), log: text() };
    },
  };
}

export async function runPlain(core: Uint8Array, task: PlainTask = {}): Promise<PlainRun> {
  return (await instantiatePlain(core, task)).run();
}

/** Input 0 of a task. */
export function parameters(strings: readonly string[]): Uint8Array {
  return new TextEncoder().encode(strings.map((text) => `${text}\0`).join(''));
}
