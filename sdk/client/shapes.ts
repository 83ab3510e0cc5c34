// docs/sdk.md#border: what comes from a network, parsed by one schema each before anything else sees it.
import { z } from 'zod';
import { MAX_TASK_INPUTS } from '../../kernel/limits.ts';
import { MAX_COMMITTEE, MAX_OUTPUT_BYTES, MAX_PARTITIONS, MAX_STAGES } from '../../protocol/constants.ts';
import { MizuError } from '../../protocol/errors.ts';
import type { Address, Hex } from '../../protocol/hex.ts';
import { oneLine, withoutControls } from '../../protocol/text.ts';
import { describeZodIssues } from '../../service/http/issues.ts';
import { NAME } from '../workflow/refusal.ts';

const MAX_TEXT = 4_000;
const MAX_PAGE = 1_000;
const MAX_WIDTH = 65_536;
const MAX_BATCHES = 100_000;
export const MAX_METADATA_BYTES = 1024 * 1024;

const hash = z.custom<Hex>((value) => typeof value === 'string' && /^0x[0-9a-fA-F]{64}$/.test(value), {
  error: 'expected 0x and 64 hex digits',
});
const address = z.custom<Address>((value) => typeof value === 'string' && /^0x[0-9a-fA-F]{40}$/.test(value), {
  error: 'expected 0x and 40 hex digits',
});
const bytes = z.custom<Hex>((value) => typeof value === 'string' && /^0x(?:[0-9a-fA-F]{2}){0,65536}$/.test(value), {
  error: 'expected 0x-hex of at most 64 KiB',
});
const count = z.int().min(0);
const wei = z.string().regex(/^\d{1,78}$/, 'expected a decimal number');
/** Shown to people: control characters could steer their terminal. */
const text = z.string().max(MAX_TEXT).transform(withoutControls);
/** Of what is shown beside others on a line. */
const label = z.string().max(MAX_TEXT).transform(oneLine);
const url = z.url({ protocol: /^https?$/ }).max(2_000);
const length = count.max(MAX_OUTPUT_BYTES);
const ref = z.object({ root: hash, length });
const rows = z.object({ in: count, out: count, rejected: count });
const list = <T extends z.ZodType>(item: T, max = MAX_PAGE) => z.array(item).max(max);
const maybe = <T extends z.ZodType>(shape: T) => z.union([shape, z.null()]);

const status = z.enum(['running', 'done', 'failed', 'cancelled', 'expired']);

const stage = z.object({
  stage: count,
  kind: z.enum(['exec', 'infer']),
  width: count.max(MAX_WIDTH),
  sink: z.boolean().optional(),
  model: hash.optional(),
  done: count,
  gasUsed: count,
  rows,
  underway: z
    .object({ done: count, total: count, inputTokens: count.optional(), outputTokens: count.optional() })
    .optional(),
});

const chain = z.object({
  chainId: count.min(1),
  l1RpcUrl: url.optional(),
  contracts: z.partialRecord(z.string().max(64), address),
  fromBlock: count.optional(),
  origin: hash.optional(),
  kernelProgramId: hash.optional(),
  genesis: z.object({ stateRoot: hash }).optional(),
  minGasPrice: wei,
  da: z.object({
    members: list(z.object({ url: maybe(url), address }), MAX_COMMITTEE),
    epoch: z.union([count, wei]),
    threshold: count.max(MAX_COMMITTEE),
  }),
  sequencer: address.optional(),
  head: z.object({ batch: count, message: count, step: count, stateRoot: hash }).optional(),
  confirmed: z.object({ batch: count, step: count, assertion: hash.optional() }).optional(),
  attested: z.object({ batch: count, step: count, assertion: hash.optional() }).optional(),
});

const receipt = z.looseObject({
  kind: label,
  ok: z.boolean(),
  error: text.optional(),
  run: hash.optional(),
  workflow: hash.optional(),
  feeWei: z.union([wei, count.transform(String)]).optional(),
  account: address.optional(),
  amountWei: wei.optional(),
  withdrawal: count.optional(),
  batch: count,
  step: count,
});

const run = z.object({
  run: hash,
  workflow: hash,
  owner: address,
  status,
  escrow: wei,
  spent: wei,
  gasPrice: wei.optional(),
  partitions: count.max(MAX_PARTITIONS),
  tasksLeft: count,
  stages: list(stage, MAX_STAGES),
  rows: rows.optional(),
  gasUsed: count.optional(),
  inputTokens: count,
  outputTokens: count,
  dataset: maybe(ref),
  firstStep: count.optional(),
  batches: list(count, MAX_BATCHES).min(1),
  startedAt: count,
  endedAt: maybe(count),
  deadline: count,
  taskGasLimit: count.optional(),
  voided: maybe(z.object({ items: count, at: count })).optional(),
  error: maybe(text),
  failure: maybe(
    z.object({
      kind: z.enum(['exit', 'budget', 'inputs', 'gas-or-trap']),
      why: text,
      stage: count,
      partition: count,
      exitStatus: count,
      gasUsed: count,
    }),
  ).optional(),
});

const runEntry = z.object({
  run: hash,
  workflow: hash,
  owner: address,
  status,
  partitions: count.max(MAX_PARTITIONS),
  startedAt: count,
  endedAt: maybe(count),
  firstStep: count,
  dataset: maybe(ref),
});

const task = z.object({
  stage: count,
  partition: count,
  attempt: count.optional(),
  status: z.enum(['open', 'done', 'failed']),
  exitStatus: count.optional(),
  outputRoot: hash.optional(),
  outputLength: length.optional(),
  gasUsed: count.optional(),
  rows: maybe(rows).optional(),
  why: text.optional(),
});

const batch = z.object({
  index: count.optional(),
  objectRoot: maybe(hash),
  objectLength: count.optional(),
  timestamp: count,
  messages: count,
  delayed: count.optional(),
  firstStep: count,
  l1Transaction: maybe(hash),
  l1Block: maybe(count),
  gasUsed: maybe(count),
  status: z.enum(['open', 'closed', 'posted', 'void']),
  origin: z.enum(['own', 'l1']).optional(),
});

const assertion = z.object({
  id: hash,
  parent: hash.optional(),
  fromBatch: count,
  toBatch: count,
  fromStep: count.optional(),
  toStep: count.optional(),
  stepRoot: hash.optional(),
  stateRoot: hash.optional(),
  status: z.enum(['pending', 'confirmed', 'rejected', 'orphaned']),
  l1Transaction: hash,
  confirmedBy: maybe(hash).optional(),
  attested: maybe(
    z.object({ l1Transaction: hash, l1Block: count, weight: wei, totalWeight: wei, attesters: count }),
  ).optional(),
  asserter: address,
});

const ANSWERS: Readonly<Record<string, z.ZodType>> = {
  mizu_chain: chain,
  mizu_sendMessage: z.object({ hash, sequence: count.optional() }),
  mizu_getReceipt: maybe(receipt),
  mizu_getPromise: maybe(
    z.object({ batch: count, message: count, messageHash: hash, sequencer: address, signature: bytes }),
  ),
  mizu_getAccount: z.object({ nonce: count, nextNonce: count.optional(), balance: wei }),
  mizu_getWorkflow: maybe(z.object({ owner: address, metadata: ref, expiry: count })),
  mizu_getRunObjects: maybe(list(ref, MAX_TASK_INPUTS)),
  mizu_getRun: maybe(run),
  mizu_listRuns: list(runEntry, 100),
  mizu_getTasks: maybe(list(task)),
  mizu_getBatch: maybe(batch),
  mizu_getAssertions: list(assertion),
  mizu_getProof: z.object({ stateRoot: hash.optional(), value: maybe(bytes), nodes: list(bytes, 100).optional() }),
};

/** @throws MizuError `sdk/bad-answer` naming each field that is wrong */
export function parseAnswer(method: string, answer: unknown): unknown {
  const shape = ANSWERS[method];
  if (shape === undefined) throw new Error(`the answer of ${method} has no schema`);
  return parseWith(shape, answer ?? null, `The sequencer's answer to ${method}`);
}

const stageMetadata = z.object({
  name: label,
  kind: z.enum([
    'rows',
    'request',
    'infer',
    'model',
    'receive',
    'keys',
    'reduce',
    'other',
    'cluster',
    'apply',
    'send',
    'sort',
    'sink',
    'rejects',
  ]),
  operators: list(label, 1_000),
  sink: maybe(z.string().regex(NAME, 'expected 1 to 64 letters, digits, - and _, beginning with a letter')),
});

const setting = z.union([label.pipe(z.string().max(200)), z.number(), z.boolean(), z.null()]);
const operatorCode = z.object({
  name: z.string().regex(NAME),
  code: hash,
  settings: z.record(z.string().max(64), setting).optional(),
});

/** What whoever deployed a workflow says of it: any bytes. */
export const metadataShape = z.object({
  name: z.string().regex(NAME),
  version: z.literal(1),
  stages: list(stageMetadata, MAX_STAGES),
  models: z.record(hash, label.pipe(z.string().max(200))),
  provable: z.record(label.pipe(z.string().max(200)), hash).optional(),
  sdk: z.string().max(64).transform(oneLine),
  code: z.object({ toolchain: hash, operators: list(operatorCode, 1_000) }).optional(),
  begin: z
    .object({
      operators: z.int().min(0).max(1_000),
      answered: z.boolean(),
      operator: z.string().regex(NAME),
      code: hash,
    })
    .optional(),
});

const stats = z.record(z.string().regex(NAME), rows);
export const headerShape = rows.extend({
  mizu: z.literal('rows'),
  operators: stats,
  input: z.string().regex(NAME).optional(),
});

/** @throws MizuError `sdk/bad-answer` */
export function parseObject<T>(shape: z.ZodType<T>, object: Uint8Array, what: string): T {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(object));
  } catch (cause) {
    throw badAnswer(what, (cause as Error).message);
  }
  return parseWith(shape, value, what);
}

function parseWith<T>(shape: z.ZodType<T>, value: unknown, what: string): T {
  const parsed = shape.safeParse(value);
  if (parsed.success) return parsed.data;
  throw badAnswer(what, describeZodIssues(parsed.error));
}

function badAnswer(what: string, actual: string): MizuError {
  return new MizuError({
    code: 'sdk/bad-answer',
    message: `${what} cannot be used.`,
    expected: 'the form of docs/rpc.md and docs/sdk.md',
    actual: withoutControls(actual).slice(0, 600),
    hint: 'The network or the workflow is of another version, or not honest: nothing was done with the answer.',
  });
}
