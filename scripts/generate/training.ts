// docs/edge.md#builtin: what trainers of models share. Only +, -, *, / and sqrt on IEEE doubles, which every engine rounds alike.

/** e^x for x <= 0: Math.exp differs between engines in its last bit. */
export function expOf(x: number): number {
  const halvings = Math.round(-x / Math.LN2);
  if (halvings > 30) return 0;
  const rest = x + halvings * Math.LN2;
  let term = 1;
  let sum = 1;
  for (let i = 1; i <= 10; i++) {
    term *= rest / i;
    sum += term;
  }
  return sum / 2 ** halvings;
}

/** Numbers below 2^24, the same ones for the same seed. */
export function createDraws(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    return state >>> 8;
  };
}

export function shuffle(order: Uint32Array, random: () => number): void {
  for (let i = order.length - 1; i > 0; i--) {
    const j = random() % (i + 1);
    const moved = order[i]!;
    order[i] = order[j]!;
    order[j] = moved;
  }
}

/** Turns scores into their shares of the softmax, less 1 at the class that is right. */
export function toErrors(scores: Float64Array, right: number): void {
  const best = scores.reduce((max, score) => Math.max(max, score));
  let sum = 0;
  for (let c = 0; c < scores.length; c++) {
    scores[c] = expOf(scores[c]! - best);
    sum += scores[c]!;
  }
  for (let c = 0; c < scores.length; c++) scores[c] = scores[c]! / sum - (c === right ? 1 : 0);
}
