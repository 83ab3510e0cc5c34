// docs/models.md#llama-tests: a model of llama's architecture in plain JavaScript with doubles, after the papers and not
// after the engine.
import { decodeBlocks } from '../../models/llama/blocks.ts';
import type { Gguf } from '../../models/llama/gguf.ts';

/** The logits behind each token. */
export function referenceLogits(file: Gguf, tokens: readonly number[]): number[][] {
  const architecture = String(file.metadata.get('general.architecture'));
  const number = (name: string, otherwise?: number) =>
    Number(file.metadata.get(`${architecture}.${name}`) ?? otherwise);
  const weights = (name: string, kind = 'weight'): Float32Array => {
    const { offset, sizeBytes, encoding } = file.tensors.get(`${name}.${kind}`)!;
    return decodeBlocks(file.source.read(offset, sizeBytes), encoding);
  };
  const heads = number('attention.head_count');
  const keyHeads = number('attention.head_count_kv');
  const width = number('embedding_length');
  const size = number('attention.key_length', width / heads);
  const scale = number('rope.scaling.factor', 1);
  const epsilon = number('attention.layer_norm_rms_epsilon');
  const base = number('rope.freq_base', 10_000);
  const factors = file.tensors.has('rope_freqs.weight') ? weights('rope_freqs') : undefined;
  const embedding = weights('token_embd');
  const output = file.tensors.has('output.weight') ? weights('output') : embedding;
  const times = (matrix: Float32Array, x: readonly number[]) =>
    Array.from({ length: matrix.length / x.length }, (_, row) =>
      x.reduce((sum, value, i) => sum + value * matrix[row * x.length + i]!, 0),
    );
  const norm = (x: readonly number[], scale: Float32Array) => {
    const mean = x.reduce((sum, value) => sum + value * value, 0) / x.length;
    return x.map((value, i) => (value / Math.sqrt(mean + epsilon)) * scale[i]!);
  };
  // In Qwen 2 a pair is a number of each half of a head, in Llama two neighbours.
  const pairOf = (i: number) =>
    architecture === 'qwen2'
      ? { pair: i % (size / 2), other: i < size / 2 ? i + size / 2 : i - size / 2, isFirst: i < size / 2 }
      : { pair: i >> 1, other: i ^ 1, isFirst: i % 2 === 0 };
  const rotate = (x: readonly number[], position: number) =>
    x.map((value, at) => {
      const { pair, other, isFirst } = pairOf(at % size);
      const angle = (position * base ** ((-2 * pair) / size)) / (factors?.[pair] ?? 1) / scale;
      return value * Math.cos(angle) + (isFirst ? -1 : 1) * x[at - (at % size) + other]! * Math.sin(angle);
    });
  let states = tokens.map((token) => Array.from(embedding.subarray(token * width, (token + 1) * width)));
  for (let layer = 0; layer < number('block_count'); layer++) {
    const of = (name: string) => weights(`blk.${layer}.${name}`);
    const normed = states.map((state) => norm(state, of('attn_norm')));
    const project = (part: string, x: readonly number[]) => {
      const name = `blk.${layer}.${part}`;
      const bias = file.tensors.has(`${name}.bias`) ? weights(name, 'bias') : undefined;
      return times(weights(name), x).map((value, i) => value + (bias?.[i] ?? 0));
    };
    const queries = normed.map((x, position) => rotate(project('attn_q', x), position));
    const keys = normed.map((x, position) => rotate(project('attn_k', x), position));
    const values = normed.map((x) => project('attn_v', x));
    states = states.map((state, position) => {
      const mixed = Array.from({ length: heads }, (_, head) => {
        const from = Math.floor(head / (heads / keyHeads)) * size;
        const scores = keys.slice(0, position + 1).map((key) => {
          let sum = 0;
          for (let i = 0; i < size; i++) sum += queries[position]![head * size + i]! * key[from + i]!;
          return Math.exp(sum / Math.sqrt(size));
        });
        const total = scores.reduce((sum, score) => sum + score, 0);
        return Array.from({ length: size }, (_, i) =>
          scores.reduce((sum, score, at) => sum + (score / total) * values[at]![from + i]!, 0),
        );
      }).flat();
      return times(of('attn_output'), mixed).map((value, i) => value + state[i]!);
    });
    states = states.map((state) => {
      const x = norm(state, of('ffn_norm'));
      const gate = times(of('ffn_gate'), x);
      const up = times(of('ffn_up'), x);
      const inner = gate.map((value, i) => (value / (1 + Math.exp(-value))) * up[i]!);
      return times(of('ffn_down'), inner).map((value, i) => value + state[i]!);
    });
  }
  const last = weights('output_norm');
  return states.map((state) => times(output, norm(state, last)));
}
