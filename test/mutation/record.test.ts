// docs/vm.md#engines: a mutation run that goes on keeps what holds for the same sources.
import { appendFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Mutant } from './mutant.ts';
import { hashSources, type MutantVerdict, openRecord } from './record.ts';

const MUTANT: Mutant = { file: 'kernel/assembly/a.ts', text: 'x', replacement: 'y', checks: ['kernel:a'] };
const CAUGHT: MutantVerdict = { kind: 'caught', by: 'kernel:a', said: 'a test' };
let folder: string;
let path: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'mizu-record-'));
  path = join(folder, 'build/mutation.jsonl');
});
afterEach(() => rmSync(folder, { recursive: true }));

const open = (sources: string, continued: boolean) => openRecord(path, [MUTANT], () => sources, continued);

test('a continued run has what was found with the same sources', () => {
  open('a', false).add(MUTANT, CAUGHT);
  const continued = open('a', true);
  expect(continued.of(MUTANT)).toEqual(CAUGHT);
  expect(continued.of({ ...MUTANT, replacement: 'z' })).toBeUndefined();
  expect(open('a', true).of(MUTANT)).toEqual(CAUGHT);
});

test('a mutant that is in the list no more is dropped', () => {
  open('a', false).add(MUTANT, CAUGHT);
  openRecord(path, [], () => 'a', true);
  expect(open('a', true).of(MUTANT)).toBeUndefined();
});

test.each([
  ['of other sources', 'b', true],
  ['if it begins anew', 'a', false],
])('nothing is kept %s', (_name, sources, continued) => {
  open('a', false).add(MUTANT, CAUGHT);
  expect(open(sources, continued).of(MUTANT)).toBeUndefined();
});

test('a line that a killed run has cut is dropped', () => {
  open('a', false).add(MUTANT, CAUGHT);
  appendFileSync(path, '{"key":"');
  expect(open('a', true).of(MUTANT)).toEqual(CAUGHT);
});

test('the sources are other ones when a file has changed, is new or has another name', () => {
  const hashes = new Set<string>();
  const change = (name: string, text: string): void => {
    writeFileSync(join(folder, name), text);
    hashes.add(hashSources(folder, ['.']));
  };
  change('a', '1');
  change('a', '2');
  change('b', '2');
  rmSync(join(folder, 'a'));
  hashes.add(hashSources(folder, ['.']));
  expect(hashes.size).toBe(4);
});
