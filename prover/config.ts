// docs/prover.md#configuration: the executor's configuration file, checked field by field.
import { z } from 'zod';
import { networkShape } from '../node/config.ts';
import {
  count,
  type Environment,
  hash,
  httpShape,
  parseConfig,
  requireKey,
  url,
  wei,
} from '../service/process/config.ts';
import { withoutUndefined } from '../service/process/fields.ts';
import type { ExecutorConfig } from './main.ts';
import { MAX_RANGE_BATCHES } from './promised.ts';

export const executorShape = networkShape.extend({
  key: hash.optional(),
  delegateKey: hash.optional(),
  sendUrl: url.optional(),
  policy: z
    .strictObject({
      intervalSeconds: z.number().min(0).max(86_400),
      fullSteps: count(65_536, 1),
      maxBatches: count(MAX_RANGE_BATCHES, 1),
      keepSeconds: count(400 * 24 * 3600),
    })
    .partial()
    .default({}),
  payoutWei: wei.default(10n ** 18n),
  http: httpShape.optional(),
});

/**
 * `value`: the parsed JSON of the file. The environment variables MIZU_EXECUTOR_KEY and MIZU_DELEGATE_KEY go before the
 * file's keys.
 * @throws MizuError `config/malformed` naming every wrong field
 */
export function parseExecutorConfig(value: unknown, environment: Environment = process.env): ExecutorConfig {
  const delegateKey = environment.MIZU_DELEGATE_KEY;
  const file = delegateKey === undefined || typeof value !== 'object' ? value : { ...value, delegateKey };
  const { key, ...rest } = withoutUndefined(parseConfig('executor', executorShape, file));
  return { ...rest, key: requireKey('executor', key, environment) } as ExecutorConfig;
}
