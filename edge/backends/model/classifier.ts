// docs/edge.md#builtin: linear classifier in integers, so that every machine gives the same answer.
import { LEXICOGRAPHER_CLASSES } from './classes.ts';
import { features } from './features.ts';
import type { Weights } from './weights.ts';

export type Classifier = {
  /** The best of `allowed` (all classes without it); confidence is its share of the softmax, in thousandths. */
  classify(text: string, allowed?: readonly number[]): { class: number; confidence: number };
};

/** It may be read and unpacked at the first call. */
export type LoadClassifier = () => Classifier;

const CLASSES = LEXICOGRAPHER_CLASSES.length;
const ALL = Array.from({ length: CLASSES }, (_, i) => i);
const ONE = 2 ** 26;
// round(e^(-1/16) * 2^26): one step of a sixteenth of a nat.
const STEP = 63_042_943;
const SHARES = createShares();

export function createClassifier({ bias, hashes, starts, classes, values }: Weights): Classifier {
  const index = new Map<number, number>();
  hashes.forEach((hash, i) => {
    index.set(hash, i);
  });
  const scores = new Int32Array(CLASSES);
  return {
    classify: (text, allowed = ALL) => {
      scores.set(bias);
      for (const hash of features(text)) {
        const feature = index.get(hash);
        if (feature === undefined) continue;
        for (let at = starts[feature]!; at < starts[feature + 1]!; at++) scores[classes[at]!]! += values[at]!;
      }
      const best = allowed.reduce((top, c) => (scores[c]! > scores[top]! ? c : top), allowed[0]!);
      const sum = allowed.reduce((total, c) => total + (SHARES[scores[best]! - scores[c]!] ?? 0), 0);
      return { class: best, confidence: Math.floor((1000 * ONE + sum / 2) / sum) / 1000 };
    },
  };
}

// e^(-k/16) in units of 2^-26 by repeated integer multiplication: every product is below 2^53.
function createShares(): number[] {
  const shares = [ONE];
  while (shares.at(-1)! > 0) shares.push(Math.floor((shares.at(-1)! * STEP) / ONE));
  return shares;
}
