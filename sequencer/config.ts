// docs/operations.md#sequencer-config: the configuration file, checked field by field.
import { z } from 'zod';
import type { NodeConfig } from '../node/config.ts';
import { networkShape } from '../node/config.ts';
import { MAX_BATCH_BYTES, MAX_BATCH_MESSAGES } from '../protocol/constants.ts';
import type { Hex } from '../protocol/hex.ts';
import type { HttpConfig } from '../service/http/http-limits.ts';
import { count, type Environment, hash, httpShape, parseConfig, requireKey, url } from '../service/process/config.ts';
import { withoutUndefined } from '../service/process/fields.ts';
import type { Logger } from '../service/process/log.ts';

export type SequencerConfig = NodeConfig & {
  /** Of an account that is staked as a sequencer and has ether for gas. */
  readonly key: Hex;
  /** Port 0 takes a free one; host is 127.0.0.1 unless told. */
  readonly http: HttpConfig;
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

export const sequencerShape = networkShape.extend({
  key: hash.optional(),
  http: httpShape,
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
export function parseSequencerConfig(value: unknown, environment: Environment = process.env): SequencerConfig {
  const { key, ...rest } = parseConfig('sequencer', sequencerShape, value);
  return { ...withoutUndefined(rest), key: requireKey('sequencer', key, environment) } as SequencerConfig;
}
