// docs/models.md#head: trains the head of datavm/use-lite on glosses of WordNet: `node --import ./scripts/ts.mjs scripts/generate/use-lite-head.ts`.
// It is run by hand: embedding takes 11 minutes of a core, and goes on where it was interrupted. `--evaluate` only prints the table.
import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { LEXICOGRAPHER_CLASSES } from '../../edge/backends/model/classes.ts';
import { features, hashFeature } from '../../edge/backends/model/features.ts';
import { isHeldOut } from '../../edge/backends/model/glosses.ts';
import { unpackWeights } from '../../edge/backends/model/weights.ts';
import { readSmallWeights } from '../../edge/backends/model/weights-file.ts';
import { buildUseLite } from '../../models/use-lite/build.ts';
import { VECTOR_SIZE } from '../../models/use-lite/encoder.ts';
import { type ClassHead, packHead, unpackHead } from '../../models/use-lite/head.ts';
import { padHeader } from '../../protocol/rows.ts';
import { createNativeEngine } from '../../vm/native/engine.ts';
import { createDraws, shuffle, toErrors } from './training.ts';
import { type EmbeddedGloss, embedGlosses } from './use-lite-vectors.ts';

const FILE = new URL('../../models/use-lite/head.bin', import.meta.url);
/** SHA-256 of `file`, and how many glosses it was trained on. */
const RECORD = new URL('../../models/use-lite/head.json', import.meta.url);
/** The first ones of the order that mixes classes; all are 117,791. */
const GLOSSES = 98_000;
const CLASSES = LEXICOGRAPHER_CLASSES.length;
const EPOCHS = 8;
const LEARNING_RATE = 0.15;
const L2 = 1e-4;
/** A coordinate of a vector of length 1 is about so much smaller than 1. */
const SCALE = Math.sqrt(VECTOR_SIZE);
/** One training gloss of so many is left out where settings are chosen: `--choose`. */
const CHOICE_SHARE = 10;
/** Held-out glosses that are embedded in bytes too. */
const INT8_GLOSSES = 3_000;
/** Of the built-in model's scores. */
const STEPS_PER_NAT = 16;

const count = Number(process.argv.find((word) => /^\d+$/.test(word)) ?? GLOSSES);
const glosses = await embedGlosses(count);
const isChoice = ({ id }: EmbeddedGloss) => hashFeature(`choice ${id}`) % CHOICE_SHARE === 0;
const training = glosses.filter(({ id }) => !isHeldOut(id));
const heldOut = glosses.filter(({ id }) => isHeldOut(id));

if (process.argv.includes('--choose')) {
  const head = train(training.filter((gloss) => !isChoice(gloss)));
  console.log(`left out of training: ${share(training.filter(isChoice), ({ vector }) => scoresOf(head, vector))}`);
} else {
  if (!process.argv.includes('--evaluate')) {
    const packed = packHead(train(training));
    writeFileSync(FILE, packed);
    const file = createHash('sha256').update(packed).digest('hex');
    writeFileSync(RECORD, `${JSON.stringify({ file, glosses: training.length }, null, 2)}\n`);
  }
  await evaluate(unpackHead(readFileSync(FILE)));
}

// Multinomial logistic regression, AdaGrad.
function train(examples: readonly EmbeddedGloss[]): ClassHead {
  const width = VECTOR_SIZE + 1;
  const weights = new Float32Array(CLASSES * width);
  const squares = new Float32Array(weights.length);
  const scores = new Float64Array(CLASSES);
  const input = new Float64Array(width);
  input[VECTOR_SIZE] = 1;
  const order = Uint32Array.from(examples.keys());
  const random = createDraws(12345);
  for (let epoch = 0; epoch < EPOCHS; epoch++) {
    shuffle(order, random);
    const rate = LEARNING_RATE * (1 - epoch / EPOCHS);
    for (const i of order) {
      const { vector, class: right } = examples[i]!;
      for (let k = 0; k < VECTOR_SIZE; k++) input[k] = vector[k]! * SCALE;
      for (let c = 0; c < CLASSES; c++) {
        let sum = 0;
        for (let k = 0, at = c * width; k < width; k++, at++) sum += weights[at]! * input[k]!;
        scores[c] = sum;
      }
      toErrors(scores, right);
      for (let c = 0; c < CLASSES; c++) {
        const error = scores[c]!;
        if (error > -1e-3 && error < 1e-3) continue;
        for (let k = 0, at = c * width; k < width; k++, at++) {
          const gradient = error * input[k]! + L2 * weights[at]!;
          squares[at]! += gradient * gradient;
          weights[at]! -= (rate * gradient) / Math.sqrt(squares[at]! + 0.1);
        }
      }
    }
  }
  return {
    weights: Float32Array.from(
      { length: CLASSES * VECTOR_SIZE },
      (_, i) => weights[Math.floor(i / VECTOR_SIZE) * width + (i % VECTOR_SIZE)]! * SCALE,
    ),
    bias: Float32Array.from({ length: CLASSES }, (_, c) => weights[c * width + VECTOR_SIZE]!),
  };
}

async function evaluate(head: ClassHead): Promise<void> {
  const small = createSmallScores();
  const sumOf = ({ text, vector }: Pick<EmbeddedGloss, 'text' | 'vector'>) => {
    const scores = [logShares(scoresOf(head, vector)), logShares(small(text))];
    return scores[0]!.map((score, c) => score + scores[1]![c]!);
  };
  console.log(`trained on ${training.length} glosses; held out:`);
  console.log(`the head of datavm/use-lite: ${share(heldOut, ({ vector }) => scoresOf(head, vector))}`);
  console.log(`builtin/small: ${share(heldOut, ({ text }) => small(text))}`);
  console.log(`the sum of both, as logarithms of shares: ${share(heldOut, sumOf)}`);
  const some = heldOut.slice(0, INT8_GLOSSES);
  const vectors = await embedInBytes(some.map(({ text }) => text));
  const rounded = some.map((gloss, i) => ({ ...gloss, vector: vectors[i]! }));
  console.log(`the head with vectors of datavm/use-lite: ${share(some, ({ vector }) => scoresOf(head, vector))}`);
  console.log(
    `the head with vectors of datavm/use-lite-int8: ${share(rounded, ({ vector }) => scoresOf(head, vector))}`,
  );
  const cosines = some.map(({ vector }, i) => cosine(vector, vectors[i]!)).sort((a, b) => a - b);
  const shown = [0, 0.01, 0.5].map((part) => cosines[Math.floor(part * cosines.length)]!.toFixed(4));
  console.log(`cosine of both vectors: least, 1st percentile, median ${shown.join(', ')}`);
}

function scoresOf({ weights, bias }: ClassHead, vector: Float32Array): number[] {
  return Array.from(bias, (added, c) => {
    let score = added;
    for (let k = 0; k < VECTOR_SIZE; k++) score += weights[c * VECTOR_SIZE + k]! * vector[k]!;
    return score;
  });
}

/** Scores of the built-in model's classifier, in nats. */
function createSmallScores(): (text: string) => number[] {
  const { bias, hashes, starts, classes, values } = unpackWeights(readSmallWeights());
  const places = new Map(Array.from(hashes, (hash, i) => [hash, i]));
  return (text) => {
    const scores = [...bias];
    for (const hash of features(text)) {
      const place = places.get(hash);
      if (place === undefined) continue;
      for (let at = starts[place]!; at < starts[place + 1]!; at++) scores[classes[at]!]! += values[at]!;
    }
    return scores.map((score) => score / STEPS_PER_NAT);
  };
}

function logShares(scores: readonly number[]): number[] {
  const most = Math.max(...scores);
  const sum = scores.reduce((total, score) => total + Math.exp(score - most), 0);
  return scores.map((score) => score - most - Math.log(sum));
}

/** By the program of datavm/use-lite-int8 in the native engine. */
async function embedInBytes(texts: readonly string[]): Promise<Float32Array[]> {
  const { program, wasm } = await buildUseLite({ bytes: true });
  const engine = createNativeEngine();
  const loaded = engine.load({ ...program, wasm, fromImage: true });
  if (loaded.kind !== 'native') throw new Error(loaded.reason);
  const size = { minItems: VECTOR_SIZE, maxItems: VECTOR_SIZE };
  const schema = { type: 'array', items: { type: 'integer' }, ...size };
  const lines = texts.map((content, i) => {
    const format = { type: 'json_schema', json_schema: { name: 'vector', schema } };
    return `${JSON.stringify([i, { messages: [{ role: 'user', content }], response_format: format }])}\n`;
  });
  const header = padHeader({ mizu: 'requests', count: texts.length, model: 'datavm/use-lite-int8' });
  const inputs = [new Uint8Array(0), new TextEncoder().encode(header + lines.join(''))];
  const { output } = engine.run(loaded, { inputs, gasLimit: 2n ** 40n, timestampNs: 0n, seed: new Uint8Array(32) });
  const results = new TextDecoder().decode(output).split('\n').slice(1, -1);
  return results.map((line) => Float32Array.from(JSON.parse(JSON.parse(line)[1].content), (x: number) => x / 65_536));
}

function cosine(a: Float32Array, b: Float32Array): number {
  const dot = (x: Float32Array, y: Float32Array) => x.reduce((sum, value, i) => sum + value * y[i]!, 0);
  return dot(a, b) / Math.sqrt(dot(a, a) * dot(b, b));
}

/** How often the best score is that of the right class. */
function share(list: readonly EmbeddedGloss[], scores: (gloss: EmbeddedGloss) => readonly number[]): string {
  const right = list.filter((gloss) => {
    const own = scores(gloss);
    return own.indexOf(Math.max(...own)) === gloss.class;
  });
  return `${((100 * right.length) / list.length).toFixed(2)} % of ${list.length}`;
}
