// docs/sdk.md#confirmation: waiting until the L1 holds a run's end as final, and the transactions that fix it.
import { setTimeout as delay } from 'node:timers/promises';
import { MizuError } from '../../protocol/errors.ts';
import type { Hex } from '../../protocol/hex.ts';
import type { Network } from './network.ts';
import type { AssertionView, BatchView, ChainView } from './views.ts';
import { readRun } from './watch.ts';

/** Where a run stands on L1. */
export type Confirmation = {
  /** Batches that carry the run's messages, with their transactions. */
  readonly batches: readonly { readonly index: number; readonly transaction: Hex; readonly gasUsed: number }[];
  /** The assertion that covers its last step. */
  readonly assertion: AssertionView;
};

const POLL_MS = 500;

/**
 * Waits until L1 has confirmed the assertion that covers the last step of the run. `timeoutSeconds` is counted by this machine's clock.
 *
 * @example
 * const { assertion, batches } = await waitForConfirmation(network, run, 600);
 * @throws MizuError `sdk/not-confirmed` (retryable) when the time is over, `sdk/run-void` if its start is lost
 * meanwhile
 */
export async function waitForConfirmation(network: Network, run: Hex, timeoutSeconds: number): Promise<Confirmation> {
  const deadline = Date.now() + timeoutSeconds * 1000;
  let batches: readonly number[];
  let last: number;
  for (;;) {
    const chain = (await network.rpc('mizu_chain')) as ChainView;
    // Asked again each time: L1 may change where it ends.
    const view = await readRun(network, run);
    batches = view.batches;
    last = Math.max(...batches);
    if (view.status !== 'running' && chain.confirmed.batch > last) break;
    if (Date.now() > deadline) throw notConfirmed(last, chain.confirmed.batch, timeoutSeconds);
    await delay(POLL_MS);
  }
  const assertions = (await network.rpc('mizu_getAssertions', [{}])) as AssertionView[];
  const assertion = assertions.find((one) => one.fromBatch <= last && last < one.toBatch && one.status === 'confirmed');
  if (assertion === undefined) throw new Error(`batch ${last} is confirmed, but no confirmed assertion holds it`);
  return { batches: await Promise.all(batches.map((index) => readBatch(network, index))), assertion };
}

async function readBatch(network: Network, index: number): Promise<Confirmation['batches'][number]> {
  const batch = (await network.rpc('mizu_getBatch', [index])) as BatchView | null;
  if (batch?.l1Transaction == null) throw new Error(`batch ${index} is confirmed, but has no L1 transaction`);
  return { index, transaction: batch.l1Transaction, gasUsed: batch.gasUsed ?? 0 };
}

function notConfirmed(batch: number, confirmed: number, timeoutSeconds: number): MizuError {
  return new MizuError({
    code: 'sdk/not-confirmed',
    message: 'The L1 has not confirmed the run yet.',
    expected: `batch ${batch} confirmed within ${timeoutSeconds} s`,
    actual: `batches below ${confirmed} are confirmed`,
    hint: 'Is an executor running? `npx mizu why RUN` tells who is waited for.',
    retryable: true,
  });
}
