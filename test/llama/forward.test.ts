// docs/models.md#llama-tests: the engine against a plain one, and the kernels against each other.
import { describe, expect, it } from 'vitest';
import { fromGguf } from '../../models/llama/from-gguf.ts';
import { readGguf } from '../../models/llama/gguf.ts';
import { makeImage } from '../../models/llama/image.ts';
import type { WeightKernel } from '../../models/llama/quantise.ts';
import { bytesSource } from '../../models/llama/source.ts';
import { makeTemplate } from '../../models/llama/template.ts';
import { openProbe } from './probe.fixture.ts';
import { encodeRandomLlama, type RandomLlama } from './random-llama.fixture.ts';
import { referenceLogits } from './reference.fixture.ts';

const TEXT = 'The quick brown fox jumps over the lazy dog. It’s 2024, and they’ll say: don’t stop!';

function compare(given: RandomLlama, kernel: WeightKernel): number {
  const file = readGguf(bytesSource(encodeRandomLlama(given)));
  const model = fromGguf(file);
  const template = makeTemplate('plain', model.vocabulary);
  const probe = openProbe(makeImage(model, { kernel, context: 128, template }), model.vocabulary.pieces.length);
  const tokens = probe.tokenize(TEXT).slice(0, 24);
  expect(tokens.length).toBeGreaterThan(12);
  const expected = referenceLogits(file, tokens);
  const actual = probe.logits(tokens);
  return Math.max(
    ...actual.flatMap((logits, i) => Array.from(logits, (value, t) => Math.abs(value - expected[i]![t]!))),
  );
}

describe('logits', () => {
  it.each<[string, RandomLlama]>([
    ['grouped heads, f32', { seed: 1, encoding: 'f32', tokenizer: 'gpt-2' }],
    ['each head with its own keys, f16', { seed: 2, encoding: 'f16', tokenizer: 'smollm', keyHeads: 4 }],
    ['a tied head, one layer', { seed: 3, encoding: 'f32', tokenizer: 'pieces', isTied: true, layers: 1 }],
    [
      'factors of the rotation, 8-bit blocks',
      { seed: 4, encoding: 'q8_0', tokenizer: 'llama-bpe', hasFactors: true, ropeBase: 500_000 },
    ],
    ['Qwen 2', { seed: 7, encoding: 'f32', tokenizer: 'qwen2', architecture: 'qwen2' }],
    ['biases, and wide heads', { seed: 8, encoding: 'f32', tokenizer: 'gpt-2', hasBiases: true, headWidth: 32 }],
    ['a scale of positions without its type', { seed: 9, encoding: 'f32', tokenizer: 'gpt-2', ropeScale: 4 }],
    ['4-bit blocks', { seed: 5, encoding: 'q4_0', tokenizer: 'qwen2' }],
  ])('are those of the plain model: %s', (_, given) => {
    expect(compare(given, 'f32')).toBeLessThan(1e-4);
  });

  it('are near those of the plain model in integers of 8 bits, and of a file of 4 bits in such', () => {
    expect(compare({ seed: 6, encoding: 'f32', tokenizer: 'gpt-2' }, 'int8')).toBeLessThan(0.4);
    expect(compare({ seed: 6, encoding: 'q8_0', tokenizer: 'gpt-2' }, 'int8')).toBeLessThan(0.4);
    expect(compare({ seed: 6, encoding: 'q4_0', tokenizer: 'gpt-2' }, 'int4')).toBeLessThan(0.4);
  });
});
