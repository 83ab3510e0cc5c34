// docs/sdk.md#inputs: the inputs of a run beside the dataset's own, by the names that the workflow has for them.
import { MizuError } from '../../protocol/errors.ts';
import type { InputOptions } from './format.ts';

/** A file, or `-`, and how it is read. */
export type InputSource = { readonly file: string; readonly options: InputOptions };

/** One that is told by its name. */
export type NamedSource = InputSource & { readonly name: string };

/** That each input of the workflow is given, and no other. @throws MizuError `sdk/inputs` */
export function assertInputs(wanted: readonly string[], given: readonly string[]): void {
  const missing = wanted.filter((name) => !given.includes(name));
  const unknown = given.filter((name) => !wanted.includes(name));
  if (missing.length === 0 && unknown.length === 0) return;
  throw new MizuError({
    code: 'sdk/inputs',
    message:
      missing.length > 0
        ? `The workflow joins the input ${missing.join(', ')}, which is not given.`
        : `The workflow joins no input ${unknown.join(', ')}.`,
    expected: `--input FILE${wanted.map((name) => ` --input ${name}=FILE`).join('')}`,
    actual: given.length === 0 ? 'one input without a name' : `one input without a name, and ${given.join(', ')}`,
    hint:
      missing.length > 0
        ? 'Name its file: docs/sdk.md#inputs.'
        : 'A file whose name has a = in it is given with its folder: --input ./a=b.jsonl',
  });
}

/** In the order in which the workflow names them, whatever that of the command: the same inputs are the same run. @throws MizuError `sdk/inputs` */
export function orderInputs(wanted: readonly string[], given: readonly NamedSource[]): readonly NamedSource[] {
  assertInputs(
    wanted,
    given.map(({ name }) => name),
  );
  return wanted.map((name) => given.find((one) => one.name === name) as NamedSource);
}
