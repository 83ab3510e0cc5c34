// docs/edge.md#builtin: linear classifier in integers, so that every machine gives the same answer.
import { LEXICOGRAPHER_CLASSES } from './classes.ts';
import { features } from './features.ts';
import type { IndexedWeights } from './weights.ts';

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

export function createClassifier({ bias, hashes, buckets, starts, classes, values }: IndexedWeights): Classifier {
  const scores = new Int32Array(CLASSES);
  return {
    classify: (text, allowed = ALL) => {
      scores.set(bias);
      for (const hash of features(text)) {
        // Each holds a few: in QuickJS a Map of so many numbers would be dearer.
        const end = buckets[(hash >>> 16) + 1]!;
        for (let feature = buckets[hash >>> 16]!; feature < end; feature++) {
          if (hashes[feature] !== hash) continue;
          const last = starts[feature + 1]!;
          for (let at = starts[feature]!; at < last; at++) scores[classes[at]!]! += values[at]!;
          break;
        }
      }
      let best = allowed[0]!;
      for (let i = 1; i < allowed.length; i++) if (scores[allowed[i]!]! > scores[best]!) best = allowed[i]!;
      let sum = 0;
      for (let i = 0; i < allowed.length; i++) sum += SHARES[scores[best]! - scores[allowed[i]!]!] ?? 0;
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
