// docs/models.md#programs: compiles the programs of models. The same sources and compiler give the same bytes.
import { compileAssembly, generateProgram } from './library.mjs';

// 40 MiB. Weights and tables take 31, so that requests and answers seldom need more: an instance whose memory has not grown is used again.
const PAGES = 640;
const USE_LITE = 'models/use-lite/assembly/main.ts';

export function generateUseLite() {
  return generateProgram({
    source: USE_LITE,
    path: 'models/use-lite/generated/program-wasm.ts',
    constant: 'USE_LITE_BASE64',
    pages: PAGES,
  });
}

/** The same functions with SIMD, which no program has: the trainer embeds by them in a quarter of the time, to the same bits. */
export function compileUseLiteSimd() {
  return compileAssembly(USE_LITE, ['--enable', 'simd']);
}
