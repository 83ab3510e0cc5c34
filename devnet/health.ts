// docs/operations.md#devnet
import { setTimeout as delay } from 'node:timers/promises';
import { request } from 'undici';

const INTERVAL_MILLISECONDS = 100;
const TIMEOUT_MILLISECONDS = 2_000;

/**
 * Whether the health page is good and is that of this process (of any process without `pid`). Before it returns false,
 * it waits a tenth of a second.
 */
export function createFetcher(url: string): (pid?: number) => Promise<boolean> {
  return async (pid) => {
    const ok = await request(url, { headersTimeout: TIMEOUT_MILLISECONDS, bodyTimeout: TIMEOUT_MILLISECONDS }).then(
      async ({ statusCode, body }) => {
        const health = (await body.json()) as { pid?: number };
        return statusCode === 200 && (pid === undefined || health.pid === pid);
      },
      () => false,
    );
    if (!ok) await delay(INTERVAL_MILLISECONDS);
    return ok;
  };
}
