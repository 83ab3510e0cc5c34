// docs/operations.md#http: bounds connections, in all and of one address, and ends those whose readers do not take their answers.
import type { Server } from 'node:http';
import type { Socket } from 'node:net';
import type { Pace } from './pace.ts';
import { createPeerPlaces, type PlaceLimits, peerOf } from './peers.ts';

type Watched = { readonly socket: Socket; blockedSince: number | undefined; writtenBefore: number };

const LOOK_MS = 1_000;

/** Counts the server's connections and looks after them until it is closed. */
export function guardConnections(server: Server, limits: PlaceLimits, pace: Pace): void {
  const places = createPeerPlaces(limits);
  const watched = new Set<Watched>();
  server.on('connection', (socket: Socket) => {
    const place = places.enter(peerOf(socket.remoteAddress), () => socket.destroy());
    if (place === undefined) {
      socket.destroy();
      return;
    }
    const entry: Watched = { socket, blockedSince: undefined, writtenBefore: 0 };
    watched.add(entry);
    socket.once('close', () => {
      place.leave();
      watched.delete(entry);
    });
  });
  const looking = setInterval(
    () => {
      for (const entry of watched) if (isStuck(entry, pace)) entry.socket.destroy();
    },
    Math.min(LOOK_MS, pace.graceSeconds * 500),
  );
  looking.unref();
  server.once('close', () => clearInterval(looking));
}

// The bytes of an answer lie in the process until the peer takes them. They may lie for the grace, and longer the more
// the peer has taken.
function isStuck(entry: Watched, { graceSeconds, bytesPerSecond }: Pace): boolean {
  const { socket } = entry;
  if (socket.writableLength === 0) {
    entry.blockedSince = undefined;
    return false;
  }
  if (entry.blockedSince === undefined) {
    entry.blockedSince = Date.now();
    entry.writtenBefore = socket.bytesWritten - socket.writableLength;
  }
  const seconds = (Date.now() - entry.blockedSince) / 1000;
  return seconds > graceSeconds + (socket.bytesWritten - entry.writtenBefore) / bytesPerSecond;
}
