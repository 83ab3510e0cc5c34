// docs/prover.md#configuration: what executor and validator need to know of a network, as JSON, checked field by field.
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { CONTRACT_NAMES, type ContractAddresses } from '../contracts/deploy.ts';
import { MAX_COMMITTEE } from '../protocol/constants.ts';
import { MizuError } from '../protocol/errors.ts';
import type { Address, Hex } from '../protocol/hex.ts';
import type { ExecutorConfig } from './main.ts';
import type { NodeConfig } from './node.ts';

const KERNEL_PATH = fileURLToPath(new URL('../build/kernel.wasm', import.meta.url));

export const hashField = z
  .string()
  .regex(/^0x[0-9a-fA-F]{64}$/, 'expected 0x and 64 hex digits')
  .transform((value) => value.toLowerCase() as Hex);
export const addressField = z
  .string()
  .regex(/^0x[0-9a-fA-F]{40}$/, 'expected 0x and 40 hex digits')
  .transform((value) => value.toLowerCase() as Address);
export const urlField = z.url({ protocol: /^https?$/, error: 'expected an http or https URL' });
/** A whole number; decimal strings are for what may be above 2^53. */
export const bigField = z
  .union([z.string().regex(/^\d{1,78}$/, 'expected a decimal number'), z.int().min(0)])
  .transform(BigInt);
export const countField = (max: number, min = 0) => z.int().min(min).max(max);

export const httpField = z.strictObject({ port: countField(65_535), host: z.string().min(1).default('127.0.0.1') });

const genesis = z.strictObject({
  chainId: countField(Number.MAX_SAFE_INTEGER, 1),
  gasPriceWei: bigField,
  inboxDomain: hashField,
  daDomain: hashField,
  gatewayDomain: hashField,
  committee: z.strictObject({
    epoch: bigField,
    threshold: countField(MAX_COMMITTEE),
    members: z.array(addressField).max(MAX_COMMITTEE),
  }),
  models: z
    .array(
      z.strictObject({
        id: hashField,
        active: z.boolean(),
        class: countField(2),
        inputPrice: bigField,
        outputPrice: bigField,
      }),
    )
    .optional(),
  gateways: z.array(addressField).optional(),
});

const contracts = z.strictObject(
  Object.fromEntries(CONTRACT_NAMES.map((name) => [name, addressField])) as Record<
    keyof ContractAddresses,
    typeof addressField
  >,
);

export const networkShape = z.strictObject({
  dataDir: z.string().min(1),
  l1Url: urlField,
  contracts,
  fromBlock: bigField,
  confirmations: countField(1_000).default(0),
  genesis,
  da: z.strictObject({
    members: z
      .array(z.strictObject({ url: urlField, address: addressField }))
      .min(1)
      .max(MAX_COMMITTEE),
    threshold: countField(MAX_COMMITTEE, 1),
  }),
  kernelPath: z.string().min(1).default(KERNEL_PATH),
  workers: countField(256, 1).default(2),
  pollMs: countField(60_000, 10).default(500),
});

export const executorShape = networkShape.extend({
  key: hashField.optional(),
  policy: z
    .strictObject({
      intervalSeconds: z.number().min(0).max(86_400),
      fullSteps: countField(65_536, 1),
      maxBatches: countField(1_024, 1),
      keepSeconds: countField(400 * 24 * 3600),
    })
    .partial()
    .default({}),
  payoutWei: bigField.default(10n ** 18n),
  http: httpField.optional(),
});

/**
 * Of a parsed JSON file; the key may stand in the environment variable MIZU_EXECUTOR_KEY instead.
 * @throws MizuError `config/malformed` naming every wrong field
 */
export function parseExecutorConfig(
  value: unknown,
  environment: Readonly<Record<string, string | undefined>> = process.env,
): ExecutorConfig {
  const { key, ...rest } = parseConfig('executor', executorShape, value);
  const secret = environment.MIZU_EXECUTOR_KEY ?? key;
  const parsed = hashField.safeParse(secret);
  if (!parsed.success) throw malformed('executor', 'key: expected 0x and 64 hex digits, here or in MIZU_EXECUTOR_KEY');
  return { ...rest, key: parsed.data } as ExecutorConfig;
}

/** @throws MizuError `config/malformed` */
export function parseConfig<T>(what: string, shape: z.ZodType<T>, value: unknown): T {
  const parsed = shape.safeParse(value);
  if (parsed.success) return withoutUndefined(parsed.data);
  const problems = parsed.error.issues.map(({ path, message }) => `${path.join('.') || 'the file'}: ${message}`);
  throw malformed(what, problems.join('; '));
}

/** The same network as JSON, for files that processes are started with. */
export function encodeNetwork(config: NodeConfig): Record<string, unknown> {
  return JSON.parse(JSON.stringify(config, (_key, part) => (typeof part === 'bigint' ? String(part) : part)));
}

function withoutUndefined<T>(value: T): T {
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).filter(([, part]) => part !== undefined)) as T;
}

function malformed(what: string, actual: string): MizuError {
  return new MizuError({
    code: 'config/malformed',
    message: `The configuration of the ${what} is wrong.`,
    expected: `the fields of docs/prover.md#configuration`,
    actual,
    hint: 'Correct the fields that are named.',
  });
}
