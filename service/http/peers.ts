// docs/operations.md#places: places of which no peer can take so many that others have none.
import { isIPv6 } from 'node:net';
import { firstSeconds, type PaceMeter } from './pace.ts';

export type PlaceLimits = {
  readonly total: number;
  /** The most places of one peer. */
  readonly perPeer: number;
  /** The most that all together may have, in the unit that the callers use. Without it sizes do not count. */
  readonly size?: number;
};

export type PeerPlace = { leave(): void };

/**
 * Why a place was taken away: its peer had more places than the newcomer's (`share`), or it was below the least rate
 * (`late`).
 */
export type PutOut = 'share' | 'late';

export type Places = {
  /**
   * Gives a place, or undefined if the peer has its share or no place becomes free. When all are taken, the slowest
   * entry below the least rate is put out, and its `onPutOut` is called. If none is below it, the oldest entry of the
   * peer with the most places is put out, as long as that peer still has at least as many afterwards as the newcomer.
   * An entry without `progress` is never too slow.
   */
  enter(peer: string, onPutOut: (why: PutOut) => void, size?: number, progress?: PaceMeter): PeerPlace | undefined;
  taken(): number;
};

type Entry = {
  readonly peer: string;
  readonly size: number;
  readonly putOut: (why: PutOut) => void;
  readonly progress: PaceMeter | undefined;
  /** The peer was known as late: this entry may not be late at first, either. */
  readonly wasLate: boolean;
};

/** For how long a peer is known as late after an upload that ended below the least rate. */
const LATE_MS = 60_000;
const LATE_PEERS = 4_096;

export function createPeerPlaces(
  { total, perPeer, size: sizeLimit = Number.POSITIVE_INFINITY }: PlaceLimits,
  now: () => number = () => performance.now(),
): Places {
  const byPeer = new Map<string, Set<Entry>>();
  /** By peer: until when it is known as late, in milliseconds of `now`; in the order of these times. */
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

  // An upload may be late for a first time. A peer that ends its uploads just before that is over, and begins again,
  // loses this first time. It still has it towards other such peers: otherwise they would go on putting out each
  // other's new uploads.
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
    // Afterwards the newcomer would have more than the other: exchanges would go in circles.
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

/**
 * The peer that an address stands for: an IPv4 address, or the /64 network of an IPv6 address, all of which belongs to
 * one party.
 */
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
