// docs/edge.md#frames: what the gateway reads of its workers, which may be anything, and writes to them.
import { z } from 'zod';
import type { Hex } from '../../protocol/hex.ts';
import { describeZodIssues } from '../../service/http/issues.ts';
import { MAX_SIMULATOR_BYTES } from '../backends/simulate-request.ts';
import { badFrame, FRAMES_VERSION, type HeldLease, MAX_CREDITS, type WorkerFrame } from '../frames.ts';
import { MAX_INVITATION_CHARS } from '../invitation.ts';

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
  publicKey: hex(65),
  signature: hex(65),
  models: z.array(name).min(1).max(100),
  credits: whole.max(MAX_CREDITS),
  held: z.array(heldLease).max(MAX_CREDITS),
  account: z.strictObject({ total: z.string().regex(/^[1-9]\d{0,76}$/), signature: hex(65) }).exactOptional(),
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
  z.strictObject({ type: z.literal('ping') }),
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
