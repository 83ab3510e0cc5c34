// docs/messages.md#batch: batch objects with anything in them. Node and L1 take each message for the same bytes, and every kernel for the same steps.
import { toFunctionSelector } from 'viem';
import { beforeAll, expect, test } from 'vitest';
import { NO_MESSAGE_PROOF, proveMessage } from '../../dispute/calls.ts';
import { createKernel } from '../../kernel/run.ts';
import { deriveBatch } from '../../node/l1/derive.ts';
import type { BatchRecord, Mirror } from '../../node/l1/mirror.ts';
import { decodeBatch, encodeBatch } from '../../protocol/batch.ts';
import { encodeMessage, type Message } from '../../protocol/messages.ts';
import { decodeStateLeaf } from '../../protocol/state.ts';
import { depthOf, objectRef, objectRoot, treeProof, treeRoot } from '../../protocol/tree.ts';
import { directEngine, nativeEngine } from '../kernel/engine.fixture.ts';
import { createXorshift } from '../kernel/random.fixture.ts';
import { ALICE, BOB, createWorld, deployMessage, START, sign } from '../kernel/world.fixture.ts';
import { createBatchJudge } from './batch-judge.ts';

const MUTANTS = 300;
/** Messages of a batch that L1 is asked for. */
const JUDGED = 6;
/** One batch in so many is executed, too. */
const EXECUTED = 10;
const EDGES = [
  0,
  1,
  2,
  3,
  7,
  8,
  63,
  64,
  127,
  128,
  129,
  299,
  300,
  1_000,
  2 ** 15,
  2 ** 18,
  2 ** 18 + 1,
  2 ** 31,
  2 ** 32 - 1,
];

let judge: Awaited<ReturnType<typeof createBatchJudge>>;
let messages: readonly Uint8Array[];
beforeAll(async () => {
  judge = await createBatchJudge();
  const withdrawal = { kind: 'Withdraw', nonce: 1n, recipient: BOB.address, amount: 1n } as const;
  const sent: Message[] = [await deployMessage(ALICE, 0n), await sign(ALICE, withdrawal)];
  messages = [...sent.map(encodeMessage), new Uint8Array(0), Uint8Array.of(0x10), new Uint8Array(300).fill(7)];
});

type Random = (below: number) => number;
type Mutant = { readonly how: string; readonly batch: Uint8Array; readonly count: number };

function mutate(random: Random): Mutant {
  const pick = <T>(list: readonly T[]): T => list[random(list.length)] as T;
  const list = Array.from({ length: random(24) }, () => pick(messages));
  const valid = encodeBatch(list);
  const batch = valid.slice();
  const view = new DataView(batch.buffer);
  const count = list.length;
  const entry = () => 128 + 8 * random(Math.max(1, count));
  const changed = (how: string, change: () => void): Mutant => {
    change();
    return { how, batch, count };
  };
  switch (random(12)) {
    case 0:
      return { how: 'as it is', batch, count };
    case 1:
      return changed('magic', () => view.setUint8(random(8), random(256)));
    case 2:
      return changed('count', () => view.setUint32(8, pick([...EDGES, count + 1])));
    case 3:
      return changed('place', () => count > 0 && view.setUint32(entry(), pick([...EDGES, batch.length / 128 - 1])));
    case 4:
      return changed('length', () => count > 0 && view.setUint32(entry() + 4, pick(EDGES)));
    case 5:
      return changed('one entry for all', () => {
        const [place, length] = [random(batch.length / 128), pick(EDGES)];
        for (let i = 0; i < count; i++) view.setUint32(128 + 8 * i, place);
        for (let i = 0; i < count; i++) view.setUint32(128 + 8 * i + 4, length);
      });
    case 6:
      return { how: 'cut', batch: batch.slice(0, random(batch.length + 1)), count };
    case 7:
      return {
        how: 'longer',
        batch: Uint8Array.of(...batch, ...new Uint8Array(1 + random(4_000)).fill(random(2))),
        count,
      };
    case 8:
      return { how: 'twice', batch: Uint8Array.of(...batch, ...batch), count: pick([count, 2 * count]) };
    case 9:
      return changed('a byte anywhere', () => view.setUint8(random(batch.length), 1 + random(255)));
    case 10:
      return { how: 'another count on L1', batch, count: pick([0, 1, count + 1, 4096]) };
    default:
      return { how: 'no batch', batch: Uint8Array.from({ length: random(400) }, () => random(256)), count: random(9) };
  }
}

const recordOf = (batch: Uint8Array, messageCount: number, isVoid = false) =>
  ({
    index: 1n,
    timestamp: START,
    delayedFrom: 0n,
    delayedUpTo: 0n,
    objectRoot: objectRoot(batch),
    objectLength: batch.length,
    messageCount,
    isVoid,
  }) as unknown as BatchRecord;
const NO_MIRROR = {} as Mirror;

test('mutants of a batch object: node and L1 take each message for the same bytes, and the kernels end in one state', async () => {
  const random = createXorshift(11);
  const judged = { full: 0, empty: 0, shaky: 0 };
  for (let mutant = 0; mutant < MUTANTS; mutant++) {
    const { how, batch, count } = mutate(random);
    const note = `mutant ${mutant}: ${how}, ${batch.length} bytes, ${count} messages`;
    const decoded = decodeBatch(batch, count);
    expect(decoded.length, note).toBe(count);
    for (let i = 0; i < Math.min(count, JUDGED); i++) {
      const index = count <= JUDGED ? i : random(count);
      const { root, length, shaky } = await judge.judge(batch, index, count);
      expect({ root, length }, `${note}, message ${index}`).toEqual(objectRef(decoded[index]!));
      judged[length > 0 ? 'full' : 'empty']++;
      if (shaky) judged.shaky++;
    }
    const source = { get: async () => batch };
    const steps = count === 0 ? [] : await deriveBatch(NO_MIRROR, source, recordOf(batch, count));
    expect(
      steps.map(({ message }) => message.bytes),
      note,
    ).toEqual(decoded);
    if (mutant % EXECUTED === 0 && count > 0 && count < 100) await execute(steps, note);
  }
  // Each way to end is among them, often.
  for (const often of Object.values(judged)) expect(often).toBeGreaterThan(100);
});

async function execute(steps: Awaited<ReturnType<typeof deriveBatch>>, note: string): Promise<void> {
  const ends = [];
  for (const engine of [nativeEngine, directEngine]) {
    const world = await createWorld(engine);
    world.deposit(ALICE.address, 10n ** 15n);
    const kernel = createKernel(engine);
    for (const { context, message } of steps) {
      const getExec = () => undefined;
      const done = kernel.step({
        stateLeaf: world.leaf,
        context,
        message: message.bytes,
        getNode: (hash) => world.nodes.get(hash),
        getExec,
      });
      if (done.kind !== 'done') throw new Error(`${note}: the step needs something`);
      for (const [hash, node] of done.nodes) world.nodes.set(hash, node);
      world.leaf = done.stateLeaf;
    }
    ends.push(world.leaf);
  }
  expect(ends[1], note).toEqual(ends[0]);
  expect(decodeStateLeaf(ends[0]!), note).toMatchObject({ batch: 2n, message: 0n, step: BigInt(1 + steps.length) });
}

test('a void batch has its messages, all empty, and nobody is asked for its bytes', async () => {
  const source = {
    get: async () => {
      throw new Error('asked');
    },
  };
  const steps = await deriveBatch(NO_MIRROR, source, recordOf(encodeBatch(messages), messages.length, true));
  expect(steps.map(({ message }) => message.bytes.length)).toEqual(messages.map(() => 0));
});

/** `count` entries that all name the `length` bytes from 256 KiB on. */
function overlapping(count: number, length: number): Uint8Array {
  const batch = new Uint8Array(2 ** 18 + length);
  batch.set(encodeBatch(new Array<Uint8Array>(count).fill(new Uint8Array(0))).subarray(0, 128 + 8 * count));
  batch.fill(7, 2 ** 18);
  const view = new DataView(batch.buffer);
  for (let i = 0; i < count; i++) view.setUint32(128 + 8 * i, 2 ** 11);
  for (let i = 0; i < count; i++) view.setUint32(128 + 8 * i + 4, length);
  return batch;
}

test('lengths at the edge of what the count allows: node and L1 say the same, and L1 refuses proofs that say otherwise', async () => {
  const random = createXorshift(12);
  for (const count of [1, 255, 256, 257, 1 + random(4096), 1 + random(4096), 4095, 4096]) {
    const longest = Math.min(2 ** 18, Math.floor(2 ** 26 / count));
    for (const length of [longest - 1, longest, longest + 1]) {
      const note = `${count} messages of ${length} bytes`;
      const batch = overlapping(count, length);
      const decoded = decodeBatch(batch, count);
      const isRead = length <= longest;
      expect(new Set(decoded.map((message) => message.length)), note).toEqual(new Set([isRead ? length : 0]));
      const index = random(count);
      const { root, length: judged } = await judge.judge(batch, index, count);
      expect({ root, length: judged }, note).toEqual(objectRef(decoded[index]!));
      const proof = proveMessage(batch, index, count);
      const height = depthOf(length);
      const subtreePath = treeProof(batch, 2 ** 11, height);
      const liars = isRead
        ? { ...proof, subtree: NO_MESSAGE_PROOF.subtree, subtreePath: [] }
        : { ...proof, subtree: treeRoot(batch.subarray(2 ** 18), height), subtreePath };
      const error = isRead ? 'PathLengthMismatch(uint256,uint256)' : 'ProofTooLong(uint8)';
      await expect(judge.judge(batch, index, count, liars), note).rejects.toThrow(toFunctionSelector(error));
    }
  }
});
