// docs/models.md#llama-engine: the program of a model: the engine's module, and the image with the model.
import { type BuiltProgram, toBuiltProgram } from '../../vm/entry.ts';
import { takeImage, withGlobalExports, withoutState } from '../../vm/link/snapshot.ts';
import { loadModule } from '../../vm/load.ts';
import { createProgram, PAGE_BYTES } from '../../vm/program.ts';
import { encodeModule } from '../../vm/wasm/encode.ts';
import { HEADER } from './assembly/layout.ts';
import { LLAMA_ENGINE_BASE64 } from './generated/engine-wasm.ts';
import { makeImage } from './image.ts';
import type { LlamaModel } from './model.ts';
import type { WeightKernel } from './quantise.ts';
import { makeTemplate, recognise, type TemplateName } from './template.ts';

export type LlamaOptions = {
  readonly kernel: WeightKernel;
  /** Tokens of a prompt and its answer together. */
  readonly context: number;
  /** Absent: the one that the file's own template is recognised as. */
  readonly template?: TemplateName | undefined;
};

const DEFAULT_CONTEXT = 2_048;

/** The context that a program has unless another is named: the model's own, but at most 2,048 tokens. */
export function defaultContext({ shape }: LlamaModel): number {
  return Math.min(shape.context, DEFAULT_CONTEXT);
}

/**
 * The same program for the same model and options, on every machine.
 * @throws MizuError `sdk/model-file`, `sdk/model-template` or `sdk/model-too-large`
 */
export function buildLlama(model: LlamaModel, { kernel, context, template }: LlamaOptions): BuiltProgram {
  const name = template ?? recognise(model.template);
  const bytes = makeImage(model, { kernel, context, template: makeTemplate(name, model.vocabulary) });
  const wasm = Uint8Array.from(atob(LLAMA_ENGINE_BASE64), (c) => c.charCodeAt(0));
  const module = loadModule(wasm);
  const engine = withGlobalExports(module);
  const { exports, memory } = start(encodeModule(engine), bytes);
  const image = takeImage(engine, memory, { exports } as WebAssembly.Instance);
  // Heads of the buffers' blocks, which are never freed.
  image.memory.fill(0, bytes.length);
  const core = encodeModule(withoutState(engine));
  return toBuiltProgram(createProgram({ module: loadModule(core), image }), core);
}

type Exports = { readonly memory: WebAssembly.Memory; install(): void };

/** An instance that has taken its buffers behind the image. */
function start(wasm: Uint8Array, image: Uint8Array): { exports: WebAssembly.Exports; memory: WebAssembly.Memory } {
  const refuse = () => {
    throw new Error('the engine calls the host while it is installed');
  };
  const mizu = { exit: refuse, input_read: refuse, input_size: refuse, output_write: refuse, dot_i8: refuse };
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(wasm as BufferSource), { mizu });
  const { memory, install } = exports as unknown as Exports;
  memory.grow(Math.ceil(image.length / PAGE_BYTES));
  new Uint8Array(memory.buffer).set(image.subarray(HEADER), HEADER);
  install();
  return { exports, memory };
}
