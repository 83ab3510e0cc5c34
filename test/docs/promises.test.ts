// The table of docs/staking.md#promises against the contracts and the tests: each row can be called, and is played.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Abi } from 'viem';
import { expect, test } from 'vitest';
import * as abis from '../../protocol/generated/abi.ts';
import { ROOT, readText } from './pages.ts';

/** The contract that is given the power to slash in contracts/deploy.ts, and whose calls have it used. */
const SLASHED_BY: Readonly<Record<string, readonly string[]>> = { rollup: ['Dispute', 'Demands'] };

type Row = { readonly who: string; readonly contract: string; readonly call: string; readonly file: string };

const [, after = ''] = readText('docs/staking.md').split('{#promises}');
const [table = ''] = after.slice(after.indexOf('\n|')).split('\n\n');
const rows: Row[] = table
  .trim()
  .split('\n')
  .slice(2)
  .map((line) => {
    const [who = '', , , call = '', , , file = ''] = line.split('|').slice(1, -1);
    const [, contract = '', name = ''] = /`(\w+)\.(\w+)`/.exec(call) ?? [];
    return { who: who.trim(), contract, call: name, file: /`([^`]+)`/.exec(file)?.[1] ?? '' };
  });

test('there are rows', () => {
  expect(rows.length).toBeGreaterThanOrEqual(8);
});

test.each(rows)('$who: $contract.$call stands in the ABI, and a test plays it', ({ contract, call, file }) => {
  const abi = abiOf(contract);
  expect(abi.some((entry) => entry.type === 'function' && entry.name === call)).toBe(true);
  expect(file).toMatch(/\.test\.ts$/);
  expect(existsSync(join(ROOT, file)), file).toBe(true);
});

test('each contract that may slash a role has a row', () => {
  const grants = readText('contracts/deploy.ts').matchAll(/grant\(at\.(\w+), '\w+', POWER\.slash\)/g);
  const named = new Set(rows.map(({ contract }) => contract.toLowerCase()));
  const slashers = [...grants].map((match) => match[1] as string);
  expect(slashers.length).toBeGreaterThanOrEqual(4);
  for (const slasher of slashers) {
    const callers = SLASHED_BY[slasher] ?? [slasher];
    expect(
      callers.every((caller) => named.has(caller.toLowerCase())),
      slasher,
    ).toBe(true);
  }
});

function abiOf(contract: string): Abi {
  const start = contract.replace(/^[A-Z]+(?=[A-Z][a-z])|^[A-Z]/, (capitals) => capitals.toLowerCase());
  const abi = (abis as Readonly<Record<string, Abi>>)[`${start}Abi`];
  if (abi === undefined) throw new Error(`no contract ${contract}`);
  return abi;
}
