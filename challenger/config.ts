// docs/prover.md#configuration: the validator's configuration file, checked field by field.
import { z } from 'zod';
import { backendConfig } from '../edge/config.ts';
import { networkShape } from '../node/config.ts';
import { count, type Environment, hash, httpShape, parseConfig, url, wei } from '../service/process/config.ts';
import { withoutUndefined } from '../service/process/fields.ts';
import type { ValidatorConfig } from './main.ts';

/** Each is asked about each assertion, several times. */
const MAX_RELAYS = 8;
const MAX_BACKENDS = 64;

export const validatorShape = networkShape.extend({
  key: hash.optional(),
  sendUrl: url.optional(),
  dryRun: z.boolean().optional(),
  maxDemandBondWei: wei.optional(),
  relays: z.array(url).max(MAX_RELAYS).optional(),
  payoutWei: wei.optional(),
  court: z
    .strictObject({
      auditRate: z.number().min(0).max(1),
      appeal: z.boolean(),
      simulatorThreads: count(64, 1),
      backends: z.array(backendConfig).max(MAX_BACKENDS),
      manifests: z.array(z.string().min(1)).max(MAX_BACKENDS),
    })
    .partial()
    .optional(),
  http: httpShape.optional(),
});

/**
 * `value`: the parsed JSON of the file. The environment variable MIZU_VALIDATOR_KEY goes before the file's `key`.
 * @throws MizuError `config/malformed` naming every wrong field
 */
export function parseValidatorConfig(value: unknown, environment: Environment = process.env): ValidatorConfig {
  const key = environment.MIZU_VALIDATOR_KEY;
  const file = key === undefined || typeof value !== 'object' ? value : { ...value, key };
  return withoutUndefined(parseConfig('validator', validatorShape, file)) as ValidatorConfig;
}
