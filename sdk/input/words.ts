// docs/sdk.md#input: inputs and how they are read, as words of a command.
import { shellWord } from '../output/shell-word.ts';
import type { InputOptions } from './format.ts';
import type { NamedSource } from './named.ts';

/** The words of a command line that read these inputs so, as a shell takes them. */
export function inputArguments(file: string, options: InputOptions = {}, others: readonly NamedSource[] = []): string {
  // Else its name would be taken for that of an input.
  const own = /^[A-Za-z][\w-]*=/.test(file) ? `./${file}` : file;
  const words = [...wordsOf(own, options), ...others.flatMap((one) => wordsOf(one.file, one.options, `${one.name}=`))];
  return words.map(shellWord).join(' ');
}

function wordsOf(
  file: string,
  { format, delimiter, quote, encoding, partitionRows }: InputOptions,
  name = '',
): string[] {
  const words = ['--input', name + file];
  if (format !== undefined) words.push('--format', name + format);
  if (delimiter !== undefined) words.push('--delimiter', name + (delimiter === '\t' ? 'tab' : delimiter));
  if (quote !== undefined) words.push('--quote', name + (quote === '' ? 'none' : quote));
  if (encoding !== undefined) words.push('--encoding', name + encoding);
  if (partitionRows !== undefined) words.push('--partition-rows', `${name}${partitionRows}`);
  return words;
}
