// docs/audits.md#gateway: what the gateway signs of an account with canaries is what their planter gives it, once it gives it.
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Address } from '../../protocol/hex.ts';
import { createGatewayWorld, type GatewayWorld, request } from '../../test/edge/gateway.fixture.ts';
import { until } from '../../test/network/network.fixture.ts';
import type { GatewayCanaries } from '../canaries/open.ts';
import { spoil } from '../canaries/spoil.ts';
import { encodeRequests } from '../rows.ts';

const OWNER: Address = `0x${'0b'.repeat(20)}`;

let world: GatewayWorld;
beforeEach(async () => {
  world = await createGatewayWorld();
});
afterEach(() => world.close());

test('a task waits for its plant, others do not, and a failure of L1 loses none', async () => {
  let [failures, isPlanted, isAsked] = [1, false, false];
  const forgotten: string[] = [];
  const canaries: GatewayCanaries = {
    isOurs: (owner) => owner === OWNER,
    async prepare(task) {
      isAsked = true;
      if (failures-- > 0) throw new Error('L1 does not answer');
      await until('the plant', () => isPlanted);
      return { ...task, result: spoil(task)!.result };
    },
    forget: async (tasks) => void forgotten.push(...tasks),
    run: async () => {},
    kept: () => 0,
    counts: { opened: 0, missed: 0, rewarded: 0 },
  };
  const gateway = await world.open({}, canaries);
  // Their answers differ: else there would be nothing to exchange.
  const rows = [request('a small animal with fur'), request('a soup of boiled meat')];
  const bytes = encodeRequests(
    'builtin/small',
    rows.map((row, i) => JSON.stringify([i, row])),
  );
  const chosen = world.sequencer.addObjectTask('builtin/small', 0, bytes, undefined, OWNER);
  const other = world.sequencer.addObjectTask('builtin/small', 1, bytes);
  await world.work(gateway, 2);
  await world.sequencer.whenSettled(1);
  expect(world.sequencer.settled.map(({ partition }) => partition)).toEqual([other.partition]);
  await until('it is asked for', () => isAsked);
  isPlanted = true;
  await world.sequencer.whenSettled(2);
  const linesOf = (partition: number) =>
    world.resultLines(world.sequencer.settled.find((item) => item.partition === partition)!.resultRoot).slice(1);
  expect(linesOf(chosen.partition)).not.toEqual(linesOf(other.partition));
  await until('both are over', () => forgotten.length === 2);
});
