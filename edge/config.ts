// docs/edge.md#configuration
import { z } from 'zod';
import { MizuError } from '../protocol/errors.ts';
import type { Address, Hex } from '../protocol/hex.ts';

const privateKey = z
  .string()
  .regex(/^0x[0-9a-fA-F]{64}$/, 'expected 0x and 64 hex digits') as unknown as z.ZodType<Hex>;
const address = z
  .string()
  .regex(/^0x[0-9a-fA-F]{40}$/)
  .transform((text) => text.toLowerCase() as Address);
const count = (least: number, most: number) => z.number().int().min(least).max(most);
const url = z.url();

export const gatewayConfig = z.strictObject({
  sequencerUrl: url,
  /** One gateway process a folder. */
  dataDir: z.string().min(1),
  privateKey,
  listen: z.strictObject({ host: z.string().default('127.0.0.1'), port: count(0, 65_535) }).prefault({ port: 0 }),
  da: z.strictObject({
    /** In the committee's order. */
    members: z.array(z.strictObject({ url, address })).min(1),
    threshold: count(1, 32),
    epoch: z.coerce.bigint().nonnegative().default(0n),
  }),
  /** How long the committee keeps results. */
  retentionSeconds: count(60, 3650 * 86_400).default(30 * 86_400),
  /** Models of class A: audited. */
  exactModels: z.array(z.string()).default(['builtin/small']),
  auditRate: z.number().min(0).max(1).default(0.02),
  auditSeconds: count(1, 3600).default(60),
  workers: z.union([z.literal('any'), z.array(address)]).default('any'),
  maxWorkers: count(1, 10_000).default(1_000),
  maxOpenTasks: count(1, 256).default(64),
  leaseRows: count(1, 1024).default(64),
  leaseSeconds: count(1, 86_400).default(300),
  /** Workers that a row is given to before it gets an error result. */
  attempts: count(1, 100).default(5),
  reconnectSeconds: count(0, 600).default(15),
  maxContentBytes: count(1, 8 * 1024 * 1024).default(256 * 1024),
  /** For requests without max_tokens. */
  maxCompletionTokens: count(1, 1_000_000).default(32_768),
  maxResultBytes: count(1024, 60 * 1024 * 1024).default(32 * 1024 * 1024),
});

export type GatewayConfig = z.output<typeof gatewayConfig>;
export type GatewayConfigInput = z.input<typeof gatewayConfig>;

export const openAiConfig = z.strictObject({
  kind: z.literal('openai'),
  /** Up to and with `/v1`. */
  baseUrl: url,
  apiKey: z.string().optional(),
  /** Name of the environment variable with the key; goes before `apiKey`. */
  apiKeyEnv: z.string().optional(),
  /** Name in the network to name at the endpoint. */
  models: z.record(z.string(), z.string()),
  connections: count(1, 1024).default(64),
  pipelining: count(1, 64).default(1),
  /** For one attempt. */
  timeoutSeconds: count(1, 3600).default(120),
  attempts: count(1, 20).default(5),
  firstBackoffMs: count(1, 60_000).default(500),
  lastBackoffMs: count(1, 600_000).default(30_000),
  requestsPerMinute: count(1, 1e9).optional(),
  tokensPerMinute: count(1, 1e12).optional(),
  maxAnswerBytes: count(1024, 64 * 1024 * 1024).default(4 * 1024 * 1024),
});

export type OpenAiConfig = z.output<typeof openAiConfig>;
export type OpenAiConfigInput = z.input<typeof openAiConfig>;

export const simulatorConfig = z.strictObject({
  kind: z.literal('simulator'),
  /** Name in the network. */
  name: z.string().min(1),
  /** Path of a WASI module. */
  module: z.string().min(1),
  /** For one request. */
  gasLimit: count(1, Number.MAX_SAFE_INTEGER).default(10_000_000_000),
  threads: count(1, 64).default(1),
});

export type SimulatorConfig = z.output<typeof simulatorConfig>;

export const workerConfig = z.strictObject({
  /** http:// or ws:// address of the gateway. */
  gatewayUrl: z.string().regex(/^(https?|wss?):\/\//),
  privateKey,
  /** Rows worked on at once. */
  concurrency: count(1, 1024).default(16),
  backends: z
    .array(
      z.discriminatedUnion('kind', [z.strictObject({ kind: z.literal('builtin') }), openAiConfig, simulatorConfig]),
    )
    .min(1)
    .default([{ kind: 'builtin' }]),
  /** Time to finish what was begun when it is stopped. */
  drainSeconds: count(0, 600).default(10),
});

export type WorkerConfig = z.output<typeof workerConfig>;
export type WorkerConfigInput = z.input<typeof workerConfig>;

/** @throws MizuError `edge/bad-config` naming the field. */
export function parseConfig<T>(shape: z.ZodType<T>, value: unknown, what: string): T {
  const parsed = shape.safeParse(value);
  if (parsed.success) return parsed.data;
  const issues = parsed.error.issues.map((issue) => `${issue.path.join('.') || 'config'}: ${issue.message}`);
  throw new MizuError({
    code: 'edge/bad-config',
    message: `The ${what}'s configuration is wrong.`,
    expected: 'the fields of docs/edge.md#configuration',
    actual: issues.slice(0, 5).join('; '),
    hint: 'Correct the named fields.',
  });
}
