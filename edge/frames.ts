// docs/edge.md#frames: what a gateway and a worker say to each other, one JSON object a WebSocket message.
import { MizuError } from '../protocol/errors.ts';
import type { Address, Hex } from '../protocol/hex.ts';
import type { SimulatorRef } from './backends/simulate-request.ts';
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
  /** The answer to a `ping`. */
  | { readonly type: 'pong' }
  /** `bytes` are base64; null: the gateway could not get them. */
  | { readonly type: 'program'; readonly root: Hex; readonly bytes: string | null };

export type HelloFrame = {
  readonly type: 'hello';
  readonly version: typeof FRAMES_VERSION;
  /** Uncompressed secp256k1 key; the worker's name is its address. */
  readonly publicKey: Hex;
  /** EIP-712 WorkerHello over the gateway's address and the challenge. */
  readonly signature: Hex;
  readonly models: readonly string[];
  /** Rows that the worker takes at a time; 0: none for now. */
  readonly credits: number;
  readonly held: readonly HeldLease[];
  /** The highest that this gateway has signed for it. */
  readonly account?: WorkerAccountFrame;
  /** Given by a worker that is neither named nor staked. */
  readonly invitation?: string;
};

export type WorkerFrame =
  | HelloFrame
  | { readonly type: 'results'; readonly lease: number; readonly signature: Hex; readonly rows: readonly AnsweredRow[] }
  | ({ readonly type: 'get' } & SimulatorRef)
  /** Rows that it takes at a time from now on. */
  | { readonly type: 'credits'; readonly credits: number }
  /** Asks whether the connection still is one: a browser shows its page no pings. */
  | { readonly type: 'ping' }
  | { readonly type: 'drain' };

/** The gateway's frames are not checked beyond their JSON: a worker chooses its gateway. */
export function parseGatewayFrame(text: string): GatewayFrame {
  try {
    return JSON.parse(text) as GatewayFrame;
  } catch (cause) {
    throw badFrame('JSON', text.slice(0, 100), cause);
  }
}

export function badFrame(expected: string, actual: string, cause?: unknown): MizuError {
  return new MizuError({ code: 'edge/bad-frame', message: 'A frame cannot be read.', expected, actual, cause });
}
