// docs/models.md#gguf: a model of llama's architecture from a GGUF file.
import type { Gguf } from './gguf.ts';
import { type Layer, type LlamaModel, type LlamaShape, matrixOf, requireShape, vectorOf } from './model.ts';
import { badFile } from './source.ts';
import {
  byteVocabulary,
  type Ends,
  type FileToken,
  type PieceKind,
  pieceVocabulary,
  type Split,
  type Vocabulary,
} from './vocabulary.ts';

/** By the numbers of `tokenizer.ggml.token_type`. */
const KINDS: readonly (PieceKind | undefined)[] = [undefined, 'normal', 'unknown', 'control', 'user', 'unused', 'byte'];
/** By the names of `tokenizer.ggml.pre`. */
const SPLITS: ReadonlyMap<string, Split> = new Map([
  ['gpt-2', 'gpt-2'],
  ['llama-bpe', 'llama-3'],
  ['llama3', 'llama-3'],
  ['llama-v3', 'llama-3'],
  ['qwen2', 'qwen2'],
  ['smollm', 'smollm'],
]);
/** Llama 3's tokenizer takes a word that is a token as it is. */
const WHOLE_WORDS: ReadonlySet<Split> = new Set(['llama-3']);
const FACTORS = 'rope_freqs.weight';

type Metadata = ReturnType<typeof createFields>;

/** @throws MizuError `sdk/model-file` naming the field or tensor that is missing, wrong or not known */
export function fromGguf(file: Gguf): LlamaModel {
  const fields = createFields(file);
  const architecture = fields.text('general.architecture');
  if (architecture !== 'llama') throw badFile('general.architecture: llama', String(architecture));
  const shape = readShape(file, fields);
  const vocabulary = readVocabulary(fields);
  const { width } = shape;
  const count = vocabulary.pieces.length;
  const hasOutput = file.tensors.has('output.weight');
  const model = {
    shape,
    vocabulary,
    template: fields.text('tokenizer.chat_template'),
    embedding: matrixOf(file, 'token_embd.weight', count, width),
    layers: Array.from({ length: shape.layers }, (_, i) => readLayer(file, shape, i)),
    outputNorm: vectorOf(file, 'output_norm.weight', width),
    output: hasOutput ? matrixOf(file, 'output.weight', count, width) : undefined,
  };
  // What the engine has no use for would be a part of another model.
  const used = 2 + 9 * shape.layers + Number(hasOutput) + Number(file.tensors.has(FACTORS));
  if (file.tensors.size !== used) {
    const names = [...file.tensors.keys()].filter((name) => !isKnown(name, shape.layers));
    throw badFile(`the tensors of a llama model of ${shape.layers} layers`, `also ${names.slice(0, 3).join(', ')}`);
  }
  return model;
}

const LAYER_TENSORS = 'attn_norm attn_q attn_k attn_v attn_output ffn_norm ffn_gate ffn_up ffn_down'.split(' ');

function isKnown(name: string, layers: number): boolean {
  const [, layer, part] = /^blk\.(\d+)\.(.+)\.weight$/.exec(name) ?? [];
  if (part !== undefined) return Number(layer) < layers && LAYER_TENSORS.includes(part);
  return ['token_embd.weight', 'output_norm.weight', 'output.weight', FACTORS].includes(name);
}

function readLayer(file: Gguf, { width, hidden, heads, keyHeads, headWidth }: LlamaShape, i: number): Layer {
  const matrix = (part: string, rows: number, columns: number) =>
    matrixOf(file, `blk.${i}.${part}.weight`, rows, columns);
  return {
    attentionNorm: vectorOf(file, `blk.${i}.attn_norm.weight`, width),
    query: matrix('attn_q', heads * headWidth, width),
    key: matrix('attn_k', keyHeads * headWidth, width),
    value: matrix('attn_v', keyHeads * headWidth, width),
    attentionOutput: matrix('attn_output', width, heads * headWidth),
    feedForwardNorm: vectorOf(file, `blk.${i}.ffn_norm.weight`, width),
    gate: matrix('ffn_gate', hidden, width),
    up: matrix('ffn_up', hidden, width),
    down: matrix('ffn_down', width, hidden),
  };
}

function readShape(file: Gguf, fields: Metadata): LlamaShape {
  const experts = fields.number('llama.expert_count', 0);
  if (experts !== 0) throw badFile('a model without experts', `llama.expert_count ${experts}`);
  const width = fields.number('llama.embedding_length');
  const heads = fields.number('llama.attention.head_count');
  const headWidth = fields.number('llama.attention.key_length', width / heads);
  const turned = fields.number('llama.rope.dimension_count', headWidth);
  if (turned !== headWidth) throw badFile(`llama.rope.dimension_count: ${headWidth}, a head's width`, `${turned}`);
  const scaling = fields.text('llama.rope.scaling.type') ?? 'none';
  if (scaling !== 'none' && scaling !== 'linear') throw badFile('llama.rope.scaling.type: none or linear', scaling);
  const scale = scaling === 'linear' ? fields.number('llama.rope.scaling.factor', 1) : 1;
  return requireShape({
    width,
    hidden: fields.number('llama.feed_forward_length'),
    layers: fields.number('llama.block_count'),
    heads,
    keyHeads: fields.number('llama.attention.head_count_kv', heads),
    headWidth,
    context: fields.number('llama.context_length'),
    epsilon: fields.number('llama.attention.layer_norm_rms_epsilon'),
    rope: {
      base: fields.number('llama.rope.freq_base', 10_000),
      scale,
      factors: file.tensors.has(FACTORS) ? vectorOf(file, FACTORS, headWidth / 2) : undefined,
    },
  });
}

function readVocabulary(fields: Metadata): Vocabulary {
  const kind = fields.text('tokenizer.ggml.model');
  const texts = fields.texts('tokenizer.ggml.tokens');
  const kinds = fields.numbers('tokenizer.ggml.token_type', texts.length);
  const tokens = texts.map((text, i): FileToken => {
    const one = kinds === undefined ? 'normal' : KINDS[kinds[i]!];
    if (one === undefined) throw badFile('tokenizer.ggml.token_type: 1 to 6', `${kinds?.[i]} of the token ${i}`);
    return { text, kind: one, score: 0 };
  });
  if (kind === 'gpt2') {
    const name = fields.text('tokenizer.ggml.pre') ?? 'none';
    const split = SPLITS.get(name);
    if (split === undefined) throw badFile(`tokenizer.ggml.pre: ${[...SPLITS.keys()].join(', ')}`, name);
    const merges = fields.texts('tokenizer.ggml.merges').map(toPair);
    return byteVocabulary(tokens, merges, { split, wholeWords: WHOLE_WORDS.has(split), ends: readEnds(fields, false) });
  }
  if (kind !== 'llama') throw badFile('tokenizer.ggml.model: gpt2 or llama', String(kind));
  const scores = fields.numbers('tokenizer.ggml.scores', texts.length);
  if (scores === undefined) throw badFile('tokenizer.ggml.scores', 'none');
  return pieceVocabulary(
    tokens.map((token, i) => ({ ...token, score: scores[i]! })),
    {
      unknown: fields.number('tokenizer.ggml.unknown_token_id', 0),
      spacePrefix: fields.flag('tokenizer.ggml.add_space_prefix', true),
      ends: readEnds(fields, true),
    },
  );
}

function readEnds(fields: Metadata, beginsByDefault: boolean): Ends {
  const begins = fields.flag('tokenizer.ggml.add_bos_token', beginsByDefault);
  const others = ['tokenizer.ggml.eot_token_id', 'tokenizer.ggml.eom_token_id'];
  return {
    begin: begins ? fields.number('tokenizer.ggml.bos_token_id', 1) : undefined,
    end: fields.number('tokenizer.ggml.eos_token_id'),
    others: others.flatMap((name) => (fields.has(name) ? fields.number(name) : [])),
  };
}

/** "left right"; a token of a merge has no space in it, but may begin with one that is written so. */
function toPair(text: string): readonly [string, string] {
  const cut = text.indexOf(' ', 1);
  if (cut < 0) throw badFile('merges like "left right"', JSON.stringify(text).slice(0, 60));
  return [text.slice(0, cut), text.slice(cut + 1)];
}

function createFields({ metadata }: Gguf) {
  const wrong = (name: string, expected: string) =>
    badFile(`${name}: ${expected}`, metadata.has(name) ? JSON.stringify(metadata.get(name)).slice(0, 60) : 'none');
  return {
    has: (name: string) => metadata.has(name),
    text(name: string): string | undefined {
      const value = metadata.get(name);
      if (value !== undefined && typeof value !== 'string') throw wrong(name, 'a text');
      return value;
    },
    number(name: string, otherwise?: number): number {
      const value = metadata.get(name) ?? otherwise;
      if (typeof value !== 'number') throw wrong(name, 'a number');
      return value;
    },
    flag(name: string, otherwise: boolean): boolean {
      const value = metadata.get(name) ?? otherwise;
      if (typeof value !== 'boolean') throw wrong(name, 'true or false');
      return value;
    },
    texts(name: string): readonly string[] {
      const value = metadata.get(name);
      if (!Array.isArray(value) || typeof value[0] !== 'string') throw wrong(name, 'a list of texts');
      return value as readonly string[];
    },
    numbers(name: string, length: number): readonly number[] | undefined {
      const value = metadata.get(name);
      if (value === undefined) return undefined;
      if (!Array.isArray(value) || value.length !== length || typeof value[0] !== 'number')
        throw wrong(name, `a list of ${length} numbers`);
      return value as readonly number[];
    },
  };
}
