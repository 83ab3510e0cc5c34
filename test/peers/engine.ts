// docs/court.md#class-b-tests: what a model server of the tests needs of an engine, and two engines.
import { importPeer, requirePeer } from './install.fixture.ts';

export type Generated = { readonly text: string; readonly tokens: number; readonly isEnded: boolean };
export type Generation = { readonly temperature: number; readonly seed: number; readonly maxTokens: number };
/** Of a token: its log-probability where it stands, and the likeliest token there. */
export type TokenScore = {
  readonly token: number;
  readonly logprob: number;
  readonly top: { readonly token: number; readonly logprob: number };
};

/** A model that is loaded. It does one thing at a time. */
export type Engine = {
  countTokens(prompt: string): Promise<number>;
  generate(prompt: string, sampling: Generation): Promise<Generated>;
  /** All tokens of the prompt but the first, in one pass. Undefined: this engine cannot tell. */
  readonly score?: (prompt: string) => Promise<{
    readonly first: number;
    readonly scores: readonly TokenScore[];
    readonly next: { readonly logprob: number; readonly isEnd: boolean };
  }>;
};

export const MODEL_ENGINES = { 'node-llama-cpp': openNodeLlamaCpp, 'llama.node': openLlamaNode } as const;
export type ModelEngine = keyof typeof MODEL_ENGINES;

const CONTEXT = 1_024;

type Next = { readonly next: { readonly logits: Map<number, number>; readonly totalLogitWeight: number } } | undefined;
type Sequence = {
  clearHistory(): Promise<void>;
  controlledEvaluate(
    input: readonly [number, { generateNext: { logits: true; totalLogitWeight: true } }][],
  ): Promise<Next[]>;
};
type LlamaModel = {
  tokenize(text: string, special: boolean): number[];
  detokenize(tokens: readonly number[]): string;
  isEogToken(token: number): boolean;
  createContext(options: object): Promise<{ getSequence(): Sequence }>;
};

/** llama.cpp as node-llama-cpp builds it: it takes the kernels that this processor has. */
async function openNodeLlamaCpp(file: string): Promise<Engine> {
  const { getLlama } = (await importPeer('node-llama-cpp')) as {
    getLlama(options: object): Promise<{ loadModel(options: object): Promise<LlamaModel> }>;
  };
  const llama = await getLlama({
    gpu: false,
    build: 'never',
    skipDownload: true,
    progressLogs: false,
    logLevel: 'error',
  });
  const model = await llama.loadModel({ modelPath: file });
  const context = await model.createContext({ contextSize: CONTEXT, sequences: 1, threads: 1 });
  const sequence = context.getSequence();
  const evaluate = async (tokens: readonly number[]) => {
    const wanted = { generateNext: { logits: true, totalLogitWeight: true } } as const;
    const results = await sequence.controlledEvaluate(tokens.map((token) => [token, wanted]));
    return results.map((result) => toDistribution(result!.next.logits));
  };
  return {
    countTokens: async (prompt) => model.tokenize(prompt, true).length,
    async generate(prompt, { temperature, seed, maxTokens }) {
      await sequence.clearHistory();
      const draw = createDraw(seed);
      const said: number[] = [];
      let [next] = (await evaluate(model.tokenize(prompt, true))).slice(-1);
      while (said.length < maxTokens) {
        const token = temperature === 0 ? next!.top.token : drawToken(next!, temperature, draw());
        if (model.isEogToken(token)) return { text: model.detokenize(said), tokens: said.length + 1, isEnded: true };
        said.push(token);
        [next] = await evaluate([token]);
      }
      return { text: model.detokenize(said), tokens: said.length, isEnded: false };
    },
    async score(prompt) {
      await sequence.clearHistory();
      const tokens = model.tokenize(prompt, true);
      const distributions = await evaluate(tokens);
      const scores = tokens.slice(1).map((token, i) => {
        const { top, logprobOf } = distributions[i]!;
        return { token, logprob: logprobOf(token), top };
      });
      const { top } = distributions.at(-1)!;
      return { first: tokens[0]!, scores, next: { logprob: top.logprob, isEnd: model.isEogToken(top.token) } };
    },
  };
}

type Distribution = {
  readonly logits: ReadonlyMap<number, number>;
  readonly top: TokenScore['top'];
  logprobOf(token: number): number;
};

/** `logits`: the largest first. */
function toDistribution(logits: ReadonlyMap<number, number>): Distribution {
  const [[token, largest] = [0, 0]] = logits;
  let sum = 0;
  for (const logit of logits.values()) sum += Math.exp(logit - largest);
  const logSum = Math.log(sum);
  return { logits, top: { token, logprob: -logSum }, logprobOf: (one) => logits.get(one)! - largest - logSum };
}

function drawToken({ logits, top }: Distribution, temperature: number, drawn: number): number {
  const largest = logits.get(top.token)!;
  const weights = [...logits].map(([token, logit]) => [token, Math.exp((logit - largest) / temperature)] as const);
  let left = drawn * weights.reduce((sum, [, weight]) => sum + weight, 0);
  for (const [token, weight] of weights) {
    left -= weight;
    if (left <= 0) return token;
  }
  return top.token;
}

/** Numbers from 0 to 1. */
function createDraw(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

type Completion = { readonly text: string; readonly tokens_predicted: number; readonly stopped_eos: boolean };
type NodeContext = {
  readonly parallel: {
    enable(options: object): Promise<unknown>;
    completion(options: object): Promise<{ readonly promise: Promise<Completion> }>;
  };
  tokenize(text: string): Promise<{ readonly tokens: ArrayLike<number> }>;
};

/**
 * Another build of llama.cpp, of another version. Its sampler leaves out likely tokens unless it is told not to. Of its
 * two ways to complete, the one without a queue stands still after an answer that ends before the call has returned.
 */
async function openLlamaNode(file: string): Promise<Engine> {
  const { loadModel } = requirePeer('@fugood/llama.node') as { loadModel(options: object): Promise<NodeContext> };
  const context = await loadModel({ model: file, n_ctx: CONTEXT, n_threads: 1, n_gpu_layers: 0, n_parallel: 1 });
  await context.parallel.enable({ n_parallel: 1 });
  const plain = { top_p: 1, min_p: 0, penalty_repeat: 1, penalty_last_n: 0, xtc_probability: 0, dry_multiplier: 0 };
  return {
    countTokens: async (prompt) => (await context.tokenize(prompt)).tokens.length,
    async generate(prompt, { temperature, seed, maxTokens }) {
      const sampler = { ...plain, temperature, seed, top_k: temperature === 0 ? 1 : 0 };
      const { promise } = await context.parallel.completion({ prompt, n_predict: maxTokens, ...sampler });
      const done = await promise;
      return { text: done.text, tokens: done.tokens_predicted, isEnded: done.stopped_eos };
    },
  };
}
