// docs/court.md#economics: with the default parameters nothing pays that harms others.
import { expect, test } from 'vitest';
import { DEVNET_CONFIG } from '../../contracts/config.ts';
import { attestationRows } from './attestations.ts';
import { auditRows } from './audits.ts';
import { courtRows } from './court.ts';
import { isAsItMust } from './row.ts';
import { economicRows } from './sections.ts';

const MIZU = 10n ** 18n;

test('with the default parameters every row is as it must be', () => {
  const rows = economicRows(DEVNET_CONFIG);
  expect(rows.filter((row) => !isAsItMust(row))).toEqual([]);
  expect(rows.filter(({ must }) => must === 'lose').length).toBeGreaterThanOrEqual(8);
});

test('a row counts what the contracts would take and pay', () => {
  const { court } = DEVNET_CONFIG;
  const rows = courtRows(DEVNET_CONFIG, { commit: '0', reveal: '0', claim: '0', 'open, 1 of 3 items': '0' });
  const of = (does: string) => rows.find((row) => row.does.includes(does))?.expectedWei;
  expect(of('re-runs')).toBe(court.feeWei / 21n);
  expect(of('does not commit')).toBe(-MIZU);
  expect(of('not reveal')).toBe(-5n * MIZU);
  expect(of('that is right')).toBe(-50n * MIZU);
  expect(of('that is wrong')).toBe(250n * MIZU - 100n * MIZU - court.feeWei);
});

test('parameters that let lies pay are seen', () => {
  const cheap = { ...DEVNET_CONFIG, court: { ...DEVNET_CONFIG.court, itemPenaltyWei: 20n * MIZU } };
  expect(courtRows(cheap).some((row) => !isAsItMust(row))).toBe(true);
  const unpaid = { ...DEVNET_CONFIG, court: { ...DEVNET_CONFIG.court, feeWei: MIZU } };
  expect(
    courtRows(unpaid)
      .filter((row) => !isAsItMust(row))
      .map(({ does }) => does),
  ).toEqual(['re-runs and votes']);
});

test('a penalty that is too rare or too small for attesting unseen is seen', () => {
  const of = (changes: Partial<typeof DEVNET_CONFIG>) =>
    attestationRows({ ...DEVNET_CONFIG, ...changes }).filter((row) => !isAsItMust(row)).length;
  expect(of({})).toBe(0);
  expect(of({ sampleOdds: 64n })).toBe(2);
  expect(of({ silentPenaltyWei: 8n * MIZU })).toBe(1);
  expect(of({ falseShareBasisPoints: 0 })).toBe(2);
});

test('a lottery that examines too few is seen, and so is a reward that does not pay for a canary', () => {
  const of = (changes: Partial<typeof DEVNET_CONFIG.audits>) =>
    auditRows({ ...DEVNET_CONFIG, audits: { ...DEVNET_CONFIG.audits, ...changes } })
      .filter((row) => !isAsItMust(row))
      .map(({ does }) => does.split(' ')[0]);
  expect(of({})).toEqual([]);
  expect(of({ rateBasisPoints: 200 })).toEqual(['runs']);
  expect(of({ rewardWei: MIZU / 5n })).toEqual(['plants']);
});
