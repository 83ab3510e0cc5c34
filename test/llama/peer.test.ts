// docs/models.md#llama-tests: the engine against llama.cpp, on the same files: tokens of random texts, logits behind each
// token, and greedy answers.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fromGguf } from '../../models/llama/from-gguf.ts';
import { readGguf } from '../../models/llama/gguf.ts';
import { makeImage } from '../../models/llama/image.ts';
import type { LlamaModel } from '../../models/llama/model.ts';
import type { WeightKernel } from '../../models/llama/quantise.ts';
import { bytesSource } from '../../models/llama/source.ts';
import { makeTemplate } from '../../models/llama/template.ts';
import { importPeer, missingPeers } from '../peers/install.fixture.ts';
import { openProbe, type Probe } from './probe.fixture.ts';
import { createEven, encodeRandomLlama, type RandomLlama } from './random-llama.fixture.ts';

type Next = { readonly next: { readonly logits: ReadonlyMap<number, number> } } | undefined;
type Wanted = readonly [number, { readonly generateNext: { readonly logits: true } }];
type Peer = {
  tokenize(text: string, special: boolean): readonly number[];
  createContext(options: object): Promise<{
    getSequence(): { controlledEvaluate(input: readonly Wanted[]): Promise<Next[]> };
    dispose(): Promise<void>;
  }>;
  dispose(): Promise<void>;
};
type Engine = { loadModel(options: object): Promise<Peer>; dispose(): Promise<void> };

const missing = await missingPeers();
if (missing !== undefined) console.log(`no llama.cpp: the engine is not held against it: ${missing}`);

const CONTEXT = 256;
const ANSWER_TOKENS = 24;
const PROMPT = 'The quick brown fox jumps over the lazy dog. It’s 2024, and they’ll say that';
/** What words of tokenizers are cut at, and letters of many scripts, some of which no merge has. */
const PARTS = [
  ...'abcdefgh tho e an THE  \n\n\t\r .,!?\'"()0123456789éßñüöжлисапры素早い茶色狐你好世界γεια—“”…😀🦊\u0301\u00a0\u3000',
  ...[
    "'s",
    "'ll",
    "'RE",
    ' the',
    ' and',
    'brown',
    '<s>',
    '</s>',
    '<|im_start|>',
    '  ',
    '   \n',
    '▁',
    '\u2028',
    '½',
    '௧',
  ],
];

const MODELS: readonly (readonly [string, RandomLlama, WeightKernel, number])[] = [
  ['gpt-2, f32', { seed: 1, encoding: 'f32', tokenizer: 'gpt-2' }, 'f32', 1e-4],
  [
    'llama-3, f32, factors of the rotation',
    { seed: 2, encoding: 'f32', tokenizer: 'llama-bpe', hasFactors: true, ropeBase: 500_000 },
    'f32',
    1e-4,
  ],
  [
    'SentencePiece, f32, a tied head',
    { seed: 3, encoding: 'f32', tokenizer: 'pieces', isTied: true, heads: 8, layers: 3 },
    'f32',
    5e-4,
  ],
  ['Qwen 2, f32', { seed: 7, encoding: 'f32', tokenizer: 'qwen2', architecture: 'qwen2' }, 'f32', 5e-4],
  ['biases, f32', { seed: 8, encoding: 'f32', tokenizer: 'gpt-2', hasBiases: true }, 'f32', 5e-4],
  ['wide heads, f32', { seed: 9, encoding: 'f32', tokenizer: 'gpt-2', headWidth: 32 }, 'f32', 5e-4],
  [
    'a scale of positions without its type, f32',
    { seed: 10, encoding: 'f32', tokenizer: 'gpt-2', ropeScale: 4 },
    'f32',
    5e-4,
  ],
  // In these llama.cpp rounds the vector to 16 bits, or to bytes with a scale of 16 bits.
  ['qwen2, f16', { seed: 4, encoding: 'f16', tokenizer: 'qwen2' }, 'f32', 0.05],
  ['smollm, 8-bit blocks', { seed: 5, encoding: 'q8_0', tokenizer: 'smollm' }, 'int8', 0.5],
  ['SentencePiece, 4-bit blocks', { seed: 6, encoding: 'q4_0', tokenizer: 'pieces' }, 'int4', 0.5],
];

describe.skipIf(missing !== undefined)('as llama.cpp has it', () => {
  const folder = mkdtempSync(join(tmpdir(), 'mizu-llama-'));
  let engine: Engine;

  beforeAll(async () => {
    const { getLlama } = (await importPeer('node-llama-cpp')) as { getLlama(options: object): Promise<Engine> };
    const quiet = { progressLogs: false, logLevel: 'error' };
    engine = await getLlama({ gpu: false, build: 'never', skipDownload: true, ...quiet });
  });

  afterAll(async () => {
    await engine?.dispose();
    rmSync(folder, { recursive: true, force: true });
  });

  it.each(MODELS)('%s', async (_, given, kernel, tolerance) => {
    const bytes = encodeRandomLlama(given);
    const path = join(folder, 'model.gguf');
    writeFileSync(path, bytes);
    const peer = await engine.loadModel({ modelPath: path });
    const model = fromGguf(readGguf(bytesSource(bytes)));
    const probe = probeOf(model, kernel);
    compareTokens(probe, peer);
    await compareLogits(probe, peer, tolerance, kernel === 'f32');
    await peer.dispose();
  });
});

function probeOf(model: LlamaModel, kernel: WeightKernel): Probe {
  const template = makeTemplate('plain', model.vocabulary);
  return openProbe(makeImage(model, { kernel, context: CONTEXT, template }), model.vocabulary.pieces.length);
}

function compareTokens(probe: Probe, peer: Peer): void {
  const even = createEven(7);
  for (let round = 0; round < 300; round++) {
    const length = 1 + Math.floor(even() * 40);
    const text = Array.from({ length }, () => PARTS[Math.floor(even() * PARTS.length)]).join('');
    expect({ text, tokens: probe.tokenize(text) }).toEqual({ text, tokens: [...peer.tokenize(text, false)] });
  }
}

async function compareLogits(probe: Probe, peer: Peer, tolerance: number, isGreedy: boolean): Promise<void> {
  const exact = { flashAttention: false, experimentalKvCacheKeyType: 'F32', experimentalKvCacheValueType: 'F32' };
  const context = await peer.createContext({ contextSize: CONTEXT, sequences: 1, threads: 1, ...exact });
  const sequence = context.getSequence();
  const tokens = probe.tokenize(PROMPT);
  const evaluate = async (next: readonly number[]) =>
    (await sequence.controlledEvaluate(next.map((token) => [token, { generateNext: { logits: true } }]))).map(
      (result) => result!.next.logits,
    );
  const theirs = await evaluate(tokens);
  const said: number[] = [];
  while (said.length < ANSWER_TOKENS) {
    const [best] = theirs.at(-1)!.keys();
    said.push(best!);
    theirs.push(...(await evaluate([best!])));
  }
  await context.dispose();
  const ours = probe.logits([...tokens, ...said]);
  const distances = ours.flatMap((logits, i) =>
    Array.from(logits, (value, token) => Math.abs(value - theirs[i]!.get(token)!)),
  );
  expect(Math.max(...distances)).toBeLessThan(tolerance);
  if (isGreedy) expect(ours.slice(tokens.length - 1, -1).map(bestOf)).toEqual(said);
}

function bestOf(logits: Float32Array): number {
  return logits.indexOf(logits.reduce((most, value) => Math.max(most, value), Number.NEGATIVE_INFINITY));
}
