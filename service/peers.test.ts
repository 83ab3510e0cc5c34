// docs/operations.md#places
import { expect, test } from 'vitest';
import { createPlaces, peerOf } from './peers.ts';

test('a peer has no more than its share; a place that is left is free again', () => {
  const places = createPlaces({ total: 10, perPeer: 2 });
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
  const places = createPlaces({ total: 4, perPeer: 3 });
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
  const places = createPlaces({ total: 10, perPeer: 10, size: 100 });
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
  const places = createPlaces({ total: 24, perPeer: 12 });
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

test('an IPv6 network of 64 bits is one peer', () => {
  expect(peerOf('127.0.0.1')).toBe('127.0.0.1');
  expect(peerOf('::ffff:10.0.0.1')).toBe('10.0.0.1');
  expect(peerOf('2001:db8:1:2:3:4:5:6')).toBe('2001:db8:1:2::/64');
  expect(peerOf('2001:0DB8:1:2::9')).toBe('2001:db8:1:2::/64');
  expect(peerOf('::1')).toBe('0:0:0:0::/64');
  expect(peerOf('fe80::1%eth0')).toBe('fe80:0:0:0::/64');
  expect(peerOf(undefined)).toBe('unknown');
});
