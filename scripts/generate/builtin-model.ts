// docs/edge.md#builtin: trains builtin/small on seven eighths of WordNet's glosses if small.bin is not of these sources; `--check` only says so.
// Only +, -, *, / and sqrt on IEEE doubles, which every engine rounds alike: the same file comes out everywhere.
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { LEXICOGRAPHER_CLASSES } from '../../edge/backends/model/classes.ts';
import { createClassifier } from '../../edge/backends/model/classifier.ts';
import { features } from '../../edge/backends/model/features.ts';
import { type Gloss, glossFiles, isHeldOut, readGlosses } from '../../edge/backends/model/glosses.ts';
import { type IndexedWeights, packWeights, unpackWeights, type Weights } from '../../edge/backends/model/weights.ts';
import { compressWeights, decompressWeights } from '../../edge/backends/model/weights-file.ts';
import { createDraws, shuffle, toErrors } from './training.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const FILE = new URL('../../edge/backends/model/small.bin', import.meta.url);
/** SHA-256 of `file`, of the `weights` in it, which a tab gets unpacked, and of what they were `madeFrom`. */
const RECORD = new URL('../../edge/backends/model/small.json', import.meta.url);
const CLASSES = LEXICOGRAPHER_CLASSES.length;
const EPOCHS = 6;
const LEARNING_RATE = 0.15;
const L2 = 1e-4;
const MIN_COUNT = 3;
const UNIT = 16;
const MIN_WEIGHT = 3;

const scores = new Float64Array(CLASSES);

type Example = { readonly features: Int32Array; readonly class: number };

const training: Gloss[] = [];
const heldOut: Gloss[] = [];

if (process.argv.includes('--evaluate')) {
  await readBoth();
  evaluate(unpackWeights(decompressWeights(readFileSync(FILE))));
} else {
  const madeFrom = await digestOfSources();
  if (isMadeFrom(madeFrom)) console.log('small.bin is up to date');
  else if (process.argv.includes('--check'))
    throw new Error(
      'edge/backends/model/small.bin is of other sources than these: run `npm run generate` and commit the result',
    );
  else {
    await readBoth();
    const packed = packWeights(train(training));
    evaluate(unpackWeights(packed));
    // Another brotli may compress otherwise: a model that is the same is not written again.
    const isSame = existsSync(FILE) && Buffer.compare(decompressWeights(readFileSync(FILE)), packed) === 0;
    if (!isSame) writeFileSync(FILE, compressWeights(packed));
    const record = { madeFrom, file: digest(readFileSync(FILE)), weights: digest(packed) };
    writeFileSync(RECORD, `${JSON.stringify(record, null, 2)}\n`);
    console.log(`${packed.length} bytes of weights${isSame ? ', the same as before' : ''}`);
  }
}

async function readBoth(): Promise<void> {
  for await (const gloss of readGlosses()) (isHeldOut(gloss.id) ? heldOut : training).push(gloss);
}

function isMadeFrom(madeFrom: string): boolean {
  if (!existsSync(FILE) || !existsSync(RECORD)) return false;
  const record = JSON.parse(readFileSync(RECORD, 'utf8')) as Record<string, unknown>;
  return record.madeFrom === madeFrom && record.file === digest(readFileSync(FILE));
}

/** Of this script, what it imports, and the glosses. */
async function digestOfSources(): Promise<string> {
  const { metafile } = await build({
    entryPoints: [fileURLToPath(import.meta.url)],
    absWorkingDir: ROOT,
    bundle: true,
    packages: 'external',
    platform: 'node',
    format: 'esm',
    metafile: true,
    write: false,
  });
  const sources = Object.keys(metafile.inputs).sort();
  const digests = sources.map((path) => `${path} ${digest(readFileSync(`${ROOT}${path}`))}`);
  return digest([...digests, ...glossFiles().map((path) => digest(readFileSync(path)))].join('\n'));
}

function digest(content: string | Uint8Array): string {
  return createHash('sha256').update(content).digest('hex');
}

// Multinomial logistic regression, AdaGrad.
function train(glosses: readonly Gloss[]): Weights {
  const found = glosses.map((gloss) => [...features(gloss.text)]);
  const hashes = frequent(found);
  const index = new Map(Array.from(hashes, (hash, i) => [hash, i]));
  const examples = found.map((list, i): Example => {
    const known = list.map((hash) => index.get(hash)).filter((at) => at !== undefined);
    return { features: Int32Array.from([hashes.length, ...known]), class: glosses[i]!.class };
  });
  const weights = new Float32Array((hashes.length + 1) * CLASSES);
  const squares = new Float32Array(weights.length);
  const random = createDraws(12345);
  const order = Uint32Array.from(examples.keys());
  for (let epoch = 0; epoch < EPOCHS; epoch++) {
    shuffle(order, random);
    for (const i of order) step(examples[i]!, weights, squares, LEARNING_RATE * (1 - epoch / EPOCHS));
  }
  return quantise(weights, hashes);
}

function frequent(found: readonly number[][]): Uint32Array {
  const counts = new Map<number, number>();
  for (const list of found) for (const hash of list) counts.set(hash, (counts.get(hash) ?? 0) + 1);
  return Uint32Array.from([...counts].filter(([, count]) => count >= MIN_COUNT).map(([hash]) => hash)).sort();
}

function step(example: Example, weights: Float32Array, squares: Float32Array, rate: number): void {
  scores.fill(0);
  for (const feature of example.features) {
    for (let c = 0; c < CLASSES; c++) scores[c]! += weights[feature * CLASSES + c]!;
  }
  toErrors(scores, example.class);
  for (const feature of example.features) {
    for (let c = 0; c < CLASSES; c++) {
      const error = scores[c]!;
      if (error > -1e-4 && error < 1e-4) continue;
      const at = feature * CLASSES + c;
      const gradient = error + L2 * weights[at]!;
      squares[at]! += gradient * gradient;
      weights[at]! -= (rate * gradient) / Math.sqrt(squares[at]! + 0.1);
    }
  }
}

function quantise(weights: Float32Array, hashes: Uint32Array): Weights {
  const quantised = Int8Array.from(weights, (weight) => Math.max(-127, Math.min(127, Math.round(weight * UNIT))));
  const kept: number[] = [];
  const starts = [0];
  const classes: number[] = [];
  const values: number[] = [];
  hashes.forEach((hash, i) => {
    for (let c = 0; c < CLASSES; c++) {
      const value = quantised[i * CLASSES + c]!;
      if (Math.abs(value) < MIN_WEIGHT) continue;
      classes.push(c);
      values.push(value);
    }
    if (values.length === starts.at(-1)) return;
    kept.push(hash);
    starts.push(values.length);
  });
  return {
    bias: quantised.slice(hashes.length * CLASSES),
    hashes: Uint32Array.from(kept),
    starts: Uint32Array.from(starts),
    classes: Uint8Array.from(classes),
    values: Int8Array.from(values),
  };
}

function evaluate(weights: IndexedWeights): void {
  const classifier = createClassifier(weights);
  const seen = new Set(training.map((gloss) => gloss.text));
  const unseen = heldOut.filter((gloss) => !seen.has(gloss.text));
  const share = (glosses: readonly Gloss[], right: (gloss: Gloss) => boolean) =>
    `${((100 * glosses.filter(right).length) / glosses.length).toFixed(2)} % of ${glosses.length}`;
  const isRight = (gloss: Gloss) => classifier.classify(gloss.text).class === gloss.class;
  const confident = heldOut.filter((gloss) => classifier.classify(gloss.text).confidence >= 0.6);
  console.log(`held out: ${share(heldOut, isRight)}; text not in training: ${share(unseen, isRight)}`);
  console.log(`confidence >= 0.6: ${share(confident, isRight)}; ${weights.hashes.length} features`);
}
