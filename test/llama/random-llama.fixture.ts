// docs/models.md#llama-tests: models of llama's architecture with weights drawn from a seed, as GGUF files: of any shape,
// with a byte-level or a SentencePiece tokenizer that is trained on a few sentences.
import { encodeGguf, type GgufEncoding, type GgufTensor, type GgufValue } from '../peers/gguf.ts';

export type RandomLlama = {
  readonly seed: number;
  readonly encoding: GgufEncoding;
  /** `qwen2` has biases of queries, keys and values. */
  readonly architecture?: 'llama' | 'qwen2';
  /** Of queries, keys and values; always so in `qwen2`. */
  readonly hasBiases?: boolean;
  /** Default: the width by the heads. */
  readonly headWidth?: number;
  readonly ropeScale?: number;
  /** Further fields. */
  readonly fields?: Readonly<Record<string, GgufValue>>;
  /** The name of a further vector. */
  readonly strange?: string;
  readonly tokenizer: 'gpt-2' | 'llama-bpe' | 'qwen2' | 'smollm' | 'pieces';
  readonly width?: number;
  readonly hidden?: number;
  readonly layers?: number;
  readonly heads?: number;
  readonly keyHeads?: number;
  readonly context?: number;
  readonly isTied?: boolean;
  readonly ropeBase?: number;
  readonly hasFactors?: boolean;
  /** Pieces beside those that the sentences give. */
  readonly vocabulary?: number;
  readonly template?: string;
};

const SENTENCES =
  "The quick brown fox jumps over the lazy dog. It's 2024, and we've seen 1,234 things that they'll say: don't stop! " +
  'Straße, naïve café, déjà vu — “quotes” and (brackets) {"name":"value","list":[1,2,3],"is":true}. ' +
  'Быстрая лиса прыгает. 素早い茶色の狐。 你好，世界！ γειά σου κόσμε\n\n\tif (x == 10) { return "a\\n"; }\r\n  the the and and that';
const SEPARATOR = '\u2581';
const KIND = { normal: 1, unknown: 2, control: 3, byte: 6 } as const;
const MERGES = 260;

type Tokenizer = { readonly count: number; readonly metadata: Record<string, GgufValue> };

/** The same bytes for the same arguments, on one version of Node.js. */
export function encodeRandomLlama(given: RandomLlama): Uint8Array {
  const { seed, encoding, width = 64, hidden = 96, layers = 2, heads = 4, keyHeads = 2 } = given;
  const { count, metadata } = given.tokenizer === 'pieces' ? pieces(given) : bytePairs(given);
  const { architecture = 'llama', headWidth = width / heads } = given;
  const hasBiases = given.hasBiases ?? architecture === 'qwen2';
  const draw = createNormal(seed);
  const matrix = (name: string, rows: number, columns: number, spread = 1 / Math.sqrt(columns)): GgufTensor => ({
    name: `${name}.weight`,
    shape: [columns, rows],
    encoding,
    values: Float32Array.from({ length: rows * columns }, () => draw() * spread),
  });
  const vector = (name: string, length: number): GgufTensor => ({
    name: `${name}.weight`,
    shape: [length],
    encoding: 'f32',
    values: Float32Array.from({ length }, () => 1 + draw() / 10),
  });
  const bias = (name: string, length: number): GgufTensor => ({
    name: `${name}.bias`,
    shape: [length],
    encoding: 'f32',
    values: Float32Array.from({ length }, () => draw() / 2),
  });
  const layer = (i: number): GgufTensor[] => [
    vector(`blk.${i}.attn_norm`, width),
    matrix(`blk.${i}.attn_q`, heads * headWidth, width, 1.5 / Math.sqrt(width)),
    matrix(`blk.${i}.attn_k`, keyHeads * headWidth, width, 1.5 / Math.sqrt(width)),
    matrix(`blk.${i}.attn_v`, keyHeads * headWidth, width),
    matrix(`blk.${i}.attn_output`, width, heads * headWidth),
    vector(`blk.${i}.ffn_norm`, width),
    matrix(`blk.${i}.ffn_gate`, hidden, width),
    matrix(`blk.${i}.ffn_up`, hidden, width),
    matrix(`blk.${i}.ffn_down`, width, hidden),
    ...(hasBiases
      ? [
          bias(`blk.${i}.attn_q`, heads * headWidth),
          bias(`blk.${i}.attn_k`, keyHeads * headWidth),
          bias(`blk.${i}.attn_v`, keyHeads * headWidth),
        ]
      : []),
  ];
  const tensors = [
    matrix('token_embd', count, width, 1),
    ...Array.from({ length: layers }, (_, i) => layer(i)).flat(),
    vector('output_norm', width),
    ...(given.isTied ? [] : [matrix('output', count, width, 2 / Math.sqrt(width))]),
  ];
  if (given.hasFactors)
    tensors.push({
      name: 'rope_freqs.weight',
      shape: [headWidth / 2],
      encoding: 'f32',
      values: Float32Array.from({ length: headWidth / 2 }, (_, i) => 1 + i / 2),
    });
  if (given.strange !== undefined)
    tensors.push({ name: given.strange, shape: [width], encoding: 'f32', values: new Float32Array(width).fill(1) });
  const uint32 = (value: number) => ({ type: 'uint32', value }) as const;
  return encodeGguf(
    {
      'general.architecture': { type: 'string', value: architecture },
      [`${architecture}.context_length`]: uint32(given.context ?? 512),
      [`${architecture}.embedding_length`]: uint32(width),
      [`${architecture}.block_count`]: uint32(layers),
      [`${architecture}.feed_forward_length`]: uint32(hidden),
      [`${architecture}.attention.head_count`]: uint32(heads),
      [`${architecture}.attention.head_count_kv`]: uint32(keyHeads),
      [`${architecture}.attention.layer_norm_rms_epsilon`]: { type: 'float32', value: 1e-5 },
      [`${architecture}.rope.dimension_count`]: uint32(headWidth),
      [`${architecture}.rope.freq_base`]: { type: 'float32', value: given.ropeBase ?? 10_000 },
      [`${architecture}.vocab_size`]: uint32(count),
      ...(given.headWidth === undefined
        ? {}
        : {
            [`${architecture}.attention.key_length`]: uint32(headWidth),
            [`${architecture}.attention.value_length`]: uint32(headWidth),
          }),
      ...(given.ropeScale === undefined
        ? {}
        : { [`${architecture}.rope.scaling.factor`]: { type: 'float32', value: given.ropeScale } as const }),
      ...metadata,
      ...(given.template === undefined
        ? {}
        : { 'tokenizer.chat_template': { type: 'string', value: given.template } as const }),
      ...given.fields,
    },
    tensors,
  );
}

const CONTROLS = ['<s>', '</s>', '<|im_start|>', '<|im_end|>'];

function bytePairs({ tokenizer, vocabulary = 0 }: RandomLlama): Tokenizer {
  const letters = byteLetters();
  const spelled = Array.from(new TextEncoder().encode(SENTENCES), (byte) => letters[byte]!).join('');
  const words = spelled.match(/Ġ?[^Ġ]+/g) ?? [];
  const merges = train(words.map((word) => Array.from(word)));
  const tokens = [...letters, ...merges.map(([left, right]) => left + right), ...CONTROLS, ...fill(vocabulary)];
  const normal = tokens.length - CONTROLS.length - vocabulary;
  return {
    count: tokens.length,
    metadata: {
      'tokenizer.ggml.model': { type: 'string', value: 'gpt2' },
      'tokenizer.ggml.pre': { type: 'string', value: tokenizer },
      'tokenizer.ggml.tokens': { type: 'strings', value: tokens },
      'tokenizer.ggml.token_type': {
        type: 'int32s',
        value: tokens.map((_, i) => (i >= normal && i < normal + CONTROLS.length ? KIND.control : KIND.normal)),
      },
      'tokenizer.ggml.merges': { type: 'strings', value: merges.map((pair) => pair.join(' ')) },
      'tokenizer.ggml.bos_token_id': { type: 'uint32', value: normal },
      'tokenizer.ggml.eos_token_id': { type: 'uint32', value: normal + 1 },
      'tokenizer.ggml.add_bos_token': { type: 'bool', value: false },
    },
  };
}

function pieces({ vocabulary = 0 }: RandomLlama): Tokenizer {
  const words = SENTENCES.split(' ').map((word) => Array.from(SEPARATOR + word));
  const merges = train(words);
  const characters = [...new Set(words.flat())];
  const bytes = Array.from({ length: 256 }, (_, byte) => `<0x${byte.toString(16).padStart(2, '0').toUpperCase()}>`);
  const joined = [...new Set(merges.map(([left, right]) => left + right))];
  const tokens = ['<unk>', '<s>', '</s>', ...bytes, ...joined, ...characters, ...fill(vocabulary)];
  const kindOf = (i: number) => (i === 0 ? KIND.unknown : i < 3 ? KIND.control : i < 3 + 256 ? KIND.byte : KIND.normal);
  return {
    count: tokens.length,
    metadata: {
      'tokenizer.ggml.model': { type: 'string', value: 'llama' },
      'tokenizer.ggml.tokens': { type: 'strings', value: tokens },
      'tokenizer.ggml.scores': { type: 'float32s', value: tokens.map((_, i) => (i < 259 ? 0 : 259 - i)) },
      'tokenizer.ggml.token_type': { type: 'int32s', value: tokens.map((_, i) => kindOf(i)) },
      'tokenizer.ggml.bos_token_id': { type: 'uint32', value: 1 },
      'tokenizer.ggml.eos_token_id': { type: 'uint32', value: 2 },
      'tokenizer.ggml.unknown_token_id': { type: 'uint32', value: 0 },
    },
  };
}

/** Words that no text has. */
function fill(count: number): string[] {
  return Array.from({ length: count }, (_, i) => `zq${i.toString(36)}`);
}

/** The pair that is most frequent becomes one symbol, of equal ones the first. */
function train(given: readonly string[][]): (readonly [string, string])[] {
  const words = given.map((word) => [...word]);
  const merges: (readonly [string, string])[] = [];
  while (merges.length < MERGES) {
    const counts = new Map<string, number>();
    for (const word of words)
      for (let i = 0; i + 1 < word.length; i++) {
        const pair = `${word[i]} ${word[i + 1]}`;
        counts.set(pair, (counts.get(pair) ?? 0) + 1);
      }
    const [best] = [...counts].sort((a, b) => b[1] - a[1]);
    if (best === undefined) break;
    const [left, right] = best[0].split(' ') as [string, string];
    merges.push([left, right]);
    for (const word of words)
      for (let i = 0; i + 1 < word.length; i++)
        if (word[i] === left && word[i + 1] === right) word.splice(i, 2, left + right);
  }
  return merges;
}

/** GPT-2's letters for the 256 bytes: those that can be seen stand for themselves. */
function byteLetters(): string[] {
  const isSeen = (byte: number) => (byte > 32 && byte < 127) || (byte > 160 && byte !== 173);
  let next = 256;
  return Array.from({ length: 256 }, (_, byte) => String.fromCodePoint(isSeen(byte) ? byte : next++));
}

/** Numbers of the standard normal distribution: the sum of 12 even ones (mulberry32), which every machine has alike. */
export function createNormal(seed: number): () => number {
  const even = createEven(seed);
  return () => {
    let sum = -6;
    for (let i = 0; i < 12; i++) sum += even();
    return sum;
  };
}

/** Numbers from 0 to below 1. */
export function createEven(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
