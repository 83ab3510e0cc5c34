// docs/audits.md#gateway: finished tasks to the outbox; what may become a canary waits for its plant.
import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from '../../service/process/log.ts';
import type { GatewayCanaries } from '../canaries/open.ts';
import type { Outbox } from './outbox.ts';
import type { FinishedTask } from './task.ts';

export type SignableParts = {
  /** Undefined if the gateway plants none. */
  readonly canaries: Pick<GatewayCanaries, 'isOurs' | 'prepare'> | undefined;
  readonly outbox: Pick<Outbox, 'add'>;
  readonly signal: AbortSignal;
  readonly log: Logger;
};

const FAILED_MS = 2_000;

/** The result never fails: a task that is finished is signed, now or after the next start. */
export function createSignable({ canaries, outbox, signal, log }: SignableParts): (task: FinishedTask) => void {
  async function addPrepared({ prepare }: Pick<GatewayCanaries, 'prepare'>, task: FinishedTask): Promise<void> {
    while (!signal.aborted) {
      try {
        outbox.add(await prepare(task, signal));
        return;
      } catch (err) {
        if (!signal.aborted) log.warn({ err, task: task.key }, 'L1 cannot be asked about a canary; it waits');
        await delay(FAILED_MS, undefined, { signal }).catch(() => undefined);
      }
    }
  }

  return (task) => {
    if (canaries?.isOurs(task.info.owner)) void addPrepared(canaries, task);
    else outbox.add(task);
  };
}
