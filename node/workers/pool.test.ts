import { afterEach, expect, test } from 'vitest';
import { createWriter } from '../../protocol/bytes.ts';
import type { ProgramEntry } from '../../protocol/definition.ts';
import type { Hex } from '../../protocol/hex.ts';
import { hashProgramHeader } from '../../protocol/program.ts';
import { encodeExecInputs } from '../../protocol/state.ts';
import { type ObjectRef, objectRef, objectRoot } from '../../protocol/tree.ts';
import {
  assembleSource,
  asText,
  openTestNode,
  putTestProgram,
  type TestNode,
} from '../../test/network/chain.fixture.ts';
import { createMemo } from '../memo.ts';
import { createExecPool } from './pool.ts';

const open: TestNode[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((node) => node.close()));
});

async function openNode() {
  const node = await openTestNode();
  open.push(node);
  const program = await putTestProgram(node.objects);
  await node.programs.register([program]);
  return { node, program };
}

const ENDLESS = '(module (memory 1 1) (func (export "_start") (loop (br 0))))';
const bytes = (value: string) => new TextEncoder().encode(value);

function request(program: ProgramEntry, inputs: readonly ObjectRef[], gasLimit = 1_000_000n, seed = 1): Uint8Array {
  const seedHex: Hex = `0x${seed.toString(16).padStart(64, '0')}`;
  return createWriter()
    .hex(hashProgramHeader(program.header), 32)
    .hex(objectRoot(encodeExecInputs(inputs)), 32)
    .hex(seedHex, 32)
    .u64(gasLimit)
    .u64(0)
    .u32(inputs.length)
    .zeros(12)
    .finish();
}

test('runs a program once for equal requests, and remembers over a restart', async () => {
  const { node, program } = await openNode();
  const inputs = await node.objects.putAll([new Uint8Array(0), bytes('abc')]);
  const leaf = request(program, inputs);
  const [first, second] = await Promise.all([node.pool.exec(leaf, inputs), node.pool.exec(leaf, inputs)]);
  expect(second).toBe(first);
  expect(first.status).toBe(0);
  expect(asText(await node.objects.get(first.outputRoot))).toBe('bcd');
  expect(node.pool.stats().done).toBe(1);
  const memo = await createMemo(node.store);
  const again = createExecPool({ objects: node.objects, programs: node.programs, memo, workers: 1 });
  expect(again.known(leaf)).toEqual(first);
});

test('a fault is a result: status 256, no output, all gas', async () => {
  const { node, program } = await openNode();
  const inputs = await node.objects.putAll([new Uint8Array(0), bytes('a long enough input')]);
  const result = await node.pool.exec(request(program, inputs, 20n), inputs);
  expect(result).toEqual({ status: 256, outputRoot: objectRoot(new Uint8Array(0)), outputLength: 0, gasUsed: 20n });
});

test('what one gas limit gives tells what others give: only a fault must be run again, with more', async () => {
  const { node, program } = await openNode();
  const inputs = await node.objects.putAll([new Uint8Array(0), bytes('abc')]);
  const done = await node.pool.exec(request(program, inputs), inputs);
  const used = done.gasUsed;
  const fault = (gasUsed: bigint) => ({
    status: 256,
    outputRoot: objectRoot(new Uint8Array(0)),
    outputLength: 0,
    gasUsed,
  });
  for (const [limit, expected] of [
    [used, done],
    [2n ** 34n, done],
    [used - 1n, fault(used - 1n)],
    [1n, fault(1n)],
  ] as const) {
    expect(node.pool.known(request(program, inputs, limit))).toEqual(expected);
    // The same request, run by a node that knows no other result.
    const alone = await openTestNode(node.objects);
    open.push(alone);
    await alone.programs.register([program]);
    expect(await alone.pool.exec(request(program, inputs, limit), inputs)).toEqual(expected);
  }
  const poor = request(program, inputs, used - 1n, 2);
  expect(await node.pool.exec(poor, inputs)).toEqual(fault(used - 1n));
  expect(node.pool.known(request(program, inputs, 3n, 2))).toEqual(fault(3n));
  const rich = request(program, inputs, used, 2);
  expect(node.pool.known(rich)).toBeUndefined();
  // Both at once: the second waits for the first, and is run after it.
  const [first, second] = await Promise.all([node.pool.exec(poor, inputs), node.pool.exec(rich, inputs)]);
  expect([first, second]).toEqual([fault(used - 1n), done]);
  const memo = await createMemo(node.store);
  const again = createExecPool({ objects: node.objects, programs: node.programs, memo, workers: 1 });
  expect(again.known(rich)).toEqual(done);
  expect(again.known(poor)).toEqual(fault(used - 1n));
});

test('a program that nobody wants any more is ended, whether it waits or runs; one that somebody wants is not', async () => {
  const { node, program } = await openNode();
  const inputs = await node.objects.putAll([new Uint8Array(0), bytes('abc')]);
  const endless = await putTestProgram(node.objects, await assembleSource(ENDLESS));
  await node.programs.register([endless]);
  const [one, two] = [new AbortController(), new AbortController()];
  const limit = 2n ** 34n;
  const ask = (seed: number, { signal }: AbortController) =>
    node.pool.exec(request(endless, inputs, limit, seed), inputs, [], signal);
  const outcomes = Promise.allSettled([ask(1, one), ask(2, one), ask(1, two)]);
  const wanted = node.pool.exec(request(program, inputs), inputs, [], one.signal);
  const kept = node.pool.exec(request(program, inputs), inputs);
  one.abort();
  expect(node.pool.stats()).toMatchObject({ running: 1, waiting: 1 });
  two.abort();
  for (const outcome of await outcomes)
    expect(outcome).toMatchObject({ status: 'rejected', reason: { code: 'prover/unwanted' } });
  expect(await kept).toMatchObject({ status: 0 });
  expect(await wanted).toMatchObject({ status: 0 });
  // That it was ended says nothing about the program.
  expect(await node.pool.exec(request(endless, inputs, 1_000n, 3), inputs)).toMatchObject({ gasUsed: 1_000n });
  expect(node.pool.stats()).toMatchObject({ running: 0, waiting: 0, stepped: 0 });
});

test('inputs that are in no store may come with the call; others must be those of the root', async () => {
  const { node, program } = await openNode();
  const made = [new Uint8Array(0), bytes('xyz')].map((object) => ({ ...objectRef(object), bytes: object }));
  const result = await node.pool.exec(request(program, made), made, made);
  expect(asText(await node.objects.get(result.outputRoot))).toBe('yz{');
  const other = [objectRef(bytes('other'))];
  await expect(node.pool.exec(request(program, made, 5n, 2), other)).rejects.toThrow('not those of its root');
  const missing = [objectRef(bytes('nowhere'))];
  await expect(node.pool.exec(request(program, missing), missing)).rejects.toMatchObject({ code: 'da/object-missing' });
});

test('the queue is bounded, and close refuses what waits', async () => {
  const { node, program } = await openNode();
  const inputs = await node.objects.putAll([new Uint8Array(0), bytes('abc')]);
  const memo = await createMemo(node.store);
  const pool = createExecPool({ objects: node.objects, programs: node.programs, memo, workers: 1, maxWaiting: 1 });
  const running = pool.exec(request(program, inputs, 1_000_000n, 1), inputs);
  const waiting = pool.exec(request(program, inputs, 1_000_000n, 2), inputs);
  expect(pool.room()).toBe(0);
  await expect(pool.exec(request(program, inputs, 1_000_000n, 3), inputs)).rejects.toMatchObject({
    code: 'prover/queue-full',
    retryable: true,
  });
  const outcomes = Promise.allSettled([running, waiting]);
  await pool.close();
  const [first, second] = await outcomes;
  expect(second).toMatchObject({ status: 'rejected', reason: { code: 'prover/closed' } });
  expect(first?.status).toBeDefined();
});

test('a program whose module is another one, or none, runs as the lowered code that was deployed', async () => {
  const { node, program } = await openNode();
  const inputs = await node.objects.putAll([new Uint8Array(0), bytes('abc')]);
  const native = await node.pool.exec(request(program, inputs, 1_000_000n, 1), inputs);
  const other = await putTestProgram(
    node.objects,
    await assembleSource('(module (memory 1 1) (func (export "_start")))'),
  );
  const none = await node.objects.put(bytes('no module'));
  const modules = [other, { wasmRoot: none.root, wasmLength: none.length }];
  for (const [i, { wasmRoot, wasmLength }] of modules.entries()) {
    const entry = { ...program, wasmRoot, wasmLength };
    const alone = await openTestNode(node.objects);
    open.push(alone);
    await alone.programs.register([entry], [entry]);
    expect(await alone.pool.exec(request(program, inputs, 1_000_000n, 2 + i), inputs)).toEqual(native);
    expect(alone.pool.stats().stepped).toBe(1);
  }
});

test('a later Deploy of a program does not change how it runs; only the state does', async () => {
  const { node, program } = await openNode();
  const junk = await node.objects.put(bytes('no module'));
  const later = { ...program, wasmRoot: junk.root, wasmLength: junk.length };
  const programId = hashProgramHeader(program.header);
  await node.programs.register([later]);
  expect(await node.programs.find(programId)).toEqual(program);
  expect(await node.programs.entries(programId)).toEqual([program, later]);
  // After a reorganisation the other one was the first.
  await node.programs.register([program], [later]);
  expect(await node.programs.entries(programId)).toEqual([later, program]);
});

test('a program runs though nobody has the module of its entry any more: that of another Deploy is loaded', async () => {
  const { node, program } = await openNode();
  const inputs = await node.objects.putAll([new Uint8Array(0), bytes('abc')]);
  const gone = { ...program, wasmRoot: `0x${'12'.repeat(32)}` as Hex };
  await node.programs.register([program], [gone]);
  expect((await node.pool.exec(request(program, inputs), inputs)).status).toBe(0);
  expect(node.pool.stats().stepped).toBe(0);
});

test('inputs are read when a job starts and not while it waits, each object once', async () => {
  const { node, program } = await openNode();
  const inputs = await node.objects.putAll([new Uint8Array(0), bytes('abc')]);
  const read: Hex[] = [];
  const objects = {
    put: node.objects.put,
    get: (root: Hex) => {
      read.push(root);
      return node.objects.get(root);
    },
  };
  const pool = createExecPool({ objects, programs: node.programs, memo: await createMemo(node.store), workers: 1 });
  const often = [...inputs, ...new Array<ObjectRef>(62).fill(inputs[1]!)];
  const first = pool.exec(request(program, inputs), inputs);
  const second = pool.exec(request(program, often), often);
  await first;
  const before = read.length;
  await second;
  await pool.close();
  expect(before).toBeLessThanOrEqual(7);
  expect(read.slice(before).every((root) => inputs.some((input) => input.root === root))).toBe(true);
  expect(read.length - before).toBeLessThanOrEqual(2);
});

test('on disk the memo is a ring', async () => {
  const { node } = await openNode();
  const memo = await createMemo(node.store, { hotEntries: 1, storedEntries: 2 });
  const result = (gasUsed: bigint) => ({
    status: 0,
    outputRoot: `0x${'00'.repeat(32)}` as Hex,
    outputLength: 0,
    gasUsed,
  });
  const key = (n: number): Hex => `0x${n.toString(16).padStart(64, '0')}`;
  for (const n of [1, 2, 3]) await memo.put(key(n), result(BigInt(n)));
  expect(memo.get(key(1))).toBeUndefined();
  expect(memo.get(key(2))?.gasUsed).toBe(2n);
  const reopened = await createMemo(node.store, { hotEntries: 1, storedEntries: 2 });
  await reopened.put(key(4), result(4n));
  expect(reopened.get(key(2))?.gasUsed).toBeUndefined();
  expect(reopened.get(key(3))?.gasUsed).toBe(3n);
});
