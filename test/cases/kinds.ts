// docs/sdk.md#errors, docs/edge.md#failures: all kinds of cases.
import { ANSWERS } from './answers.ts';
import type { CaseKind } from './case.ts';
import { COMMANDS_KIND } from './commands.ts';
import { FILES_KIND } from './files.ts';
import { INPUTS } from './inputs.ts';
import { LANGUAGE } from './language.ts';
import { MODULES_KIND } from './modules.ts';
import { OPERATORS } from './operators.ts';
import { SCHEMAS } from './schemas.ts';

export const KINDS: readonly CaseKind[] = [
  INPUTS,
  OPERATORS,
  ANSWERS,
  SCHEMAS,
  LANGUAGE,
  FILES_KIND,
  MODULES_KIND,
  COMMANDS_KIND,
];
