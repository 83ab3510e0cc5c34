// docs/models.md#use-lite-cost: gas and processor time of texts through the provable models that embed, natively.
import { loadModel } from '../models/model.ts';
import { padHeader } from '../protocol/rows.ts';
import { createNativeEngine } from '../vm/native/engine.ts';
import type { ProgramRun } from '../vm/run.ts';

export type ModelBench = {
  readonly model: string;
  /** Tokens of the text. */
  readonly tokens: number;
  /** Of one more such text. */
  readonly gas: number;
  /** Processor time of one more, natively. */
  readonly ms: number;
};

/** Glosses of one piece, of a usual length and long, and one of more than 128 tokens. */
const TEXTS = [
  'x',
  'a small domesticated carnivorous mammal with soft fur',
  'any of numerous small birds of temperate regions that build nests in holes of trees, feed on seeds and insects, and stay in flocks in the winter',
  'word '.repeat(200),
];
const MODELS = ['datavm/use-lite', 'datavm/use-lite-int8'];
const ROUNDS = 5;
/** Short texts are many, so that their time can be measured. */
const TOKENS_A_ROUND = 512;

export async function benchModels(): Promise<ModelBench[]> {
  const rows: ModelBench[] = [];
  for (const model of MODELS) {
    const { program, wasm } = (await loadModel(model)).built;
    const engine = createNativeEngine();
    const loaded = engine.load({ ...program, wasm, fromImage: true });
    if (loaded.kind !== 'native') throw new Error(loaded.reason);
    const run = (text: string, count: number) => {
      const begin = process.cpuUsage();
      const { gasUsed, output } = engine.run(loaded, requestOf(model, text, count));
      const { user, system } = process.cpuUsage(begin);
      return { gas: Number(gasUsed), ms: (user + system) / 1000, output };
    };
    for (const text of TEXTS) {
      const one = run(text, 1);
      const header = JSON.parse(new TextDecoder().decode(one.output).split('\n')[0]!);
      // The least of each, so that what else the machine does is in neither.
      const least = (count: number) => Math.min(...Array.from({ length: ROUNDS }, () => run(text, count).ms));
      const more = Math.ceil(TOKENS_A_ROUND / header.inputTokens);
      const ms = (least(1 + more) - least(1)) / more;
      const gas = run(text, 2).gas - one.gas;
      rows.push({ model, tokens: header.inputTokens, gas, ms: Math.round(ms * 100) / 100 });
    }
  }
  return rows;
}

function requestOf(model: string, content: string, count: number): ProgramRun {
  const schema = { type: 'array', items: { type: 'integer' }, minItems: 512, maxItems: 512 };
  const request = {
    messages: [{ role: 'user', content }],
    response_format: { type: 'json_schema', json_schema: { name: 'vector', schema } },
  };
  const lines = Array.from({ length: count }, (_, i) => `${JSON.stringify([i, request])}\n`);
  const text = padHeader({ mizu: 'requests', count, model }) + lines.join('');
  const inputs = [new Uint8Array(0), new TextEncoder().encode(text)];
  return { inputs, gasLimit: 2n ** 40n, timestampNs: 0n, seed: new Uint8Array(32) };
}
