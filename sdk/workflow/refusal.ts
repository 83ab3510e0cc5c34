// docs/sdk.md#operators: refusals of the chain's arguments. Runs inside the VM too, so it depends on nothing.
import { MizuError } from '../../protocol/errors.ts';

export const NAME = /^[A-Za-z][A-Za-z0-9_-]{0,63}$/;

/** @throws MizuError `sdk/bad-name` */
export function assertName(what: string, name: unknown): asserts name is string {
  if (typeof name === 'string' && NAME.test(name)) return;
  throw new MizuError({
    code: 'sdk/bad-name',
    message: `Every ${what} needs a name: it is the column, the cache key and the label in progress.`,
    expected: '1 to 64 letters, digits, - or _, beginning with a letter',
    actual: show(name),
    hint: `Give the ${what} a short name, for example 'has-text'.`,
  });
}

/** @throws MizuError `sdk/bad-option` */
export function assertOption(operator: string, option: string, ok: boolean, expected: string, actual: unknown): void {
  if (ok) return;
  throw new MizuError({
    code: 'sdk/bad-option',
    message: `Operator '${operator}': the option '${option}' is wrong.`,
    expected,
    actual: show(actual),
    hint: 'See docs/sdk.md#operators for what each operator takes.',
  });
}

/** @throws MizuError `sdk/bad-option` */
export function assertBuckets(operator: string, buckets: number): void {
  assertOption(operator, 'buckets', Number.isInteger(buckets) && buckets >= 1 && buckets <= 64, '1 to 64', buckets);
}

export function duplicateName(name: string): MizuError {
  return new MizuError({
    code: 'sdk/duplicate-name',
    message: `Two operators, or an operator and an input, are named '${name}'.`,
    expected: 'names that are unique in the workflow',
    actual: `'${name}' twice`,
    hint: 'Rename one of them.',
  });
}

function show(value: unknown): string {
  if (typeof value === 'string') return `'${value.slice(0, 80)}'`;
  if (typeof value === 'function') return 'a function';
  return String(JSON.stringify(value)).slice(0, 80);
}
