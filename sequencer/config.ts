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
  /** The key of an account that is staked as a sequencer and has ether for gas. */
  readonly key: Hex;
  /** Port 0 takes a free one. The default of `host` is 127.0.0.1. */
  readonly http: HttpConfig;
  readonly batch?: Partial<{
    /** The number of messages at which a batch is closed. Default 1,024, at most 4,096. */
    readonly messages: number;
    /** The most bytes of a batch object. Default 1 MiB, at most 4 MiB. */
    readonly bytes: number;
    /** The age in seconds at which a batch is closed. Default 2. */
    readonly ageSeconds: number;
    /** How many closed batches L1 may lack before no further one is begun. Default 64. */
    readonly unposted: number;
  }>;
  /** The most messages that may wait to be executed. Default 10,000. */
  readonly maxWaiting?: number;
  /** The L1 URL that `mizu_chain` tells to clients. Default: `l1Url`. */
  readonly publicL1Url?: string;
  /** After how many seconds without being mined a transaction's fee is raised. Default 30. */
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
 * `value`: the parsed JSON of the file. The environment variable MIZU_SEQUENCER_KEY goes before the file's `key`.
 * @throws MizuError `config/malformed` naming every wrong field
 */
export function parseSequencerConfig(value: unknown, environment: Environment = process.env): SequencerConfig {
  const { key, ...rest } = parseConfig('sequencer', sequencerShape, value);
  return { ...withoutUndefined(rest), key: requireKey('sequencer', key, environment) } as SequencerConfig;
}
