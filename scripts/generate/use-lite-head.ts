// docs/models.md#head: trains the head of datavm/use-lite on glosses of WordNet: `node --import ./scripts/ts.mjs scripts/generate/use-lite-head.ts`.
// It is run by hand: embedding takes 11 minutes of a core, and goes on where it was interrupted. `--evaluate` only prints the table.
import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { LEXICOGRAPHER_CLASSES } from '../../edge/backends/model/classes.ts';
import { hashFeature } from '../../edge/backends/model/features.ts';
import { isHeldOut } from '../../edge/backends/model/glosses.ts';
import { loadSmallClassifier } from '../../edge/backends/model/weights-file.ts';
import { VECTOR_SIZE } from '../../models/use-lite/encoder.ts';
import { type ClassHead, packHead, unpackHead } from '../../models/use-lite/head.ts';
import { createDraws, shuffle, toErrors } from './training.ts';
import { type EmbeddedGloss, embedGlosses } from './use-lite-vectors.ts';

const FILE = new URL('../../models/use-lite/head.bin', import.meta.url);
/** SHA-256 of `file`, and how many glosses it was trained on. */
const RECORD = new URL('../../models/use-lite/head.json', import.meta.url);
/** Of the order that mixes classes. */
const GLOSSES = 20_000;
const CLASSES = LEXICOGRAPHER_CLASSES.length;
const EPOCHS = 12;
const LEARNING_RATE = 0.15;
const L2 = 1e-4;
/** A coordinate of a vector of length 1 is about so much smaller than 1. */
const SCALE = Math.sqrt(VECTOR_SIZE);
/** One training gloss of so many is left out where settings are chosen: `--choose`. */
const CHOICE_SHARE = 10;

const count = Number(process.argv.find((word) => /^\d+$/.test(word)) ?? GLOSSES);
const glosses = await embedGlosses(count);
const isChoice = ({ id }: EmbeddedGloss) => hashFeature(`choice ${id}`) % CHOICE_SHARE === 0;
const training = glosses.filter(({ id }) => !isHeldOut(id));
const heldOut = glosses.filter(({ id }) => isHeldOut(id));

if (process.argv.includes('--choose')) {
  const head = train(training.filter((gloss) => !isChoice(gloss)));
  console.log(
    `left out of training: ${share(training.filter(isChoice), (gloss) => classOf(head, gloss) === gloss.class)}`,
  );
} else {
  if (!process.argv.includes('--evaluate')) {
    const packed = packHead(train(training));
    writeFileSync(FILE, packed);
    const file = createHash('sha256').update(packed).digest('hex');
    writeFileSync(RECORD, `${JSON.stringify({ file, glosses: training.length }, null, 2)}\n`);
  }
  evaluate(unpackHead(readFileSync(FILE)));
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

function classOf({ weights, bias }: ClassHead, { vector }: EmbeddedGloss): number {
  let best = 0;
  let most = Number.NEGATIVE_INFINITY;
  for (let c = 0; c < CLASSES; c++) {
    let score = bias[c]!;
    for (let k = 0; k < VECTOR_SIZE; k++) score += weights[c * VECTOR_SIZE + k]! * vector[k]!;
    if (score <= most) continue;
    most = score;
    best = c;
  }
  return best;
}

function evaluate(head: ClassHead): void {
  const small = loadSmallClassifier();
  console.log(`trained on ${training.length} glosses; held out:`);
  console.log(`the head of datavm/use-lite: ${share(heldOut, (gloss) => classOf(head, gloss) === gloss.class)}`);
  console.log(`builtin/small: ${share(heldOut, ({ text, class: right }) => small.classify(text).class === right)}`);
}

function share(list: readonly EmbeddedGloss[], isRight: (gloss: EmbeddedGloss) => boolean): string {
  return `${((100 * list.filter(isRight).length) / list.length).toFixed(2)} % of ${list.length}`;
}
