// docs/prover.md#void: whatever becomes void in whatever order, every node has the state that the rule gives.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { encodeBatch } from '../../protocol/batch.ts';
import { bytesToHex, type Hex } from '../../protocol/hex.ts';
import { encodeMessage } from '../../protocol/messages.ts';
import { receiveMessage } from '../../protocol/received.ts';
import { encodeContext } from '../../protocol/state.ts';
import { objectRef, objectRoot } from '../../protocol/tree.ts';
import type { ContractEvent } from '../../service/l1/logs.ts';
import { openStore, type Store } from '../../service/storage/store.ts';
import { event, fakeHash } from '../../test/doubles/l1-events.fixture.ts';
import { ALICE, sign } from '../../test/kernel/world.fixture.ts';
import { openTestNode, type TestNode } from '../../test/network/chain.fixture.ts';
import { NO_BODY } from '../body/recorder.ts';
import { type Execution, openExecution } from '../execution.ts';
import { deriveBatch } from './derive.ts';
import { type Mirror, openMirror } from './mirror.ts';
import { VOID_ROOT } from './voids.ts';

const BATCHES = 4;
const TIMESTAMP = 1_700_000_000n;
const never = new AbortController().signal;

type Posted = {
  readonly events: readonly ContractEvent[];
  readonly delayed: readonly Uint8Array[];
  readonly sequenced: readonly Uint8Array[];
  readonly bytes: Uint8Array;
};

let node: TestNode;
let folder: string;
const stores: Store[] = [];

beforeEach(async () => {
  node = await openTestNode();
  folder = mkdtempSync(join(tmpdir(), 'mizu-voids-'));
});
afterEach(async () => {
  await Promise.all(stores.splice(0).map((store) => store.close()));
  await node.close();
  rmSync(folder, { recursive: true });
});

// Each batch has a deposit and two messages of one account: whether they count depends on all before them.
async function createBatches(): Promise<Posted[]> {
  const cancel = async (nonce: number) =>
    encodeMessage(await sign(ALICE, { kind: 'Cancel', nonce: BigInt(nonce), run: fakeHash(1) }));
  const batches: Posted[] = [];
  for (let i = 0; i < BATCHES; i++) {
    const deposit = encodeMessage({ kind: 'Deposit', account: ALICE.address, amount: 10n ** 15n + BigInt(i) });
    const sequenced = [await cancel(2 * i), await cancel(2 * i + 1)];
    const bytes = encodeBatch(sequenced);
    const { root, length } = objectRef(bytes);
    const index = BigInt(i);
    const delayed = { index, objectRoot: objectRoot(deposit), timestamp: 1n, message: bytesToHex(deposit) };
    const posted = {
      index,
      objectRoot: root,
      timestamp: TIMESTAMP,
      delayedUpTo: index + 1n,
      totalMessages: 3n * (index + 1n),
      objectLength: length,
      messageCount: 3,
    };
    batches.push({
      events: [event('MessageDelayed', delayed), event('BatchPosted', posted)],
      delayed: [deposit],
      sequenced,
      bytes,
    });
  }
  return batches;
}

/** A node that is told L1's chain block by block, and can fetch the objects that are not in `lost`. */
async function openFollower(name: string, lost: ReadonlySet<Hex>, batches: readonly Posted[]) {
  const held = new Map(batches.map(({ bytes }) => [objectRoot(bytes), bytes]));
  const objects = { get: async (root: Hex) => (lost.has(root) ? undefined : held.get(root)) };
  let store: Store;
  let mirror: Mirror;
  let execution: Execution;
  const open = async () => {
    store = await openStore(join(folder, name));
    stores.push(store);
    mirror = await openMirror(store);
    const { transition, genesis } = node;
    const genesisLeaf = genesis.stateLeaf;
    execution = await openExecution({ store, mirror, objects, transition, recorder: NO_BODY, genesisLeaf });
  };
  await open();
  return {
    mirror: () => mirror,
    execution: () => execution,
    objects,
    async restart() {
      stores.splice(stores.indexOf(store), 1);
      await store.close();
      await open();
    },
    async leaves() {
      await execution.catchUp(never);
      const last = await execution.batch(execution.batches() - 1n);
      return last === undefined ? undefined : bytesToHex(await execution.leaves(0n, last.toStep));
    },
  };
}

async function byRule(batches: readonly Posted[], voids: ReadonlySet<number>): Promise<Hex> {
  let leaf = node.genesis.stateLeaf;
  const list = [leaf];
  for (const [index, { delayed, sequenced }] of batches.entries()) {
    const messages = [...delayed, ...sequenced.map((message) => (voids.has(index) ? new Uint8Array(0) : message))];
    for (const [i, message] of messages.entries()) {
      const context = encodeContext({
        timestamp: TIMESTAMP,
        origin: i < delayed.length ? 'l1' : 'sequencer',
        batch: BigInt(index),
        message: BigInt(i),
        batchCount: BigInt(messages.length),
      });
      leaf = (await node.transition.step(leaf, context, receiveMessage(message))).stateLeaf;
      list.push(leaf);
    }
  }
  return bytesToHex(new Uint8Array(Buffer.concat(list)));
}

test('a void batch has as many messages as before, the sequenced ones empty, and nobody is asked for its bytes', async () => {
  const [first, second] = (await createBatches()) as [Posted, Posted];
  const lost = new Set([objectRoot(first.bytes)]);
  const follower = await openFollower('one', lost, [first, second]);
  const mirror = follower.mirror();
  await mirror.apply({
    kind: 'apply',
    block: { number: 1n, hash: fakeHash(1) },
    events: [...first.events, ...second.events],
  });
  await expect(follower.execution().catchUp(never)).rejects.toMatchObject({ code: 'da/object-missing' });
  const [before, after] = [await mirror.batch(0n), await mirror.batch(1n)];
  expect(before).toMatchObject({ isVoid: false, previous: fakeHash(0) });
  expect(after?.previous).toBe(before?.fingerprint);
  const made = event('BatchVoided', { index: 0n });
  await mirror.apply({ kind: 'apply', block: { number: 2n, hash: fakeHash(2) }, events: [made] });
  const changed = (await mirror.batch(0n))!;
  expect(changed).toMatchObject({ isVoid: true, objectRoot: VOID_ROOT, objectLength: 0, messageCount: 3 });
  expect(changed.fingerprint).not.toBe(before?.fingerprint);
  expect(await mirror.batch(1n)).toMatchObject({ isVoid: false, previous: changed.fingerprint });
  const steps = await deriveBatch(mirror, follower.objects, changed);
  expect(steps.map(({ message }) => message.bytes.length)).toEqual([first.delayed[0]!.length, 0, 0]);
  expect(await follower.leaves()).toBe(await byRule([first, second], new Set([0])));
  expect([mirror.isVoided(0n, 1n, -1n), mirror.isVoided(0n, 1n, 0n), mirror.isVoided(1n, 9n, -1n)]).toEqual([
    true,
    false,
    false,
  ]);
  await mirror.apply({ kind: 'undo', block: { number: 2n, hash: fakeHash(2) } });
  expect([await mirror.batch(0n), await mirror.batch(1n)]).toEqual([before, after]);
});

test('moot is what was made before a voiding and is neither confirmed nor rejected, after a restart too', async () => {
  const [batch] = (await createBatches()) as [Posted];
  const follower = await openFollower('one', new Set(), [batch]);
  const made = (id: number, parent: number) =>
    event('AssertionCreated', {
      id: fakeHash(id),
      parent: fakeHash(parent),
      asserter: ALICE.address,
      stepRoot: fakeHash(9),
      stepCount: 3n,
      post: { stateRoot: fakeHash(9), receiptHash: fakeHash(9), batch: 1n, message: 0n, step: 3n },
      objects: [],
    });
  const ends = (eventName: string, id: number) =>
    event(eventName, { id: fakeHash(id), batch: 0n, stateRoot: fakeHash(9) });
  let height = 0n;
  const block = (...events: ContractEvent[]) => {
    height += 1n;
    return follower
      .mirror()
      .apply({ kind: 'apply', block: { number: height, hash: fakeHash(Number(height)) }, events });
  };
  const undo = async () => {
    await follower.mirror().apply({ kind: 'undo', block: { number: height, hash: fakeHash(Number(height)) } });
    height -= 1n;
  };
  const moot = async () => {
    const found: number[] = [];
    for await (const assertion of follower.mirror().assertions())
      if (follower.mirror().isMoot(assertion)) found.push(Number(BigInt(assertion.id)));
    return found;
  };
  await block(...batch.events, ends('AssertionConfirmed', 100), made(101, 100), made(102, 101), made(103, 101));
  await block(ends('AssertionRejected', 101), ends('AssertionOrphaned', 103));
  expect(await moot()).toEqual([]);
  await block(event('BatchVoided', { index: 0n }));
  expect(await moot()).toEqual([102, 103]);
  await undo();
  expect(await moot()).toEqual([]);
  await block(made(104, 100), event('BatchVoided', { index: 0n }), made(105, 100));
  await follower.restart();
  expect(await moot()).toEqual([102, 103, 104]);
});

test('a confirmed batch that DA has forgotten is waited for, and the error says what to do', async () => {
  const [first, second] = (await createBatches()) as [Posted, Posted];
  const lost = new Set([objectRoot(first.bytes), objectRoot(second.bytes)]);
  const follower = await openFollower('late', lost, [first, second]);
  const post = { stateRoot: fakeHash(9), receiptHash: fakeHash(9), batch: 1n, message: 0n, step: 3n };
  const claim = {
    id: fakeHash(101),
    parent: fakeHash(100),
    asserter: ALICE.address,
    stepRoot: fakeHash(9),
    stepCount: 3n,
    post,
  };
  const confirmed = (id: number) =>
    event('AssertionConfirmed', { id: fakeHash(id), batch: 1n, stateRoot: fakeHash(9) });
  const events = [
    ...first.events,
    ...second.events,
    confirmed(100),
    event('AssertionCreated', { ...claim, objects: [] }),
  ];
  const apply = (height: bigint, ...more: ContractEvent[]) =>
    follower.mirror().apply({ kind: 'apply', block: { number: height, hash: fakeHash(Number(height)) }, events: more });
  await apply(1n, ...events);
  // The batch's assertion is pending, so its bytes are promised: the members are down.
  await expect(follower.execution().catchUp(never)).rejects.toMatchObject({ code: 'da/object-missing' });
  await apply(2n, confirmed(101));
  await expect(follower.execution().catchUp(never)).rejects.toMatchObject({
    code: 'da/batch-forgotten',
    retryable: true,
    message: 'Batch 0 is confirmed on L1, and no DA member gives what it takes to run it: Batch 0 cannot be read.',
    expected: `object ${objectRoot(first.bytes)} of ${first.bytes.length} bytes on a DA member`,
    hint: expect.stringContaining('copy the folder objects/'),
  });
  // Somebody had kept the bytes.
  lost.delete(objectRoot(first.bytes));
  await expect(follower.execution().catchUp(never)).rejects.toMatchObject({ code: 'da/object-missing' });
  expect(follower.execution().batches()).toBe(1n);
  lost.clear();
  expect(await follower.leaves()).toBe(await byRule([first, second], new Set()));
});

test('a batch that was never posted cannot become void', async () => {
  const mirror = (await openFollower('one', new Set(), [])).mirror();
  const events = [event('BatchVoided', { index: 0n })];
  await expect(mirror.apply({ kind: 'apply', block: { number: 1n, hash: fakeHash(1) }, events })).rejects.toMatchObject(
    {
      code: 'l1/contradiction',
      actual: 'batch 0 becomes void and was never posted',
    },
  );
});

test('a void that comes while a later batch is run is not built over', async () => {
  const batches = await createBatches();
  const follower = await openFollower('one', new Set(), batches);
  const mirror = follower.mirror();
  await mirror.apply({
    kind: 'apply',
    block: { number: 1n, hash: fakeHash(1) },
    events: batches.flatMap((b) => b.events),
  });
  let asked = 0;
  const { get } = follower.objects;
  follower.objects.get = async (root) => {
    asked += 1;
    const made = {
      kind: 'apply',
      block: { number: 2n, hash: fakeHash(2) },
      events: [event('BatchVoided', { index: 0n })],
    };
    if (asked === 3) await mirror.apply(made as Parameters<Mirror['apply']>[0]);
    return get(root);
  };
  await follower.execution().catchUp(never);
  expect(await follower.leaves()).toBe(await byRule(batches, new Set([0])));
});

test('old, restarted and fresh nodes agree with the rule, whatever becomes void, is taken back, or is lost', async () => {
  const batches = await createBatches();
  const rules = new Map<string, Hex>();
  const action = fc.oneof(
    fc.record({ kind: fc.constant('void'), index: fc.nat(BATCHES - 1) }),
    fc.record({ kind: fc.constantFrom('post', 'undo', 'run', 'restart'), index: fc.constant(0) }),
  );
  let life = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(action, { minLength: 6, maxLength: 24 }), async (actions) => {
      life += 1;
      const lost = new Set<Hex>();
      const old = await openFollower(`old-${life}`, lost, batches);
      const chain: { voids?: number; events: readonly ContractEvent[] }[] = [];
      const voids = () => new Set(chain.flatMap((block) => (block.voids === undefined ? [] : [block.voids])));
      const posted = () => chain.filter((block) => block.voids === undefined).length;
      let forks = 0;
      const blockAt = (height: number) => ({ number: BigInt(height), hash: fakeHash(1000 * forks + height) });
      const known: ReturnType<typeof blockAt>[] = [];
      const extend = async (block: (typeof chain)[number]) => {
        chain.push(block);
        known.push(blockAt(chain.length));
        await old.mirror().apply({ kind: 'apply', block: known.at(-1)!, events: block.events });
      };
      for (const { kind, index } of actions) {
        if (kind === 'post' && posted() < BATCHES) await extend({ events: batches[posted()]!.events });
        if (kind === 'void' && index < posted() && !voids().has(index)) {
          await extend({ voids: index, events: [event('BatchVoided', { index: BigInt(index) })] });
          lost.add(objectRoot(batches[index]!.bytes));
        }
        if (kind === 'undo' && chain.length > 0) {
          const { voids: restored } = chain.pop()!;
          forks += 1;
          await old.mirror().apply({ kind: 'undo', block: known.pop()! });
          if (restored !== undefined) lost.delete(objectRoot(batches[restored]!.bytes));
        }
        if (kind === 'run') await old.execution().catchUp(never, 2);
        if (kind === 'restart') await old.restart();
      }
      const fresh = await openFollower(`fresh-${life}`, lost, batches);
      for (const [i, { events }] of chain.entries())
        await fresh.mirror().apply({ kind: 'apply', block: known[i]!, events });
      const list = batches.slice(0, posted());
      const name = `${list.length}:${[...voids()].sort().join()}`;
      if (!rules.has(name)) rules.set(name, await byRule(list, voids()));
      const expected = list.length === 0 ? undefined : rules.get(name);
      expect(await old.leaves()).toBe(expected);
      expect(await fresh.leaves()).toBe(expected);
      const last = BigInt(Math.max(0, posted() - 1));
      expect((await fresh.mirror().batch(last))?.fingerprint).toBe((await old.mirror().batch(last))?.fingerprint);
    }),
    { numRuns: 40 },
  );
});
