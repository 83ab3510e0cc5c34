// docs/models.md#llama-tests: the tokenizer and the logits of an image, by the engine's sources in plain V8.

import { HEADER } from '../../models/llama/assembly/layout.ts';
import { compileLlamaProbe } from '../../scripts/generate/llama-program.mjs';

export type Probe = {
  tokenize(text: string): number[];
  /** The logits behind each of the tokens. */
  logits(tokens: readonly number[]): Float32Array[];
};

type Exports = {
  readonly memory: WebAssembly.Memory;
  install(): void;
  allocate(bytes: number): number;
  isTooLong(): number;
  tokenCount(): number;
  tokensAt(): number;
  tokenizeText(at: number, length: number): void;
  logitsAfter(token: number, position: number): number;
};

const PAGE_BYTES = 65_536;
let compiled: WebAssembly.Module | undefined;

export function openProbe(image: Uint8Array, vocabulary: number): Probe {
  compiled ??= new WebAssembly.Module(compileLlamaProbe());
  const dot_i8 = (sum: number, left: number, right: number, n: number) => {
    const bytes = new Int8Array(engine.memory.buffer);
    for (let i = 0; i < n; i++) sum += bytes[left + i]! * bytes[right + i]!;
    return sum;
  };
  const imports = { exit() {}, input_read() {}, input_size: () => 0n, output_write() {}, dot_i8 };
  const engine: Exports = new WebAssembly.Instance(compiled, { mizu: imports }).exports as unknown as Exports;
  engine.memory.grow(Math.ceil(image.length / PAGE_BYTES));
  new Uint8Array(engine.memory.buffer).set(image.subarray(HEADER), HEADER);
  engine.install();
  return {
    tokenize(text) {
      const bytes = new TextEncoder().encode(text);
      const at = engine.allocate(bytes.length + 8);
      new Uint8Array(engine.memory.buffer).set(bytes, at);
      engine.tokenizeText(at, bytes.length);
      if (engine.isTooLong()) throw new Error('the text is too long');
      return [...new Int32Array(engine.memory.buffer, engine.tokensAt(), engine.tokenCount())];
    },
    logits: (tokens) =>
      tokens.map((token, position) =>
        new Float32Array(engine.memory.buffer, engine.logitsAfter(token, position), vocabulary).slice(),
      ),
  };
}
