// docs/court.md#class-b-tests: a small model of llama's architecture with weights drawn from a seed, as a GGUF file. It
// speaks in words of a list, and says nothing of sense.
import { encodeGguf, type GgufEncoding, type GgufTensor, type GgufValue } from './gguf.ts';

export type TinyLlama = {
  /** Of the weights: another seed is another model with the same tokenizer. */
  readonly seed: number;
  /** How its matrices are stored. */
  readonly encoding: GgufEncoding;
};

const WIDTH = 64;
const LAYERS = 3;
const HEADS = 4;
const KEY_HEADS = 2;
const HEAD_WIDTH = WIDTH / HEADS;
const HIDDEN = 192;
const CONTEXT = 1_024;
const EPSILON = 1e-5;
/** How far logits spread, in nats. */
const SPREAD = 3;
/** How much the end of an answer stands out of the words. */
const END_SPREAD = 1;

const SYLLABLES = ['ba', 'ce', 'di', 'fo', 'gu', 'ha', 'ki', 'lo', 'mu', 'ne', 'pi', 'ro', 'su', 'te', 'va', 'zo'];
const WORDS = SYLLABLES.flatMap((first) => SYLLABLES.map((second) => `${first}${second}`));
export const END = '<|end|>';
/** Marks of a message's beginning, and of its end. */
const SPECIAL = ['<|system|>', '<|user|>', '<|assistant|>', END];
const TEMPLATE =
  "{% for message in messages %}{{ '<|' + message.role + '|>' + message.content + '<|end|>' }}{% endfor %}" +
  "{% if add_generation_prompt %}{{ '<|assistant|>' }}{% endif %}";
const NORMAL = 1;
const CONTROL = 3;

/** The same bytes for the same arguments, on one version of Node.js. */
export function encodeTinyLlama({ seed, encoding }: TinyLlama): Uint8Array {
  const { tokens, merges } = makeTokenizer();
  const draw = createNormal(seed);
  const matrix = (name: string, rows: number, columns: number, spread: number): GgufTensor => ({
    name: `${name}.weight`,
    shape: [columns, rows],
    encoding,
    values: Float32Array.from({ length: rows * columns }, () => draw() * spread),
  });
  const norm = (name: string): GgufTensor => ({
    name: `${name}.weight`,
    shape: [WIDTH],
    encoding: 'f32',
    values: new Float32Array(WIDTH).fill(1),
  });
  const inner = 1 / Math.sqrt(WIDTH);
  const layer = (i: number): GgufTensor[] => [
    norm(`blk.${i}.attn_norm`),
    matrix(`blk.${i}.attn_q`, WIDTH, WIDTH, 2 * inner),
    matrix(`blk.${i}.attn_k`, KEY_HEADS * HEAD_WIDTH, WIDTH, 2 * inner),
    matrix(`blk.${i}.attn_v`, KEY_HEADS * HEAD_WIDTH, WIDTH, inner),
    matrix(`blk.${i}.attn_output`, WIDTH, WIDTH, inner),
    norm(`blk.${i}.ffn_norm`),
    matrix(`blk.${i}.ffn_gate`, HIDDEN, WIDTH, inner),
    matrix(`blk.${i}.ffn_up`, HIDDEN, WIDTH, inner),
    matrix(`blk.${i}.ffn_down`, WIDTH, HIDDEN, 1 / Math.sqrt(HIDDEN)),
  ];
  const tensors = [
    matrix('token_embd', tokens.length, WIDTH, 1),
    ...Array.from({ length: LAYERS }, (_, i) => layer(i)).flat(),
    norm('output_norm'),
    sayWordsOnly(matrix('output', tokens.length, WIDTH, SPREAD * inner), tokens),
  ];
  return encodeGguf(metadataOf(tokens, merges), tensors);
}

/** Bytes, and beginnings of words, have the logit 0: so what it says is a list of words. */
function sayWordsOnly(output: GgufTensor, tokens: readonly string[]): GgufTensor {
  const words = new Set(WORDS.map((word) => `Ġ${word}`));
  for (const [i, token] of tokens.entries()) {
    if (words.has(token)) continue;
    const factor = token === END ? END_SPREAD : 0;
    const row = output.values.subarray(i * WIDTH, (i + 1) * WIDTH);
    for (let at = 0; at < WIDTH; at++) row[at]! *= factor;
  }
  return output;
}

function metadataOf(tokens: readonly string[], merges: readonly string[]): Record<string, GgufValue> {
  const uint32 = (value: number) => ({ type: 'uint32', value }) as const;
  const text = (value: string) => ({ type: 'string', value }) as const;
  return {
    'general.architecture': text('llama'),
    'general.name': text('tiny'),
    'llama.context_length': uint32(CONTEXT),
    'llama.embedding_length': uint32(WIDTH),
    'llama.block_count': uint32(LAYERS),
    'llama.feed_forward_length': uint32(HIDDEN),
    'llama.attention.head_count': uint32(HEADS),
    'llama.attention.head_count_kv': uint32(KEY_HEADS),
    'llama.attention.layer_norm_rms_epsilon': { type: 'float32', value: EPSILON },
    'llama.rope.dimension_count': uint32(HEAD_WIDTH),
    'llama.rope.freq_base': { type: 'float32', value: 10_000 },
    'llama.vocab_size': uint32(tokens.length),
    'tokenizer.ggml.model': text('gpt2'),
    'tokenizer.ggml.pre': text('gpt-2'),
    'tokenizer.ggml.tokens': { type: 'strings', value: tokens },
    'tokenizer.ggml.token_type': {
      type: 'int32s',
      value: tokens.map((token) => (SPECIAL.includes(token) ? CONTROL : NORMAL)),
    },
    'tokenizer.ggml.merges': { type: 'strings', value: merges },
    'tokenizer.ggml.bos_token_id': uint32(tokens.indexOf(END)),
    'tokenizer.ggml.eos_token_id': uint32(tokens.indexOf(END)),
    'tokenizer.ggml.add_bos_token': { type: 'bool', value: false },
    'tokenizer.chat_template': text(TEMPLATE),
  };
}

/** Byte pairs: a word with a space before it is put together from its beginning on, so it has one reading. */
function makeTokenizer(): { readonly tokens: readonly string[]; readonly merges: readonly string[] } {
  const tokens = [...byteTokens()];
  const known = new Set(tokens);
  const merges: string[] = [];
  for (const word of WORDS) {
    for (let length = 1; length <= word.length; length++) {
      const token = `Ġ${word.slice(0, length)}`;
      if (known.has(token)) continue;
      known.add(token);
      tokens.push(token);
      merges.push(`${token.slice(0, -1)} ${token.slice(-1)}`);
    }
  }
  return { tokens: [...tokens, ...SPECIAL], merges };
}

/** GPT-2's letters for the 256 bytes: those that can be seen stand for themselves. */
function byteTokens(): string[] {
  const isSeen = (byte: number) => (byte > 32 && byte < 127) || (byte > 160 && byte !== 173);
  let next = 256;
  return Array.from({ length: 256 }, (_, byte) => String.fromCodePoint(isSeen(byte) ? byte : next++));
}

/** Numbers of the standard normal distribution: the sum of 12 even ones (mulberry32), which every machine has alike. */
function createNormal(seed: number): () => number {
  let state = seed >>> 0;
  const even = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  return () => {
    let sum = -6;
    for (let i = 0; i < 12; i++) sum += even();
    return sum;
  };
}
