// docs/models.md#llama-speed: the engine of llama's models as a module that V8 runs alone, with and without vector instructions.
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { compileLlamaAlone } from '../../scripts/generate/llama-program.mjs';
import { createHost } from '../../vm/host.ts';
import { PAGE_BYTES } from '../../vm/program.ts';
import type { ProgramRun } from '../../vm/run.ts';

export type PlainLlama = { run(image: Uint8Array, request: ProgramRun): Uint8Array };

type Exports = { readonly memory: WebAssembly.Memory; install(): void; _start(): void };

const MODELS = fileURLToPath(new URL('../../models/', import.meta.url));
const HOST = fileURLToPath(new URL('./assembly/dot-host.ts', import.meta.url));
const PARTS = ['assembly', join('llama', 'assembly')];

/** The same sources, but that sums of products of bytes are no import. */
export function compilePlainLlama(withVectors: boolean): PlainLlama {
  const folder = mkdtempSync(join(tmpdir(), 'mizu-bench-'));
  try {
    for (const part of PARTS) cpSync(join(MODELS, part), join(folder, part), { recursive: true });
    cpSync(HOST, join(folder, 'assembly', 'host.ts'));
    const module = new WebAssembly.Module(compileLlamaAlone(join(folder, 'llama', 'assembly', 'main.ts'), withVectors));
    return { run: (image, request) => runPlain(module, image, request) };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function runPlain(module: WebAssembly.Module, image: Uint8Array, request: ProgramRun): Uint8Array {
  const written: Uint8Array[] = [];
  const host = createHost(request, () => new Uint8Array(exports.memory.buffer));
  const mizu = {
    exit: host.exit,
    input_size: (index: number) => BigInt(host.input_size(index)),
    input_read: (dst: number, index: number, offset: bigint, length: number) =>
      host.input_read(dst, index, Number(offset), length),
    output_write: (at: number, length: number) =>
      void written.push(new Uint8Array(exports.memory.buffer).slice(at, at + length)),
  };
  const exports = new WebAssembly.Instance(module, { mizu } as unknown as WebAssembly.Imports)
    .exports as unknown as Exports;
  exports.memory.grow(Math.ceil(image.length / PAGE_BYTES));
  new Uint8Array(exports.memory.buffer).set(image.subarray(PAGE_BYTES), PAGE_BYTES);
  exports.install();
  exports._start();
  return new Uint8Array(Buffer.concat(written));
}
