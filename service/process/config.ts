// docs/operations.md#config: configuration files, checked field by field before anything starts.
import { z } from 'zod';
import { MizuError } from '../../protocol/errors.ts';
import type { Address, Hex } from '../../protocol/hex.ts';
import { MAX_FEE_GWEI, MAX_PRIORITY_FEE_GWEI } from '../l1/fees.ts';

export const hash = z
  .string()
  .regex(/^0x[0-9a-fA-F]{64}$/, 'expected 0x and 64 hex digits')
  .transform((value) => value.toLowerCase() as Hex);
export const address = z
  .string()
  .regex(/^0x[0-9a-fA-F]{40}$/, 'expected 0x and 40 hex digits')
  .transform((value) => value.toLowerCase() as Address);
export const url = z.url({ protocol: /^https?$/, error: 'expected an http or https URL' });
/** The URLs of an L1: one node or several. */
export const urls = z.union([url, z.array(url).min(1).max(8)], {
  error: 'expected an http or https URL, or a list of up to 8',
});
export const count = (max: number, min = 0) => z.int().min(min).max(max);
export const wei = z
  .union([z.string().regex(/^\d{1,78}$/, 'expected a decimal number'), z.int().min(0)])
  .transform(BigInt);

/** The fields of every part that signs transactions: docs/operations.md#fee-caps. */
export const feeCapsShape = {
  maxFeeGwei: count(1_000_000, 1).default(MAX_FEE_GWEI),
  maxPriorityFeeGwei: count(10_000, 1).default(MAX_PRIORITY_FEE_GWEI),
};

/** The default of each field stands in service/http/http-limits.ts. */
export const httpLimitsShape = z.strictObject({
  connections: count(65_535, 1).optional(),
  connectionsPerAddress: count(65_535, 1).optional(),
  bytesPerSecond: count(2 ** 30, 1).optional(),
  graceSeconds: z.number().min(0.1).max(600).optional(),
});

export const httpShape = z.strictObject({
  port: count(65_535),
  host: z.string().min(1).default('127.0.0.1'),
  limits: httpLimitsShape.optional(),
});

/** @throws MizuError `config/malformed` naming every wrong field */
export function parseConfig<T>(what: string, shape: z.ZodType<T>, value: unknown): T {
  const parsed = shape.safeParse(value);
  if (parsed.success) return parsed.data;
  throw malformed(
    what,
    parsed.error.issues.map(({ path, message }) => `${path.join('.') || 'the file'}: ${message}`).join('; '),
  );
}

/** The key of the environment variable MIZU_<PART>_KEY or, without one, that of the file. */
export function requireKey(what: string, key: Hex | undefined, environment: Environment = process.env): Hex {
  const name = `MIZU_${what.toUpperCase()}_KEY`;
  const secret = environment[name] === undefined ? key : hash.safeParse(environment[name]).data;
  if (secret === undefined) throw malformed(what, `key: expected 0x and 64 hex digits, here or in ${name}`);
  return secret;
}

export type Environment = Readonly<Record<string, string | undefined>>;

function malformed(what: string, actual: string): MizuError {
  return new MizuError({
    code: 'config/malformed',
    message: `The configuration of the ${what} is wrong.`,
    expected: 'the fields of docs/operations.md',
    actual,
    hint: 'Correct the fields that are named.',
  });
}
