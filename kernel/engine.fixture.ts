// The kernel in the engines that its tests use.
import { readFileSync } from 'node:fs';
import { buildKernel } from './build.mjs';
import { createDirectEngine } from './direct.fixture.ts';
import { createKernelEngine } from './native.ts';

const wasm = readFileSync(buildKernel());
/** V8 runs the module as the compiler wrote it: no gas. */
export const directEngine = createDirectEngine(wasm);
export const nativeEngine = createKernelEngine(wasm);
