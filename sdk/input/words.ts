// docs/sdk.md#input: an input and how it is read, as words of a command.
import { shellWord } from '../cli/invocation.ts';
import type { InputOptions } from './format.ts';

/** The words of a command line that read this input so, as a shell takes them. */
export function inputArguments(file: string, options: InputOptions = {}): string {
  const words = ['--input', file];
  const { format, delimiter, quote, encoding } = options;
  if (format !== undefined) words.push('--format', format);
  if (delimiter !== undefined) words.push('--delimiter', delimiter === '\t' ? 'tab' : delimiter);
  if (quote !== undefined) words.push('--quote', quote === '' ? 'none' : quote);
  if (encoding !== undefined) words.push('--encoding', encoding);
  return words.map(shellWord).join(' ');
}
