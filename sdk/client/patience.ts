// docs/sdk.md#outages: a service that is down is waited for. Only for what may be done twice.
import { setTimeout as delay } from 'node:timers/promises';
import { MizuError } from '../../protocol/errors.ts';

/** A service that does not answer at the moment. */
export type Outage = {
  /** Address of the service, or its name. */
  readonly service: string;
  readonly downSeconds: number;
  /** Of them it is waited for so many, then the call fails. */
  readonly limitSeconds: number;
  readonly error: MizuError;
};

/** How long services that do not answer are waited for. */
export type Patience = {
  /** From the first failure on; then its error is thrown. Default 90. */
  readonly limitSeconds?: number;
  /** Between attempts, which have back-offs of their own. Default 500. */
  readonly pauseMs?: number;
  /** Told after each failed attempt that is followed by another. */
  readonly onOutage?: ((outage: Outage) => void) | undefined;
};

export const PATIENCE_SECONDS = 90;
const PAUSE_MS = 500;

/** Repeats a call whose failure is retryable, until the patience is over or the signal comes. @throws the last error */
export async function waitOut<T>(
  service: string,
  call: () => Promise<T>,
  { limitSeconds = PATIENCE_SECONDS, pauseMs = PAUSE_MS, onOutage }: Patience = {},
  signal?: AbortSignal,
): Promise<T> {
  let failedAt: number | undefined;
  for (;;) {
    try {
      return await call();
    } catch (error) {
      if (!isOutage(error) || signal?.aborted) throw error;
      failedAt ??= Date.now();
      const downMs = Date.now() - failedAt;
      if (downMs + pauseMs > limitSeconds * 1000) throw error;
      onOutage?.({ service, downSeconds: Math.round(downMs / 1000), limitSeconds, error });
      await delay(pauseMs, undefined, { signal });
    }
  }
}

const CERTIFICATE_ATTEMPTS = 3;
/** The age that the last read of the committee may have. */
const COMMITTEE_MS = 5_000;

/** Certifies and sends once more when the certificate is refused: the committee may have changed in between (docs/da.md#epochs). */
export async function withNewCommittee<T>(send: () => Promise<T>, pauseMs = COMMITTEE_MS): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await send();
    } catch (error) {
      const isRefused = error instanceof MizuError && error.code === 'message/bad-certificate';
      if (!isRefused || attempt >= CERTIFICATE_ATTEMPTS) throw error;
      await delay(pauseMs);
    }
  }
}

// Of an object that all members say they lack, or a promise that all refuse, waiting makes nothing better.
function isOutage(error: unknown): error is MizuError {
  if (!(error instanceof MizuError) || !error.retryable) return false;
  if (error.code !== 'da/unavailable' && error.code !== 'da/no-quorum') return true;
  return error.cause instanceof MizuError && error.cause.retryable === true;
}
