// docs/models.md#llama-engine: powers of e for f32: a shorter series than that of models/assembly/math.ts.

const LOG2_E: f64 = 1.4426950408889634;
const LN_2: f64 = 0.6931471805599453;

/** e^x with an error below 2^-31 of it; 0 below -700, and x at most 700. */
// @ts-ignore: decorator
@inline
export function expShort(x: f64): f64 {
  if (x < -700) return 0;
  const halvings = nearest(x * LOG2_E);
  const rest = x - halvings * LN_2;
  // |rest| <= 0.347: the term behind the last is below 2^-31.
  let sum: f64 = 1 / 40320.0;
  sum = sum * rest + 1 / 5040.0;
  sum = sum * rest + 1 / 720.0;
  sum = sum * rest + 1 / 120.0;
  sum = sum * rest + 1 / 24.0;
  sum = sum * rest + 1 / 6.0;
  sum = sum * rest + 0.5;
  sum = sum * rest + 1;
  sum = sum * rest + 1;
  return sum * reinterpret<f64>((i64(halvings) + 1023) << 52);
}
