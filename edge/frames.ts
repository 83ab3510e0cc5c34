// docs/edge.md#frames: what a gateway and a worker say to each other, one JSON object a WebSocket message.
import { z } from 'zod';
import { MizuError } from '../protocol/errors.ts';
import type { Address, Hex } from '../protocol/hex.ts';
import { describeZodIssues } from '../service/http/issues.ts';
import { MAX_SIMULATOR_BYTES, type SimulatorRef } from './backends/simulate-request.ts';
import { MAX_INVITATION_CHARS } from './invitation.ts';
import type { RowResult } from './rows.ts';

export const WORKER_PATH = '/workers';
export const FRAMES_VERSION = 1;
export const MAX_FRAME_BYTES = 32 * 1024 * 1024;
export const MAX_CREDITS = 4096;

/** A lease as its worker keeps it: enough for a gateway that has been restarted to take it up again. */
export type HeldLease = {
  readonly lease: number;
  readonly task: string;
  /** Places of the rows in the request object, from 0. */
  readonly places: readonly number[];
  /** Unix milliseconds. */
  readonly deadline: number;
  /** The gateway's own HMAC over the lease, its worker and the fields above. */
  readonly seal: string;
};

export type LeaseFrame = HeldLease & {
  readonly type: 'lease';
  readonly model: string;
  readonly rows: readonly (readonly [index: number, request: unknown])[];
};

/** `retryable` says that another worker may do better. */
export type AnsweredRow = readonly [index: number, result: RowResult & { readonly retryable?: boolean }];

/** What a worker has earned with a gateway since ever (wei, decimal), and the gateway's signature over it. */
export type WorkerAccountFrame = { readonly total: string; readonly signature: Hex };

export type GatewayFrame =
  | {
      readonly type: 'challenge';
      readonly challenge: Hex;
      readonly chainId: number;
      readonly gatewayRegistry: Hex;
      /** The address that the worker signs for. */
      readonly gateway: Address;
    }
  | {
      readonly type: 'welcome';
      readonly gateway: Hex;
      readonly lost: readonly number[];
      /** The workers' part of what the kernel pays for tokens, in ten-thousandths. */
      readonly shareBasisPoints: number;
    }
  | ({ readonly type: 'account' } & WorkerAccountFrame)
  | LeaseFrame
  | { readonly type: 'accepted'; readonly lease: number }
  | { readonly type: 'refused'; readonly lease: number; readonly reason: string }
  | { readonly type: 'unsaved'; readonly lease: number }
  /** `bytes` are base64; null: the gateway could not get them. */
  | { readonly type: 'program'; readonly root: Hex; readonly bytes: string | null };

export type HelloFrame = z.infer<typeof helloFrame>;

export type WorkerFrame =
  | HelloFrame
  | { readonly type: 'results'; readonly lease: number; readonly signature: Hex; readonly rows: readonly AnsweredRow[] }
  | ({ readonly type: 'get' } & SimulatorRef)
  /** Rows that it takes at a time from now on. */
  | { readonly type: 'credits'; readonly credits: number }
  | { readonly type: 'drain' };

const hex = (bytes: number) => z.string().regex(new RegExp(`^0x[0-9a-f]{${2 * bytes}}$`)) as unknown as z.ZodType<Hex>;
const whole = z.number().int().nonnegative();
const name = z.string().min(1).max(200);

const heldLease = z.strictObject({
  lease: whole,
  task: z.string().max(200),
  places: z.array(whole).max(MAX_CREDITS),
  deadline: whole,
  seal: z.string().max(100),
});

const helloFrame = z.strictObject({
  type: z.literal('hello'),
  version: z.literal(FRAMES_VERSION),
  /** Uncompressed secp256k1 key; the worker's name is its address. */
  publicKey: hex(65),
  /** EIP-712 WorkerHello over the gateway's address and the challenge. */
  signature: hex(65),
  models: z.array(name).min(1).max(100),
  /** Rows that the worker takes at a time; 0: none for now. */
  credits: whole.max(MAX_CREDITS),
  held: z.array(heldLease).max(MAX_CREDITS),
  /** The highest that this gateway has signed for it. */
  account: z.strictObject({ total: z.string().regex(/^[1-9]\d{0,76}$/), signature: hex(65) }).exactOptional(),
  /** Given by a worker that is neither named nor staked. */
  invitation: z.string().max(MAX_INVITATION_CHARS).exactOptional(),
});

const usage = z.strictObject({ prompt_tokens: whole.max(1e9), completion_tokens: whole.max(1e9) });
const rowResult = z.union([
  z.strictObject({
    content: z.string(),
    finish_reason: z.string().max(40),
    reasoning: z.string().exactOptional(),
    usage,
  }),
  z.strictObject({
    error: z.strictObject({
      code: z.string().max(100),
      message: z.string().max(2000),
      raw: z.string().exactOptional(),
    }),
    usage: usage.exactOptional(),
    retryable: z.boolean().exactOptional(),
  }),
]);

const workerFrame = z.discriminatedUnion('type', [
  helloFrame,
  z.strictObject({
    type: z.literal('results'),
    lease: whole,
    signature: hex(65),
    rows: z.array(z.tuple([whole, rowResult])).max(MAX_CREDITS),
  }),
  /** The program of a simulator. */
  z.strictObject({ type: z.literal('get'), root: hex(32), length: whole.min(1).max(MAX_SIMULATOR_BYTES) }),
  z.strictObject({ type: z.literal('credits'), credits: whole.max(MAX_CREDITS) }),
  z.strictObject({ type: z.literal('drain') }),
]);

/** @throws MizuError `edge/bad-frame` if the text is no frame of a worker */
export function parseWorkerFrame(text: string): WorkerFrame {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw badFrame('JSON', text.slice(0, 100), cause);
  }
  const parsed = workerFrame.safeParse(value);
  if (parsed.success) return parsed.data as WorkerFrame;
  throw badFrame('a frame of docs/edge.md#frames', describeZodIssues(parsed.error));
}

/** The gateway's frames are not checked beyond their JSON: a worker chooses its gateway. */
export function parseGatewayFrame(text: string): GatewayFrame {
  try {
    return JSON.parse(text) as GatewayFrame;
  } catch (cause) {
    throw badFrame('JSON', text.slice(0, 100), cause);
  }
}

/** Requests stay as they stand in the request object: they are not parsed and written again. */
export function encodeLease(lease: HeldLease & { readonly model: string }, lines: readonly string[]): string {
  return `${JSON.stringify({ type: 'lease', ...lease }).slice(0, -1)},"rows":[${lines.join(',')}]}`;
}

const MAX_REASON_BYTES = 123;

/**
 * The part of a text that a WebSocket's close frame can carry (123 bytes), in whole characters: a longer one would
 * throw.
 */
export function closeReason(text: string): string {
  const bytes = Buffer.from(text).subarray(0, MAX_REASON_BYTES);
  return new TextDecoder().decode(bytes, { stream: true });
}

function badFrame(expected: string, actual: string, cause?: unknown): MizuError {
  return new MizuError({ code: 'edge/bad-frame', message: 'A frame cannot be read.', expected, actual, cause });
}
