// docs/models.md#llama-engine: compiles the engine of llama's models. The same sources and compiler give the same bytes.
import { compileAssembly, generateProgram } from './library.mjs';

// The engine's own data; the builder takes what an image needs.
const PAGES = 2;

export function generateLlama() {
  return generateProgram({
    source: 'models/llama/assembly/main.ts',
    path: 'models/llama/generated/engine-wasm.ts',
    constant: 'LLAMA_ENGINE_BASE64',
    pages: PAGES,
  });
}

/** The engine with its tokenizer and its logits as functions of their own, for tests. */
export function compileLlamaProbe() {
  return compileAssembly('models/llama/assembly/probe.ts', ['--disable', 'simd', '--initialMemory', String(PAGES)]);
}

/**
 * The engine of these sources as V8 runs it alone, for a measurement.
 * @param {string} source @param {boolean} withVectors
 */
export function compileLlamaAlone(source, withVectors) {
  return compileAssembly(source, [withVectors ? '--enable' : '--disable', 'simd', '--initialMemory', String(PAGES)]);
}
