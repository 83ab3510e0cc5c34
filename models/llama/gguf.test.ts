// docs/models.md#gguf: what is read of a GGUF file, and what is refused.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MizuError } from '../../protocol/errors.ts';
import { createEven, encodeRandomLlama, type RandomLlama } from '../../test/llama/random-llama.fixture.ts';
import { encodeGguf, type GgufTensor, type GgufValue } from '../../test/peers/gguf.ts';
import { decodeBlocks } from './blocks.ts';
import { fromGguf } from './from-gguf.ts';
import { readGguf } from './gguf.ts';
import { makeImage } from './image.ts';
import { bytesSource } from './source.ts';
import { makeTemplate } from './template.ts';

const text = (value: string): GgufValue => ({ type: 'string', value });
const number = (value: number): GgufValue => ({ type: 'uint32', value });
const flag = (value: boolean): GgufValue => ({ type: 'bool', value });
const word = fc.stringMatching(/^z[a-z_]{1,12}$/);
const tiny = (more: Partial<RandomLlama>) =>
  encodeRandomLlama({ seed: 1, encoding: 'f32', tokenizer: 'gpt-2', layers: 1, ...more });
const tensor = (name: string, encoding: GgufTensor['encoding'] = 'f32'): GgufTensor => ({
  name,
  shape: [32, 2],
  encoding,
  values: Float32Array.from({ length: 64 }, (_, i) => (i - 31.5) / 8),
});
const read = (bytes: Uint8Array) => readGguf(bytesSource(bytes));

function refusalOf(bytes: Uint8Array): string {
  try {
    fromGguf(read(bytes));
  } catch (error) {
    if (error instanceof MizuError) return `${error.code}: ${error.expected}; got ${error.actual}`;
    throw error;
  }
  return 'none';
}

describe('a GGUF file', () => {
  it('has fields, and tensors with the outermost dimension first', () => {
    const { metadata, tensors } = read(
      encodeGguf({ a: text('é'), b: { type: 'int32s', value: [-1, 2] }, c: { type: 'bool', value: true } }, [
        tensor('x'),
        tensor('y', 'q8_0'),
      ]),
    );
    expect([...metadata]).toEqual([
      ['a', 'é'],
      ['b', [-1, 2]],
      ['c', true],
    ]);
    expect(tensors.get('x')).toMatchObject({ shape: [2, 32], encoding: 'f32', sizeBytes: 256 });
    expect(tensors.get('y')).toMatchObject({ shape: [2, 32], encoding: 'q8_0', sizeBytes: 68 });
  });

  it.each([
    ['f32', 0],
    ['f16', 0.002],
    ['q8_0', 0.02],
    ['q4_0', 0.3],
  ] as const)('keeps numbers as %s', (encoding, tolerance) => {
    const file = read(encodeGguf({}, [tensor('x', encoding)]));
    const { offset, sizeBytes } = file.tensors.get('x')!;
    const values = decodeBlocks(file.source.read(offset, sizeBytes), encoding);
    const expected = tensor('x').values;
    expect(Math.max(...values.map((value, i) => Math.abs(value - expected[i]!)))).toBeLessThanOrEqual(tolerance);
  });

  it('knows the halves of IEEE 754 and of bfloat16', () => {
    const halves = new Uint8Array(Uint16Array.of(0x3c00, 0xc000, 0x0001, 0x7bff, 0x8000).buffer);
    expect([...decodeBlocks(halves, 'f16')]).toEqual([1, -2, 2 ** -24, 65_504, -0]);
    expect([...decodeBlocks(new Uint8Array(Uint16Array.of(0x3f80, 0xc040).buffer), 'bf16')]).toEqual([1, -3]);
  });

  it.each<[string, Uint8Array, RegExp]>([
    ['nothing', new Uint8Array(0), /4 bytes at 0; got the file has 0 bytes/],
    ['other bytes', new Uint8Array(64), /begins with "GGUF"/],
    ['one that ends early', encodeRandomLlama({ seed: 1, encoding: 'f32', tokenizer: 'gpt-2' }).slice(0, -64), /bytes/],
    [
      'another architecture',
      encodeGguf({ 'general.architecture': text('gpt2') }, []),
      /architecture: llama or qwen2 .*; got gpt2/,
    ],
    [
      'no field',
      encodeGguf({ 'general.architecture': text('llama') }, []),
      /llama.embedding_length: a number; got none/,
    ],
    ['a tensor twice', encodeGguf({}, [tensor('x'), tensor('x')]), /each tensor once; got x twice/],
  ])('is refused: %s', (_, bytes, reason) => {
    expect(refusalOf(bytes)).toMatch(/^sdk\/model-file: /);
    expect(refusalOf(bytes)).toMatch(reason);
  });

  it('is refused or read, whatever bytes are changed', () => {
    const whole = encodeRandomLlama({ seed: 1, encoding: 'q8_0', tokenizer: 'pieces', layers: 1 });
    const even = createEven(11);
    let refused = 0;
    for (let round = 0; round < 300; round++) {
      const bytes = whole.slice();
      // The head is a third of the file; sizes and types in it are what leads elsewhere.
      for (let i = 0; i < 1 + even() * 4; i++) bytes[Math.floor(even() ** 2 * bytes.length)] = Math.floor(even() * 256);
      const reason = refusalOf(bytes);
      if (reason !== 'none') refused++;
      expect(reason).toMatch(/^(none|sdk\/model-file)/);
    }
    expect(refused).toBeGreaterThan(20);
  });

  it('is refused with any field of its architecture, of the tokenizer or of none that is not known', () => {
    const names = fc
      .tuple(fc.constantFrom('llama.', 'llama.attention.', 'llama.rope.', 'tokenizer.ggml.', 'adapter.', 'x'), word)
      .map((parts) => parts.join(''));
    fc.assert(
      fc.property(names, fc.constantFrom<GgufValue>(text('x'), number(0), number(1), flag(false)), (name, value) => {
        const reason = refusalOf(tiny({ fields: { [name]: value } }));
        expect(reason).toMatch(/^sdk\/model-file: fields that the engine knows/);
        expect(reason).toContain(name);
      }),
      { numRuns: 40 },
    );
  });

  it('is refused with any tensor that is not known', () => {
    const names = fc.oneof(
      word,
      fc
        .tuple(fc.constantFrom('blk.0.', 'blk.1.', 'blk.00.', ''), word, fc.constantFrom('.weight', '.bias'))
        .map((p) => p.join('')),
      fc.constantFrom(
        'output.bias',
        'output_norm.bias',
        'blk.0.attn_output.bias',
        'blk.0.attn_q_norm.weight',
        'blk.0.ffn_gate_inp.weight',
        'blk.1.attn_q.bias',
        'blk.00.attn_q.bias',
        'rope_factors_long.weight',
      ),
    );
    fc.assert(
      fc.property(names, (name) => {
        expect(refusalOf(tiny({ strange: name }))).toMatch(/the tensors of a llama model of 1 layers; got also /);
      }),
      { numRuns: 40 },
    );
  });

  it.each<[string, GgufValue, boolean]>([
    ['general.basename', text('Any'), true],
    ['llama.vocab_size', number(7), true],
    ['llama.attention.sliding_window', number(0), true],
    ['llama.attention.sliding_window', number(4_096), false],
    ['llama.attention.causal', flag(false), false],
    ['llama.attention.value_length', number(8), false],
    ['llama.rope.dimension_count', number(8), false],
    ['llama.rope.scaling.type', text('yarn'), false],
    ['llama.rope.scaling.attn_factor', { type: 'float32', value: 1 }, true],
    ['llama.rope.scaling.attn_factor', { type: 'float32', value: 2 }, false],
    ['llama.expert_count', number(8), false],
    ['split.count', number(2), false],
    ['tokenizer.ggml.add_eos_token', flag(false), true],
    ['tokenizer.ggml.add_eos_token', flag(true), false],
    ['tokenizer.ggml.pre', text('deepseek-llm'), false],
  ])('with the field %s of %j is taken: %j', (name, value, isTaken) => {
    const reason = refusalOf(tiny({ fields: { [name]: value } }));
    if (isTaken) expect(reason).toBe('none');
    else expect(reason).toContain(name);
  });

  it('with weights that are no numbers is refused', () => {
    const bytes = encodeRandomLlama({ seed: 1, encoding: 'f32', tokenizer: 'gpt-2' });
    bytes.fill(0xff, -8);
    const model = fromGguf(read(bytes));
    const template = makeTemplate('plain', model.vocabulary);
    expect(() => makeImage(model, { kernel: 'f32', context: 64, template })).toThrow(/cannot be imported/);
  });
});
