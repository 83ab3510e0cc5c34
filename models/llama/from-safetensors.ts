// docs/models.md#safetensors: a model of llama's architecture from a safetensors file and the files that stand beside it.
import { z } from 'zod';
import type { TensorFile } from './gguf.ts';
import {
  biasOf,
  type Layer,
  type LlamaModel,
  type LlamaShape,
  matrixOf,
  type Rope,
  requireShape,
  rowInHalves,
  vectorOf,
} from './model.ts';
import { exp, ln } from './rotation.ts';
import { badFile } from './source.ts';
import { readTokenizer } from './tokenizer-json.ts';

/** The texts of the files beside the weights; `config.json` and `tokenizer.json` must be there. */
export type SafetensorsTexts = {
  readonly config: string;
  readonly tokenizer: string;
  readonly tokenizerConfig: string | undefined;
  readonly template: string | undefined;
};

const QWEN = 'Qwen2ForCausalLM';
const ARCHITECTURES = ['LlamaForCausalLM', 'MistralForCausalLM', QWEN];
const count = z.number().int().positive();
const anything = z.unknown().optional();
/** What says nothing of the arithmetic, or has the value with which it changes nothing. */
const unused = {
  _name_or_path: anything,
  attention_dropout: anything,
  dtype: anything,
  initializer_range: anything,
  is_llama_config: anything,
  layer_types: z.array(z.literal('full_attention')).nullish(),
  max_window_layers: anything,
  model_type: anything,
  pad_token_id: anything,
  pretraining_tp: anything,
  rope_interleaved: z.literal(false).nullish(),
  torch_dtype: anything,
  'transformers.js_config': anything,
  transformers_version: anything,
  use_cache: anything,
  vocab_size: anything,
};
const scaling = z.strictObject({
  rope_type: anything,
  type: anything,
  factor: anything,
  low_freq_factor: anything,
  high_freq_factor: anything,
  original_max_position_embeddings: anything,
});
const config = z.strictObject({
  ...unused,
  architectures: z.array(z.string()).optional(),
  hidden_size: count,
  intermediate_size: count,
  num_hidden_layers: count,
  num_attention_heads: count,
  num_key_value_heads: count.nullish(),
  head_dim: count.nullish(),
  max_position_embeddings: count,
  rms_norm_eps: z.number(),
  rope_theta: z.number().nullish(),
  rope_scaling: scaling.nullish(),
  hidden_act: z.string().nullish(),
  attention_bias: z.boolean().nullish(),
  mlp_bias: z.boolean().nullish(),
  tie_word_embeddings: z.boolean().nullish(),
  sliding_window: z.number().nullish(),
  use_sliding_window: z.boolean().nullish(),
  bos_token_id: z.number().int().nullish(),
  eos_token_id: z.union([z.number().int(), z.array(z.number().int()).min(1)]),
});
type Config = z.infer<typeof config>;

/** @throws MizuError `sdk/model-file` */
export function fromSafetensors(file: TensorFile, texts: SafetensorsTexts): LlamaModel {
  const given = parseConfig(texts.config);
  const shape = shapeOf(given);
  const ends = [given.eos_token_id].flat();
  const vocabulary = readTokenizer(texts.tokenizer, {
    begin: given.bos_token_id ?? undefined,
    end: ends[0]!,
    others: ends.slice(1),
  });
  const rows = vocabulary.pieces.length;
  const { width } = shape;
  const isTied = given.tie_word_embeddings ?? false;
  const hasBias = given.architectures?.[0] === QWEN;
  const strange = [...file.tensors.keys()].filter((name) => !isKnown(name, shape.layers, { hasBias, isTied }));
  if (strange.length > 0)
    throw badFile(
      `the tensors of a model of ${shape.layers} layers in one file`,
      `also ${strange.slice(0, 3).join(', ')}`,
    );
  return {
    shape,
    vocabulary,
    template: texts.template ?? templateOf(texts.tokenizerConfig),
    embedding: matrixOf(file, 'model.embed_tokens.weight', rows, width),
    layers: Array.from({ length: shape.layers }, (_, i) => readLayer(file, shape, i, hasBias)),
    outputNorm: vectorOf(file, 'model.norm.weight', width),
    output: isTied ? undefined : matrixOf(file, 'lm_head.weight', rows, width),
  };
}

const LAYER_TENSORS = [
  'input_layernorm',
  ...['q', 'k', 'v', 'o'].map((part) => `self_attn.${part}_proj`),
  'post_attention_layernorm',
  ...['gate', 'up', 'down'].map((part) => `mlp.${part}_proj`),
];
const BIASED = ['q', 'k', 'v'].map((part) => `self_attn.${part}_proj`);

function isKnown(name: string, layers: number, model: { hasBias: boolean; isTied: boolean }): boolean {
  const [, layer, part, kind] = /^model\.layers\.(\d+)\.(.+)\.(weight|bias)$/.exec(name) ?? [];
  if (part !== undefined) {
    if (Number(layer) >= layers || String(Number(layer)) !== layer) return false;
    return kind === 'bias' ? model.hasBias && BIASED.includes(part) : LAYER_TENSORS.includes(part);
  }
  // Follows from config.json.
  if (name.endsWith('.rotary_emb.inv_freq')) return true;
  if (name === 'lm_head.weight') return !model.isTied;
  return ['model.embed_tokens.weight', 'model.norm.weight'].includes(name);
}

function readLayer(file: TensorFile, shape: LlamaShape, i: number, hasBias: boolean): Layer {
  const { width, hidden, heads, keyHeads, headWidth } = shape;
  const matrix = (part: string, rows: number, columns: number, order?: (row: number) => number) =>
    matrixOf(file, `model.layers.${i}.${part}.weight`, rows, columns, order);
  const norm = (part: string) => vectorOf(file, `model.layers.${i}.${part}.weight`, width);
  const bias = (part: string, rows: number, order?: (row: number) => number) =>
    hasBias ? biasOf(file, `model.layers.${i}.self_attn.${part}_proj.bias`, rows, order) : undefined;
  const order = rowInHalves(headWidth);
  return {
    attentionNorm: norm('input_layernorm'),
    query: matrix('self_attn.q_proj', heads * headWidth, width, order),
    key: matrix('self_attn.k_proj', keyHeads * headWidth, width, order),
    value: matrix('self_attn.v_proj', keyHeads * headWidth, width),
    biases: [
      bias('q', heads * headWidth, order),
      bias('k', keyHeads * headWidth, order),
      bias('v', keyHeads * headWidth),
    ],
    attentionOutput: matrix('self_attn.o_proj', width, heads * headWidth),
    feedForwardNorm: norm('post_attention_layernorm'),
    gate: matrix('mlp.gate_proj', hidden, width),
    up: matrix('mlp.up_proj', hidden, width),
    down: matrix('mlp.down_proj', width, hidden),
  };
}

function parseConfig(text: string): Config {
  const json = parseJson('config.json', text);
  const { architectures = ARCHITECTURES } = (json ?? {}) as { architectures?: readonly unknown[] };
  if (!ARCHITECTURES.includes(String([architectures].flat()[0])))
    throw badFile(`architectures: ${ARCHITECTURES.join(' or ')}`, JSON.stringify(architectures).slice(0, 60));
  const parsed = config.safeParse(json);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw badFile(
      'a config.json whose fields the engine knows',
      [issue?.path.join('.'), issue?.message].filter(Boolean).join(': '),
    );
  }
  const { data } = parsed;
  if ((data.hidden_act ?? 'silu') !== 'silu') throw badFile('hidden_act: silu', String(data.hidden_act));
  if (data.attention_bias || data.mlp_bias) throw badFile('a model without biases', 'attention_bias or mlp_bias');
  return data;
}

function shapeOf(given: Config): LlamaShape {
  const heads = given.num_attention_heads;
  const headWidth = given.head_dim ?? given.hidden_size / heads;
  // Beyond its window such a model attends to what a llama model does not.
  const window = given.use_sliding_window === false ? undefined : (given.sliding_window ?? undefined);
  const context = Math.min(given.max_position_embeddings, window ?? given.max_position_embeddings);
  return requireShape({
    width: given.hidden_size,
    hidden: given.intermediate_size,
    layers: given.num_hidden_layers,
    heads,
    keyHeads: given.num_key_value_heads ?? heads,
    headWidth,
    context,
    epsilon: given.rms_norm_eps,
    rope: ropeOf(given, headWidth),
  });
}

function ropeOf({ rope_theta: base, rope_scaling: scaling }: Config, headWidth: number): Rope {
  const plain = { base: base ?? 10_000, scale: 1, factors: undefined };
  if (scaling === null || scaling === undefined) return plain;
  const type = scaling.rope_type ?? scaling.type;
  if (type === 'default') return plain;
  const number = (name: keyof typeof scaling): number => {
    const value = scaling[name];
    if (typeof value !== 'number' || !(value > 0))
      throw badFile(`rope_scaling.${name}: a number above 0`, String(value));
    return value;
  };
  if (type === 'linear') return { ...plain, scale: number('factor') };
  if (type !== 'llama3') throw badFile('rope_scaling: linear or llama3', String(type));
  const factor = number('factor');
  const low = number('low_freq_factor');
  const high = number('high_freq_factor');
  const original = number('original_max_position_embeddings');
  // As llama.cpp's conversion does (convert_hf_to_gguf.py).
  const factors = Float32Array.from({ length: headWidth / 2 }, (_, i) => {
    const wavelength = (2 * Math.PI) / exp((-2 * i * ln(plain.base)) / headWidth);
    if (wavelength < original / high) return 1;
    if (wavelength > original / low) return factor;
    const smooth = (original / wavelength - low) / (high - low);
    return 1 / ((1 - smooth) / factor + smooth);
  });
  return { ...plain, factors };
}

function templateOf(text: string | undefined): string | undefined {
  if (text === undefined) return undefined;
  const { chat_template: template } = (parseJson('tokenizer_config.json', text) ?? {}) as { chat_template?: unknown };
  return typeof template === 'string' ? template : undefined;
}

function parseJson(name: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw badFile(`${name} in JSON`, (cause as Error).message, cause);
  }
}
