// docs/models.md#import: files become models in the cache folder, and the same model is the same program.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { encodeRandomLlama, type RandomLlama } from '../../test/llama/random-llama.fixture.ts';
import { type Strange, toSafetensors } from '../../test/llama/safetensors.fixture.ts';
import { loadModel } from '../model.ts';
import { type ImportOptions, importModel } from './import.ts';

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'mizu-import-'));
});

afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

const options = (more: Partial<ImportOptions> = {}): ImportOptions => ({
  name: 'tiny',
  cacheFolder: join(folder, 'cache'),
  kernel: 'f32',
  context: 64,
  ...more,
});

function writeGguf(given: Partial<RandomLlama> = {}): string {
  const path = join(folder, 'model.gguf');
  writeFileSync(path, encodeRandomLlama({ seed: 1, encoding: 'f32', tokenizer: 'llama-bpe', layers: 1, ...given }));
  return path;
}

describe('a GGUF file', () => {
  it('becomes a model that is found by its name', async () => {
    const { manifest, built } = await importModel(writeGguf(), options({ licence: 'MIT' }));
    const found = await loadModel('datavm/tiny', { cacheFolder: join(folder, 'cache') });
    expect(found.manifest).toEqual(manifest);
    expect(found.built.program.memory).toEqual(built.program.memory);
    expect(manifest).toMatchObject({ class: 'A', licence: 'MIT', name: 'tiny', version: '1' });
    expect(manifest.source).toMatch(/^model\.gguf, SHA-256 [0-9a-f]{64}, as f32$/);
  });

  it('has a template that is recognised, or named', async () => {
    const path = writeGguf({ template: '{% for m in messages %}{{ m.text }}{% endfor %}' });
    await expect(importModel(path, options())).rejects.toMatchObject({ code: 'sdk/model-template' });
    const { manifest } = await importModel(path, options({ template: 'plain' }));
    const chat = await importModel(path, options({ template: 'chatml' }));
    expect(chat.manifest.programId).not.toBe(manifest.programId);
    await expect(importModel(path, options({ template: 'llama-3' }))).rejects.toMatchObject({
      code: 'sdk/model-file',
      expected: 'the token <|eot_id|> of the template llama-3',
    });
  });

  it.each<[string, Partial<ImportOptions>, string]>([
    ['the name of a model that the SDK has', { name: 'small' }, 'sdk/bad-name'],
    ['a name with a slash', { name: 'a/b' }, 'sdk/bad-name'],
    ['a context that the model has not', { context: 1_024 }, 'sdk/model-file'],
  ])('is refused for %s', async (_, more, code) => {
    await expect(importModel(writeGguf(), options(more))).rejects.toMatchObject({ code });
  });

  it('is refused if its cache does not fit into a program', async () => {
    const path = writeGguf({ context: 4_000_000 });
    await expect(importModel(path, options({ context: 3_000_000 }))).rejects.toMatchObject({
      code: 'sdk/model-too-large',
    });
  });

  it('that is not there is refused', async () => {
    const path = join(folder, 'none.gguf');
    await expect(importModel(path, options())).rejects.toMatchObject({ code: 'sdk/model-file' });
  });
});

describe('a safetensors file', () => {
  it.each(['llama-bpe', 'gpt-2', 'qwen2', 'smollm', 'pieces'] as const)(
    'is the same program as the GGUF file of the same model: %s',
    async (tokenizer) => {
      const path = writeGguf({ tokenizer, keyHeads: 2 });
      const expected = await importModel(path, options());
      const file = toSafetensors(path, join(folder, 'hub'));
      const actual = await importModel(file, options({ name: 'other' }));
      expect(actual.manifest.programId).toBe(expected.manifest.programId);
    },
  );

  it('is the same program as the GGUF file of a model of Qwen 2', async () => {
    const path = writeGguf({ architecture: 'qwen2', tokenizer: 'qwen2', keyHeads: 2 });
    const { manifest } = await importModel(path, options());
    const file = toSafetensors(path, join(folder, 'hub'), {
      config: { sliding_window: 32, use_sliding_window: false, max_window_layers: 28, torch_dtype: 'bfloat16' },
    });
    expect((await importModel(file, options({ name: 'other' }))).manifest.programId).toBe(manifest.programId);
  });

  it.each<[string, Strange, RegExp]>([
    ['a field that is not known', { config: { residual_multiplier: 1 } }, /residual_multiplier/],
    ['layers that attend to a window', { config: { layer_types: ['sliding_attention'] } }, /layer_types/],
    ['biases', { config: { attention_bias: true } }, /attention_bias/],
    ['a tensor that is not known', { tensor: 'model.layers.0.self_attn.q_norm.weight' }, /q_norm/],
    ['a bias that Llama has not', { tensor: 'model.layers.0.self_attn.q_proj.bias' }, /q_proj.bias/],
    ['a head beside the embedding that is its head', { config: { tie_word_embeddings: true } }, /lm_head/],
    ['another architecture', { config: { architectures: ['Gemma2ForCausalLM'] } }, /Gemma2ForCausalLM/],
  ])('is refused with %s', async (_, strange, what) => {
    const file = toSafetensors(writeGguf(), join(folder, 'hub'), strange);
    await expect(importModel(file, options())).rejects.toMatchObject({
      code: 'sdk/model-file',
      actual: expect.stringMatching(what),
    });
  });

  it('needs its configuration and its tokenizer', async () => {
    const file = toSafetensors(writeGguf(), join(folder, 'hub'));
    rmSync(join(folder, 'hub', 'tokenizer.json'));
    await expect(importModel(file, options())).rejects.toMatchObject({ expected: 'tokenizer.json beside the weights' });
  });
});
