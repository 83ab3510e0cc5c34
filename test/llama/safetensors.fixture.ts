// docs/models.md#llama-tests: a model of a GGUF file as model hubs have it: safetensors, config.json and tokenizer.json.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { decodeBlocks } from '../../models/llama/blocks.ts';
import { readGguf } from '../../models/llama/gguf.ts';
import { bytesSource } from '../../models/llama/source.ts';

const NAMES: readonly (readonly [RegExp, string])[] = [
  [/^token_embd/, 'model.embed_tokens'],
  [/^output_norm/, 'model.norm'],
  [/^output\./, 'lm_head.'],
  [/^blk\.(\d+)\.attn_norm/, 'model.layers.$1.input_layernorm'],
  [/^blk\.(\d+)\.ffn_norm/, 'model.layers.$1.post_attention_layernorm'],
  [/^blk\.(\d+)\.attn_output/, 'model.layers.$1.self_attn.o_proj'],
  [/^blk\.(\d+)\.attn_([qkv])/, 'model.layers.$1.self_attn.$2_proj'],
  [/^blk\.(\d+)\.ffn_(gate|up|down)/, 'model.layers.$1.mlp.$2_proj'],
];
const REGEX =
  "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";
const BYTE_LEVEL = { type: 'ByteLevel', add_prefix_space: false, use_regex: false };
const PRE_TOKENIZERS: Readonly<Record<string, unknown>> = {
  'gpt-2': { type: 'ByteLevel', add_prefix_space: false, use_regex: true },
  'llama-bpe': { type: 'Sequence', pretokenizers: [{ type: 'Split', pattern: { Regex: REGEX } }, BYTE_LEVEL] },
  qwen2: {
    type: 'Sequence',
    pretokenizers: [{ type: 'Split', pattern: { Regex: REGEX.replace('{1,3}', '') } }, BYTE_LEVEL],
  },
  smollm: { type: 'Sequence', pretokenizers: [{ type: 'Digits', individual_digits: true }, BYTE_LEVEL] },
};

/** Further fields of config.json, and the name of a further tensor. */
export type Strange = { readonly config?: Readonly<Record<string, unknown>>; readonly tensor?: string };

/** Writes the files into a folder. Returns the path of the weights, which are those of an f32 file. */
export function toSafetensors(path: string, folder: string, strange: Strange = {}): string {
  const { metadata, tensors, source } = readGguf(bytesSource(new Uint8Array(readFileSync(path))));
  const field = (name: string) => metadata.get(name) as number;
  const list = (name: string) => metadata.get(`tokenizer.ggml.${name}`) as readonly string[];
  const architecture = String(metadata.get('general.architecture'));
  const isQwen = architecture === 'qwen2';
  const heads = field(`${architecture}.attention.head_count`);
  const size = field(`${architecture}.embedding_length`) / heads;
  const head: Record<string, unknown> = { __metadata__: { format: 'pt' } };
  const parts: Uint8Array[] = [];
  let end = 0;
  for (const { name, shape, offset, sizeBytes, encoding } of tensors.values()) {
    const [pattern, hub] = NAMES.find(([one]) => one.test(name))!;
    const floats = decodeBlocks(source.read(offset, sizeBytes), encoding);
    const isTurned = !isQwen && /attn_[qk]\./.test(name);
    const part = isTurned ? toHalves(floats, shape[1]!, size) : floats;
    head[name.replace(pattern, hub)] = { dtype: 'F32', shape, data_offsets: [end, end + part.byteLength] };
    parts.push(new Uint8Array(part.buffer));
    end += part.byteLength;
  }
  if (strange.tensor !== undefined) head[strange.tensor] = { dtype: 'F32', shape: [1], data_offsets: [end, end + 4] };
  if (strange.tensor !== undefined) parts.push(new Uint8Array(4));
  const json = Buffer.from(JSON.stringify(head));
  const prefix = Buffer.alloc(8);
  prefix.writeBigUInt64LE(BigInt(json.length));
  mkdirSync(folder, { recursive: true });
  const file = join(folder, 'model.safetensors');
  writeFileSync(file, Buffer.concat([prefix, json, ...parts]));
  const ends = {
    bos_token_id: field('tokenizer.ggml.bos_token_id'),
    eos_token_id: field('tokenizer.ggml.eos_token_id'),
  };
  const config = {
    architectures: [isQwen ? 'Qwen2ForCausalLM' : 'LlamaForCausalLM'],
    hidden_size: field(`${architecture}.embedding_length`),
    intermediate_size: field(`${architecture}.feed_forward_length`),
    num_hidden_layers: field(`${architecture}.block_count`),
    num_attention_heads: heads,
    num_key_value_heads: field(`${architecture}.attention.head_count_kv`),
    max_position_embeddings: field(`${architecture}.context_length`),
    rms_norm_eps: 1e-5,
    rope_theta: field(`${architecture}.rope.freq_base`),
    ...ends,
    ...strange.config,
  };
  writeFileSync(join(folder, 'config.json'), JSON.stringify(config));
  writeFileSync(
    join(folder, 'tokenizer.json'),
    JSON.stringify(tokenizerOf(list, String(metadata.get('tokenizer.ggml.pre') ?? 'pieces'), ends.bos_token_id)),
  );
  return file;
}

function tokenizerOf(list: (name: string) => readonly string[], pre: string, begin: number): unknown {
  const tokens = list('tokens');
  const kinds = list('token_type').map(Number);
  const isPieces = pre === 'pieces';
  const added = tokens.flatMap((content, id) =>
    kinds[id] === 3 || kinds[id] === 2 ? [{ id, content, special: true }] : [],
  );
  const single = [{ SpecialToken: { id: tokens[begin], type_id: 0 } }, { Sequence: { id: 'A', type_id: 0 } }];
  return {
    added_tokens: added,
    normalizer: isPieces ? { type: 'Sequence', normalizers: [{ type: 'Prepend', prepend: '▁' }] } : null,
    pre_tokenizer: PRE_TOKENIZERS[pre] ?? null,
    post_processor: isPieces ? { type: 'TemplateProcessing', single } : null,
    model: {
      type: 'BPE',
      vocab: Object.fromEntries(tokens.map((text, id) => [text, id])),
      merges: isPieces ? mergesOf(tokens, kinds) : list('merges'),
      byte_fallback: isPieces,
      unk_token: isPieces ? '<unk>' : null,
      ignore_merges: pre === 'llama-bpe',
    },
  };
}

/** Every way to make a piece of two others, in the order of the pieces. */
function mergesOf(tokens: readonly string[], kinds: readonly number[]): string[][] {
  const pieces = new Set(tokens.filter((_, id) => kinds[id] === 1));
  return [...pieces].flatMap((piece) => {
    const points = Array.from(piece);
    return points.slice(1).flatMap((_, i) => {
      const [left, right] = [points.slice(0, i + 1).join(''), points.slice(i + 1).join('')];
      return pieces.has(left) && pieces.has(right) ? [[left, right]] : [];
    });
  });
}

/** Of each head the first numbers of all pairs, then the second ones. */
function toHalves(floats: Float32Array, columns: number, size: number): Float32Array {
  const turned = new Float32Array(floats.length);
  for (let row = 0; row < floats.length / columns; row++) {
    const place = row % size;
    const to = row - place + (place % 2) * (size / 2) + (place >> 1);
    turned.set(floats.subarray(row * columns, (row + 1) * columns), to * columns);
  }
  return turned;
}
