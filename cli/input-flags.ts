// docs/sdk.md#inputs: the inputs of a command, from its options: one without a name, and the named ones that are
// joined.
import { MizuError } from '../protocol/errors.ts';
import { type InputOptions, STDIN } from '../sdk/input/format.ts';
import type { InputSource, NamedSource } from '../sdk/input/named.ts';
import { inputArguments } from '../sdk/input/words.ts';

/** The value of an option, and the name before it in `NAME=VALUE`. */
type Given = { readonly name?: string; readonly value: string };

export type InputFlags = { readonly input: readonly Given[] } & {
  readonly [option in keyof InputOptions]?: readonly Given[];
};

export type RunInputs = InputSource & { readonly others: readonly NamedSource[] };

const OPTIONS = ['format', 'delimiter', 'quote', 'encoding', 'partitionRows'] as const;

/** @throws MizuError `sdk/input-options` if the options do not fit together */
export function inputsFromFlags(flags: InputFlags): RunInputs {
  const names = flags.input.map(({ name }) => name);
  for (const name of names) if (names.indexOf(name) !== names.lastIndexOf(name)) throw twice('input', name);
  const own = flags.input.find(({ name }) => name === undefined);
  if (own === undefined)
    throw badInputs(
      'one input without a name',
      'those with names alone',
      'Name the file of the dataset itself: --input FILE',
    );
  if (flags.input.filter(({ value }) => value === STDIN).length > 1)
    throw badInputs('standard input for one of them', 'two', 'Write the other one to a file.');
  const empty = flags.input.find(({ value }) => value === '');
  if (empty !== undefined)
    throw badInputs('a file', `nothing, for ${empty.name ?? 'the input'}`, 'Name it: --input NAME=FILE');
  const source = ({ name, value }: Given): InputSource => ({ file: value, options: optionsOf(flags, name) });
  for (const option of OPTIONS) {
    for (const { name } of flags[option] ?? []) {
      if (name !== undefined && !names.includes(name))
        throw badInputs(
          `--${flagOf(option)} of an input that is given`,
          `of ${name}`,
          `Give it too: --input ${name}=FILE`,
        );
    }
  }
  const others = flags.input.flatMap((given) =>
    given.name === undefined ? [] : [{ name: given.name, ...source(given) }],
  );
  return { ...source(own), others };
}

/** The inputs as words of a command line. */
export function inputWords({ file, options, others }: RunInputs): string {
  return inputArguments(file, options, others);
}

// The options that were given; the others are left out.
function optionsOf(flags: InputFlags, name: string | undefined): InputOptions {
  const said = OPTIONS.flatMap((option) => {
    const own = (flags[option] ?? []).filter((given) => given.name === name);
    if (own.length > 1) throw twice(flagOf(option), name);
    return own.map(({ value }) => [option, option === 'partitionRows' ? Number(value) : value] as const);
  });
  return Object.fromEntries(said) as InputOptions;
}

function flagOf(option: (typeof OPTIONS)[number]): string {
  return option === 'partitionRows' ? 'partition-rows' : option;
}

function twice(option: string, name: string | undefined): MizuError {
  const whose = name === undefined ? 'without a name' : `of ${name}`;
  return badInputs(`--${option} once for each input`, `two ${whose}`, 'A second input has a name: --input NAME=FILE');
}

function badInputs(expected: string, actual: string, hint: string): MizuError {
  const message = 'The inputs of this command do not fit together.';
  return new MizuError({ code: 'sdk/input-options', message, expected, actual, hint });
}
