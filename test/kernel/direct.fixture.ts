// docs/vm.md#host: runs the kernel's module in V8 as it is, without gas: a second opinion on the DataVM, for tests.

import type { KernelEngine, KernelRun } from '../../kernel/run.ts';
import type { KernelHost } from '../../vm/run.ts';

class Committed extends Error {
  readonly leaf: Uint8Array;
  constructor(leaf: Uint8Array) {
    super('commit');
    this.leaf = leaf;
  }
}

type Exports = { memory: WebAssembly.Memory; _start(): void };

export function createDirectEngine(wasm: Uint8Array): KernelEngine {
  const module = new WebAssembly.Module(wasm as BufferSource);
  return {
    run(inputs, host, onLog): KernelRun {
      const output: Uint8Array[] = [];
      let exports: Exports | undefined;
      const memory = () => new Uint8Array((exports as Exports).memory.buffer);
      const mizu = createImports(inputs, host, onLog, output, memory);
      exports = new WebAssembly.Instance(module, { mizu }).exports as Exports;
      const committed = untilCommit(exports);
      return { committed, output: Buffer.concat(output), gasUsed: 0n };
    },
  };
}

function untilCommit(exports: Exports): Uint8Array | undefined {
  try {
    exports._start();
    return undefined;
  } catch (error) {
    if (error instanceof Committed) return error.leaf;
    throw error;
  }
}

function createImports(
  inputs: readonly Uint8Array[],
  host: KernelHost,
  onLog: (record: Uint8Array) => void,
  output: Uint8Array[],
  memory: () => Uint8Array,
): WebAssembly.ModuleImports {
  const bytes = (at: number, size: number): Uint8Array => memory().slice(at, at + size);
  const aligned = (at: number, to: number): void => {
    if (at % to !== 0) throw new Error(`address ${at} is not a multiple of ${to}`);
  };
  return {
    input_size: (index: number) => BigInt(inputs[index]!.length),
    input_read: (dst: number, index: number, offset: bigint, length: number) =>
      memory().set(inputs[index]!.subarray(Number(offset), Number(offset) + length), dst),
    output_write: (src: number, length: number) => void output.push(bytes(src, length)),
    log: (src: number, length: number) => onLog(bytes(src, length)),
    preimage: (hash: number, dst: number) => {
      aligned(hash, 32);
      aligned(dst, 128);
      const node = host.preimage(bytes(hash, 32))!;
      memory().set(node, dst);
      return node.length;
    },
    exec: (request: number, result: number) => {
      aligned(request, 128);
      aligned(result, 128);
      memory().set(host.exec(bytes(request, 128)), result);
    },
    ecrecover: (src: number, dst: number) => {
      aligned(src, 128);
      aligned(dst, 32);
      memory().set(host.ecrecover(bytes(src, 97)), dst);
    },
    commit: (src: number) => {
      aligned(src, 128);
      throw new Committed(bytes(src, 128));
    },
  };
}
