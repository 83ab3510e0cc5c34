// docs/operations.md#sequencer-config: the configuration file, checked field by field.
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { CONTRACT_NAMES, type ContractAddresses } from '../contracts/deploy.ts';
import { MAX_BATCH_BYTES, MAX_BATCH_MESSAGES, MAX_COMMITTEE } from '../protocol/constants.ts';
import { MizuError } from '../protocol/errors.ts';
import type { Address, Hex } from '../protocol/hex.ts';
import type { NodeConfig } from '../prover/node.ts';
import type { Logger } from '../service/log.ts';

export type SequencerConfig = NodeConfig & {
  /** Of an account that is staked as a sequencer and has ether for gas. */
  readonly key: Hex;
  /** Port 0 takes a free one; host is 127.0.0.1 unless told. */
  readonly http: { readonly port: number; readonly host?: string };
  readonly batch?: Partial<{
    /** Messages at which a batch is closed. Default 1,024, at most 4,096. */
    readonly messages: number;
    /** Bytes of the batch object. Default 1 MiB, at most 4 MiB. */
    readonly bytes: number;
    /** Default 2. */
    readonly ageSeconds: number;
    /** Closed batches that L1 does not have yet. Default 64. */
    readonly unposted: number;
  }>;
  /** Messages that may wait to be executed. Default 10,000. */
  readonly maxWaiting?: number;
  /** Told to clients by mizu_chain; default `l1Url`. */
  readonly publicL1Url?: string;
  /** Seconds without being mined after which a transaction's fee is raised. Default 30. */
  readonly stuckSeconds?: number;
  readonly log?: Logger;
};

const KERNEL_PATH = fileURLToPath(new URL('../build/kernel.wasm', import.meta.url));

const hash = z
  .string()
  .regex(/^0x[0-9a-fA-F]{64}$/, 'expected 0x and 64 hex digits')
  .transform((value) => value.toLowerCase() as Hex);
const address = z
  .string()
  .regex(/^0x[0-9a-fA-F]{40}$/, 'expected 0x and 40 hex digits')
  .transform((value) => value.toLowerCase() as Address);
const url = z.url({ protocol: /^https?$/, error: 'expected an http or https URL' });
const count = (max: number, min = 0) => z.int().min(min).max(max);
const wei = z.union([z.string().regex(/^\d{1,78}$/, 'expected a decimal number'), z.int().min(0)]).transform(BigInt);

const genesis = z.strictObject({
  chainId: count(Number.MAX_SAFE_INTEGER, 1),
  gasPriceWei: wei,
  inboxDomain: hash,
  daDomain: hash,
  gatewayDomain: hash,
  committee: z.strictObject({
    epoch: wei,
    threshold: count(MAX_COMMITTEE),
    members: z.array(address).max(MAX_COMMITTEE),
  }),
  models: z
    .array(z.strictObject({ id: hash, active: z.boolean(), class: count(2), inputPrice: wei, outputPrice: wei }))
    .optional(),
  gateways: z.array(address).optional(),
});

const contracts = z.strictObject(
  Object.fromEntries(CONTRACT_NAMES.map((name) => [name, address])) as Record<keyof ContractAddresses, typeof address>,
);

/** What executor, validator and sequencer need to know of a network, as JSON: numbers that may be large are decimal strings. */
export const networkShape = z.strictObject({
  dataDir: z.string().min(1),
  l1Url: url,
  contracts,
  fromBlock: wei,
  confirmations: count(1_000).default(0),
  genesis,
  da: z.strictObject({
    members: z.array(z.strictObject({ url, address })).min(1).max(MAX_COMMITTEE),
    threshold: count(MAX_COMMITTEE, 1),
  }),
  kernelPath: z.string().min(1).default(KERNEL_PATH),
  workers: count(256, 1).default(2),
  pollMs: count(60_000, 10).default(500),
});

const sequencerShape = networkShape.extend({
  key: hash.optional(),
  http: z.strictObject({ port: count(65_535), host: z.string().min(1).default('127.0.0.1') }),
  batch: z
    .strictObject({
      messages: count(MAX_BATCH_MESSAGES, 1),
      bytes: count(MAX_BATCH_BYTES, 1024),
      ageSeconds: z.number().positive().max(3_600),
      unposted: count(10_000, 1),
    })
    .partial()
    .default({}),
  maxWaiting: count(1_000_000, 1).default(10_000),
  publicL1Url: url.optional(),
  stuckSeconds: count(3_600, 1).default(30),
});

/**
 * Of a parsed JSON file; the key may stand in the environment variable MIZU_SEQUENCER_KEY instead.
 * @throws MizuError `config/malformed` naming every wrong field
 */
export function parseSequencerConfig(
  value: unknown,
  environment: Readonly<Record<string, string | undefined>> = process.env,
): SequencerConfig {
  const { key, ...rest } = parseConfig('sequencer', sequencerShape, value);
  const secret =
    environment.MIZU_SEQUENCER_KEY === undefined ? key : hash.safeParse(environment.MIZU_SEQUENCER_KEY).data;
  if (secret === undefined)
    throw malformed('sequencer', 'key: expected 0x and 64 hex digits, here or in MIZU_SEQUENCER_KEY');
  return { ...withoutUndefined(rest), key: secret } as SequencerConfig;
}

export function parseConfig<T>(what: string, shape: z.ZodType<T>, value: unknown): T {
  const parsed = shape.safeParse(value);
  if (parsed.success) return parsed.data;
  throw malformed(
    what,
    parsed.error.issues.map(({ path, message }) => `${path.join('.') || 'the file'}: ${message}`).join('; '),
  );
}

/** The same network as JSON, for files that processes are started with. */
export function encodeNetwork(config: NodeConfig): Record<string, unknown> {
  return JSON.parse(JSON.stringify(config, (_key, part) => (typeof part === 'bigint' ? String(part) : part)));
}

function withoutUndefined<T extends object>(value: T): T {
  return Object.fromEntries(Object.entries(value).filter(([, part]) => part !== undefined)) as T;
}

function malformed(what: string, actual: string): MizuError {
  return new MizuError({
    code: 'config/malformed',
    message: `The configuration of the ${what} is wrong.`,
    expected: 'the fields of docs/operations.md#sequencer-config',
    actual,
    hint: 'Correct the fields that are named.',
  });
}
