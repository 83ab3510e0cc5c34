// docs/edge.md#tab: a worker's connection in a page. A browser answers the gateway's pings and shows them to nobody, so the page asks itself.
import type { WorkerFrame } from '../frames.ts';
import { CLOSE_MS, type OpenSocket, SILENCE_MS } from '../worker/socket.ts';

const PING_MS = 20_000;
// A browser may run the timers of a page that is not seen once a minute: pings are counted, and not time.
const MAX_UNANSWERED = SILENCE_MS / PING_MS;
const PING = JSON.stringify({ type: 'ping' } satisfies WorkerFrame);
/** A page may close with 1000 and from 3000 on. */
const CODES = { 1000: 1000, 1002: 4002 } as const;

export const openTabSocket: OpenSocket = (url, on) => {
  const socket = new WebSocket(url);
  const done = new AbortController();
  let unanswered = 0;

  // A browser waits for the answer to a close, for longer than the page does.
  const end = (code: number, reason: string) => {
    if (done.signal.aborted) return;
    clearInterval(watch);
    done.abort();
    on.closed(code, reason);
  };
  const watch = setInterval(() => {
    if (unanswered >= MAX_UNANSWERED) {
      socket.close();
      return end(1006, 'the gateway is silent');
    }
    unanswered += 1;
    if (socket.readyState === WebSocket.OPEN) socket.send(PING);
  }, PING_MS);

  socket.addEventListener('message', ({ data }) => {
    unanswered = 0;
    if (!done.signal.aborted) on.message(String(data));
  });
  socket.addEventListener('error', () => on.failed(new Error('the browser does not say why')));
  socket.addEventListener('close', ({ code, reason }) => end(code, reason));

  return {
    isOpen: () => socket.readyState === WebSocket.OPEN,
    send: (text) => socket.send(text),
    close: (code) =>
      new Promise((resolve) => {
        if (done.signal.aborted) return resolve();
        const kill = setTimeout(() => end(1006, 'closed without an answer'), CLOSE_MS);
        done.signal.addEventListener('abort', () => {
          clearTimeout(kill);
          resolve();
        });
        socket.close(CODES[code]);
      }),
  };
};
