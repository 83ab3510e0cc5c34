// docs/operations.md#places: places of which nobody can take so many that the others have none.
import { isIPv6 } from 'node:net';

export type PlaceLimits = {
  readonly total: number;
  /** Of one peer. */
  readonly perPeer: number;
  /** Of all together, in whatever the callers count in; without it sizes do not count. */
  readonly size?: number;
};

export type Place = { leave(): void };

export type Places = {
  /**
   * A place, or undefined if the peer has its share or all are taken. When all are taken, the oldest of the peer that has most
   * is put out (`onPutOut` is called), if that peer still has as many afterwards as the newcomer.
   */
  enter(peer: string, onPutOut: () => void, size?: number): Place | undefined;
  taken(): number;
};

type Entry = { readonly peer: string; readonly size: number; readonly putOut: () => void };

export function createPlaces({ total, perPeer, size: sizeLimit = Number.POSITIVE_INFINITY }: PlaceLimits): Places {
  const byPeer = new Map<string, Set<Entry>>();
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

  const largest = (): Set<Entry> | undefined => {
    let most: Set<Entry> | undefined;
    for (const entries of byPeer.values()) if (entries.size > (most?.size ?? 0)) most = entries;
    return most;
  };

  return {
    enter: (peer, onPutOut, size = 1) => {
      const own = byPeer.get(peer)?.size ?? 0;
      if (own >= perPeer || size > sizeLimit) return undefined;
      while (taken >= total || sizes + size > sizeLimit) {
        const most = largest();
        // Both have the same afterwards: another exchange would only go in circles.
        if (most === undefined || most.size <= own + 1) return undefined;
        const [oldest] = most as Set<Entry>;
        if (oldest === undefined) return undefined;
        remove(oldest);
        oldest.putOut();
      }
      const entry: Entry = { peer, size, putOut: onPutOut };
      const entries = byPeer.get(peer) ?? new Set();
      byPeer.set(peer, entries.add(entry));
      taken += 1;
      sizes += size;
      return { leave: () => void remove(entry) };
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
