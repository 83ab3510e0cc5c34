// docs/edge.md#intake: bounds what connections may have under way into the gateway: small frames freely, large ones in
// few lanes.
import type { Socket } from 'node:net';
import type { WebSocket } from 'ws';

export type Intake = {
  /** Watches a connection; the returned function is called when a whole frame has come. */
  watch(socket: WebSocket, connection: Socket, isKnown: () => boolean): () => void;
  close(): void;
};

/** The most bytes of a frame without a lane, and of all that a connection may send before its worker is known. */
export const SMALL_FRAME_BYTES = 1024 * 1024;
const LANES = 4;
/** Seconds that a large frame may take once it has a lane. */
const LANE_SECONDS = 60;

type Large = { readonly socket: WebSocket; timer: NodeJS.Timeout | undefined };

export function createIntake({ lanes = LANES, laneSeconds = LANE_SECONDS } = {}): Intake {
  const moving = new Set<Large>();
  const waiting = new Set<Large>();

  const admit = (large: Large) => {
    moving.add(large);
    large.timer = setTimeout(() => large.socket.close(1008, 'a frame takes too long'), laneSeconds * 1000);
    if (large.socket.isPaused) large.socket.resume();
  };

  const leave = (large: Large) => {
    clearTimeout(large.timer);
    waiting.delete(large);
    if (!moving.delete(large)) return;
    const [next] = waiting;
    if (next === undefined) return;
    waiting.delete(next);
    admit(next);
  };

  return {
    watch: (socket, connection, isKnown) => {
      let pending = 0;
      let large: Large | undefined;
      const end = () => {
        pending = 0;
        if (large !== undefined) leave(large);
        large = undefined;
      };
      connection.on('data', (part: Buffer) => {
        pending += part.length;
        if (pending <= SMALL_FRAME_BYTES || large !== undefined) return;
        if (!isKnown()) {
          socket.terminate();
          return;
        }
        large = { socket, timer: undefined };
        if (moving.size < lanes) return admit(large);
        waiting.add(large);
        socket.pause();
      });
      socket.once('close', end);
      return end;
    },
    close: () => {
      for (const { timer } of moving) clearTimeout(timer);
    },
  };
}
