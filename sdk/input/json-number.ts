// docs/sdk.md#json-numbers: which numbers a double holds as they are written.

/** Up to that many characters without an exponent a double holds every number: it tells all decimals of 15 digits apart. */
const ALWAYS_HELD = 15;

/** What becomes of a literal of JSON that a double does not hold; undefined if it does, or is a fraction that is rounded. */
export function numberLoss(literal: string): string | undefined {
  if (literal.length <= ALWAYS_HELD && !/[eE]/.test(literal)) return undefined;
  const written = decimalOf(literal);
  if (written.digits === '') return undefined;
  const value = Number(literal);
  if (!Number.isFinite(value)) return 'it is too large for a double';
  if (value === 0) return 'it is too near to 0 for a double';
  if (written.exponent < 0) return undefined;
  const kept = decimalOf(String(value));
  if (kept.digits === written.digits && kept.exponent === written.exponent) return undefined;
  return `it would become ${value}`;
}

/** Digits without zeros around them, and the power of ten that they are multiplied with. Zero has no digits. */
function decimalOf(literal: string): { digits: string; exponent: number } {
  const [, whole = '', fraction = '', power = '0'] = /^-?(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/.exec(literal) ?? [];
  const digits = whole + fraction;
  // By hand: a regular expression tries /0+$/ from each zero on, and half a million of them may stand there.
  let [start, end] = [0, digits.length];
  while (digits[start] === '0') start++;
  while (end > start && digits[end - 1] === '0') end--;
  return { digits: digits.slice(start, end), exponent: Number(power) - fraction.length + (digits.length - end) };
}
