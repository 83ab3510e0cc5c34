// docs/disputes.md#playing: an executor answers many games in one round, and not one after another.
import { expect, test } from 'vitest';
import { NODE_IN_FLIGHT } from '../../service/l1-send.ts';
import { playCrowd } from './crowd.ts';

test('twenty-three fake games at once are answered in a few blocks', async () => {
  const crowd = await playCrowd({ games: 23, blockSeconds: 1, inFlight: NODE_IN_FLIGHT });
  expect(crowd.answered).toBe(23);
  expect(crowd.blocks).toBeLessThanOrEqual(8);
});
