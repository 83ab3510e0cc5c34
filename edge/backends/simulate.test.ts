// docs/edge.md#simulations: the same program, input and seed give the same bytes; what a program does wrong is told, and paid for.
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import wabt from 'wabt';
import { keccak, objectRef } from '../../protocol/tree.ts';
import { createStepMachine } from '../../vm/step/step-machine.ts';
import { linkWasi } from '../../vm/wasi/link.ts';
import type { BackendSet, ChatRequest } from './backend.ts';
import { createSimulateBackends } from './simulate-pool.ts';
import { loadSimulator } from './simulation.ts';

const WALK = new Uint8Array(readFileSync(fileURLToPath(new URL('../../examples/walks/walk.wasm', import.meta.url))));

/** Writes `length` bytes from `text` on, then does `then`. */
const writing = (text: string, length: number, then: string) => `(module
  (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
  (memory (export "memory") 4)
  (data (i32.const 64) "${text}")
  (func $say (param $to i32)
    (i32.store (i32.const 0) (i32.const 64))
    (i32.store (i32.const 4) (i32.const ${length}))
    (drop (call $write (local.get $to) (i32.const 0) (i32.const 1) (i32.const 8))))
  (func (export "_start") ${then}))`;

const PROGRAMS: Readonly<Record<string, string>> = {
  loop: writing('', 0, '(loop $again (br $again))'),
  trap: writing('', 0, 'unreachable'),
  exit: writing('no such map', 11, '(call $say (i32.const 2)) (call $exit (i32.const 7))'),
  binary: writing('\\ff\\fe', 2, '(call $say (i32.const 1))'),
  bom: writing('\\ef\\bb\\bf1', 4, '(call $say (i32.const 1))'),
  nothing: writing('', 0, ''),
  large: writing('', 65_537, '(call $say (i32.const 1))'),
  most: writing('', 65_536, '(call $say (i32.const 1))'),
  greedy: writing('', 0, '(drop (memory.grow (i32.const 5000)))'),
  deep: `(module (memory (export "memory") 1) (func $f (param i64) (result i64) (i64.add (i64.const 1) (call $f (local.get 0))))
    (func (export "_start") (drop (call $f (i64.const 1)))))`,
};

let cores: Readonly<Record<string, Uint8Array>>;
let set: BackendSet;
beforeAll(async () => {
  const { parseWat } = await wabt();
  const build = async (name: string, wat: string) =>
    [name, await linkWasi(parseWat(name, wat).toBinary({}).buffer)] as const;
  const built = await Promise.all(Object.entries(PROGRAMS).map(([name, wat]) => build(name, wat)));
  cores = Object.fromEntries([
    ...built,
    ['walk', await linkWasi(WALK)],
    ['unlinked', WALK],
    ['noise', WALK.map((byte) => byte ^ 1)],
  ]);
  set = createSimulateBackends(
    1,
    async ({ root }) => Object.values(cores).find((core) => objectRef(core).root === root)!,
  );
});
afterAll(() => set.close());

function ask(name: string, input: string, { seed = 0, gasLimit = 50_000_000, ...rest } = {}) {
  const request: ChatRequest = {
    messages: [{ role: 'user', content: input }],
    mizu: { simulate: { gasLimit, ...objectRef(cores[name]!), ...rest } },
    seed,
  };
  return set.backends[0]!.complete(request, new AbortController().signal);
}

describe('the same program, input and seed', () => {
  test('give the same bytes and gas on the native engine and on the step machine', () => {
    const { program, run } = loadSimulator(cores.walk!);
    const steps = (input: string, seed: number, gasLimit: number) => {
      const bytes = new TextEncoder().encode(`mizu/simulator-seed\n${seed}`);
      const inputs = [new TextEncoder().encode('asimulator\0'), new TextEncoder().encode(input)];
      return createStepMachine({
        program,
        inputs,
        gasLimit: BigInt(gasLimit),
        timestampNs: 0n,
        seed: keccak(bytes),
      }).runToEnd();
    };
    fc.assert(
      fc.property(
        fc.oneof(fc.nat(40).map(String), fc.string({ maxLength: 9 })),
        fc.maxSafeInteger(),
        fc.integer({ min: 1, max: 60_000 }),
        (input, seed, gasLimit) => {
          const native = run({ input, seed, gasLimit });
          const { status, output, gasUsed } = steps(input, seed, gasLimit);
          const text = new TextDecoder().decode(output);
          const same = status === 0 ? { kind: 'output', output: text } : { kind: 'fault' };
          expect(native).toMatchObject({ ...same, gasUsed: Number(gasUsed) });
          expect(run({ input, seed, gasLimit })).toEqual(native);
        },
      ),
      { numRuns: 60 },
    );
  });

  test('give what they gave before; another seed gives something else', async () => {
    const first = await ask('walk', '400', { seed: 4 });
    expect(first).toEqual({
      content: '{"end":2,"furthest":15}\n',
      finishReason: 'stop',
      usage: { promptTokens: 1, completionTokens: 7 },
    });
    expect(await ask('walk', '400', { seed: 4 })).toEqual(first);
    expect((await ask('walk', '400', { seed: -4 })).content).not.toBe(first.content);
  });
});

describe('a program', () => {
  test.each([
    ['loop', 'it has used up its gas, 50000000', 50],
    ['trap', 'it has trapped', 50],
    ['deep', 'The calls are nested too deeply for the slot region.', 50],
    ['exit', 'exit code 7: no such map', 1],
    ['binary', 'the output is not UTF-8', 1],
    ['noise', 'it is no program of the DataVM: vm/malformed', 0],
    ['unlinked', 'it is no program of the DataVM: vm/unknown-import', 0],
    ['large', '65537 bytes of output, at most 65536 are kept', 1],
  ])('that fails is told, and its gas is paid for: %s', async (name, actual, completionTokens) => {
    const usage = { promptTokens: 1, completionTokens };
    const failure = { code: 'edge/simulator-failed', actual, retryable: false, cause: { raw: '', usage } };
    await expect(ask(name, 'abc')).rejects.toMatchObject(failure);
  });

  test('may write nothing, a byte order mark, and 64 KiB', async () => {
    expect((await ask('nothing', '')).content).toBe('');
    expect((await ask('bom', '')).content).toBe('\ufeff1');
    expect((await ask('most', '')).content).toHaveLength(65_536);
  });

  test('has 256 MiB of memory: who wants more may find another worker', async () => {
    await expect(ask('greedy', '')).rejects.toMatchObject({ code: 'edge/backend', retryable: true });
    // The thread goes on.
    expect((await ask('nothing', '')).content).toBe('');
  });
});

describe('a request', () => {
  const seen = async (request: Partial<ChatRequest>) => {
    const good = {
      messages: [{ role: 'user', content: '1' }],
      mizu: { simulate: { gasLimit: 1000, ...objectRef(cores.walk!) } },
    };
    await expect(
      set.backends[0]!.complete({ ...good, ...request }, new AbortController().signal),
    ).rejects.toMatchObject({ code: 'edge/bad-request', retryable: false });
  };
  const simulate = () => ({ gasLimit: 1000, ...objectRef(cores.walk!) });

  test('without a program, a text or an integer as its seed is refused', async () => {
    await seen({ mizu: {} });
    await seen({ mizu: { simulate: { ...simulate(), gasLimit: 1_000_000_001 } } });
    await seen({ mizu: { simulate: { ...simulate(), gasLimit: 0.5 } } });
    await seen({ mizu: { simulate: { ...simulate(), length: 8 * 1024 * 1024 + 1 } } });
    await seen({ mizu: { simulate: { ...simulate(), root: '0x12' } } });
    await seen({ seed: 0.5 });
    await seen({ messages: [{ role: 'user', content: [{ type: 'text', text: '1' }] }] });
    await seen({ messages: [1, 2].map(() => ({ role: 'user', content: '1' })) });
  });
});
