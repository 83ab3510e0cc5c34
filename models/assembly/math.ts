// docs/models.md#arithmetic: functions that WebAssembly has no instruction for, by series in f64, so that all machines agree.

const LOG2_E: f64 = 1.4426950408889634;
const LN_2: f64 = 0.6931471805599453;
const TWO_PI: f64 = 6.283185307179586;

/** e^x; 0 below -700, and x at most 700. */
export function exp(x: f64): f64 {
  if (x < -700) return 0;
  const halvings = nearest(x * LOG2_E);
  const rest = x - halvings * LN_2;
  // |rest| <= 0.347: the term behind the last is below 2^-60.
  let sum: f64 = 1;
  for (let i = 14; i > 0; i--) sum = 1 + (rest / f64(i)) * sum;
  return sum * reinterpret<f64>((i64(halvings) + 1023) << 52);
}

export function tanh(x: f64): f64 {
  const small = exp(-2 * abs(x));
  return copysign((1 - small) / (1 + small), x);
}

/** Of x radians, up to some thousand. */
export function sin(x: f64): f64 {
  const rest = x - nearest(x / TWO_PI) * TWO_PI;
  // |rest| <= pi: the term behind the last is below 2^-58.
  const square = rest * rest;
  let sum: f64 = 1;
  for (let i = 28; i > 1; i -= 2) sum = 1 - (square / f64(i * (i + 1))) * sum;
  return rest * sum;
}

export function cos(x: f64): f64 {
  return sin(x + TWO_PI / 4);
}
