// docs/operations.md#devnet-l1: blocks and transactions of the devnet's L1, as anvil announces them: nobody has to
// poll.
import { WebSocket } from 'ws';

export type L1Watch = {
  /** Called for each block, with whether it has transactions. */
  onBlock(isBusy: boolean): void;
  /** Called when a transaction waits for a block. */
  onPending(): void;
  /** Called when the connection is lost: nothing is announced any more. */
  onLost(): void;
};

const OPEN_MILLISECONDS = 10_000;
const MAX_FRAME_BYTES = 1024 * 1024;
const SUBSCRIPTIONS = ['newHeads', 'newPendingTransactions'] as const;

/**
 * Resolves when both subscriptions stand.
 * @throws Error if anvil does not take them
 */
export async function watchL1(l1Url: string, watch: L1Watch): Promise<{ close(): void }> {
  const socket = new WebSocket(l1Url.replace(/^http/, 'ws'), {
    handshakeTimeout: OPEN_MILLISECONDS,
    maxPayload: MAX_FRAME_BYTES,
  });
  const names = new Map<string, (typeof SUBSCRIPTIONS)[number]>();
  let isClosing = false;
  await new Promise<void>((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error('anvil takes no subscriptions')), OPEN_MILLISECONDS);
    const settle = (error?: Error) => {
      clearTimeout(timer);
      if (error === undefined) resolve();
      else reject(error);
    };
    socket.on('error', settle);
    socket.on('open', () => {
      for (const [id, name] of SUBSCRIPTIONS.entries())
        socket.send(JSON.stringify({ jsonrpc: '2.0', id, method: 'eth_subscribe', params: [name] }));
    });
    socket.on('message', (data) => {
      const { id, result, params } = JSON.parse(String(data));
      if (id !== undefined) {
        names.set(String(result), SUBSCRIPTIONS[id as 0]);
        if (names.size === SUBSCRIPTIONS.length) settle();
        return;
      }
      if (names.get(params?.subscription) === 'newHeads') watch.onBlock(Number(params.result.gasUsed) > 0);
      else watch.onPending();
    });
    socket.on('close', () => {
      settle(new Error('anvil has closed the connection'));
      if (!isClosing) watch.onLost();
    });
  }).catch((error: unknown) => {
    isClosing = true;
    socket.terminate();
    throw error;
  });
  return {
    close() {
      isClosing = true;
      socket.terminate();
    },
  };
}
