// docs/sdk.md#outages: tells on standard error which service a command waits for.
import type { Outage } from '../sdk/client/patience.ts';
import { asTyped } from './invocation.ts';

const EVERY_SECONDS = 5;
const HINT = '  Is it stopped, or at another address? A network on this machine is started with: npx mizu devnet\n';

/**
 * Writes at most one line for each service in 5 s, and the first one after a second: a short restart is not reported.
 */
export function createOutageReporter(stream: NodeJS.WritableStream = process.stderr): (outage: Outage) => void {
  const said = new Map<string, number>();
  return ({ service, downSeconds, limitSeconds, error }) => {
    const last = said.get(service) ?? -EVERY_SECONDS;
    const now = Date.now() / 1000;
    if (downSeconds < 1 || now - last < EVERY_SECONDS) return;
    const isDown = /^(http|da|l1)\//.test(error.code);
    const state = isDown ? 'down' : `"${error.message}"`;
    stream.write(`waiting for ${service} (${state} for ${downSeconds} s, given up after ${limitSeconds})\n`);
    if (isDown && !said.has(service)) stream.write(asTyped(HINT));
    said.set(service, now);
  };
}
