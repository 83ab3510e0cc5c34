// docs/operations.md#places
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createPaceMeter, type PaceMeter } from './pace.ts';
import { createPeerPlaces, type PutOut, peerOf } from './peers.ts';

test('a peer has no more than its share; a place that is left is free again', () => {
  const places = createPeerPlaces({ total: 10, perPeer: 2 });
  const first = places.enter('a', () => {});
  expect(places.enter('a', () => {})).toBeDefined();
  expect(places.enter('a', () => {})).toBeUndefined();
  expect(places.enter('b', () => {})).toBeDefined();
  first?.leave();
  first?.leave();
  expect(places.taken()).toBe(2);
  expect(places.enter('a', () => {})).toBeDefined();
});

test('when all are taken, the oldest of the peer that has most goes, unless that would only turn the tables', () => {
  const places = createPeerPlaces({ total: 4, perPeer: 3 });
  const gone: string[] = [];
  for (const name of ['a1', 'a2', 'a3', 'b1']) places.enter(name[0] as string, () => gone.push(name));
  expect(places.enter('c', () => gone.push('c1'))).toBeDefined();
  expect(gone).toEqual(['a1']);
  // a has two, b and c one each: one more of b would have as many as a had.
  expect(places.enter('b', () => {})).toBeUndefined();
  expect(places.enter('d', () => gone.push('d1'))).toBeDefined();
  expect(gone).toEqual(['a1', 'a2']);
  expect(places.enter('e', () => {})).toBeUndefined();
  expect(places.taken()).toBe(4);
});

test('sizes have a limit of their own', () => {
  const places = createPeerPlaces({ total: 10, perPeer: 10, size: 100 });
  const gone: string[] = [];
  expect(places.enter('a', () => {}, 101)).toBeUndefined();
  for (const name of ['a1', 'a2', 'a3']) places.enter('a', () => gone.push(name), 33);
  expect(places.enter('b', () => {}, 60)).toBeDefined();
  expect(gone).toEqual(['a1', 'a2']);
  expect(places.enter('c', () => {}, 8)).toBeUndefined();
  expect(places.enter('c', () => {}, 7)).toBeDefined();
});

test('whatever peers do, one that holds no more than its fair share is never put out', () => {
  let seed = 1;
  const random = (below: number) => {
    seed = (Math.imul(seed, 1_103_515_245) + 12_345) >>> 0;
    return (seed >>> 8) % below;
  };
  const places = createPeerPlaces({ total: 24, perPeer: 12 });
  const held = new Map<string, Set<{ leave(): void }>>();
  for (let i = 0; i < 20_000; i++) {
    const peer = `peer ${random(8)}`;
    const own = held.get(peer) ?? new Set<{ leave(): void }>();
    held.set(peer, own);
    if (random(3) === 0) {
      for (const place of own) {
        place.leave();
        own.delete(place);
        break;
      }
      continue;
    }
    let place: { leave(): void } | undefined;
    place = places.enter(peer, () => {
      // 24 places among 8 peers: three each.
      expect(own.size).toBeGreaterThan(3);
      own.delete(place as { leave(): void });
    });
    if (place !== undefined) own.add(place);
    expect(places.taken()).toBeLessThanOrEqual(24);
    expect(own.size).toBeLessThanOrEqual(12);
  }
});

const PACE = { graceSeconds: 10, bytesPerSecond: 1_000 };

/** Places with a clock that the test sets, and uploads that have begun. */
function createYard(total: number, perPeer: number) {
  let clock = 0;
  const now = () => clock;
  const places = createPeerPlaces({ total, perPeer }, now);
  const ends: string[] = [];
  return {
    places,
    ends,
    now,
    pass: (ms: number) => {
      clock += ms;
    },
    enter: (peer: string, onPutOut: (why: PutOut) => void = (why) => ends.push(`${peer} ${why}`)) => {
      const progress = createPaceMeter(PACE, now);
      const place = places.enter(peer, onPutOut, 1, progress);
      if (place !== undefined) progress.begin();
      return place === undefined ? undefined : { progress, leave: place.leave };
    },
  };
}

test('when all are taken, the slowest below the least rate goes, of whomever it is; what has just begun stays', () => {
  const { enter, pass, ends } = createYard(3, 1);
  const [a, b, c] = ['a', 'b', 'c'].map((peer) => enter(peer)?.progress);
  pass(1_000);
  // All are within the first time, a tenth of the grace.
  expect(enter('d')).toBeUndefined();
  a?.add(1_001);
  b?.add(1_000);
  c?.add(1);
  pass(1_000);
  // a and b are no more than a second late.
  expect(enter('d')).toBeDefined();
  expect(ends).toEqual(['c late']);
  expect(enter('e')).toBeUndefined();
  pass(100);
  expect(enter('e')).toBeDefined();
  pass(2_000);
  a?.finish();
  // b is gone and a has all; d and e have begun at different times and have nothing.
  expect(ends).toEqual(['c late', 'b late']);
  expect(enter('f')).toBeDefined();
  expect(enter('g')).toBeDefined();
  expect(ends.slice(2).sort()).toEqual(['d late', 'e late']);
  expect(enter('h')).toBeUndefined();
});

test('who has ended an upload below the least rate has no first time for a minute, but among such', () => {
  const { enter, pass, ends } = createYard(2, 1);
  const begin = () => ['a', 'b'].map((peer) => enter(peer));
  const first = begin();
  pass(900);
  expect(enter('honest')).toBeUndefined();
  for (const upload of first) upload?.leave();
  begin();
  pass(1);
  // c was not late before. a and b were, and do not put out each other.
  const third = enter('c');
  expect(ends).toEqual(['a late']);
  expect(enter('a')).toBeUndefined();
  third?.progress.add(10);
  third?.leave();
  expect(enter('a')).toBeDefined();
  pass(60_001);
  // Neither has left, so both are late by any measure.
  const fourth = enter('d');
  const fifth = enter('e');
  expect(ends.slice(1).sort()).toEqual(['a late', 'b late']);
  pass(60_001);
  fourth?.leave();
  fifth?.leave();
  begin();
  pass(500);
  // The minute is over for a and b.
  expect(enter('f')).toBeUndefined();
});

test('whenever uploads come and however fast: one on time is not put out by an equal, and gets a place while fewer than all are on time', () => {
  const PEERS = 8;
  type Upload = { readonly peer: string; readonly rate: number; readonly progress: PaceMeter; readonly begun: number };
  const step = fc.record({
    peer: fc.nat(PEERS - 1),
    /** The rate of an upload, in parts of the least rate. */
    rate: fc.constantFrom(0, 0.001, 0.5, 0.9, 1, 1, 3),
    ms: fc.constantFrom(0, 1, 50, 300, 999, 1_000, 1_001, 4_000),
    leaves: fc.option(fc.nat(20)),
  });
  let refused = 0;
  let late = 0;
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 5 }), fc.array(step, { minLength: 20, maxLength: 120 }), (total, steps) => {
      const yard = createYard(total, 2);
      const held = new Map<Upload, { leave(): void }>();
      const wasLate = new Map<string, number>();
      let ownOfNewcomer = 0;
      const lateAtEntry = new Set<Upload>();
      const isKnown = (peer: string) => (wasLate.get(peer) ?? -1) > yard.now();
      const lag = ({ rate, begun }: Upload) => (yard.now() - begun) * (1 - rate);
      const note = (upload: Upload) => lag(upload) > 1e-6 && wasLate.set(upload.peer, yard.now() + 60_000);
      const countOf = (peer: string) => [...held.keys()].filter((upload) => upload.peer === peer).length;
      for (const { peer: number, rate, ms, leaves } of steps) {
        yard.pass(ms);
        for (const { progress, rate: its } of held.keys()) progress.add(ms * its);
        const leaving = leaves === null ? undefined : [...held.keys()][leaves];
        if (leaving !== undefined) {
          held.get(leaving)?.leave();
          held.delete(leaving);
          note(leaving);
        }
        const peer = `peer ${number}`;
        const own = countOf(peer);
        ownOfNewcomer = own;
        const knownBefore = isKnown(peer);
        const isOnTime = (upload: Upload) =>
          lag(upload) <= (lateAtEntry.has(upload) && !knownBefore ? 1e-6 : 1_000 + 1e-6);
        const onTime = [...held.keys()].filter(isOnTime).length;
        let upload: Upload | undefined;
        const entered = yard.enter(peer, (why) => {
          const gone = upload as Upload;
          if (why === 'late') {
            late += 1;
            expect(gone.rate).toBeLessThan(1);
            expect(lag(gone)).toBeGreaterThan(0);
            note(gone);
          } else expect(countOf(gone.peer)).toBeGreaterThan(ownOfNewcomer + 1);
          held.delete(gone);
        });
        if (entered === undefined) {
          refused += 1;
          expect(own === 2 || onTime >= total).toBe(true);
          continue;
        }
        upload = { peer, rate, progress: entered.progress, begun: yard.now() };
        held.set(upload, entered);
        if (knownBefore) lateAtEntry.add(upload);
        expect(held.size).toBe(yard.places.taken());
        expect(held.size).toBeLessThanOrEqual(total);
      }
    }),
    { numRuns: 500 },
  );
  expect(refused).toBeGreaterThan(100);
  expect(late).toBeGreaterThan(100);
});

test('an IPv6 network of 64 bits is one peer', () => {
  expect(peerOf('127.0.0.1')).toBe('127.0.0.1');
  expect(peerOf('::ffff:10.0.0.1')).toBe('10.0.0.1');
  expect(peerOf('2001:db8:1:2:3:4:5:6')).toBe('2001:db8:1:2::/64');
  expect(peerOf('2001:0DB8:1:2::9')).toBe('2001:db8:1:2::/64');
  expect(peerOf('::1')).toBe('0:0:0:0::/64');
  expect(peerOf('fe80::1%eth0')).toBe('fe80:0:0:0::/64');
  expect(peerOf(undefined)).toBe('unknown');
});
