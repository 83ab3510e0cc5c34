// docs/operations.md#processes: how every long-running part starts, stops and fails.
import { setTimeout as delay } from 'node:timers/promises';
import { formatError } from '../../protocol/errors.ts';

export type Service = {
  close(): Promise<void>;
  /** Settles if the service ends by itself; a rejection ends the process with exit code 1. */
  readonly done?: Promise<void>;
  /** Seconds in which `close` must end. Default: 15. */
  readonly closeSeconds?: number;
};

const CLOSE_SECONDS = 15;
// SIGHUP: the terminal was closed.
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/**
 * Runs a service until SIGINT, SIGTERM or SIGHUP, closes it, and gives the exit code: 0 after a signal, 1 after a
 * failure. A second signal, or a close that takes longer than its seconds, ends the process at once.
 */
export async function runService(main: (stop: AbortSignal) => Promise<Service>): Promise<number> {
  const stop = new AbortController();
  let stopped = () => {};
  const signalled = new Promise<void>((resolve) => {
    stopped = resolve;
  });
  const onSignal = () => {
    if (stop.signal.aborted) process.exit(130);
    stop.abort();
    stopped();
  };
  for (const signal of SIGNALS) process.on(signal, onSignal);
  try {
    const service = await main(stop.signal);
    const failure = await Promise.race([signalled, service.done ?? signalled]).then(
      () => undefined,
      (error: unknown) => ({ error }),
    );
    await closeInTime(service);
    if (failure !== undefined) throw failure.error;
    return 0;
  } catch (error) {
    process.stderr.write(`${formatError(error)}\n`);
    return 1;
  } finally {
    for (const signal of SIGNALS) process.off(signal, onSignal);
  }
}

async function closeInTime(service: Service): Promise<void> {
  const late = new AbortController();
  const timeout = delay((service.closeSeconds ?? CLOSE_SECONDS) * 1000, 'late' as const, {
    signal: late.signal,
    ref: false,
  }).catch(() => 'cancelled' as const);
  const outcome = await Promise.race([service.close().then(() => 'closed' as const), timeout]);
  late.abort();
  if (outcome === 'late') process.exit(1);
}
