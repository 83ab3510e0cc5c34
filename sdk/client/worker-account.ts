// docs/sdk.md#settle: a worker account that somebody has handed on as JSON.
import { z } from 'zod';
import type { Hex } from '../../protocol/hex.ts';
import type { WorkerAccount } from '../../protocol/messages.ts';
import { address, parseConfig, wei } from '../../service/process/config.ts';

const shape = z.strictObject({
  gateway: address,
  worker: address,
  total: wei,
  accountSignature: z
    .string()
    .regex(/^0x[0-9a-f]{130}$/, 'expected 0x and 130 hex digits')
    .transform((hex) => hex as Hex),
});

/** @throws MizuError `config/malformed` */
export const parseAccount = (value: unknown): WorkerAccount => parseConfig('worker account', shape, value);
