// docs/sdk.md#money: amounts as people read and write them. 1 MIZU = 10^18 wei.
import { MizuError } from '../../protocol/errors.ts';

const DECIMALS = 18;
const UNIT = 10n ** BigInt(DECIMALS);

/**
 * `1.25 MIZU`: four significant digits after the point at most.
 *
 * @example
 * formatMizu(1_250_000_000_000_000_000n); // '1.25 MIZU'
 */
export function formatMizu(wei: bigint): string {
  return `${formatUnits(wei)} MIZU`;
}

/** What L1's gas is paid in. */
export function formatEther(wei: bigint): string {
  return `${formatUnits(wei)} ETH`;
}

function formatUnits(wei: bigint): string {
  const size = wei < 0n ? -wei : wei;
  const whole = `${wei < 0n ? '-' : ''}${size / UNIT}`;
  const fraction = String(size % UNIT).padStart(DECIMALS, '0');
  const zeros = /^0*/.exec(fraction)![0].length;
  const digits = size < UNIT ? zeros + 4 : 4;
  const shown = fraction.slice(0, digits).replace(/0+$/, '');
  return `${whole}${shown === '' ? '' : `.${shown}`}`;
}

/**
 * An amount of MIZU in wei.
 *
 * @example
 * parseMizu('2.5'); // 2_500_000_000_000_000_000n
 * @throws MizuError `sdk/bad-amount`
 */
export function parseMizu(text: string): bigint {
  const match = /^(\d+)(?:\.(\d{1,18}))?\s*(?:MIZU)?$/i.exec(text.trim());
  if (match !== null) return BigInt(match[1]!) * UNIT + BigInt((match[2] ?? '').padEnd(DECIMALS, '0'));
  throw new MizuError({
    code: 'sdk/bad-amount',
    message: 'The amount cannot be read.',
    expected: 'a number of MIZU, for example 2.5',
    actual: text,
    hint: 'Write 2.5, as in --max 2.5',
  });
}

export function formatCount(value: number | bigint): string {
  return value.toLocaleString('en-US');
}

/** `1.2 G`, for gas. */
export function formatLarge(value: bigint): string {
  const units: [bigint, string][] = [
    [1_000_000_000_000n, 'T'],
    [1_000_000_000n, 'G'],
    [1_000_000n, 'M'],
    [1_000n, 'k'],
  ];
  const unit = units.find(([size]) => value >= size);
  return unit === undefined ? String(value) : `${(Number((value * 100n) / unit[0]) / 100).toFixed(2)} ${unit[1]}`;
}
