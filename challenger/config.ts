// docs/prover.md#configuration: the validator's configuration file, checked field by field.
import { httpField, networkShape, parseConfig } from '../prover/config.ts';
import type { ValidatorConfig } from './main.ts';

export const validatorShape = networkShape.extend({ http: httpField.optional() });

/** Of a parsed JSON file. @throws MizuError `config/malformed` naming every wrong field */
export function parseValidatorConfig(value: unknown): ValidatorConfig {
  return parseConfig('validator', validatorShape, value) as ValidatorConfig;
}
