// docs/models.md#kernels: what a token of a model of llama's architecture costs, in each kernel, and in llama.cpp in the
// same run. Weights are random; answers are greedy.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fromGguf } from '../models/llama/from-gguf.ts';
import { readGguf } from '../models/llama/gguf.ts';
import { makeImage } from '../models/llama/image.ts';
import { importModel } from '../models/llama/import.ts';
import type { WeightKernel } from '../models/llama/quantise.ts';
import { bytesSource } from '../models/llama/source.ts';
import { makeTemplate } from '../models/llama/template.ts';
import { loadModel } from '../models/model.ts';
import { padHeader, readHeader } from '../protocol/rows.ts';
import { encodeRandomLlama, type RandomLlama } from '../test/llama/random-llama.fixture.ts';
import { importPeer, missingPeers } from '../test/peers/install.fixture.ts';
import { createNativeEngine } from '../vm/native/engine.ts';
import type { ProgramRun } from '../vm/run.ts';
import { createStepMachine } from '../vm/step/step-machine.ts';
import { cpuMs } from './processor-time.ts';
import { compilePlainLlama, type PlainLlama } from './vm/plain-llama.ts';

export type LlamaBench = {
  readonly weights: number;
  readonly kernel: WeightKernel;
  readonly imageBytes: number;
  /** Gas a token of the answer. */
  readonly gas: number;
  readonly gasPerWeight: number;
  readonly nativeTokensPerSecond: number;
  /** Of the same sources as a module that V8 runs alone: products of bytes one by one, and by vector instructions. */
  readonly plainTokensPerSecond: number;
  readonly vectorTokensPerSecond: number;
  /** `vectorTokensPerSecond` over `nativeTokensPerSecond`. */
  readonly ratio: number;
  /** Of the file as F32, Q8_0 or Q4_0, in one thread; NaN without llama.cpp. */
  readonly llamaCppTokensPerSecond: number;
  /** Milliseconds until the model's folder is read and all its hashes are checked. */
  readonly verifyMs: number;
  /** Until the program is compiled, and of the first answer, of four tokens. */
  readonly loadMs: number;
  readonly firstMs: number;
  readonly millionStepsPerSecond: number;
};

const SIZES = [
  { width: 128, hidden: 352, layers: 4, heads: 8, keyHeads: 4, vocabulary: 1_000 },
  { width: 288, hidden: 768, layers: 6, heads: 6, keyHeads: 6, vocabulary: 31_300, isTied: true },
] as const;
/** Of 110 million weights: in bytes alone, which a DA member would still not take. */
const LARGE = { width: 768, hidden: 2_048, layers: 12, heads: 12, keyHeads: 12, vocabulary: 31_300 } as const;
const FILES = { f32: 'f32', int8: 'q8_0', int4: 'q4_0' } as const;
const SHORT = 4;
const LONG = 68;
const CONTEXT = 256;
const ROUNDS = 5;
const MANY_STEPS = 100_000_000n;

type Peer = {
  createContext(options: object): Promise<{
    getSequence(): { evaluate(tokens: readonly number[], options: object): AsyncIterable<number> };
    dispose(): Promise<void>;
  }>;
  dispose(): Promise<void>;
};

export async function benchLlama(): Promise<LlamaBench[]> {
  const rows: LlamaBench[] = [];
  for (const size of SIZES)
    for (const kernel of ['f32', 'int8', 'int4'] as const)
      rows.push(await measure({ seed: 1, tokenizer: 'llama-bpe', encoding: FILES[kernel], ...size }, kernel));
  rows.push(await measure({ seed: 1, tokenizer: 'llama-bpe', encoding: FILES.int8, isTied: true, ...LARGE }, 'int8'));
  return rows;
}

async function measure(given: RandomLlama, kernel: WeightKernel): Promise<LlamaBench> {
  const file = encodeRandomLlama(given);
  const parsed = readGguf(bytesSource(file));
  const model = fromGguf(parsed);
  const weights = [...parsed.tensors.values()].reduce((sum, { shape }) => sum + shape.reduce((a, b) => a * b, 1), 0);
  const { built, verifyMs } = await importTimed(file, kernel);
  const engine = createNativeEngine();
  const from = performance.now();
  const loaded = engine.load({ ...built.program, wasm: built.wasm, fromImage: true });
  if (loaded.kind !== 'native') throw new Error(loaded.reason);
  const loadMs = performance.now() - from;
  const native = (tokens: number) => engine.run(loaded, requestOf(tokens));
  const firstMs = cpuMs(() => native(SHORT));
  const [short, long] = [native(SHORT), native(LONG)];
  const count = tokensOf(long.output) - tokensOf(short.output);
  // The engine of the step machine is compiled while it runs: so it must run for a while, and not for the first time.
  const [tokens, steps] = short.gasUsed >= MANY_STEPS ? [SHORT, short.gasUsed] : [LONG, long.gasUsed];
  const step = () => createStepMachine({ program: built.program, ...requestOf(tokens) }).runTo(steps - 1n);
  const stepMs = Math.min(cpuMs(step), cpuMs(step));
  const image = makeImage(model, { kernel, context: CONTEXT, template: makeTemplate('plain', model.vocabulary) });
  const gas = Number(long.gasUsed - short.gasUsed) / count;
  const [plain, vector] = [false, true].map((withVectors) => compilePlainLlama(withVectors)) as [
    PlainLlama,
    PlainLlama,
  ];
  for (const { run } of [plain, vector])
    if (Buffer.compare(run(image, requestOf(SHORT)), short.output) !== 0) throw new Error('V8 alone answers otherwise');
  const nativeTokensPerSecond = rateOf(count, (tokens) => void native(tokens));
  const vectorTokensPerSecond = rateOf(count, (tokens) => void vector.run(image, requestOf(tokens)));
  return {
    weights,
    kernel,
    imageBytes: built.program.memory.length,
    gas,
    gasPerWeight: gas / weights,
    nativeTokensPerSecond,
    plainTokensPerSecond: rateOf(count, (tokens) => void plain.run(image, requestOf(tokens))),
    vectorTokensPerSecond,
    ratio: vectorTokensPerSecond / nativeTokensPerSecond,
    llamaCppTokensPerSecond: await rateOfPeer(file),
    verifyMs,
    loadMs,
    firstMs,
    millionStepsPerSecond: Number(steps) / stepMs / 1e3,
  };
}

function requestOf(tokens: number): ProgramRun {
  const request = { messages: [{ role: 'user', content: 'hello' }], max_tokens: tokens };
  const head = padHeader({ mizu: 'requests', count: 1, model: 'datavm/x' });
  const inputs = [new Uint8Array(0), new TextEncoder().encode(`${head}${JSON.stringify([0, request])}\n`)];
  return { inputs, gasLimit: 1n << 50n, timestampNs: 0n, seed: new Uint8Array(32) };
}

function tokensOf(output: Uint8Array): number {
  return readHeader(output)!.header.outputTokens as number;
}

/** Tokens a second of processor time, by the best of the differences between a long and a short answer. */
function rateOf(count: number, run: (tokens: number) => void): number {
  const best = (tokens: number) => Math.min(...Array.from({ length: ROUNDS }, () => cpuMs(() => run(tokens))));
  return (count * 1e3) / (best(LONG) - best(SHORT));
}

/** As a user has it: the model's folder is written by the import, and read by its name. */
async function importTimed(file: Uint8Array, kernel: WeightKernel) {
  const folder = mkdtempSync(join(tmpdir(), 'mizu-bench-'));
  try {
    const path = join(folder, 'model.gguf');
    writeFileSync(path, file);
    await importModel(path, { name: 'bench', cacheFolder: folder, kernel, context: CONTEXT, template: 'plain' });
    const from = performance.now();
    const { built } = await loadModel('datavm/bench', { cacheFolder: folder });
    return { built, verifyMs: performance.now() - from };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function rateOfPeer(file: Uint8Array): Promise<number> {
  if ((await missingPeers()) !== undefined) return Number.NaN;
  const { getLlama } = (await importPeer('node-llama-cpp')) as {
    getLlama(options: object): Promise<{ loadModel(options: object): Promise<Peer>; dispose(): Promise<void> }>;
  };
  const quiet = { progressLogs: false, logLevel: 'error' };
  const llama = await getLlama({ gpu: false, build: 'never', skipDownload: true, ...quiet });
  const folder = mkdtempSync(join(tmpdir(), 'mizu-bench-'));
  try {
    const path = join(folder, 'model.gguf');
    writeFileSync(path, file);
    const peer = await llama.loadModel({ modelPath: path });
    let best = Number.POSITIVE_INFINITY;
    for (let round = 0; round < ROUNDS; round++) {
      const context = await peer.createContext({ contextSize: CONTEXT, sequences: 1, threads: 1 });
      let from = 0;
      let said = 0;
      for await (const _ of context.getSequence().evaluate([1, 2, 3, 4], { temperature: 0 })) {
        if (said++ === SHORT) from = performance.now();
        if (said > LONG) break;
      }
      best = Math.min(best, (performance.now() - from) / (said - 1 - SHORT));
      await context.dispose();
    }
    await peer.dispose();
    return 1e3 / best;
  } finally {
    await llama.dispose();
    rmSync(folder, { recursive: true, force: true });
  }
}
