// docs/edge.md#workers: what a worker needs of a WebSocket. Node.js and a browser each have one of their own.

export type WorkerSocket = {
  isOpen(): boolean;
  send(text: string): void;
  /** Resolves when the connection has ended, with a handshake or, after 2 s, without. */
  close(code: 1000 | 1002): Promise<void>;
};

export type SocketEvents = {
  message(text: string): void;
  failed(error: unknown): void;
  /** Once, whatever ended the connection: the gateway, the network, silence for 60 s, or `close`. */
  closed(code: number, reason: string): void;
};

export type OpenSocket = (url: string, on: SocketEvents) => WorkerSocket;

export const SILENCE_MS = 60_000;
export const CLOSE_MS = 2_000;
