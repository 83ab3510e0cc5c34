// docs/disputes.md#playing: an executor answers many games in one round, and not one after another.
import { expect, test } from 'vitest';
import { NODE_IN_FLIGHT } from '../../service/l1/send.ts';
import { playCrowd } from './crowd.ts';

test('twenty-three fake games at once are answered in two blocks: as many transactions in each as may wait', async () => {
  const crowd = await playCrowd({ games: 23, inFlight: NODE_IN_FLIGHT });
  expect(crowd.answered).toBe(23);
  expect(crowd.blocks).toBe(Math.ceil(23 / NODE_IN_FLIGHT));
});
