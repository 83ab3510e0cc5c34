// docs/edge.md#configuration
import { z } from 'zod';
import type { Hex } from '../protocol/hex.ts';
import {
  address,
  count,
  type Environment,
  hash,
  httpShape,
  parseConfig,
  requireKey,
  url,
  wei,
} from '../service/process/config.ts';
import { SIMULATOR_MODEL } from './backends/simulate-request.ts';
import { MAX_INVITATION_CHARS } from './invitation.ts';

export const gatewayShape = z.strictObject({
  sequencerUrl: url,
  /** The folder of one gateway process. */
  dataDir: z.string().min(1),
  privateKey: hash.optional(),
  listen: httpShape.prefault({ port: 0 }),
  da: z.strictObject({
    /** In the committee's order. */
    members: z.array(z.strictObject({ url, address })).min(1),
    threshold: count(32, 1),
    epoch: z.coerce.bigint().nonnegative().default(0n),
  }),
  /** How long the committee keeps results. */
  retentionSeconds: count(400 * 86_400, 60).default(30 * 86_400),
  /** Models of class A, whose answers are audited. */
  exactModels: z.array(z.string()).default(['builtin/small', SIMULATOR_MODEL]),
  auditRate: z.number().min(0).max(1).default(0.02),
  auditSeconds: count(3600, 1).default(60),
  /** Who may connect: workers that it has invited or that are staked (`admitted`), or only these addresses. */
  workers: z.union([z.literal('admitted'), z.array(address)]).default('admitted'),
  /** If it is absent, stakes are not looked up. */
  l1Url: url.optional(),
  /** If it is absent, the gateway plants no canaries. With it, `l1Url` must be there. */
  canaries: z
    .strictObject({
      /** Of the contract Audits. */
      audits: address,
      /** Private keys of the accounts whose runs have canaries. */
      accounts: z.array(hash).min(1).max(64),
      /** Of the account on L1 that sends the calls; nothing else sends from it. */
      privateKey: hash.optional(),
      /** The part of these accounts' tasks that become canaries. */
      share: z.number().min(0).max(1).default(0.5),
      /** Blocks on top of a plant before its item is signed. */
      confirmations: count(256).default(3),
    })
    .optional(),
  /** Whether the gateway serves the page of a worker in a browser. */
  tabWorker: z.boolean().default(false),
  maxWorkers: count(10_000, 1).default(1_000),
  maxOpenTasks: count(256, 1).default(64),
  /**
   * The most bytes that tasks hold in all, from before their requests are fetched until their results are settled; one
   * task always fits.
   */
  maxHeldBytes: count(64 * 1024 ** 3, 160 * 1024 * 1024).default(256 * 1024 * 1024),
  maxRequestBytes: count(64 * 1024 * 1024, 1024).default(64 * 1024 * 1024),
  leaseRows: count(1024, 1).default(64),
  leaseSeconds: count(86_400, 1).default(300),
  /** Workers that a row is given to before it gets an error result. */
  attempts: count(100, 1).default(5),
  reconnectSeconds: count(600).default(15),
  /** Seconds for which leases that run may end when the gateway is stopped; no new ones are given meanwhile. */
  drainSeconds: count(600).default(5),
  /** What of the kernel's payment for a row's tokens its worker gets, in ten-thousandths. */
  workerShareBasisPoints: count(10_000).default(8_000),
  maxContentBytes: count(8 * 1024 * 1024, 1).default(256 * 1024),
  /** The bound of an answer, in tokens, for requests without max_tokens. */
  maxCompletionTokens: count(1_000_000, 1).default(32_768),
  /** Threads that check answers by their requests' schemas. */
  schemaThreads: count(16, 1).default(2),
  maxResultBytes: count(60 * 1024 * 1024, 1024).default(32 * 1024 * 1024),
});

/** The key may stand in MIZU_GATEWAY_KEY instead, that of the canaries in MIZU_CANARY_KEY. */
export type GatewayConfigInput = z.input<typeof gatewayShape>;
export type GatewayConfig = Omit<z.output<typeof gatewayShape>, 'privateKey' | 'canaries'> & {
  readonly privateKey: Hex;
  readonly canaries?: CanaryConfig | undefined;
};
export type CanaryConfig = Omit<NonNullable<z.output<typeof gatewayShape>['canaries']>, 'privateKey'> & {
  readonly privateKey: Hex;
};

/**
 * Fields of a request that are passed on to an endpoint, beside `messages` and `max_tokens`. No others are: a row
 * cannot ask for a hundred choices.
 */
export const OMITTABLE_FIELDS = [
  'response_format',
  'temperature',
  'top_p',
  'seed',
  'stop',
  'reasoning_effort',
] as const;
const OWN_FIELDS = new Set([
  'model',
  'messages',
  'max_tokens',
  'max_completion_tokens',
  'n',
  'stream',
  // Nobody would carry out the call of a tool.
  'tools',
  'functions',
]);
const isExtraField = (name: string) => !OWN_FIELDS.has(name);
const headerName = z
  .string()
  .regex(/^[\w!#$%&'*+.^`|~-]{1,100}$/)
  .refine((name) => !/^(content-type|content-length|transfer-encoding|connection|host)$/i.test(name), {
    error: 'a header that the connection sets',
  });

export const openAiConfig = z.strictObject({
  kind: z.literal('openai'),
  /** The address up to and with `/v1`. */
  baseUrl: url,
  apiKey: z.string().optional(),
  /** Name of the environment variable that holds the key; it goes before `apiKey`. */
  apiKeyEnv: z.string().optional(),
  /** For each model its name in the network and its name at the endpoint. */
  models: z.record(z.string(), z.string()),
  /** More headers, and headers whose value is that of an environment variable. */
  headers: z.record(headerName, z.string().max(4_096)).default({}),
  headersEnv: z.record(headerName, z.string().min(1)).default({}),
  /** What the endpoint calls the bound of an answer; with `none` the bound is not sent. */
  maxTokensField: z.enum(['max_tokens', 'max_completion_tokens', 'none']).default('max_tokens'),
  /** Fields of a request that this endpoint does not take. */
  omit: z.array(z.enum(OMITTABLE_FIELDS)).default([]),
  /** Sent with each request, beside the request's own fields. */
  extraBody: z
    .record(z.string().refine(isExtraField, { error: 'a field that requests or the backend set' }), z.json())
    .default({}),
  /** For requests that do not name one. */
  reasoningEffort: z.string().min(1).max(20).optional(),
  connections: count(1024, 1).default(64),
  pipelining: count(64, 1).default(1),
  /** Seconds for one attempt. */
  timeoutSeconds: count(3600, 1).default(120),
  attempts: count(20, 1).default(5),
  firstBackoffMs: count(60_000, 1).default(500),
  lastBackoffMs: count(600_000, 1).default(30_000),
  requestsPerMinute: count(1e9, 1).optional(),
  tokensPerMinute: count(1e12, 1).optional(),
  maxAnswerBytes: count(64 * 1024 * 1024, 1024).default(4 * 1024 * 1024),
});

export type OpenAiConfig = z.output<typeof openAiConfig>;
export type OpenAiConfigInput = z.input<typeof openAiConfig>;

export const simulatorConfig = z.strictObject({
  kind: z.literal('simulator'),
  /** Name in the network. */
  name: z.string().min(1),
  /** Path of a WASI module. */
  module: z.string().min(1),
  /** Gas for one request. */
  gasLimit: count(Number.MAX_SAFE_INTEGER, 1).default(10_000_000_000),
  threads: count(64, 1).default(1),
});

export type SimulatorConfig = z.output<typeof simulatorConfig>;

const MIZU = 10n ** 18n;

const settleShape = z
  .strictObject({
    /** RPC of a sequencer. */
    sequencerUrl: url,
    /** So much must be signed and not settled before a Settle is sent. */
    settleWei: wei.default(MIZU),
    /** While more is owed, signed or not, no rows are taken. */
    maxOwedWei: wei.default(100n * MIZU),
    /** What it counts with of the kernel's payment, in ten-thousandths: for a gateway that gives less it takes no rows. */
    shareBasisPoints: count(10_000).default(8_000),
    /** Withdraws what the account has, once it has so much. */
    withdraw: z.strictObject({ to: address, wei: wei.default(10n * MIZU) }).optional(),
  })
  .refine(({ settleWei, maxOwedWei }) => settleWei <= maxOwedWei, {
    error: 'expected a settleWei of at most maxOwedWei',
  });

/** What answers for one or more models. */
export const backendConfig = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('builtin') }),
  openAiConfig,
  simulatorConfig,
]);

export type BackendConfig = z.output<typeof backendConfig>;

export const workerShape = z.strictObject({
  /** http:// or ws:// address of the gateway. */
  gatewayUrl: z.string().regex(/^(https?|wss?):\/\//),
  privateKey: hash.optional(),
  /** Address of the gateway; if it is absent, that of the gateway that has signed the invitation. */
  gateway: address.optional(),
  /** Written by the gateway's operator with `mizu invite`. */
  invitation: z.string().min(1).max(MAX_INVITATION_CHARS).optional(),
  /** Rows worked on at once. */
  concurrency: count(1024, 1).default(16),
  backends: z
    .array(backendConfig)
    .min(1)
    .default([{ kind: 'builtin' }]),
  /** Threads that run the simulators of workflows; 0: this worker runs none. */
  simulatorThreads: count(64).default(1),
  /** Folder of this worker alone, for what the gateway has signed; if it is absent, that is lost when it ends. */
  dataDir: z.string().min(1).optional(),
  /** If it is absent, the worker settles nothing, and works whatever it is owed. */
  settle: settleShape.optional(),
  /** Seconds to finish the rows that were begun when the worker is stopped. */
  drainSeconds: count(600).default(10),
});

/** The key may stand in MIZU_EDGE_KEY instead. */
export type WorkerConfigInput = z.input<typeof workerShape>;
export type WorkerConfig = Omit<z.output<typeof workerShape>, 'privateKey'> & { readonly privateKey: Hex };

const gatewayConfig = gatewayShape.refine(({ canaries, l1Url }) => canaries === undefined || l1Url !== undefined, {
  error: 'expected an l1Url beside canaries, which are planted on L1',
  path: ['l1Url'],
});

/** @throws MizuError `config/malformed` naming every wrong field */
export function parseGatewayConfig(value: unknown, environment: Environment = process.env): GatewayConfig {
  const { privateKey, canaries, ...rest } = parseConfig('gateway', gatewayConfig, value);
  const config = { ...rest, privateKey: requireKey('gateway', privateKey, environment) };
  if (canaries === undefined) return config;
  const key = requireKey('canary', canaries.privateKey, environment);
  return { ...config, canaries: { ...canaries, privateKey: key } };
}

/** @throws MizuError `config/malformed` naming every wrong field */
export function parseWorkerConfig(value: unknown, environment: Environment = process.env): WorkerConfig {
  const { privateKey, ...rest } = parseConfig('worker', workerShape, value);
  return { ...rest, privateKey: requireKey('edge', privateKey, environment) };
}
