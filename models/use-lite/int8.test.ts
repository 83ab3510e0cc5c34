// docs/models.md#int8: the program with matrices of bytes: near to the one in f32, and the same on all machines.
import { beforeAll, expect, it } from 'vitest';
import { checkRun } from '../../cli/vm/check.ts';
import { padHeader } from '../../protocol/rows.ts';
import { createNativeEngine } from '../../vm/native/engine.ts';
import type { Program } from '../../vm/program.ts';
import type { ProgramRun, RunResult } from '../../vm/run.ts';
import { buildUseLite } from './build.ts';
import { toByteColumns } from './layout.ts';

const TEXTS = [
  'a small domesticated carnivorous mammal with soft fur',
  'interest rates of the central bank rose by half a point',
  'x',
  'how do I change my password?',
  `${'word '.repeat(150)}end`,
];

type Ran = { readonly program: Program; run(request: ProgramRun): RunResult };

let words: Ran;
let bytes: Ran;

beforeAll(async () => {
  words = await open(false);
  bytes = await open(true);
});

async function open(isBytes: boolean): Promise<Ran> {
  const { program, wasm } = await buildUseLite({ bytes: isBytes });
  const engine = createNativeEngine();
  const loaded = engine.load({ ...program, wasm, fromImage: true });
  if (loaded.kind !== 'native') throw new Error(loaded.reason);
  return { program, run: (request) => engine.run(loaded, request) };
}

function requestOf(texts: readonly string[]): ProgramRun {
  const schema = { type: 'array', items: { type: 'integer' }, minItems: 512, maxItems: 512 };
  const format = { type: 'json_schema', json_schema: { name: 'vector', schema } };
  const lines = texts.map((content, i) =>
    JSON.stringify([i, { messages: [{ role: 'user', content }], response_format: format }]),
  );
  const header = padHeader({ mizu: 'requests', count: texts.length, model: 'm' });
  const inputs = [new Uint8Array(0), new TextEncoder().encode(`${header}${lines.map((line) => `${line}\n`).join('')}`)];
  return { inputs, gasLimit: 10n ** 11n, timestampNs: 0n, seed: new Uint8Array(32) };
}

function vectorsOf({ output }: RunResult): number[][] {
  const lines = new TextDecoder().decode(output).split('\n').slice(1, -1);
  return lines.map((line) => JSON.parse(JSON.parse(line)[1].content));
}

it('gives vectors with a cosine of more than 0.99 to those in f32, for less than a fifteenth of the gas', () => {
  const [exact, rounded] = [words.run(requestOf(TEXTS)), bytes.run(requestOf(TEXTS))];
  vectorsOf(exact).forEach((vector, i) => {
    const other = vectorsOf(rounded)[i]!;
    const product = vector.reduce((sum, value, k) => sum + value * other[k]!, 0);
    expect(product / (Math.hypot(...vector) * Math.hypot(...other))).toBeGreaterThan(0.99);
  });
  const [first] = TEXTS;
  const [dear, cheap] = [words, bytes].map(({ run }) => run(requestOf([first!])).gasUsed);
  expect(Number(dear) / Number(cheap)).toBeGreaterThan(15);
});

it('gives the same output natively and stepped, and sampled steps are proven to the verifier', async () => {
  const request = requestOf(['a small dog']);
  const samples = { samples: 12, sampleSeed: 5 };
  const { status, failures } = await checkRun({ program: bytes.program, ...request }, bytes.run(request), samples);
  expect({ status, failures }).toEqual({ status: 0, failures: [] });
});

it('rounds a column to 127 steps to each side of zero', () => {
  // Two columns of three rows: 1, -0.5, 0.25 and zeros.
  const columns = toByteColumns(Float32Array.of(1, 0, -0.5, 0, 0.25, 0), 2);
  expect([...new Int8Array(columns.buffer, 0, 6)]).toEqual([127, -64, 32, 0, 0, 0]);
  const units = new DataView(columns.buffer, 6);
  expect(units.getFloat32(0, true)).toBeCloseTo(1 / 127, 8);
  expect(units.getFloat32(4, true)).toBe(1);
});
