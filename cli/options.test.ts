import { Command } from 'commander';
import { expect, test } from 'vitest';
import { inputsFromFlags } from './input-flags.ts';
import { withInputOptions } from './options.ts';

function parse(...argv: string[]) {
  return parseInputs(...argv).options;
}

function parseInputs(...argv: string[]) {
  const command = withInputOptions(new Command('x'))
    .exitOverride()
    .configureOutput({ writeErr: () => undefined });
  return inputsFromFlags(command.parse(argv, { from: 'user' }).opts());
}

test('how an input is read: what is not said stays open', () => {
  expect(parse('--input', 'a.csv')).toEqual({});
  expect(parse('--input', 'a.txt', '--format', 'csv', '--delimiter', 'tab', '--quote', 'none')).toEqual({
    format: 'csv',
    delimiter: '\t',
    quote: '',
  });
  expect(parse('--input', '-', '--delimiter', '\\t', '--quote', "'", '--encoding', 'latin1')).toEqual({
    delimiter: '\t',
    quote: "'",
    encoding: 'latin1',
  });
  expect(() => parse('--input', 'a', '--format', 'xml')).toThrow('Allowed choices are jsonl, json, csv, tsv');
  expect(() => parse('--format', 'csv')).toThrow("required option '--input <file>' not specified");
});

test('what is said of an input by its name holds for it alone', () => {
  const argv = ['--input', 'p=x.csv', '--delimiter', 'p=;', '--input', './a=b.csv', '--quote', "'", '--delimiter', '='];
  expect(parseInputs(...argv)).toEqual({
    file: './a=b.csv',
    options: { delimiter: '=', quote: "'" },
    others: [{ name: 'p', file: 'x.csv', options: { delimiter: ';' } }],
  });
  expect(() => parseInputs('--input', 'a', '--format', 'p=csv')).toThrow('do not fit together');
  expect(() => parseInputs('--input', 'a', '--input', 'p=')).toThrow('do not fit together');
  expect(() => parseInputs('--input', 'a', '--input', 'p=x', '--format', 'p=xml')).toThrow('Allowed choices');
});
