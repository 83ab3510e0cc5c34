// docs/models.md#arithmetic: cosines and sines of all positions, in additions, multiplications and divisions of doubles
// alone: so an image has the same bytes wherever it is made.
import type { LlamaShape } from './model.ts';

/** Pi / 2 in three parts, of which a small multiple of the first two is exact. */
const QUARTER = [1.5707963267341256, 6.077100506303966e-11, 2.0222662487959506e-21] as const;

/** For each position below `context`, and each pair of a head, the cosine and the sine of its turn. */
export function makeRotation({ headWidth, rope }: LlamaShape, context: number): Float32Array {
  const pairs = headWidth / 2;
  const speeds = Array.from({ length: pairs }, (_, i) => {
    const speed = exp((-2 * i * ln(rope.base)) / headWidth);
    return speed / (rope.factors?.[i] ?? 1) / rope.scale;
  });
  const table = new Float32Array(context * headWidth);
  for (let position = 0; position < context; position++)
    for (let i = 0; i < pairs; i++) {
      const [cosine, sine] = turn(position * speeds[i]!);
      table[position * headWidth + 2 * i] = cosine;
      table[position * headWidth + 2 * i + 1] = sine;
    }
  return table;
}

/** Of a number from 1 on. */
export function ln(x: number): number {
  let halvings = 0;
  for (; x > 1.5; x /= 2) halvings++;
  // 2 artanh(y) with |y| <= 1/5: the term behind the last is below 2^-60.
  const y = (x - 1) / (x + 1);
  let sum = 0;
  for (let i = 27; i > 0; i -= 2) sum = sum * y * y + 1 / i;
  return halvings * Math.LN2 + 2 * y * sum;
}

/** Of a number from -700 to 0. */
export function exp(x: number): number {
  const halvings = Math.round(x / Math.LN2);
  const rest = x - halvings * Math.LN2;
  let sum = 1;
  for (let i = 20; i > 0; i--) sum = 1 + (rest / i) * sum;
  for (let i = halvings; i < 0; i++) sum /= 2;
  return sum;
}

/** Cosine and sine of an angle of 0 to some 10^7. */
export function turn(angle: number): readonly [number, number] {
  const quarters = Math.round(angle / (QUARTER[0] + QUARTER[1]));
  const rest = angle - quarters * QUARTER[0] - quarters * QUARTER[1] - quarters * QUARTER[2];
  const square = rest * rest;
  let sine = 1;
  let cosine = 1;
  for (let i = 22; i > 1; i -= 2) {
    sine = 1 - (square / (i * (i + 1))) * sine;
    cosine = 1 - (square / (i * (i - 1))) * cosine;
  }
  sine *= rest;
  switch (quarters % 4) {
    case 0:
      return [cosine, sine];
    case 1:
      return [-sine, cosine];
    case 2:
      return [-cosine, -sine];
    default:
      return [sine, -cosine];
  }
}
