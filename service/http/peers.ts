// docs/operations.md#places: places of which nobody can take so many that the others have none.
import { isIPv6 } from 'node:net';
import { firstSeconds, type PaceMeter } from './pace.ts';

export type PlaceLimits = {
  readonly total: number;
  /** Of one peer. */
  readonly perPeer: number;
  /** Of all together, in whatever the callers count in; without it sizes do not count. */
  readonly size?: number;
};

export type PeerPlace = { leave(): void };

/** Its peer had more than the newcomer's, or it was below the least rate. */
export type PutOut = 'share' | 'late';

export type Places = {
  /**
   * A place, or undefined if the peer has its share or all are taken. When all are taken, the slowest of what is below the least
   * rate is put out (`onPutOut` is called); if nothing is, the oldest of the peer that has most, if that peer still has as many
   * afterwards as the newcomer. What has no `progress` is never too slow.
   */
  enter(peer: string, onPutOut: (why: PutOut) => void, size?: number, progress?: PaceMeter): PeerPlace | undefined;
  taken(): number;
};

type Entry = {
  readonly peer: string;
  readonly size: number;
  readonly putOut: (why: PutOut) => void;
  readonly progress: PaceMeter | undefined;
  /** The peer was known as late: this one has no first time. */
  readonly wasLate: boolean;
};

/** So long a peer is known for an upload that has ended below the least rate. */
const LATE_MS = 60_000;
const LATE_PEERS = 4_096;

export function createPeerPlaces(
  { total, perPeer, size: sizeLimit = Number.POSITIVE_INFINITY }: PlaceLimits,
  now: () => number = () => performance.now(),
): Places {
  const byPeer = new Map<string, Set<Entry>>();
  /** Until when; in the order of the times. */
  const latePeers = new Map<string, number>();
  let taken = 0;
  let sizes = 0;

  const remove = (entry: Entry): boolean => {
    const entries = byPeer.get(entry.peer);
    if (entries === undefined || !entries.delete(entry)) return false;
    if (entries.size === 0) byPeer.delete(entry.peer);
    taken -= 1;
    sizes -= entry.size;
    return true;
  };

  const remember = ({ peer, progress }: Entry) => {
    if (progress === undefined || progress.leftMs(0) >= 0) return;
    latePeers.delete(peer);
    latePeers.set(peer, now() + LATE_MS);
    const [oldest] = latePeers.keys();
    if (latePeers.size > LATE_PEERS && oldest !== undefined) latePeers.delete(oldest);
  };

  // Who ends its uploads just before their first time is over, and begins again, has no first time any more. Towards each other
  // such peers have it: otherwise they would put out what has just begun without end.
  const slowest = (isNewcomerLate: boolean): Entry | undefined => {
    let found: Entry | undefined;
    let least = Number.POSITIVE_INFINITY;
    for (const entries of byPeer.values())
      for (const entry of entries) {
        const { progress, wasLate } = entry;
        if (progress === undefined) continue;
        const allowed = wasLate && !isNewcomerLate ? 0 : firstSeconds(progress.pace);
        if (progress.leftMs(allowed) >= 0) continue;
        const rate = progress.bytes() / progress.seconds();
        if (rate >= least) continue;
        found = entry;
        least = rate;
      }
    return found;
  };

  const largest = (): Set<Entry> | undefined => {
    let most: Set<Entry> | undefined;
    for (const entries of byPeer.values()) if (entries.size > (most?.size ?? 0)) most = entries;
    return most;
  };

  const oldestBeyondShare = (own: number): Entry | undefined => {
    const most = largest();
    // Both have the same afterwards: another exchange would only go in circles.
    if (most === undefined || most.size <= own + 1) return undefined;
    const [oldest] = most;
    return oldest;
  };

  return {
    enter: (peer, onPutOut, size = 1, progress) => {
      const own = () => byPeer.get(peer)?.size ?? 0;
      if (own() >= perPeer || size > sizeLimit) return undefined;
      const wasLate = (latePeers.get(peer) ?? Number.NEGATIVE_INFINITY) > now();
      while (taken >= total || sizes + size > sizeLimit) {
        const late = slowest(wasLate);
        const goes = late ?? oldestBeyondShare(own());
        if (goes === undefined) return undefined;
        remove(goes);
        if (late !== undefined) remember(late);
        goes.putOut(late === undefined ? 'share' : 'late');
      }
      const entry: Entry = { peer, size, putOut: onPutOut, progress, wasLate };
      const entries = byPeer.get(peer) ?? new Set();
      byPeer.set(peer, entries.add(entry));
      taken += 1;
      sizes += size;
      return {
        leave: () => {
          if (remove(entry)) remember(entry);
        },
      };
    },
    taken: () => taken,
  };
}

/** Who is at the other end, as far as an address tells: an IPv4 address, or the /64 network of an IPv6 address, which one party has whole. */
export function peerOf(address: string | undefined): string {
  if (address === undefined) return 'unknown';
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address);
  if (mapped?.[1] !== undefined) return mapped[1];
  if (!isIPv6(address)) return address;
  const [head = '', tail] = (address.split('%')[0] as string).split('::');
  const left = head === '' ? [] : head.split(':');
  const right = tail === undefined || tail === '' ? [] : tail.split(':');
  const middle =
    tail === undefined ? [] : Array.from({ length: Math.max(0, 8 - left.length - right.length) }, () => '0');
  const groups = [...left, ...middle, ...right].slice(0, 4).map((group) => Number.parseInt(group, 16).toString(16));
  return `${groups.join(':')}::/64`;
}
