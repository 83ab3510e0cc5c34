// docs/prover.md#modules: whoever deploys a program with another module takes the native engine from nobody.
import fc from 'fast-check';
import { afterEach, expect, test } from 'vitest';
import { createWriter } from '../protocol/bytes.ts';
import type { ProgramEntry } from '../protocol/definition.ts';
import type { Hex } from '../protocol/hex.ts';
import { hashProgramHeader } from '../protocol/program.ts';
import { encodeExecInputs } from '../protocol/state.ts';
import { objectRoot } from '../protocol/tree.ts';
import { openTestNode, putTestProgram, type TestNode } from '../test/network/chain.fixture.ts';
import { createMemo } from './memo.ts';
import { createProgramRegistry } from './programs.ts';
import { createExecPool } from './workers/pool.ts';

const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

const bytes = (value: string) => new TextEncoder().encode(value);

async function openNode() {
  const node = await openTestNode();
  closing.push(node.close);
  const program = await putTestProgram(node.objects);
  const inputs = await node.objects.putAll([new Uint8Array(0), bytes('abc')]);
  return { node, program, programId: hashProgramHeader(program.header), inputs };
}

/**
 * A process over the node's store. `reads`: how often it has read a program's module. `run`: runs the program with this
 * seed.
 */
async function openLife({ node, program, inputs }: Awaited<ReturnType<typeof openNode>>) {
  const read: Hex[] = [];
  const stepped: string[] = [];
  const programs = createProgramRegistry(node.store);
  const pool = createExecPool({
    objects: {
      put: node.objects.put,
      get(root) {
        read.push(root);
        return node.objects.get(root);
      },
    },
    programs,
    memo: await createMemo(node.store),
    workers: 1,
    onStepped: (_, reason) => stepped.push(reason),
  });
  closing.push(pool.close);
  return {
    programs,
    stepped,
    reads: ({ wasmRoot }: Pick<ProgramEntry, 'wasmRoot'>) => read.filter((root) => root === wasmRoot).length,
    async run(seed: number): Promise<'native' | 'stepped'> {
      const before = pool.stats().stepped;
      const leaf = createWriter()
        .hex(hashProgramHeader(program.header), 32)
        .hex(objectRoot(encodeExecInputs(inputs)), 32)
        .hex(`0x${seed.toString(16).padStart(64, '0')}`, 32)
        .u64(1_000_000n)
        .u64(0)
        .u32(inputs.length)
        .zeros(12);
      const result = await pool.exec(leaf.finish(), inputs);
      expect(result).toMatchObject({ status: 0, outputRoot: objectRoot(bytes('bcd')) });
      return pool.stats().stepped === before ? 'native' : 'stepped';
    },
  };
}

const junkOf = async ({ objects }: TestNode, program: ProgramEntry, text: string): Promise<ProgramEntry> => {
  const { root, length } = await objects.put(bytes(text));
  return { ...program, wasmRoot: root, wasmLength: length };
};

test('junk first, then the module: it runs natively after the second Deploy, also after a restart, and junk is read once', async () => {
  const world = await openNode();
  const { node, program } = world;
  const junk = await junkOf(node, program, 'no module');
  const life = await openLife(world);
  await life.programs.register([junk], [junk]);
  expect([await life.run(1), await life.run(2)]).toEqual(['stepped', 'stepped']);
  expect(life.stepped).toHaveLength(1);
  await life.programs.register([program], [junk]);
  expect([await life.run(3), await life.run(4)]).toEqual(['native', 'native']);
  expect([life.reads(junk), life.reads(program)]).toEqual([1, 1]);
  const next = await openLife(world);
  expect([await next.run(5), next.reads(junk)]).toEqual(['native', 0]);
  // How the program runs is still what the state says.
  expect(await next.programs.find(world.programId)).toEqual(junk);
});

test('the module first, then junk: nothing changes, however much of it comes', async () => {
  const world = await openNode();
  const { node, program, programId } = world;
  const life = await openLife(world);
  await life.programs.register([program], [program]);
  expect(await life.run(1)).toBe('native');
  const other = await junkOf(node, program, 'x'.repeat(program.wasmLength + 1));
  await life.programs.register([other], [program]);
  const next = await openLife(world);
  expect([await next.run(2), next.reads(other)]).toEqual(['native', 0]);
  // After a reorganisation another one is that of the state; what fits stays.
  for (let i = 0; i < 20; i++) await next.programs.register([await junkOf(node, program, `junk ${i}`)], [other]);
  expect(await next.programs.entries(programId)).toHaveLength(9);
  expect(await next.programs.entries(programId)).toContainEqual(program);
  expect(await (await openLife(world)).run(3)).toBe('native');
});

test('ten junk modules are tried as often as they were deployed, at most eight and the first of them, and then no more', async () => {
  const world = await openNode();
  const { node, program } = world;
  const junk = await Promise.all(Array.from({ length: 10 }, (_, i) => junkOf(node, program, `junk ${i}`)));
  const life = await openLife(world);
  for (const entry of junk) await life.programs.register([entry], [junk[0]!]);
  expect([await life.run(1), await life.run(2)]).toEqual(['stepped', 'stepped']);
  // The second is the oldest of those that are not the state's entry.
  expect(junk.map(life.reads)).toEqual([1, 0, 1, 1, 1, 1, 1, 1, 1, 1]);
  const next = await openLife(world);
  expect(await next.run(3)).toBe('stepped');
  expect(junk.map(next.reads)).toEqual(junk.map(() => 0));
  // A module that was deployed and paid for again is tried again. At last the one that fits is found.
  await next.programs.register([junk[4]!], [junk[0]!]);
  expect([await next.run(4), next.reads(junk[4]!)]).toEqual(['stepped', 1]);
  await next.programs.register([program], [junk[0]!]);
  expect(await next.run(5)).toBe('native');
  expect(junk.map(next.reads)).toEqual(junk.map((_, i) => (i === 4 ? 1 : 0)));
});

test('of two modules that fit the shorter one is loaded; a longer one that comes first is no way to slow others', async () => {
  const world = await openNode();
  const { node, program, programId } = world;
  // A custom section of 1,000 bytes: it lowers to the same program.
  const wasm = (await node.objects.get(program.wasmRoot))!;
  const padded = new Uint8Array([...wasm, 0, 0xe8, 0x07, 1, 0x78, ...new Uint8Array(998)]);
  const { root, length } = await node.objects.put(padded);
  const long = { ...program, wasmRoot: root, wasmLength: length };
  const life = await openLife(world);
  await life.programs.register([long], [long]);
  expect(await life.run(1)).toBe('native');
  expect(await life.programs.module(programId)).toEqual({ root, length, fits: true });
  await life.programs.register([program], [long]);
  const next = await openLife(world);
  expect([await next.run(2), next.reads(long)]).toEqual(['native', 0]);
  expect(await next.programs.module(programId)).toEqual({
    root: program.wasmRoot,
    length: program.wasmLength,
    fits: true,
  });
});

test('a module that nobody has is asked for once in a process, and again when it is deployed again', async () => {
  const world = await openNode();
  const { program } = world;
  const gone = { ...program, wasmRoot: `0x${'12'.repeat(32)}` as Hex, wasmLength: 3 };
  const life = await openLife(world);
  await life.programs.register([gone], [gone]);
  expect([await life.run(1), await life.run(2), life.reads(gone)]).toEqual(['stepped', 'stepped', 1]);
  await life.programs.register([gone], [gone]);
  expect([await life.run(3), life.reads(gone)]).toEqual(['stepped', 2]);
  await life.programs.register([program], [gone]);
  expect(await life.run(4)).toBe('native');
});

test('whatever is deployed and tried in whatever order: the state says what runs, few are kept, and what fits is never lost', async () => {
  const { node, program, programId } = await openNode();
  const entryOf = (i: number): ProgramEntry => ({
    ...program,
    wasmRoot: `0x${(i + 1).toString(16).padStart(64, '0')}`,
    wasmLength: 1 + (i % 7),
  });
  const fitting = new Set([3, 17]);
  const action = fc.record({ kind: fc.constantFrom('deploy', 'deploy', 'try', 'restart'), index: fc.nat(24) });
  await fc.assert(
    fc.asyncProperty(fc.array(action, { maxLength: 60 }), fc.nat(24), async (actions, stated) => {
      await node.store.write([
        node.store.bytes('programs').delete(programId),
        node.store.bytes('modules').delete(programId),
      ]);
      let programs = createProgramRegistry(node.store);
      const first = entryOf(stated);
      const deploys = new Map<Hex, number>();
      const tried = new Map<Hex, number>();
      let fits: Hex | undefined;
      await programs.register([first], [first]);
      deploys.set(first.wasmRoot, 1);
      for (const { kind, index } of actions) {
        if (kind === 'restart') programs = createProgramRegistry(node.store);
        if (kind === 'deploy') {
          const entry = entryOf(index);
          await programs.register([entry], [first]);
          deploys.set(entry.wasmRoot, (deploys.get(entry.wasmRoot) ?? 0) + 1);
        }
        if (kind === 'try') {
          const module = await programs.module(programId);
          if (module === undefined || module.fits) continue;
          tried.set(module.root, (tried.get(module.root) ?? 0) + 1);
          const isFit = fitting.has(Number(module.root) - 1);
          await programs.judge(programId, module.root, isFit ? 'fits' : 'unfit');
          if (isFit) fits = module.root;
        }
        const entries = await programs.entries(programId);
        expect(entries[0]).toEqual(first);
        expect(entries.length).toBeLessThanOrEqual(9);
        if (fits !== undefined) expect(entries.map(({ wasmRoot }) => wasmRoot)).toContain(fits);
      }
      for (const [root, times] of tried) expect(times).toBeLessThanOrEqual(deploys.get(root)!);
    }),
    { numRuns: 100 },
  );
});
