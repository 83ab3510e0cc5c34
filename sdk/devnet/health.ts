// docs/operations.md#devnet
import { setTimeout as delay } from 'node:timers/promises';
import { request } from 'undici';

const INTERVAL_MILLISECONDS = 100;
const TIMEOUT_MILLISECONDS = 2_000;

/** Tells whether the page answers 200; waits a tenth of a second before it says no. */
export function createFetcher(url: string): () => Promise<boolean> {
  return async () => {
    const ok = await request(url, { headersTimeout: TIMEOUT_MILLISECONDS, bodyTimeout: TIMEOUT_MILLISECONDS }).then(
      async ({ statusCode, body }) => {
        await body.dump();
        return statusCode === 200;
      },
      () => false,
    );
    if (!ok) await delay(INTERVAL_MILLISECONDS);
    return ok;
  };
}
