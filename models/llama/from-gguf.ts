// docs/models.md#gguf: a model of llama's architecture from a GGUF file.
import type { Gguf } from './gguf.ts';
import { assertAllKnown, createFields, type GgufFields } from './gguf-fields.ts';
import {
  biasOf,
  type Layer,
  type LlamaModel,
  type LlamaShape,
  matrixOf,
  requireShape,
  rowInHalves,
  vectorOf,
} from './model.ts';
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
/** In a model of Qwen 2 queries, keys and values have biases, and pairs that turn stand in the halves of a head. */
const ARCHITECTURES = ['llama', 'qwen2'];

/** @throws MizuError `sdk/model-file` naming the field or tensor that is missing, wrong or not known */
export function fromGguf(file: Gguf): LlamaModel {
  const fields = createFields(file.metadata);
  const architecture = fields.text('general.architecture') ?? 'none';
  if (!ARCHITECTURES.includes(architecture))
    throw badFile(
      `general.architecture: ${ARCHITECTURES.join(' or ')} (Llama, Mistral, TinyLlama, SmolLM, Qwen 2)`,
      architecture,
    );
  const isQwen = architecture === 'qwen2';
  const shape = readShape(file, fields, architecture);
  const vocabulary = readVocabulary(fields);
  const { width } = shape;
  const count = vocabulary.pieces.length;
  const template = fields.text('tokenizer.chat_template');
  assertAllKnown(fields, architecture);
  const strange = [...file.tensors.keys()].filter((name) => !isKnown(name, shape.layers, isQwen));
  if (strange.length > 0)
    throw badFile(
      `the tensors of a ${architecture} model of ${shape.layers} layers`,
      `also ${strange.slice(0, 3).join(', ')}`,
    );
  return {
    shape,
    vocabulary,
    template,
    embedding: matrixOf(file, 'token_embd.weight', count, width),
    layers: Array.from({ length: shape.layers }, (_, i) => readLayer(file, shape, i, isQwen)),
    outputNorm: vectorOf(file, 'output_norm.weight', width),
    output: file.tensors.has('output.weight') ? matrixOf(file, 'output.weight', count, width) : undefined,
  };
}

const LAYER_TENSORS = 'attn_norm attn_q attn_k attn_v attn_output ffn_norm ffn_gate ffn_up ffn_down'.split(' ');
const BIASED = ['attn_q', 'attn_k', 'attn_v'];

function isKnown(name: string, layers: number, isQwen: boolean): boolean {
  const [, layer, part, kind] = /^blk\.(\d+)\.(\w+)\.(weight|bias)$/.exec(name) ?? [];
  if (part !== undefined)
    return (
      Number(layer) < layers &&
      String(Number(layer)) === layer &&
      (kind === 'bias' ? BIASED : LAYER_TENSORS).includes(part)
    );
  if (name === FACTORS) return !isQwen;
  return ['token_embd.weight', 'output_norm.weight', 'output.weight'].includes(name);
}

function readLayer(file: Gguf, shape: LlamaShape, i: number, isQwen: boolean): Layer {
  const { width, hidden, heads, keyHeads, headWidth } = shape;
  const order = isQwen ? rowInHalves(headWidth) : undefined;
  const matrix = (part: string, rows: number, columns: number, rowOrder?: (row: number) => number) =>
    matrixOf(file, `blk.${i}.${part}.weight`, rows, columns, rowOrder);
  const bias = (part: string, rows: number, rowOrder?: (row: number) => number) => {
    const name = `blk.${i}.${part}.bias`;
    return isQwen || file.tensors.has(name) ? biasOf(file, name, rows, rowOrder) : undefined;
  };
  return {
    attentionNorm: vectorOf(file, `blk.${i}.attn_norm.weight`, width),
    query: matrix('attn_q', heads * headWidth, width, order),
    key: matrix('attn_k', keyHeads * headWidth, width, order),
    value: matrix('attn_v', keyHeads * headWidth, width),
    biases: [
      bias('attn_q', heads * headWidth, order),
      bias('attn_k', keyHeads * headWidth, order),
      bias('attn_v', keyHeads * headWidth),
    ],
    attentionOutput: matrix('attn_output', width, heads * headWidth),
    feedForwardNorm: vectorOf(file, `blk.${i}.ffn_norm.weight`, width),
    gate: matrix('ffn_gate', hidden, width),
    up: matrix('ffn_up', hidden, width),
    down: matrix('ffn_down', width, hidden),
  };
}

function readShape(file: Gguf, fields: GgufFields, architecture: string): LlamaShape {
  const of = (name: string) => `${architecture}.${name}`;
  const width = fields.number(of('embedding_length'));
  const heads = fields.number(of('attention.head_count'));
  const headWidth = fields.number(of('attention.key_length'), width / heads);
  for (const name of ['attention.value_length', 'rope.dimension_count']) {
    const found = fields.number(of(name), headWidth);
    if (found !== headWidth) throw badFile(`${of(name)}: ${headWidth}, a head's width`, `${found}`);
  }
  // A file that names a factor and no type means a linear one.
  const scaling = fields.text(of('rope.scaling.type')) ?? 'linear';
  if (scaling !== 'none' && scaling !== 'linear') throw badFile(`${of('rope.scaling.type')}: none or linear`, scaling);
  const factor = fields.number(of('rope.scaling.factor'), 1);
  return requireShape({
    width,
    hidden: fields.number(of('feed_forward_length')),
    layers: fields.number(of('block_count')),
    heads,
    keyHeads: fields.number(of('attention.head_count_kv'), heads),
    headWidth,
    context: fields.number(of('context_length')),
    epsilon: fields.number(of('attention.layer_norm_rms_epsilon')),
    rope: {
      base: fields.number(of('rope.freq_base'), 10_000),
      scale: scaling === 'linear' && factor !== 0 ? factor : 1,
      factors: file.tensors.has(FACTORS) ? vectorOf(file, FACTORS, headWidth / 2) : undefined,
    },
  });
}

function readVocabulary(fields: GgufFields): Vocabulary {
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

function readEnds(fields: GgufFields, beginsByDefault: boolean): Ends {
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
