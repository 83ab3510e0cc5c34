// docs/operations.md#sequencer-waits: the loop never waits for a program: what is held is held by a promise that the test settles.

import fc from 'fast-check';
import { afterEach, expect, test, vi } from 'vitest';
import type { BatchRecord } from '../../node/l1/mirror.ts';
import { batchSize, decodeBatch, fitsBatch } from '../../protocol/batch.ts';
import type { Address, Hex } from '../../protocol/hex.ts';
import { bytesToHex, ZERO_HASH } from '../../protocol/hex.ts';
import { encodeMessage, type Message } from '../../protocol/messages.ts';
import { receiveMessage } from '../../protocol/received.ts';
import { createLogger } from '../../service/process/log.ts';
import { numberKey } from '../../service/storage/store.ts';
import type { SequencerBatch } from '../index/tables.ts';
import type { SoftMessage } from './chain.ts';
import { createLoop, type LoopParts } from './loop.ts';

const RUN: Hex = `0x${'11'.repeat(32)}`;
const USER: Address = `0x${'aa'.repeat(20)}`;
const DELAY = 60;
const HELD = 1_800;
/** Far beyond the machine's clock. */
const NOW = 10_000_000_000;
const ADVANCE: Message = { kind: 'Advance', run: RUN, stage: 0, partition: 0 };
const CANCEL: Message = {
  kind: 'Cancel',
  signature: `0x${'00'.repeat(65)}`,
  sender: USER,
  nonce: 0n,
  gasPrice: 1n,
  run: RUN,
};
/** Waits for a check to pass. Its time limit is only a last net. */
const eventually = (check: () => void) => vi.waitFor(check, { timeout: 100_000, interval: 10 });
const deposit = (amount: bigint): Message => ({ kind: 'Deposit', account: USER, amount });

const running: { stop: AbortController; done: Promise<void> }[] = [];
afterEach(async () => {
  for (const { stop, done } of running.splice(0)) {
    stop.abort();
    await done;
  }
});

/**
 * A loop over a chain that keeps only which messages it has executed; `known`: whether the program of ADVANCE has run.
 */
function startLoop(
  options: {
    delayed?: Message[];
    /** What the tasks give, each once. */
    advances?: Message[];
    l1?: BatchRecord[];
    isBegun?: boolean;
    promisedTo?: bigint;
    limits?: LoopParts['limits'];
  } = {},
) {
  const { delayed = [], l1 = [] } = options;
  const advances = (options.advances ?? []).map(encodeMessage);
  const world = {
    known: false,
    isBegun: options.isBegun ?? false,
    l1Time: NOW,
    queue: [] as Uint8Array[],
    objects: [] as Uint8Array[],
    executed: [] as string[],
    begun: 0,
    closed: [] as SequencerBatch[],
    rolledBack: [] as number[],
    turns: 0,
    l1,
  };
  let open: SequencerBatch | undefined;
  let step = 0;
  let delayedTaken = 0;
  let taken = 0;
  /** The bytes of each step's message, by the number of the step. */
  const stored = new Map<string, Uint8Array>();
  let lengths: number[] = [];
  const isAdvance = (bytes: Uint8Array) => bytes[0] === 0x10;
  const nameOf = (bytes: Uint8Array) =>
    isAdvance(bytes) ? 'Advance' : bytes[0] === 0x03 ? 'Cancel' : `message ${bytes.at(-1)}`;
  const chain = {
    head: () => ({
      leaf: ZERO_HASH,
      step,
      delayed: delayedTaken,
      batch: world.closed.length,
      isOpen: open !== undefined,
    }),
    open: () => open,
    fits: (length: number, maxBytes: number) => fitsBatch([...lengths, length], maxBytes),
    lookAhead: () => undefined,
    isKnown: ({ received }: SoftMessage) => !isAdvance(received.bytes) || world.known,
    begin: async (timestamp: number, origin: SequencerBatch['origin']) => {
      const index = world.closed.length;
      open = {
        index,
        origin,
        timestamp,
        delayedFrom: delayedTaken,
        delayedRoots: [],
        firstStep: step,
        messages: 0,
        closed: false,
      };
    },
    execute: async ({ received: { bytes }, origin }: SoftMessage) => {
      if (isAdvance(bytes) && !world.known) return undefined;
      step += 1;
      stored.set(numberKey(step), bytes);
      world.executed.push(nameOf(bytes));
      const isDelayed = origin === 'l1';
      if (isDelayed) delayedTaken += 1;
      else lengths.push(bytes.length);
      const delayedRoots = isDelayed ? [...open!.delayedRoots, ZERO_HASH] : open!.delayedRoots;
      open = { ...open!, messages: open!.messages + 1, delayedRoots };
      return { receipt: { kind: 'Deposit', ok: true } };
    },
    close: async () => {
      const closed = { ...open!, closed: true };
      world.closed.push(closed);
      open = undefined;
      lengths = [];
      return closed;
    },
    rollBack: async (batch: number) => {
      world.rolledBack.push(batch);
      open = undefined;
      lengths = [];
    },
  };
  const tasks = {
    load: async () => undefined,
    observe: async () => undefined,
    runAhead: () => undefined,
    begin: () => {
      world.begun += 1;
      return true;
    },
    promisedTo: () => options.promisedTo,
    nextAdvance: () => advances.shift(),
    nextExpire: () => undefined,
    release: () => undefined,
    holds: (message: Message | undefined) => message?.kind === 'Cancel' && world.isBegun,
  };
  const parts = {
    chain,
    tasks,
    tables: {
      batches: { get: async () => world.closed.at(-1) },
      steps: { get: async (key: string) => ({ hash: key }) },
      messages: { get: async (key: string) => stored.get(key) },
    },
    mirror: {
      delayed: async (index: bigint) => {
        const message = delayed[Number(index)];
        return (
          message && { message: bytesToHex(encodeMessage(message)), objectRoot: ZERO_HASH, timestamp: BigInt(NOW) }
        );
      },
      batch: async (index: bigint) => world.l1[Number(index)],
    },
    reconciler: {
      posted: () => world.closed.length,
      check: async () => {
        world.turns += 1;
        const batch = world.l1[world.closed.length];
        return batch === undefined || open !== undefined ? { kind: 'agrees' } : { kind: 'behind', batch };
      },
    },
    admission: {
      next: async () => {
        const bytes = world.queue[taken];
        if (bytes === undefined) return undefined;
        taken += 1;
        return { sequence: taken, received: receiveMessage(bytes) };
      },
      reload: async () => undefined,
    },
    objects: { put: async (bytes: Uint8Array) => world.objects.push(bytes), get: async () => undefined },
    promises: { at: async () => undefined },
    limits: options.limits ?? { messages: 1, bytes: 1 << 20, ageSeconds: 3_600, unposted: 64 },
    delaySeconds: DELAY,
    maxBehindSeconds: 2 * HELD,
    l1Time: () => world.l1Time,
    log: createLogger('test', 'silent'),
    onClosed: () => undefined,
    onRollBack: () => undefined,
  } as unknown as LoopParts;
  const loop = createLoop(parts);
  const stop = new AbortController();
  running.push({ stop, done: loop.run(stop.signal) });
  const send = (message: Message) => {
    world.queue.push(encodeMessage(message));
    loop.wake();
  };
  const executed = (names: string[]) => eventually(() => expect(world.executed).toEqual(names));
  /** Waits until the loop has looked at everything this many times more. */
  const turns = async (count: number) => {
    for (let i = 0; i < count; i++) {
      const before = world.turns;
      loop.wake();
      await eventually(() => expect(world.turns).toBeGreaterThan(before));
    }
  };
  return { world, loop, send, executed, turns };
}

test('while the program of a forced Advance runs, messages of others are executed and their batches closed', async () => {
  const { world, loop, send, executed, turns } = startLoop({ delayed: [ADVANCE, deposit(9n)] });
  await eventually(() => expect(world.begun).toBeGreaterThan(0));
  send(deposit(1n));
  await executed(['message 1']);
  send(deposit(2n));
  await executed(['message 1', 'message 2']);
  expect(world.closed.map(({ messages, delayedRoots }) => [messages, delayedRoots.length])).toEqual([
    [1, 0],
    [1, 0],
  ]);
  await turns(2);
  expect(loop.isBusy()).toBe(false);
  world.known = true;
  loop.wake();
  await executed(['message 1', 'message 2', 'Advance', 'message 9']);
});

test('tasks and messages go by turns, and each Advance that the tasks have given is executed', async () => {
  const { world, loop, executed } = startLoop({ advances: [ADVANCE, ADVANCE, ADVANCE] });
  world.known = true;
  world.queue.push(...[1n, 2n].map((amount) => encodeMessage(deposit(amount))));
  loop.wake();
  await executed(['Advance', 'message 1', 'Advance', 'message 2', 'Advance']);
});

test('once half of the time is over after which L1 refuses batches without it, nothing is executed before a forced Advance', async () => {
  const { world, loop, send, executed, turns } = startLoop({ delayed: [ADVANCE] });
  send(deposit(1n));
  await executed(['message 1']);
  world.l1Time = NOW + DELAY / 2;
  send(deposit(2n));
  await turns(3);
  expect(world.executed).toEqual(['message 1']);
  world.known = true;
  loop.wake();
  await executed(['message 1', 'Advance', 'message 2']);
});

test('a forced Cancel waits for what was begun for its run, as a sent one does, until it is due', async () => {
  const { world, loop, send, executed, turns } = startLoop({ delayed: [CANCEL], isBegun: true });
  send(deposit(1n));
  await executed(['message 1']);
  await turns(2);
  expect(world.executed).toEqual(['message 1']);
  world.isBegun = false;
  loop.wake();
  await executed(['message 1', 'Cancel']);

  const other = startLoop({ delayed: [CANCEL], isBegun: true });
  await other.turns(2);
  expect(other.world.executed).toEqual([]);
  other.world.l1Time = NOW + DELAY / 2;
  other.loop.wake();
  await other.executed(['Cancel']);
});

test('no batch has a time at which what was begun would end unpaid; but none is more than half an hour behind', async () => {
  for (const [behind, expected] of [
    [0, NOW],
    [100, NOW - 100],
    [HELD + 100, NOW - HELD],
  ] as const) {
    const { send, executed, world } = startLoop({ promisedTo: BigInt(NOW - behind) });
    send(deposit(1n));
    await executed(['message 1']);
    expect(world.closed.map(({ timestamp }) => timestamp)).toEqual([expected]);
  }
});

const batchOf = (fingerprint: string) =>
  ({
    index: 0n,
    timestamp: BigInt(NOW),
    delayedFrom: 0n,
    delayedUpTo: 1n,
    messageCount: 1,
    objectLength: 0,
    fingerprint,
  }) as unknown as BatchRecord;

test('a batch of L1 whose program runs is gone on with when it has run; it is left at once if L1 has another one meanwhile', async () => {
  const { world, loop, executed } = startLoop({ delayed: [ADVANCE], l1: [batchOf('0x01')] });
  await eventually(() => expect(world.begun).toBe(1));
  expect(world.executed).toEqual([]);
  world.l1[0] = batchOf('0x02');
  loop.wake();
  await eventually(() => expect(world.rolledBack).toEqual([0]));
  await eventually(() => expect(world.begun).toBe(2));
  world.known = true;
  loop.wake();
  await executed(['Advance']);
  await eventually(() => expect(world.closed.length).toBe(1));
  expect(world.rolledBack).toEqual([0]);
});

test('however long messages are and come, each is read from its batch again: none is closed with one too long for its count', async () => {
  const limits = { messages: 4_096, bytes: 4 << 20, ageSeconds: 3_600, unposted: 10_000 };
  const long = fc.constantFrom(22_000, 32_768, 65_536, 131_072, 262_143, 262_144);
  // Short messages stand before and behind long ones: at times the count closes the batch, at times the length.
  const part = fc.tuple(fc.integer({ min: 1, max: 700 }), fc.array(long, { maxLength: 3 }));
  let byTheRule = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(part, { minLength: 2, maxLength: 4 }), fc.nat(3), async (parts, forced) => {
      const delayed = Array.from({ length: forced }, (_, i) => deposit(BigInt(i)));
      const { world, loop } = startLoop({ delayed, limits });
      const lengths = parts.flatMap(([short, longs]) => [...new Array<number>(short).fill(3), ...longs]);
      const messages = lengths.map((length, i) => new Uint8Array(length).fill(0x20 + (i % 200)));
      world.queue.push(...messages);
      loop.wake();
      await eventually(() => expect(world.executed.length).toBe(forced + messages.length));
      let read = 0;
      for (const { messages: count, delayedRoots } of world.closed) {
        const sequenced = count - delayedRoots.length;
        if (sequenced === 0) continue;
        const own = messages.slice(read, read + sequenced);
        expect(Buffer.concat(decodeBatch(world.objects.shift()!, sequenced)).equals(Buffer.concat(own))).toBe(true);
        read += sequenced;
        if (batchSize(lengths.slice(read - sequenced, read + 1)) <= limits.bytes) byTheRule += 1;
      }
      expect(world.objects).toEqual([]);
    }),
    { numRuns: 12, seed: 1 },
  );
  expect(byTheRule).toBeGreaterThan(5);
});
