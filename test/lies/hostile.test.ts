// docs/disputes.md#lies: some of the hostile programs of `npm run lies`: who lies about them is caught, who tells the truth is never slashed.
import { expect, test } from 'vitest';
import { slashedAccounts } from './funds.ts';
import { createHostileWorld, hostileLies, openHostileDefended, playHostileDefended } from './hostile.ts';
import { hostilePrograms } from './hostile-programs.ts';
import { openStage } from './play.ts';

const MIZU = 10n ** 18n;
/** Headers and slots for which an honest executor lost its stake, or ended, and one that loops. */
const CHOSEN = ['globals 65,536', 'slots of 3 bytes', 'a segment shorter than its module says', 'a jump to itself'];

const chosen = () => hostilePrograms().filter(({ name }) => CHOSEN.includes(name));

test('who lies about a hostile program is caught', async () => {
  const world = await createHostileWorld(chosen());
  const stage = await openStage(world);
  try {
    const lies = await hostileLies(world);
    expect(lies.length).toBeGreaterThanOrEqual(CHOSEN.length);
    for (const lie of lies.filter(({ name }) => /told as/.test(name))) {
      const told = await stage.play(lie);
      expect(told).toMatchObject({ lie: lie.name, caught: true, liar: { wonWei: -100n * MIZU } });
      expect(told.honest.wonWei).toBeGreaterThan(0n);
    }
  } finally {
    await stage.close();
    await world.close();
  }
});

test('an honest executor whose every step over hostile programs is challenged is confirmed, and richer', async () => {
  const defended = await openHostileDefended(chosen());
  try {
    const rows = [];
    for await (const row of playHostileDefended(defended)) rows.push(row);
    expect(rows.length).toBe(1);
    for (const { lie, caught, honest } of rows) {
      expect({ lie, caught }).toEqual({ lie, caught: true });
      expect(honest.wonWei).toBeGreaterThan(0n);
    }
    expect(await slashedAccounts(defended.network)).toEqual([]);
  } finally {
    await defended.close();
  }
});
