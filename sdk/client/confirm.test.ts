// docs/sdk.md#confirmation: the assertion of a run is found however many there are before it.
import { expect, test } from 'vitest';
import type { Hex } from '../../protocol/hex.ts';
import { waitForAttestation, waitForConfirmation } from './confirm.ts';
import type { Network } from './network.ts';

const hash = (byte: string) => `0x${byte.repeat(32)}` as Hex;
const COUNT = 2_500;
const LIMIT = 1_000;
const RUN = hash('22');

/** Every batch has ten steps and its own assertion. Those of the last `pending` batches are attested, and not confirmed. */
function networkOf(batch: number, { pending = 0, gone = 0 } = {}) {
  const all = Array.from({ length: COUNT }, (_, index) => ({
    id: `0x${index.toString(16)}`,
    fromBatch: index,
    toBatch: index + 1,
    toStep: 10 * (index + 1),
    status: index < COUNT - pending ? 'confirmed' : 'pending',
    attested: { l1Transaction: hash('44') },
  }));
  let missing = gone;
  const answers: Record<string, (...params: never[]) => unknown> = {
    mizu_chain: () => ({ confirmed: { batch: COUNT - pending }, attested: { batch: COUNT } }),
    mizu_getRun: () => ({ status: 'done', batches: [batch - 1, batch] }),
    mizu_getBatch: (index: number) =>
      missing-- > 0 ? null : { l1Transaction: hash('55'), firstStep: 10 * index, gasUsed: index },
    mizu_getAssertions: ({ afterStep = 0 }) => all.filter(({ toStep }) => toStep > afterStep).slice(0, LIMIT),
  };
  return { rpc: async (method: string, params: never[] = []) => answers[method]!(...params) } as unknown as Network;
}

test.each([1, 1_500, COUNT - 1])('batch %i of 2,500 is confirmed by its own assertion', async (batch) => {
  const { assertion, batches } = await waitForConfirmation(networkOf(batch), RUN, 1);
  expect(assertion.fromBatch).toBe(batch);
  expect(batches.map(({ index, gasUsed }) => [index, gasUsed])).toEqual([
    [batch - 1, batch - 1],
    [batch, batch],
  ]);
});

test('the last batch is attested, and not confirmed', async () => {
  const network = networkOf(COUNT - 1, { pending: 1 });
  expect((await waitForAttestation(network, RUN, 1)).assertion.fromBatch).toBe(COUNT - 1);
  await expect(waitForConfirmation(network, RUN, 0)).rejects.toMatchObject({ code: 'sdk/not-confirmed' });
});

test('a batch that L1 has just taken back is waited for', async () => {
  const { assertion } = await waitForConfirmation(networkOf(7, { gone: 1 }), RUN, 10);
  expect(assertion.fromBatch).toBe(7);
});
