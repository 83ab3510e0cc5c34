// docs/sdk.md#confirmation: waiting until a run's end is attested or final on L1, and the transactions that fix it.
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
export function waitForConfirmation(network: Network, run: Hex, timeoutSeconds: number): Promise<Confirmation> {
  return waitForLevel(network, run, timeoutSeconds, 'confirmed');
}

/**
 * Waits until validators with two thirds of the stake have attested the assertion that covers the last step of the run:
 * seconds after the run's end, long before it is confirmed. `timeoutSeconds` is counted by this machine's clock.
 *
 * @example
 * const { assertion } = await waitForAttestation(network, run, 60);
 * @throws MizuError `sdk/not-confirmed` (retryable) when the time is over, `sdk/run-void` if its start is lost
 * meanwhile
 */
export function waitForAttestation(network: Network, run: Hex, timeoutSeconds: number): Promise<Confirmation> {
  return waitForLevel(network, run, timeoutSeconds, 'attested');
}

type Level = 'attested' | 'confirmed';

async function waitForLevel(network: Network, run: Hex, timeoutSeconds: number, level: Level): Promise<Confirmation> {
  const deadline = Date.now() + timeoutSeconds * 1000;
  for (;;) {
    const chain = (await network.rpc('mizu_chain')) as ChainView;
    // Asked again each time: L1 may change where it ends.
    const { batches, status } = await readRun(network, run);
    const last = Math.max(...batches);
    // A sequencer that knows of no attestations tells nothing of them.
    const reached = chain[level]?.batch ?? 0;
    if (status !== 'running' && reached > last) {
      const assertion = await assertionOf(network, last, level);
      if (assertion !== undefined)
        return { batches: await Promise.all(batches.map((index) => readPlace(network, index))), assertion };
    }
    if (Date.now() > deadline) throw notReached(level, last, reached, timeoutSeconds);
    await delay(POLL_MS);
  }
}

/** Undefined if L1 has changed its mind meanwhile. What is confirmed is more than attested, also where nobody attests. */
async function assertionOf(network: Network, batch: number, level: Level): Promise<AssertionView | undefined> {
  const found = await readBatch(network, batch);
  if (found === null) return undefined;
  // The answer is limited: those that end before the batch are not asked for.
  const filter = { afterStep: found.firstStep };
  const assertions = (await network.rpc('mizu_getAssertions', [filter])) as AssertionView[];
  return assertions.find(
    ({ fromBatch, toBatch, status, attested }) =>
      fromBatch <= batch &&
      batch < toBatch &&
      (status === 'confirmed' ||
        (level === 'attested' && status === 'pending' && attested?.l1Transaction !== undefined)),
  );
}

async function readBatch(network: Network, index: number): Promise<BatchView | null> {
  return (await network.rpc('mizu_getBatch', [index])) as BatchView | null;
}

async function readPlace(network: Network, index: number): Promise<Confirmation['batches'][number]> {
  const batch = await readBatch(network, index);
  if (batch?.l1Transaction == null) throw new Error(`batch ${index} is asserted, but has no L1 transaction`);
  return { index, transaction: batch.l1Transaction, gasUsed: batch.gasUsed ?? 0 };
}

function notReached(level: Level, batch: number, reached: number, timeoutSeconds: number): MizuError {
  return new MizuError({
    code: 'sdk/not-confirmed',
    message: level === 'confirmed' ? 'The L1 has not confirmed the run yet.' : 'The run is not attested yet.',
    expected: `batch ${batch} ${level} within ${timeoutSeconds} s`,
    actual: `batches below ${reached} are ${level}`,
    hint: 'Is an executor running? `npx mizu why RUN` tells who is waited for.',
    retryable: true,
  });
}
