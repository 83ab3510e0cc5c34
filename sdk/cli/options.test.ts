import { Command } from 'commander';
import { expect, test } from 'vitest';
import { inputOptions, withInputOptions } from './options.ts';

function parse(...argv: string[]) {
  const command = withInputOptions(new Command('x'))
    .exitOverride()
    .configureOutput({ writeErr: () => undefined });
  return inputOptions(command.parse(argv, { from: 'user' }).opts());
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
