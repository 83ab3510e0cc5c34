// docs/models.md#devnet-lie on real processes: another label in one answer, and the run is right all the same.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { devnetAccounts } from '../../devnet/accounts.ts';
import { playModelCheat } from '../lies/model-cheat.ts';

const accounts = devnetAccounts();
const folder = mkdtempSync(join(tmpdir(), 'mizu model cheat '));
const MIZU = 10n ** 18n;

afterAll(() => rmSync(folder, { recursive: true, force: true }));

test('who lies about one answer of a model is slashed by one instruction, and the dataset is verified', async () => {
  const texts = ['a small animal that swims and eats fish', 'a machine that turns wood'];
  const cheat = await playModelCheat(folder, 'datavm/use-lite-int8', texts);
  const { events, transactions } = cheat;
  const of = <Name extends (typeof events)[number]['name']>(name: Name) =>
    events.filter((event): event is Extract<(typeof events)[number], { name: Name }> => event.name === name);
  expect(of('Moved').map(({ args }) => args.lists)).toEqual([2, 3, 4, 5, 6, 7, 8]);
  expect(of('StepProven')).toHaveLength(1);
  expect(of('Slashed').map(({ args }) => args.account.toLowerCase())).toEqual([accounts.liar.address]);
  expect(cheat.slashedWei).toBe(100n * MIZU);
  expect(cheat.confirmedBy).toBe('executor');
  expect(cheat.verifiedRoot).toBe(cheat.datasetRoot);
  const game = transactions.filter(({ call }) => ['open', 'move', 'prove'].includes(call));
  expect(game.map(({ by }) => by)).toEqual(Array.from({ length: 9 }, (_, i) => (i % 2 === 0 ? 'challenger' : 'liar')));
  expect(cheat.steppingSeconds.challenger).toBeGreaterThan(0);
});
