// docs/operations.md#validator-config: the configuration file, checked field by field.
import { networkShape } from '../prover/config.ts';
import { httpShape, parseConfig, withoutUndefined } from '../service/config.ts';
import type { ValidatorConfig } from './main.ts';

const validatorShape = networkShape.extend({ http: httpShape.optional() });

/** @throws MizuError `config/malformed` naming every wrong field */
export function parseValidatorConfig(value: unknown): ValidatorConfig {
  return withoutUndefined(parseConfig('validator', validatorShape, value)) as ValidatorConfig;
}
