// docs/rpc.md: what a sequencer answers to gateways and workers, and the records of the state in it.
import { z } from 'zod';
import type { Codec } from '../kernel/records.ts';
import { MizuError } from '../protocol/errors.ts';
import { bytesToHex, type Hex, hexToBytes } from '../protocol/hex.ts';
import type { RpcClient } from '../service/http/client.ts';
import { describeZodIssues } from '../service/http/issues.ts';

/** @throws MizuError `edge/bad-answer` */
export function readAnswer<T>(shape: z.ZodType<T>, value: unknown, method: string): T {
  const parsed = shape.safeParse(value);
  if (parsed.success) return parsed.data;
  throw new MizuError({
    code: 'edge/bad-answer',
    message: `The sequencer's answer to ${method} is not as specified.`,
    expected: 'the result of docs/rpc.md',
    actual: describeZodIssues(parsed.error),
    hint: 'Check that the sequencer has the same version.',
  });
}

/** A record is at most 900 bytes. */
const proofShape = z.object({
  value: z.union([z.string().regex(/^0x(?:[0-9a-f]{2}){1,900}$/) as unknown as z.ZodType<Hex>, z.null()]),
});

/** The record at a key of `kernel/keys.ts`, by the sequencer's word; undefined if there is none. */
export async function readStateRecord<T>(call: RpcClient, key: Uint8Array, codec: Codec<T>): Promise<T | undefined> {
  const table = String.fromCharCode(key[0] as number);
  const answer = await call('mizu_getProof', [table, bytesToHex(key.subarray(1))]);
  const { value } = readAnswer(proofShape, answer, 'mizu_getProof');
  return value === null ? undefined : codec.decode(hexToBytes(value));
}
